"""The recorded SNMP devices: one snmpsim process, one address and one SNMPv3 engine for each record."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.lab.places import Places, namespace_path
from tests.lab.processes import Started
from tests.lab.topology import (
    SIMULATOR,
    SIMULATOR_FIRST_HOST,
    SIMULATOR_PREFIX,
    SNMP_AUTH_KEY,
    SNMP_AUTH_PROTOCOL,
    SNMP_COMMUNITY,
    SNMP_PRIV_KEY,
    SNMP_PRIV_PROTOCOL,
    SNMP_USER,
)

_RECORD_LINE = re.compile(r"([0-9.]+)\|")


def simulated_devices(places: Places) -> dict[str, Path]:
    """Record by address, in the order of file names; empty when the shared recordings are absent."""
    records = sorted(places.records.glob("*.snmprec")) if places.records.is_dir() else []
    return {f"{SIMULATOR_PREFIX}.{SIMULATOR_FIRST_HOST + index}": record for index, record in enumerate(records)}


def start_simulator(places: Places) -> Started | None:
    """Start the simulator; None when there is nothing to simulate."""
    devices = simulated_devices(places)
    if not devices:
        return None
    state, index = places.node(SIMULATOR), places.cache / "snmpsim-index"
    for folder in (state, index):
        folder.mkdir(parents=True, exist_ok=True)
    words = [
        f"--logging-method=file:{state}/snmpsim.log",
        "--log-level=error",
        f"--cache-dir={index}",
        # it drops its rights by default, and then cannot read the interpreter of a root-owned environment
        "--process-user=root",
        "--process-group=root",
    ]
    for number, (address, record) in enumerate(devices.items(), 1):
        words += [
            f"--v3-engine-id=80004fb805{number:08x}",
            f"--v3-user={SNMP_USER}",
            f"--v3-auth-proto={SNMP_AUTH_PROTOCOL}",
            f"--v3-auth-key={SNMP_AUTH_KEY}",
            f"--v3-priv-proto={SNMP_PRIV_PROTOCOL}",
            f"--v3-priv-key={SNMP_PRIV_KEY}",
            f"--data-dir={_prepare(record, places.cache / 'snmpsim-data' / record.stem)}",
            f"--agent-udpv4-endpoint={address}:161",
        ]
    responder = places.simulator_venv / "bin" / "snmpsim-command-responder"
    inside = ["nsenter", f"--net={namespace_path(SIMULATOR)}", str(responder)]
    return Started.start([*inside, *words], log=state / "console.log")


def _prepare(record: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    # some records hold redacted OIDs such as 10.xx.xx.100, on which snmpsim raises and answers nothing more
    lines = [line for line in record.read_text(errors="replace").splitlines() if _RECORD_LINE.match(line)]
    lines.sort(key=lambda line: tuple(int(part) for part in line.split("|", 1)[0].split(".")))
    text = "\n".join(lines) + "\n"
    community, empty_context = folder / f"{SNMP_COMMUNITY}.snmprec", folder / "self.snmprec"
    if not (community.exists() and empty_context.exists() and community.read_text() == text):
        community.write_text(text)
        # what an SNMPv3 request with the empty context gets; a link is the same inode and would be ignored
        shutil.copy(community, empty_context)
    return folder


def answers(address: str) -> list[str]:
    """The command that asks a device of the simulator for its sysObjectID."""
    options = ["-v2c", "-c", SNMP_COMMUNITY, "-t1", "-r0", "-Oqv"]
    return ["snmpget", *options, address, "1.3.6.1.2.1.1.2.0"]
