"""A reading → observations; pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from cmdb.observation import Draft, Link, Observation, Scope
from scanners.snmp_families import Families
from scanners.snmp_mapping_device import add_device
from scanners.snmp_mapping_interfaces import add_interfaces, interface_names
from scanners.snmp_mapping_neighbours import Neighbour, add_neighbours, learned_ports
from scanners.snmp_mapping_parts import add_components, add_software, add_storage
from scanners.snmp_mapping_rows import DEVICE, Rows
from scanners.snmp_mapping_services import add_services
from scanners.snmp_reading import Reading

SOURCE = "snmp"
MAX_DRAFTS = 4_500
"""Of one observation; one change set takes 5,000 rows (design §6, *Writing*)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What every observation of one run carries."""

    run_id: str
    at: dt.datetime
    network: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One device's drafts, links and scopes, its neighbours, and the ends that its bridge learned (MAC → interface)."""

    rows: Rows
    neighbours: tuple[Neighbour, ...]
    learned: Mapping[str, str]

    @property
    def device(self) -> Draft:
        """The device that was read."""
        return self.rows.drafts[DEVICE]


def mapped(reading: Reading, families: Families, *, address: str | None = None) -> Mapped:
    """Everything that one agent says; `address` is where it answered, None for a recording. Partial readings complete no scope."""
    rows = Rows()
    names = interface_names(reading, families.noise)
    add_device(rows, reading, families, names, address)
    class_name = rows.drafts[DEVICE].class_name
    add_interfaces(rows, reading, names)
    add_components(rows, reading)
    neighbours = add_neighbours(rows, reading, names)
    add_storage(rows, reading, families.noise, class_name)
    add_services(rows, reading, class_name)
    add_software(rows, reading)
    if reading.faults:
        rows.scopes.clear()
    return Mapped(rows=rows, neighbours=tuple(neighbours), learned=learned_ports(reading, names))


def observations(found: Mapped, stamp: Stamp) -> tuple[Observation, ...]:
    """One observation, or several where one cannot hold all; each names the device again, and only a single one has scopes."""
    drafts = list(found.rows.drafts.values())
    links = list(found.rows.links.values())
    if len(drafts) <= MAX_DRAFTS:
        return (_observation(stamp, drafts, links, found.rows.scopes),)
    # Hosts before what is inside them: dependent drafts that belong to another draft than the device travel with it.
    device, rest = drafts[0], drafts[1:]
    groups: dict[str, list[Draft]] = {}
    for draft in rest:
        host = draft.attributes.get("host", DEVICE)
        groups.setdefault(draft.local_id if host == DEVICE else str(host), []).append(draft)
    chunks: list[list[Draft]] = [[device]]
    for group in groups.values():
        if len(chunks[-1]) + len(group) > MAX_DRAFTS:
            chunks.append([device])
        chunks[-1] += group
    told = []
    for chunk in chunks:
        here = {draft.local_id for draft in chunk}
        told.append(
            _observation(stamp, chunk, [link for link in links if link.source in here and link.target in here], [])
        )
    return tuple(told)


def _observation(stamp: Stamp, drafts: list[Draft], links: list[Link], scopes: list[Scope]) -> Observation:
    return Observation(
        source=SOURCE,
        run_id=stamp.run_id,
        at=stamp.at,
        network=stamp.network,
        drafts=tuple(drafts),
        links=tuple(links),
        scopes=tuple(scopes),
    )
