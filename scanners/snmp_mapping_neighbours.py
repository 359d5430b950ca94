"""LLDP and CDP → (:Device)-[:CONNECTED_TO]->(:Device), and what the bridge learned of devices that are known anyway."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from scanners.snmp_mapping_addresses import from_bytes, inet_address, is_reachable
from scanners.snmp_mapping_device import names_of
from scanners.snmp_mapping_rows import DEVICE, Rows, said
from scanners.snmp_reading import Reading, Row, as_mac, as_text
from scanners.snmp_tables import (
    BRIDGE_PORTS,
    CDP_NEIGHBOURS,
    FORWARDING,
    INTERFACES,
    LLDP_ADDRESSES,
    LLDP_NEIGHBOURS,
    LLDP_PORTS,
    LLDP_V2_ADDRESSES,
    LLDP_V2_NEIGHBOURS,
    VLAN_FORWARDING,
)

_CHASSIS_MAC, _CHASSIS_ADDRESS = 4, 5
_PORT_MAC, _PORT_ADDRESS = 3, 4
"""IEEE 802.1AB LldpChassisIdSubtype and LldpPortIdSubtype."""
_LEARNED = 3
"""RFC 4188 dot1dTpFdbStatus."""
_CDP_SERIAL = re.compile(r"(.+)\(([A-Z0-9]{8,})\)")
"""Cisco NX-OS and CatOS put the serial number behind the name in their CDP device id."""


@dataclass(slots=True)
class Neighbour:
    """A device at the other end of one or more cables; `ports` are pairs of local and remote port."""

    name: str | None = None
    fqdn: str | None = None
    serial_number: str | None = None
    macs: dict[str, None] = field(default_factory=dict)
    addresses: dict[str, None] = field(default_factory=dict)
    model: str | None = None
    ports: list[tuple[str, str]] = field(default_factory=list)
    protocols: dict[str, None] = field(default_factory=dict)

    def keys(self) -> set[str]:
        """By what two reports are seen to be about one device."""
        keys = {*self.macs, *self.addresses}
        if self.name:
            keys.add(self.name.lower())
        return keys

    def take(self, other: Neighbour) -> None:
        """Add what another report says."""
        self.name, self.fqdn = self.name or other.name, self.fqdn or other.fqdn
        self.serial_number, self.model = self.serial_number or other.serial_number, self.model or other.model
        self.macs |= other.macs
        self.addresses |= other.addresses
        self.protocols |= other.protocols
        local = {port for port, _ in self.ports}
        self.ports += [pair for pair in other.ports if pair[0] not in local]


def add_neighbours(rows: Rows, reading: Reading, names: Mapping[str, str]) -> list[Neighbour]:
    """One draft and one relationship a neighbour, its cables listed in the relationship's ports; gives the neighbours back.

    A neighbour makes no device: its draft waits until one is found that it fits.

    Reports without name, MAC and address are left out: nothing could be recognised by them.
    """
    found: list[Neighbour] = []
    for report in [*_lldp(reading, names), *_cdp(reading, names)]:
        keys = report.keys()
        if not keys:
            continue
        known = next((each for each in found if each.keys() & keys), None)
        if known is None:
            found.append(report)
        else:
            known.take(report)
    for number, each in enumerate(found, 1):
        local_id = rows.draft(
            f"neighbour:{number}",
            "device",
            name=each.name,
            attributes={
                "fqdn": each.fqdn,
                "serial_number": each.serial_number,
                "mac_addresses": list(each.macs),
                "ip_addresses": list(each.addresses),
                "model": each.model,
            },
            is_reference=True,
            is_known_or_waits=True,
        )
        rows.link(DEVICE, "CONNECTED_TO", local_id, attributes=cable(each.ports, "+".join(each.protocols)))
    return found


def cable(ports: list[tuple[str, str]], protocol: str) -> dict[str, str]:
    """The attributes of a CONNECTED_TO: local and remote ports in the same order, joined where several cables run in parallel."""
    pairs = sorted(set(ports))
    said_of = {
        "source_port": ", ".join(local for local, _ in pairs if local),
        "target_port": ", ".join(remote for _, remote in pairs if remote),
        "protocol": protocol,
    }
    return {key: value for key, value in said_of.items() if value}


def _lldp(reading: Reading, names: Mapping[str, str]) -> list[Neighbour]:
    """Both versions of the MIB; the second numbers its ports by ifIndex and has the destination address in its index, the first neither."""
    found: dict[tuple[str, ...], Neighbour] = {}
    for spec, width in ((LLDP_NEIGHBOURS, 3), (LLDP_V2_NEIGHBOURS, 4)):
        for index, row in reading.rows(spec).items():
            parts = tuple(index.split("."))
            if len(parts) == width:
                local = _lldp_local_port(reading, names, parts[1]) if width == 3 else names.get(parts[1], parts[1])
                found[parts] = _lldp_neighbour(row, local)
    for spec, width in ((LLDP_ADDRESSES, 3), (LLDP_V2_ADDRESSES, 4)):
        for index in reading.rows(spec):
            parts = tuple(index.split("."))
            known = found.get(parts[:width])
            address, _ = inet_address([int(part) for part in parts[width:]])
            if known is not None and address is not None and is_reachable(address):
                known.addresses[address] = None
    return list(found.values())


def _lldp_neighbour(row: Row, local_port: str) -> Neighbour:
    name, fqdn = names_of(str(row.get("name", "")))
    each = Neighbour(name=name, fqdn=fqdn, protocols={"lldp": None})
    chassis, subtype = row.get("chassis"), row.get("chassis_subtype")
    if isinstance(chassis, bytes):
        if subtype == _CHASSIS_MAC and (mac := as_mac(chassis)):
            each.macs[mac] = None
        if subtype == _CHASSIS_ADDRESS and (address := from_bytes(chassis[1:])) and is_reachable(address):
            each.addresses[address] = None
    each.ports.append((local_port, _lldp_remote_port(row)))
    return each


def _lldp_local_port(reading: Reading, names: Mapping[str, str], number: str) -> str:
    """IEEE 802.1AB numbers its ports by itself; the port's own id or description leads to the interface, else the number is its ifIndex."""
    row = reading.rows(LLDP_PORTS).get(number, {})
    known = set(names.values())
    raw = row.get("id")
    texts = [text for text in (as_text(raw) if isinstance(raw, bytes) else "", str(row.get("descr", ""))) if text]
    for text in texts:
        if text in known:
            return text
    if isinstance(raw, bytes) and (mac := as_mac(raw)):
        owners = [
            index
            for index, interface in reading.rows(INTERFACES).items()
            if interface.get("mac") == mac and index in names
        ]
        if len(owners) == 1:
            return names[owners[0]]
    by_descr = {
        str(interface.get("descr")): names[index]
        for index, interface in reading.rows(INTERFACES).items()
        if index in names
    }
    for text in texts:
        if text in by_descr:
            return by_descr[text]
    return names.get(number) or next(iter(texts), number)


