"""What a switch hears of its neighbours makes no device: it waits, with its links, until a device is found that it fits."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import cast

from cmdb.amending import Amender
from cmdb.entities import Kind, Parked
from cmdb.identity.evidence import Kind as Evident
from cmdb.identity.keys import key, waits_key
from cmdb.lifecycle.tidying import Tidying
from cmdb.observation import Draft, Observation
from cmdb.reconcile.parking import EXPIRY, expired
from cmdb.reconcile.precedence import Policy
from cmdb.store.protocol import Store
from tests.unit.reconcile.builders import MAC_A, MAC_B, REGISTRY, World, draft, observation


def _heard(name: str, *, mac: str = MAC_B, serial: str = "SW-1", at: float = 1) -> Observation:
    """A switch of that serial number that hears one neighbour."""
    neighbour = replace(draft("device", "n", name=name, macs=[mac], is_reference=True), is_known_or_waits=True)
    own = draft("switch", "device", name=serial.lower(), serial=serial, macs=[MAC_A if serial == "SW-1" else MAC_B])
    return observation("snmp", at, [own, neighbour], links=[("device", "CONNECTED_TO", "n")])


def _parked(world: World) -> list[Parked]:
    return [cast("Parked", item) for item in world.store.scan(Kind.PARKED)]


def _names(world: World) -> set[tuple[str, ...]]:
    return {
        tuple(sorted((world.ci(start).name, world.ci(end).name)))
        for start, type_, end in world.relationships()
        if type_ == "CONNECTED_TO"
    }


def test_a_neighbour_that_nobody_knows_makes_no_ci_and_is_told(store: Store) -> None:
    world = World(store)
    done = world.tell(_heard("sw-2"))
    assert [row.outcome for row in done.plan.rows] == ["created", "parked"]
    assert [ci.name for ci in world.cis()] == ["sw-1"]
    assert [review.values["reason"] for review in world.reviews("parked")] == [
        "it was heard of, and nothing that is known fits it yet"
    ]


def test_hearing_it_again_writes_nothing(store: Store) -> None:
    world = World(store)
    world.tell(_heard("sw-2"))
    revision = store.revision()
    world.tell(_heard("sw-2"))
    assert store.revision() == revision
    world.tell(_heard("sw-2", at=2))
    assert len(_parked(world)) == 1


def test_the_link_is_made_when_the_device_arrives_from_any_source(store: Store) -> None:
    world = World(store)
    world.tell(_heard("sw-2"))
    world.tell(observation("csv", 5, [draft("switch", "x", name="sw-2", macs=[MAC_B])]))
    assert _names(world) == {("sw-1", "sw-2")}
    assert (_parked(world), world.reviews("parked")) == ([], [])
    # and from then on it is known
    world.tell(_heard("sw-2", at=6))
    assert _parked(world) == []


def test_a_neighbour_known_by_name_is_found_when_its_own_source_reads_it(store: Store) -> None:
    world = World(store)
    world.tell(observation("ssh", 1, [draft("server", "x", name="web1", ips=["192.0.2.9"])]))
    neighbour = replace(draft("device", "n", name="web1", is_reference=True), is_known_or_waits=True)
    own = draft("switch", "device", name="sw-1", serial="SW-1")
    world.tell(observation("snmp", 2, [own, neighbour], links=[("device", "CONNECTED_TO", "n")]))
    assert _names(world) == set()
    world.tell(observation("snmp", 3, [draft("server", "x", name="web1", ips=["192.0.2.9"])]))
    assert _names(world) == {("sw-1", "web1")}


def test_a_neighbour_heard_by_two_switches_gets_both_links(store: Store) -> None:
    world = World(store)
    world.tell(_heard("sw-9", mac="d8:bb:c1:00:00:99"))
    world.tell(_heard("sw-9", mac="d8:bb:c1:00:00:99", serial="SW-3"))
    world.tell(_heard("sw-9", mac="d8:bb:c1:00:00:99", at=2))
    world.tell(observation("csv", 5, [draft("switch", "x", name="sw-9", macs=["d8:bb:c1:00:00:99"])]))
    assert _names(world) == {("sw-1", "sw-9"), ("sw-3", "sw-9")}


def test_a_known_neighbour_is_linked_at_once(store: Store) -> None:
    world = World(store)
    world.tell(observation("csv", 1, [draft("switch", "x", name="sw-2", macs=[MAC_B])]))
    world.tell(_heard("sw-2", at=2))
    assert _names(world) == {("sw-1", "sw-2")}


def test_a_neighbour_that_fits_two_devices_goes_on_waiting(store: Store) -> None:
    world = World(store)
    twins: list[Draft] = [
        draft("server", "a", name="a", serial="A", ips=["192.0.2.5"]),
        draft("server", "b", name="b", serial="B", ips=["192.0.2.5"]),
    ]
    world.tell(observation("ssh", 1, twins))
    neighbour = replace(draft("device", "n", ips=["192.0.2.5"], is_reference=True), is_known_or_waits=True)
    own = draft("switch", "device", name="sw-1", serial="SW-1")
    world.tell(observation("snmp", 2, [own, neighbour], links=[("device", "CONNECTED_TO", "n")]))
    assert len(world.cis()) == 3
    (item,) = _parked(world)
    assert item.reason.startswith("it was heard of, and what it may be is not sure: ")


def test_what_has_waited_for_ninety_days_comes_back_no_more(store: Store) -> None:
    world = World(store)
    world.tell(_heard("sw-2"))
    (item,) = _parked(world)
    assert dt.timedelta(days=90) == EXPIRY
    assert expired([item], item.since + EXPIRY) == []
    assert expired([item], item.since + EXPIRY + dt.timedelta(seconds=1)) == [item]
    later = item.since + EXPIRY + dt.timedelta(days=1)
    tidied = Tidying(Amender(store, REGISTRY, Policy(), clock=lambda: later)).tidy(by="test")
    assert (tidied.parked, _parked(world), world.reviews("parked")) == (1, [], [])
    held = store.owners([waits_key(key(Evident.MAC, MAC_B))])
    assert [owners for holding in held.values() for owners in holding.owners] == []
