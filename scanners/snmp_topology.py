"""Cables between devices of one run, from what their bridges learned: ends that no neighbour protocol told of."""

from __future__ import annotations

from collections.abc import Sequence

from cmdb.observation import Observation
from scanners.snmp_mapping import SOURCE, Mapped, Stamp
from scanners.snmp_mapping_neighbours import cable
from scanners.snmp_mapping_rows import DEVICE, Rows

LEARNED_CONFIDENCE = 0.8
"""A learned address shows that the end is behind the port, not that nothing silent stands between."""


def learned_cables(devices: Sequence[Mapped], stamp: Stamp) -> tuple[Observation, ...]:
    """(:Device)-[:CONNECTED_TO {protocol: "fdb"}]->(:Device), one observation a bridge; only between devices that were read in this
    run, so that a forwarding table makes no CIs, and not where LLDP or CDP named the end.
    """
    owners: dict[str, int] = {}
    shared: set[str] = set()
    for number, each in enumerate(devices):
        for mac in _macs(each):
            if owners.setdefault(mac, number) != number:
                shared.add(mac)
    told = []
    for number, each in enumerate(devices):
        ports: dict[int, list[tuple[str, str]]] = {}
        for mac, interface in each.learned.items():
            owner = owners.get(mac)
            if owner is not None and owner != number and mac not in shared and not _is_neighbour(each, devices[owner]):
                ports.setdefault(owner, []).append((interface, ""))
        if not ports:
            continue
        rows = Rows()
        rows.drafts[DEVICE] = each.device
        for owner, pairs in sorted(ports.items()):
            end = devices[owner].device
            local_id = rows.draft(f"end:{owner}", end.class_name, name=end.name, attributes=end.attributes)
            rows.link(DEVICE, "CONNECTED_TO", local_id, attributes=cable(pairs, "fdb"), confidence=LEARNED_CONFIDENCE)
        told.append(
            Observation(
                source=SOURCE,
                run_id=stamp.run_id,
                at=stamp.at,
                network=stamp.network,
                drafts=tuple(rows.drafts.values()),
                links=tuple(rows.links.values()),
            )
        )
    return tuple(told)


def _is_neighbour(device: Mapped, other: Mapped) -> bool:
    keys = {*_macs(other), *_texts(other.device.attributes.get("ip_addresses"))}
    if other.device.name:
        keys.add(other.device.name.lower())
    return any(neighbour.keys() & keys for neighbour in device.neighbours)


def _macs(device: Mapped) -> tuple[str, ...]:
    return _texts(device.device.attributes.get("mac_addresses"))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
