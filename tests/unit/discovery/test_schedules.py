"""Schedules: kept, checked, listed, removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from cmdb.entities import Schedule
from cmdb.errors import CmdbError, Conflict, Invalid, NotFound
from cmdb.store.sqlite.store import SqliteStore
from discovery.orders import ScanOrder
from discovery.schedules import Schedules, jitter_of
from tests.unit.discovery.fakes import START, HandClock


def check(order: ScanOrder) -> None:
    if order.scanner != "nmap":
        raise NotFound(f"no scanner is called {order.scanner!r}")


@pytest.fixture
def schedules() -> Iterator[Schedules]:
    clock = HandClock()
    store = SqliteStore.in_memory(clock=clock)
    yield Schedules(store, clock=clock, check=check)
    store.close()


def test_an_added_schedule_is_listed_and_found_by_name_in_any_case(schedules: Schedules) -> None:
    made = schedules.add(schedules.new("Nightly", "nmap", targets=("10.0.0.0/24",), cron="0 3 * * *"), by="ann")
    schedules.add(schedules.new("hourly", "nmap", interval_s=3600), by="ann")
    assert [schedule.name for schedule in schedules.list()] == ["hourly", "Nightly"]
    assert schedules.get("nightly") == made == schedules.get(made.id)
    assert made.created_at == START


def test_a_removed_schedule_is_gone(schedules: Schedules) -> None:
    made = schedules.add(schedules.new("nightly", "nmap", cron="0 3 * * *"), by="ann")
    assert schedules.remove("nightly", by="ann") == made
    assert schedules.list() == ()
    with pytest.raises(NotFound):
        schedules.remove("nightly", by="ann")
    with pytest.raises(Conflict):
        schedules.end(made, by="ann")


def test_a_name_is_given_once(schedules: Schedules) -> None:
    schedules.add(schedules.new("nightly", "nmap", cron="0 3 * * *"), by="ann")
    with pytest.raises(Conflict):
        schedules.add(schedules.new("NIGHTLY", "nmap", cron="0 4 * * *"), by="ann")


@pytest.mark.parametrize(
    ("fields", "error", "place"),
    [
        ({}, Invalid, "cron"),
        ({"cron": "0 3 * * *", "interval_s": 3600}, Invalid, "cron"),
        ({"interval_s": 59}, Invalid, "interval_s"),
        ({"cron": "0 3 * * *", "timezone": "Mars/Olympus"}, Invalid, "timezone"),
        ({"interval_s": 3600, "timezone": "Mars/Olympus"}, Invalid, "timezone"),
        ({"cron": "0 3 * * *", "jitter_s": -1}, Invalid, "jitter_s"),
        ({"cron": "0 3 * * *", "name": "  "}, Invalid, "name"),
        ({"cron": "0 3 * * *", "scanner": "nonsuch"}, NotFound, None),
    ],
)
def test_a_schedule_that_cannot_work_is_refused(
    schedules: Schedules, fields: dict[str, object], error: type[CmdbError], place: str | None
) -> None:
    good = {"name": "nightly", "scanner": "nmap"}
    with pytest.raises(error) as caught:
        schedules.add(schedules.new(**(good | fields)), by="ann")  # type: ignore[arg-type]
    assert caught.value.place == place
    assert schedules.list() == ()


def test_the_next_run_is_the_due_time_and_its_jitter(schedules: Schedules) -> None:
    plain = schedules.new("a", "nmap", cron="0 13 * * *")
    assert schedules.next_due(plain) == START + dt.timedelta(hours=1)
    spread = schedules.new("b", "nmap", cron="0 13 * * *", jitter_s=600)
    due = schedules.next_due(spread)
    assert due is not None
    assert START + dt.timedelta(hours=1) <= due <= START + dt.timedelta(hours=1, seconds=600)
    assert schedules.next_due(schedules.new("c", "nmap", cron="0 13 * * *", enabled=False)) is None


def test_jitter_is_the_same_on_every_server_and_differs_between_schedules() -> None:
    def schedule(id_: str) -> Schedule:
        return Schedule(id=id_, name=id_, scanner="nmap", cron="0 3 * * *", jitter_s=3600, created_at=START)

    delays = {id_: jitter_of(schedule(id_), START) for id_ in ("a", "b", "c", "d")}
    assert delays == {id_: jitter_of(schedule(id_), START) for id_ in ("a", "b", "c", "d")}
    assert len(set(delays.values())) == 4
    assert all(dt.timedelta(0) <= delay <= dt.timedelta(hours=1) for delay in delays.values())
