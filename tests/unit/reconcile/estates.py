"""Small generated estates: machines with durable identifiers, and what several sources say of them over some days."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from cmdb.observation import Draft, Observation
from tests.unit.reconcile.builders import all_of, draft, observation

SOURCES = ("ssh", "snmp", "csv", "nmap")
MACHINES = 4
CLASSES = ("device", "host", "server")


def serial(machine: int) -> str:
    return f"SN-{machine}"


def mac(machine: int) -> str:
    return f"d8:bb:c1:00:01:{machine:02x}"


@st.composite
def row(draw: st.DrawFn, local_id: str) -> Draft:
    """A machine under its serial, its MAC or both, with some attributes; each machine keeps its identifiers."""
    machine = draw(st.integers(0, MACHINES - 1))
    said: dict[str, Any] = draw(
        st.sampled_from(
            [{"serial": serial(machine)}, {"macs": [mac(machine)]}, {"serial": serial(machine), "macs": [mac(machine)]}]
        )
    )
    # a name goes with both, so that it never decides alone
    name = draw(st.sampled_from([None, f"m{machine}", f"old{machine}"])) if len(said) == 2 else None
    for attribute, values in (
        ("os_version", ("9", "10")),
        ("model", ("R640", "R650")),
        ("location", ("hall 1", "hall 2")),
    ):
        if draw(st.booleans()):
            said |= {attribute: draw(st.sampled_from(values))}
    return draft(draw(st.sampled_from(CLASSES)), local_id, name=name, **said)


@st.composite
def observations(draw: st.DrawFn, *, most: int = 7) -> list[Observation]:
    """Observations at distinct times, in the order of time; a run may say a machine in several rows."""
    told = []
    for at in range(draw(st.integers(2, most))):
        rows = [draw(row(f"r{index}")) for index in range(draw(st.integers(1, 3)))]
        told.append(observation(draw(st.sampled_from(SOURCES)), at, rows))
    return told


@st.composite
def histories(draw: st.DrawFn) -> list[Observation]:
    """Observations in any order, some with dependents, links, odd identifiers and native keys.

    Where a scope was completed they come in the order of time: a look says nothing of what it could not know of.
    """
    told = []
    is_scoped = draw(st.booleans())
    for each in draw(observations()):
        rows = list(each.drafts)
        links = []
        if draw(st.booleans()):
            rows.append(draft("network_service", "s", name=draw(st.sampled_from(["tcp/22", "tcp/80"])), host="r0"))
        if draw(st.booleans()):
            rows.append(draft("application", "app", name=draw(st.sampled_from(["shop", "crm"]))))
            links.append(("app", "DEPENDS_ON", "r0"))
        if draw(st.booleans()):
            # two machines as one: wrong, and not to be trusted
            pair = draw(st.lists(st.integers(0, MACHINES - 1), min_size=2, max_size=2))
            rows.append(
                draft("device", "odd", macs=[mac(one) for one in pair], key=draw(st.sampled_from([None, "k1", "k2"])))
            )
        if draw(st.booleans()):
            rows.append(draft("device", "address", ips=[f"192.0.2.{draw(st.integers(1, 3))}"]))
        scopes = [all_of("host")] if is_scoped and draw(st.booleans()) else []
        told.append(
            replace(
                observation(each.source, (each.at - observation("", 0).at).days * 4, rows, links=links, scopes=scopes)
            )
        )
    return told if is_scoped else draw(st.permutations(told))
