"""Agents by what they say, for tests of the mapping."""

from __future__ import annotations

from collections.abc import Mapping

from scanners.snmp_client import Column, SnmpValue
from scanners.snmp_families import known_families
from scanners.snmp_mapping import Mapped, mapped
from scanners.snmp_reading import Reading, read_agent, read_system
from scanners.snmp_recording import RecordingClient

SYSTEM = "1.3.6.1.2.1.1"
IF = "1.3.6.1.2.1.2.2.1"
IFX = "1.3.6.1.2.1.31.1.1.1"
LLDP = "1.0.8802.1.1.2.1"
LINUX: dict[str, SnmpValue] = {
    f"{SYSTEM}.1.0": b"Linux web 6.1.0-18-amd64 #1 SMP x86_64",
    f"{SYSTEM}.2.0": "1.3.6.1.4.1.8072.3.2.10",
    f"{SYSTEM}.5.0": b"web.example.test",
}
SWITCH: dict[str, SnmpValue] = {
    f"{SYSTEM}.1.0": b"Cisco IOS Software, C2960X Software, Version 15.2(7)E3, RELEASE SOFTWARE",
    f"{SYSTEM}.2.0": "1.3.6.1.4.1.9.1.1208",
    f"{SYSTEM}.5.0": b"core",
}


def port(
    index: int, name: str, *, mac: bytes = b"", kind: int = 6, oper: int = 1, address: str = ""
) -> dict[str, SnmpValue]:
    """One row of ifTable and ifXTable, with an IPv4 address where one is given."""
    row: dict[str, SnmpValue] = {
        f"{IF}.2.{index}": name.encode(),
        f"{IF}.3.{index}": kind,
        f"{IF}.6.{index}": mac,
        f"{IF}.7.{index}": 1,
        f"{IF}.8.{index}": oper,
        f"{IFX}.1.{index}": name.encode(),
    }
    if address:
        row[f"1.3.6.1.2.1.4.20.1.2.{address}"] = index
    return row


def mac(last: int) -> bytes:
    """A globally administered address."""
    return bytes((0x00, 0x1B, 0x21, 0, 0, last))


async def reading(values: Mapping[str, SnmpValue]) -> Reading:
    """Everything that an agent with these values gives."""
    columns = [
        Column(base=oid.rpartition(".")[0], values={oid.rpartition(".")[2]: value}) for oid, value in values.items()
    ]
    client = RecordingClient.from_columns(columns)
    return await read_agent(client, known_families(), await read_system(client))


async def agent(values: Mapping[str, SnmpValue], *, address: str | None = None) -> Mapped:
    """The same, mapped."""
    return mapped(await reading(values), known_families(), address=address)