def _lldp_remote_port(row: Mapping[str, object]) -> str:
    raw, subtype = row.get("port"), row.get("port_subtype")
    if isinstance(raw, bytes):
        if subtype == _PORT_MAC and (mac := as_mac(raw)):
            return said(row.get("port_descr")) or mac
        if subtype == _PORT_ADDRESS and (address := from_bytes(raw[1:])):
            return address
        if text := said(as_text(raw)):
            return text
    return said(row.get("port_descr")) or ""


def _cdp(reading: Reading, names: Mapping[str, str]) -> list[Neighbour]:
    found = []
    for index, row in reading.rows(CDP_NEIGHBOURS).items():
        device_id = said(row.get("device_id"))
        serial = None
        if device_id and (match := _CDP_SERIAL.fullmatch(device_id)):
            device_id, serial = match.group(1), match.group(2)
        name, fqdn = names_of(device_id or "")
        each = Neighbour(
            name=name, fqdn=fqdn, serial_number=serial, model=said(row.get("platform")), protocols={"cdp": None}
        )
        raw = row.get("address")
        if isinstance(raw, bytes) and len(raw) in (4, 16) and (address := from_bytes(raw)) and is_reachable(address):
            each.addresses[address] = None
        if_index = index.partition(".")[0]
        each.ports.append((names.get(if_index, if_index), said(row.get("port")) or ""))
        found.append(each)
    return found


def learned_ports(reading: Reading, names: Mapping[str, str]) -> dict[str, str]:
    """MAC address → interface, of addresses that the bridge learned on a port where no more than one was seen: an end, not an uplink."""
    ports = {index: row.get("if_index") for index, row in reading.rows(BRIDGE_PORTS).items()}
    seen: dict[str, set[str]] = {}
    for spec in (FORWARDING, VLAN_FORWARDING):
        for index, row in reading.rows(spec).items():
            mac = _mac_of_index(index)
            interface = names.get(str(ports.get(str(row.get("port")), row.get("port"))))
            if mac and interface and row.get("status", _LEARNED) == _LEARNED:
                seen.setdefault(mac, set()).add(interface)
    single = {mac: next(iter(interfaces)) for mac, interfaces in seen.items() if len(interfaces) == 1}
    crowded = Counter(single.values())
    return {mac: interface for mac, interface in single.items() if crowded[interface] == 1}


def _mac_of_index(index: str) -> str | None:
    parts = [int(part) for part in index.split(".")][-6:]
    return bytes(parts).hex(":") if len(parts) == 6 and all(part < 256 for part in parts) else None
