"""Generated tangles: records that share, contradict and half-tell identifiers; each record says the same of itself at all times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from cmdb.observation import Draft, Observation
from tests.unit.reconcile.builders import draft, observation

SOURCES = ("csv", "nmap", "snmp", "ssh", "vcenter")
KEYED = ("vcenter", "csv")
"""Sources that may give their records native keys."""
SERIALS = ("S-0", "S-1")
MACS = tuple(f"d8:bb:c1:00:07:0{number}" for number in range(3))
UUIDS = ("0a1b2c3d-0000-4000-9000-0000000000aa", "0a1b2c3d-0000-4000-9000-0000000000bb")
MACHINE_IDS = ("8" * 31 + "1", "8" * 31 + "2")
FQDNS = ("a.example.net", "b.example.net")
NAMES = ("web", "db")
ADDRESSES = ("192.0.2.1", "192.0.2.2")
MAKERS = ("Dell", "HP")
STRONGEST = ("serial", "macs", "uuid", "machine_id", "fqdn", "name", "ips")


@dataclass(frozen=True)
class Record:
    """One record of one source, with what it always says of itself."""

    source: str
    class_name: str
    key: str | None
    identity: tuple[tuple[str, Any], ...]

    def strongest(self) -> tuple[str, frozenset[str]] | None:
        """What the record is named by when it has no key."""
        said = dict(self.identity)
        for kind in STRONGEST:
            if kind in said:
                value = said[kind]
                return kind, frozenset(value if isinstance(value, list) else [value])
        return None


@st.composite
def records(draw: st.DrawFn, *, weak: bool = True) -> Record:
    """Any mixture of identifiers; never none at all."""
    source = draw(st.sampled_from(SOURCES))
    key = draw(st.sampled_from([None, "k1", "k2"])) if source in KEYED else None
    said: dict[str, Any] = {}
    if draw(st.booleans()):
        said["serial"] = draw(st.sampled_from(SERIALS))
        if draw(st.booleans()):
            said["manufacturer"] = draw(st.sampled_from(MAKERS))
    if draw(st.booleans()):
        said["macs"] = sorted(draw(st.sets(st.sampled_from(MACS), min_size=1, max_size=2)))
    for name, values in (("uuid", UUIDS), ("machine_id", MACHINE_IDS)):
        if draw(st.integers(0, 3)) == 0:
            said[name] = draw(st.sampled_from(values))
    if weak:
        for name, values in (("fqdn", FQDNS), ("name", NAMES)):
            if draw(st.integers(0, 3)) == 0:
                said[name] = draw(st.sampled_from(values))
        if draw(st.booleans()):
            said["ips"] = [draw(st.sampled_from(ADDRESSES))]
    if not said.keys() - {"manufacturer"}:
        said["macs"] = [draw(st.sampled_from(MACS))]
    class_name = draw(st.sampled_from(["device", "host", "server"]))
    return Record(source, class_name, key, tuple(said.items()))


def are_distinct(one: Record, other: Record) -> bool:
    """Whether two records of one source are told apart by what names them."""
    if one.source != other.source:
        return True
    if one.key or other.key:
        return one.key != other.key
    mine, theirs = one.strongest(), other.strongest()
    if mine is None or theirs is None:
        return False
    return mine[0] != theirs[0] or not mine[1] & theirs[1]


@st.composite
def tangles(draw: st.DrawFn, *, most: int = 6, weak: bool = True) -> list[Observation]:
    """Observations in the order of time, then source; of one source and time there is one."""
    found: list[Record] = []
    for record in draw(st.lists(records(weak=weak), min_size=2, max_size=5)):
        if all(are_distinct(record, other) for other in found):
            found.append(record)
    sources = sorted({record.source for record in found})
    told: dict[tuple[int, str], Observation] = {}
    for _ in range(draw(st.integers(2, most))):
        at, source = draw(st.integers(0, 4)), draw(st.sampled_from(sources))
        mine = [record for record in found if record.source == source]
        chosen = draw(st.lists(st.integers(0, len(mine) - 1), min_size=1, max_size=2, unique=True))
        rows = [_row(draw, mine[position], f"r{number}") for number, position in enumerate(chosen)]
        told[at, source] = observation(source, at, rows)
    return [told[key] for key in sorted(told)]


def _row(draw: st.DrawFn, record: Record, local_id: str) -> Draft:
    said = dict(record.identity)
    for attribute, values in (("os_version", ("9", "10")), ("location", ("hall 1", "hall 2"))):
        if draw(st.booleans()):
            said[attribute] = draw(st.sampled_from(values))
    return draft(record.class_name, local_id, key=record.key, **said)
