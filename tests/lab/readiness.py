"""When the lab can be scanned: every daemon answers the scanner."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

from tests.lab.command import CommandFailed
from tests.lab.places import Places, namespace_path
from tests.lab.snmpsim import answers, simulated_devices
from tests.lab.topology import (
    NODES,
    SCANNER,
    SNMP_AUTH_KEY,
    SNMP_AUTH_PROTOCOL,
    SNMP_PRIV_KEY,
    SNMP_PRIV_PROTOCOL,
    SNMP_USER,
    Node,
)

Probe = tuple[str, list[str]]
_SYS_NAME = "1.3.6.1.2.1.1.5.0"
_SHOP_REQUEST = r"printf 'GET / HTTP/1.0\r\nHost: shop\r\n\r\n' >&3 && grep -q orders <&3"
_PAUSE_S = 0.3
_PROBE_TIMEOUT_S = 3


def wait_until_ready(places: Places, *, limit_s: float = 60.0) -> None:
    """Return once every probe of every node succeeded; raises `CommandFailed` with those that did not."""
    probes = [probe for node in NODES.values() for probe in node_probes(node)]
    probes.append(("the shop through web01", ["bash", "-c", f"exec 3<>/dev/tcp/10.77.1.11/80 && {_SHOP_REQUEST}"]))
    for address, record in list(simulated_devices(places).items())[-1:]:
        probes.append((f"the recorded device {record.stem}", answers(address)))
    wait_for(probes, limit_s=limit_s)


def wait_for(probes: list[Probe], *, limit_s: float) -> None:
    """Repeat what has not succeeded yet until all did; raises `CommandFailed` with the rest."""
    waiting = probes
    deadline = time.monotonic() + limit_s
    while True:
        waiting = [probe for probe in waiting if not _succeeds(probe[1])]
        if not waiting:
            return
        if time.monotonic() > deadline:
            raise CommandFailed(f"not ready after {limit_s:g} s: {', '.join(name for name, _words in waiting)}")
        time.sleep(_PAUSE_S)


def node_probes(node: Node) -> Iterator[Probe]:
    """What shows that a node answers by SNMP and SSH, as far as it does."""
    address = node.addresses[0]
    if node.snmp and node.snmp.community:
        words = ["-v2c", "-c", node.snmp.community]
        yield f"{node.name} by SNMPv2c", ["snmpget", *words, "-t1", "-r0", "-Oqv", address, _SYS_NAME]
    elif node.snmp:
        words = ["-v3", "-l", "authPriv", "-u", SNMP_USER, "-a", SNMP_AUTH_PROTOCOL, "-A", SNMP_AUTH_KEY]
        words += ["-x", SNMP_PRIV_PROTOCOL, "-X", SNMP_PRIV_KEY]
        yield f"{node.name} by SNMPv3", ["snmpget", *words, "-t1", "-r0", "-Oqv", address, _SYS_NAME]
    if node.ssh:
        script = f"exec 3<>/dev/tcp/{address}/{node.ssh.port} && head -c 7 <&3"
        yield f"{node.name} by SSH", ["bash", "-c", script]


def _succeeds(words: list[str]) -> bool:
    inside = ["nsenter", f"--net={namespace_path(SCANNER)}", "timeout", str(_PROBE_TIMEOUT_S), *words]
    return subprocess.run(inside, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
