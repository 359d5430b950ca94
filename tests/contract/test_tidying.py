"""What time alone ends: parked drafts after 90 days, graces without another look, questions about clocks."""

from __future__ import annotations

from cmdb.amending import Amender
from cmdb.entities import Kind
from cmdb.lifecycle.retirement import Retirement
from cmdb.lifecycle.tidying import Tidied, Tidying
from cmdb.observation import Draft
from cmdb.reconcile.precedence import Policy
from cmdb.store.protocol import Store
from tests.unit.reconcile.builders import REGISTRY, World, all_of, day, draft, observation


def _amender(store: Store, at: float) -> Amender:
    return Amender(store, REGISTRY, Policy(), clock=lambda: day(at))


def _vms(count: int) -> list[Draft]:
    return [draft("virtual_machine", f"v{n}", key=f"v{n}", name=f"v{n}") for n in range(count)]


def _looked(world: World, held: int, seen: int, *days: float) -> None:
    world.tell(observation("vcenter", 1, _vms(held), scopes=[all_of("virtual_machine")]))
    for at in days:
        world.tell(observation("vcenter", at, _vms(seen), scopes=[all_of("virtual_machine")]))


def _retired(world: World) -> int:
    return sum(ci.lifecycle == "retired" for ci in world.cis())


def test_parked_drafts_expire_ninety_days_after_they_were_committed(store: Store) -> None:
    world = World(store)
    world.tell(observation("ssh", 1, [draft("disk", name="sda", host="unknown")]))
    (item,) = store.scan(Kind.PARKED)
    # committed on day 400 of the world's clock, whatever the time of observation
    assert Tidying(_amender(store, 490)).tidy(by="tidy") == Tidied()
    assert Tidying(_amender(store, 490.1)).tidy(by="tidy") == Tidied(parked=1)
    assert (store.scan(Kind.PARKED), world.reviews(), store.get_many(Kind.PARKED, [item.id])) == ((), [], {})
    before = store.revision()
    assert Tidying(_amender(store, 491)).tidy(by="tidy") == Tidied()
    assert store.revision() == before


def test_a_grace_runs_out_when_the_days_pass_after_the_looks(store: Store) -> None:
    world = World(store)
    _looked(world, 3, 2, 2, 3, 4)
    assert Tidying(_amender(store, 7.9)).tidy(by="tidy") == Tidied()
    assert Tidying(_amender(store, 8)).tidy(by="tidy") == Tidied(graces=1)
    (claim,) = [claim for ci in world.cis() for claim in world.claims(ci.id) if claim.withdrawn_at is not None]
    assert (claim.withdrawn_at, claim.withdrawn_by, _retired(world)) == (day(8), "vcenter-4", 1)
    assert Tidying(_amender(store, 9)).tidy(by="tidy") == Tidied()


def test_two_looks_are_not_enough_however_long_ago(store: Store) -> None:
    world = World(store)
    _looked(world, 3, 2, 2, 3)
    assert Tidying(_amender(store, 300)).tidy(by="tidy") == Tidied()
    assert _retired(world) == 0


def test_what_was_seen_since_keeps_its_grace(store: Store) -> None:
    world = World(store)
    _looked(world, 3, 2, 2, 3, 4)
    world.tell(observation("vcenter", 5, _vms(3)))
    assert Tidying(_amender(store, 300)).tidy(by="tidy") == Tidied()


def test_graces_of_too_many_are_asked_about_and_can_be_confirmed(store: Store) -> None:
    world = World(store)
    _looked(world, 20, 10, 2, 3, 4)
    assert Tidying(_amender(store, 8)).tidy(by="tidy") == Tidied(graces=10)
    assert _retired(world) == 0
    (item,) = world.reviews("unsafe_retirement")
    assert (item.values["held"], item.values["would_retire"], item.values["run"]) == (20, 10, "vcenter-4")
    before = store.revision()
    Tidying(_amender(store, 9)).tidy(by="tidy")
    assert store.revision() == before
    done = Retirement(_amender(store, 10)).confirm(item.id, by="ada")
    assert (len(done.cis), _retired(world), world.reviews()) == (10, 10, [])


def test_questions_about_clocks_are_forgotten(store: Store) -> None:
    world = World(store)
    world.tell(observation("nmap", 1000, [draft("device", ips=["192.0.2.1"])]))
    assert len(world.reviews("clock_ahead")) == 1
    assert Tidying(_amender(store, 429)).tidy(by="tidy") == Tidied()
    assert Tidying(_amender(store, 431)).tidy(by="tidy") == Tidied(clocks=1)
    assert world.reviews("clock_ahead") == []
