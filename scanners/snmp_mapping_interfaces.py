"""ifTable and ifXTable → interfaces inside the device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from scanners.snmp_families import Noise
from scanners.snmp_mapping_addresses import interface_addresses
from scanners.snmp_mapping_rows import DEVICE, Rows, by_number, matches, said
from scanners.snmp_numbers import INTERFACE_STATES, INTERFACE_TYPES
from scanners.snmp_reading import Reading, Row
from scanners.snmp_tables import INET_ADDRESSES, INTERFACES, INTERFACES_X, IP_ADDRESSES

_NOT_PRESENT = 6
"""RFC 2863 ifOperStatus notPresent: hardware is missing, so there is no interface. Stackable switches list every port of every unit that could be added."""
_SPEED_LIMIT = 2**32 - 1
"""RFC 2863 ifSpeed: at this value ifHighSpeed says how fast."""


def interface_names(reading: Reading, noise: Noise) -> dict[str, str]:
    """Name by ifIndex, unique within the device: ifName, else ifDescr; equal ones are told apart by ifDescr, else by ifIndex."""
    rows, extra = reading.rows(INTERFACES), reading.rows(INTERFACES_X)
    candidates: dict[str, tuple[str, str]] = {}
    for index in sorted({*rows, *extra}, key=by_number):
        row = rows.get(index, {})
        descr = said(row.get("descr")) or ""
        name = said(extra.get(index, {}).get("name")) or descr
        if (
            not name
            or row.get("oper") == _NOT_PRESENT
            or matches(noise.passing_interfaces, name)
            or matches(noise.passing_interfaces, descr)
        ):
            continue
        candidates[index] = (name, descr)
    names = Counter(name for name, _ in candidates.values())
    descriptions = Counter(descr for _, descr in candidates.values())
    found = {}
    for index, (name, descr) in candidates.items():
        if names[name] == 1:
            found[index] = name
        elif descr and descriptions[descr] == 1 and descr not in names:
            found[index] = descr
        else:
            found[index] = f"{name} #{index}"
    return found


def add_interfaces(rows: Rows, reading: Reading, names: Mapping[str, str]) -> None:
    """One draft an interface; the scope is complete when both tables and the addresses were read to their end."""
    addresses = interface_addresses(reading)
    table, extra = reading.rows(INTERFACES), reading.rows(INTERFACES_X)
    for index, name in names.items():
        row, more = table.get(index, {}), extra.get(index, {})
        rows.draft(
            f"interface:{index}",
            "interface",
            name=name,
            attributes={
                "host": DEVICE,
                "mac_address": row.get("mac"),
                "ip_addresses": addresses.get(index),
                "speed_bps": _speed_bps(row, more),
                "mtu": _positive(row.get("mtu")),
                "alias": said(more.get("alias")),
                "description": descr if (descr := said(row.get("descr"))) != name else None,
                "interface_type": _type(row.get("type")),
                "admin_state": _state(row.get("admin")),
                "oper_state": _state(row.get("oper")),
            },
        )
    if names and reading.is_complete(INTERFACES, INTERFACES_X, IP_ADDRESSES, INET_ADDRESSES):
        rows.saw_all("interface")


def _speed_bps(row: Row, more: Row) -> int | None:
    speed, mbps = _positive(row.get("speed_bps")), _positive(more.get("speed_mbps"))
    if speed is not None and speed < _SPEED_LIMIT:
        return speed
    return mbps * 1_000_000 if mbps is not None else None


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and 0 < value < 2**63 else None


def _type(value: object) -> str | None:
    return INTERFACE_TYPES.get(value, f"type {value}") if isinstance(value, int) else None


def _state(value: object) -> str | None:
    return INTERFACE_STATES.get(value) if isinstance(value, int) else None
