"""Sockets from ss(8), from /proc/net/{tcp,udp}[6] and from netstat(1).

Sources: ss(8) of iproute2; Linux Documentation/networking/proc_net_tcp.rst; include/net/tcp_states.h.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from discovery.hosts.endpoints import Socket, plain_address

_PID = re.compile(r"\bpid=(\d+)")
_ESTABLISHED = frozenset({"ESTAB", "ESTABLISHED"})
_LISTEN = frozenset({"LISTEN", "UNCONN"})
_TCP_ESTABLISHED, _TCP_CLOSE, _TCP_LISTEN = "01", "07", "0A"
_FD = re.compile(r"socket:\[(\d+)\]")
_FD_FOLDER = re.compile(r"^/proc/(\d+)/fd:?")


def parse_ss(text: str) -> tuple[Socket, ...]:
    """Listening and established sockets of `ss -antup`, with or without heading; others are passed over."""
    found: list[Socket] = []
    for line in text.splitlines():
        fields = line.split(None, 6)
        if len(fields) < 6 or fields[0] not in {"tcp", "udp"}:
            continue
        protocol, state = fields[0], fields[1]
        local, remote = _endpoint(fields[4]), _endpoint(fields[5])
        if local is None or local[1] is None:
            continue
        pids = tuple(dict.fromkeys(int(pid) for pid in _PID.findall(fields[6] if len(fields) > 6 else "")))
        if state in _LISTEN:
            found.append(Socket(protocol=protocol, local_address=local[0], local_port=local[1], pids=pids))
        elif state in _ESTABLISHED and remote is not None and remote[1] is not None:
            found.append(
                Socket(
                    protocol=protocol,
                    local_address=local[0],
                    local_port=local[1],
                    remote_address=remote[0],
                    remote_port=remote[1],
                    pids=pids,
                )
            )
    return tuple(found)


def parse_netstat(text: str) -> tuple[Socket, ...]:
    """Listening and established sockets of `netstat -an` (net-tools, BSD, macOS), processes where `-p` told them."""
    found: list[Socket] = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 5 or not re.match(r"^(tcp|udp)(4|6|46)?$", fields[0]):
            continue
        protocol = fields[0][:3]
        local, remote = _endpoint(fields[3]), _endpoint(fields[4])
        state = fields[5] if len(fields) > 5 else ""
        if local is None or local[1] is None:
            continue
        owner = re.search(r"\b(\d+)/", " ".join(fields[5:]))
        pids = (int(owner.group(1)),) if owner else ()
        if state == "LISTEN" or (protocol == "udp" and (remote is None or remote[1] is None)):
            found.append(Socket(protocol=protocol, local_address=local[0], local_port=local[1], pids=pids))
        elif state in _ESTABLISHED and remote is not None and remote[1] is not None:
            found.append(
                Socket(
                    protocol=protocol,
                    local_address=local[0],
                    local_port=local[1],
                    remote_address=remote[0],
                    remote_port=remote[1],
                    pids=pids,
                )
            )
    return tuple(found)


def parse_proc_net(text: str, *, protocol: str, owners: Mapping[int, tuple[int, ...]]) -> tuple[Socket, ...]:
    """Listening and established sockets of one /proc/net file; `owners` gives process ids by socket inode."""
    found: list[Socket] = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 10 or not fields[0].endswith(":") or not fields[9].isdecimal():
            continue
        local, remote, state = _hexadecimal(fields[1]), _hexadecimal(fields[2]), fields[3]
        pids = owners.get(int(fields[9]), ())
        if state == _TCP_LISTEN or (protocol == "udp" and state == _TCP_CLOSE):
            found.append(Socket(protocol=protocol, local_address=local[0], local_port=local[1], pids=pids))
        elif state == _TCP_ESTABLISHED:
            found.append(
                Socket(
                    protocol=protocol,
                    local_address=local[0],
                    local_port=local[1],
                    remote_address=remote[0],
                    remote_port=remote[1],
                    pids=pids,
                )
            )
    return tuple(found)


def parse_fd_listing(text: str) -> Mapping[int, tuple[int, ...]]:
    """Process ids by socket inode, from `ls -l /proc/[0-9]*/fd`."""
    owners: dict[int, tuple[int, ...]] = {}
    pid = 0
    for line in text.splitlines():
        if folder := _FD_FOLDER.match(line):
            pid = int(folder.group(1))
        elif pid and (inode := _FD.search(line)):
            number = int(inode.group(1))
            if pid not in owners.get(number, ()):
                owners[number] = (*owners.get(number, ()), pid)
    return owners


def _endpoint(text: str) -> tuple[str, int | None] | None:
    """Address and port; port None for `*`. BSD joins them with a dot."""
    host, separator, port = text.rpartition(":")
    if not separator:
        host, separator, port = text.rpartition(".")
    address = plain_address(host)
    if not separator or address is None:
        return None
    return address, int(port) if port.isdecimal() and 0 < int(port) < 65536 else None


def _hexadecimal(text: str) -> tuple[str, int]:
    """An address as the kernel prints it: 32-bit words in the host's byte order, here taken as little-endian as on x86 and arm64."""
    host, _, port = text.partition(":")
    raw = bytes.fromhex(host)
    words = b"".join(raw[start : start + 4][::-1] for start in range(0, len(raw), 4))
    return plain_address(str(ipaddress.ip_address(words))) or "::", int(port, 16)
