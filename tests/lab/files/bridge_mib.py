"""BRIDGE-MIB (RFC 4188: dot1dBase, dot1dBasePortTable, dot1dTpFdbTable) for net-snmp's pass_persist.

Read from the kernel's bridge br0. The nodes hold python3-minimal: json among others is missing.
"""

import sys
import time
from pathlib import Path

BRIDGE = "/sys/class/net/br0"
ROOT: "Oid" = (1, 3, 6, 1, 2, 1, 17)
TRANSPARENT_ONLY = 2  # dot1dBaseType
LEARNED, SELF = 3, 4  # dot1dTpFdbStatus
FRESH_S = 2.0
Oid = tuple[int, ...]
Row = tuple[Oid, str, "int | str"]


def read(path: str) -> str:
    """Content of a small file."""
    return Path(path).read_text().strip()


def forwarding() -> "list[tuple[bytes, int, bool]]":
    """The kernel's forwarding entries (struct __fdb_entry of linux/if_bridge.h, 16 bytes): MAC, port, whether local."""
    raw = Path(BRIDGE, "brforward").read_bytes()
    return [(raw[at : at + 6], raw[at + 6], bool(raw[at + 7])) for at in range(0, len(raw), 16)]


def rows() -> "list[Row]":
    """All rows in the order of their OIDs: (oid, type, value)."""
    if not Path(BRIDGE).is_dir():
        return []
    ports = {port.name: int(read(f"{port}/port_no"), 16) for port in Path(BRIDGE, "brif").iterdir()}
    found: list[Row] = [
        ((*ROOT, 1, 1, 0), "octet", read(BRIDGE + "/address").replace(":", " ")),
        ((*ROOT, 1, 2, 0), "integer", len(ports)),
        ((*ROOT, 1, 3, 0), "integer", TRANSPARENT_ONLY),
    ]
    for name, number in ports.items():
        found.append(((*ROOT, 1, 4, 1, 1, number), "integer", number))
        found.append(((*ROOT, 1, 4, 1, 2, number), "integer", int(read(f"/sys/class/net/{name}/ifindex"))))
    for mac, port, is_local in forwarding():
        found.append(((*ROOT, 4, 3, 1, 1, *mac), "octet", " ".join(f"{octet:02x}" for octet in mac)))
        found.append(((*ROOT, 4, 3, 1, 2, *mac), "integer", port))
        found.append(((*ROOT, 4, 3, 1, 3, *mac), "integer", SELF if is_local else LEARNED))
    return sorted({row[0]: row for row in found}.values())


def answer(command: str, wanted: Oid, table: "list[Row]") -> "list[str]":
    """The lines of pass_persist's protocol (snmpd.conf(5)) for one request."""
    for oid, kind, value in table:
        if (oid == wanted) if command == "get" else (oid > wanted):
            return ["." + ".".join(map(str, oid)), kind, str(value)]
    return ["NONE"]


def main() -> None:
    """Answer snmpd until it closes the pipe."""
    read_at = float("-inf")
    table: list[Row] = []
    while line := sys.stdin.readline():
        command = line.strip()
        if command == "PING":
            print("PONG", flush=True)
        elif command in ("get", "getnext"):
            wanted = tuple(int(part) for part in sys.stdin.readline().strip().strip(".").split("."))
            if time.monotonic() - read_at > FRESH_S:
                read_at, table = time.monotonic(), rows()
            print("\n".join(answer(command, wanted, table)), flush=True)
        else:
            print("NONE", flush=True)


main()
