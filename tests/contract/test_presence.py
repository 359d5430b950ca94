"""Gone, unreachable, not scanned and excluded are four states, each with since when and by which run (docs/guides/lifecycle.md)."""

from __future__ import annotations

import datetime as dt

from cmdb.amending import Amender
from cmdb.changeset import ChangeSet, Write
from cmdb.entities import Kind, Run, RunState, Schedule
from cmdb.ids import new_id
from cmdb.lifecycle.presence_answers import presences
from cmdb.lifecycle.retirement import Retirement
from cmdb.reconcile.precedence import Policy
from cmdb.store.protocol import Store
from tests.unit.reconcile.builders import REGISTRY, World, all_of, day, draft, observation, subnet

NET = "192.0.2.0/24"
ONE = draft("device", ips=["192.0.2.1"], macs=["d8:bb:c1:00:00:0a"])


def _presence(world: World, ci: str, *, at: float) -> tuple[object, object, object]:
    """State, since when (day) and run."""
    found = presences(world.store, [world.ci(ci)], Policy(), now=day(at))[world.ci(ci).id]
    since = found["since"]
    days = None if since is None else (dt.datetime.fromisoformat(str(since)) - day(0)) / dt.timedelta(days=1)
    return found["state"], days, found["run"]


def _ran(store: Store, at: float, source: str = "nmap", schedule: str | None = None) -> str:
    """A run of a day that ended well."""
    run = Run(
        id=new_id(day(at)),
        source=source,
        state=RunState.DONE,
        by="test",
        started_at=day(at),
        finished_at=day(at),
        schedule=schedule,
    )
    store.note([Write(Kind.RUN, run.id, None, run)])
    return run.id


def _scheduled(store: Store, *exclude: str) -> str:
    schedule = Schedule(
        id=new_id(day(0)),
        name="nightly",
        scanner="nmap",
        targets=(NET,),
        exclude=exclude,
        interval_s=3600,
        created_at=day(0),
    )
    write = Write(Kind.SCHEDULE, schedule.id, None, schedule)
    store.apply(ChangeSet(id=f"cs-{schedule.id}", at=day(0), by="test", writes=(write,), planned_at=store.revision()))
    return schedule.id


def test_what_the_last_look_saw_is_present_by_its_run(store: Store) -> None:
    world = World(store)
    one = world.see("nmap", 1, ONE)
    world.see("nmap", 3, ONE)
    assert _presence(world, one, at=3) == ("present", 3, "nmap-3")


def test_what_complete_looks_do_not_show_is_gone_since_the_first_of_them(store: Store) -> None:
    world = World(store)
    vm = draft("virtual_machine", key="v1", name="v1")
    one = world.see("vcenter", 1, vm)
    for at in (2, 3):
        world.tell(observation("vcenter", at, scopes=[all_of("virtual_machine")]))
    assert _presence(world, one, at=4) == ("gone", 2, "vcenter-3")
    world.tell(observation("vcenter", 9, scopes=[all_of("virtual_machine")]))
    assert world.ci(one).lifecycle == "retired"
    assert _presence(world, one, at=10) == ("gone", 9, "vcenter-9")
    world.see("vcenter", 11, vm)
    assert _presence(world, one, at=11) == ("present", 11, "vcenter-11")


def test_what_was_asked_and_did_not_answer_is_unreachable(store: Store) -> None:
    world = World(store)
    one = world.see("ssh", 1, draft(serial="S-1", ips=["192.0.2.1"]))
    world.tell(observation("ssh", 2, unreachable=["192.0.2.1"]))
    assert _presence(world, one, at=3) == ("unreachable", 2, "ssh-2")
    other = world.see("nmap", 1, draft("device", ips=["192.0.2.9"], macs=["d8:bb:c1:00:00:0b"]))
    world.tell(observation("nmap", 5, scopes=[subnet(NET)]))
    assert _presence(world, other, at=6) == ("unreachable", 5, "nmap-5")


def test_what_nothing_has_looked_at_for_its_grace_is_not_scanned(store: Store) -> None:
    world = World(store)
    one = world.see("nmap", 1, ONE)
    run = _ran(store, 7)
    _ran(store, 8, source="ssh")
    # within the grace of seven days the last look stands
    assert _presence(world, one, at=8) == ("present", 1, "nmap-1")
    assert _presence(world, one, at=8.1) == ("not_scanned", 1, run)


def test_what_nobody_looks_for_is_not_scanned_by_no_run(store: Store) -> None:
    world = World(store)
    one = world.see("nmap", 1, ONE)
    assert _presence(world, one, at=20) == ("not_scanned", 1, None)


def test_what_a_schedule_leaves_out_is_excluded_by_its_run(store: Store) -> None:
    world = World(store)
    one = world.see("nmap", 1, ONE)
    other = world.see("nmap", 1, draft("device", ips=["192.0.2.77"], macs=["d8:bb:c1:00:00:0c"]))
    schedule = _scheduled(store, "192.0.2.0/28")
    run = _ran(store, 2, schedule=schedule)
    assert _presence(world, one, at=3) == ("excluded", 1, run)
    assert _presence(world, other, at=3)[0] == "present"
    # seen again, by whomever: present
    world.see("nmap", 4, ONE)
    assert _presence(world, one, at=4) == ("present", 4, "nmap-4")


def test_what_every_schedule_leaves_out_is_excluded_where_nothing_looks(store: Store) -> None:
    world = World(store)
    one = world.see("nmap", 1, ONE)
    _scheduled(store, "192.0.2.1")
    assert _presence(world, one, at=20) == ("excluded", 1, None)


def test_what_a_person_deleted_is_gone_by_no_run(store: Store) -> None:
    world = World(store)
    one = world.see("nmap", 1, ONE)
    Retirement(Amender(store, REGISTRY, Policy(), clock=lambda: day(5))).delete(one, by="ada", reason="scrapped")
    assert _presence(world, one, at=6) == ("gone", 5, None)


def test_many_are_answered_together(store: Store) -> None:
    world = World(store)
    ids = [
        world.see("nmap", 1, draft("device", ips=[f"192.0.2.{n}"], macs=[f"d8:bb:c1:00:00:1{n}"])) for n in range(1, 4)
    ]
    world.tell(observation("nmap", 2, [ONE], scopes=[subnet("192.0.2.2/32")]))
    found = presences(store, [world.ci(one) for one in ids], Policy(), now=day(3))
    assert [found[one]["state"] for one in ids] == ["present", "unreachable", "present"]
    assert presences(store, [], Policy(), now=day(3)) == {}
