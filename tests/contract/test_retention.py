"""Retention: daily states after some days, what is named stays whole, and every join can still be undone."""

from __future__ import annotations

import contextlib
import datetime as dt
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cmdb import documents
from cmdb.amending import Amender
from cmdb.entities import CI, Kind
from cmdb.errors import Invalid
from cmdb.history.as_of import view
from cmdb.history.baselines import Baselines
from cmdb.history.compaction import Compaction
from cmdb.history.past import Past
from cmdb.lookup import find_ci
from cmdb.reconcile.precedence import Policy
from cmdb.repairs.merging import Repair
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.contract.store.builders import Clock, change_set, changed, ci, made
from tests.unit.reconcile.builders import REGISTRY, World, draft

BEGIN = dt.datetime(2026, 1, 1, 6, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def rename_every_hour(store: Store, clock: Clock, hours: int) -> None:
    """Revision 1 at half past six of 1 January makes a server, every hour after it renames it: `at 1`, `at 2` …"""
    clock.now = BEGIN - dt.timedelta(seconds=1)
    store.apply(change_set(*made(ci("a", "at 0"))))
    for hour in range(1, hours):
        clock.now = BEGIN + hour * HOUR - dt.timedelta(seconds=1)
        step = changed(ci("a", f"at {hour - 1}"), ci("a", f"at {hour}"))
        store.apply(change_set(step, planned_at=hour))


def name_at(store: Store, text: str) -> str:
    found = view(store, text).get_many(Kind.CI, ["a"])["a"]
    assert isinstance(found, CI)
    return found.name


def compaction_at(store: Store, at: dt.datetime) -> Compaction:
    return Compaction(store, clock=lambda: at)


def test_the_last_state_of_each_day_before_the_kept_days_is_left(store: Store, clock: Clock) -> None:
    rename_every_hour(store, clock, 72)
    compaction = compaction_at(store, BEGIN + 4 * DAY)
    retention = compaction.plan(3)
    assert retention is not None
    # midnight before the last three days of 5 January
    assert retention.horizon.at == dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    # half past six to half past eleven at night are 18 times
    assert retention.horizon.then.revision == 18
    assert sum(compaction.steps(retention)) == 17
    assert [change.revision for change in store.history(Kind.CI, "a")] == list(range(18, 73))
    assert name_at(store, "2026-01-02") == "at 17"
    assert name_at(store, "2026-01-02T07:00Z") == "at 24"


def test_a_second_compaction_takes_the_days_that_have_grown_old_since(store: Store, clock: Clock) -> None:
    rename_every_hour(store, clock, 72)
    for day in (4, 5):
        compaction = compaction_at(store, BEGIN + day * DAY)
        retention = compaction.plan(3)
        assert retention is not None
        for _ in compaction.steps(retention):
            pass
    assert [change.revision for change in store.history(Kind.CI, "a", limit=4)] == [18, 42, 43, 44]
    assert compaction_at(store, BEGIN + 5 * DAY).plan(3) is None
    assert sum(compaction_at(store, BEGIN + 5 * DAY).unfinished()) == 0


def test_a_daily_answer_says_so_and_a_kept_one_does_not(store: Store, clock: Clock) -> None:
    rename_every_hour(store, clock, 60)
    compaction = compaction_at(store, BEGIN + 3 * DAY)
    retention = compaction.plan(1)
    assert retention is not None
    for _ in compaction.steps(retention):
        pass
    asked = view(store, "2026-01-02T12:00Z")
    assert isinstance(asked, Past)
    assert asked.caution == (
        "answers before 2026-01-03 (UTC) are daily: this is the state after revision 18 (2026-01-01 23:30:00 UTC)"
    )
    assert documents.show(asked, find_ci(asked, REGISTRY, "a"))["warnings"] == [asked.caution]
    kept, recent = view(store, "@18"), view(store, "2026-01-03T10:00Z")
    assert isinstance(kept, Past)
    assert isinstance(recent, Past)
    assert (kept.caution, recent.caution) == (None, None)


def test_a_revision_that_a_baseline_names_stays(store: Store, clock: Clock) -> None:
    rename_every_hour(store, clock, 72)
    Baselines(store, REGISTRY, clock=clock).set("agreed", 5, by="anna")
    compaction = compaction_at(store, BEGIN + 40 * DAY)
    retention = compaction.plan(30)
    assert retention is not None
    for _ in compaction.steps(retention):
        pass
    assert name_at(store, "@5") == "at 4"
    assert [change.revision for change in store.history(Kind.CI, "a")] == [5, 18, 42, 66, 72]


def test_a_join_older_than_everything_kept_can_still_be_undone(store: Store, clock: Clock) -> None:
    clock.now = BEGIN
    world = World(store)
    one = world.see("ssh", 1, draft(name="one", serial="S-1", os_version="1"))
    other = world.see("ssh", 2, draft(name="other", serial="S-2", os_version="2"))
    amender = Amender(store, REGISTRY, Policy(), clock=clock)
    Repair(amender).merge(one, other, by="anna")
    world.see("ssh", 3, draft(name="third", serial="S-3"))
    compaction = compaction_at(store, clock.now + 3000 * DAY)
    retention = compaction.plan(1)
    assert retention is not None
    for _ in compaction.steps(retention):
        pass
    Repair(amender).unmerge(other, by="anna")
    assert {world.ci(one).attributes["os_version"], world.ci(other).attributes["os_version"]} == {"1", "2"}


def test_nothing_is_dropped_before_it_is_old_enough(store: Store, clock: Clock) -> None:
    assert compaction_at(store, BEGIN).plan(90) is None
    rename_every_hour(store, clock, 3)
    assert compaction_at(store, BEGIN + 90 * DAY).plan(90) is None
    assert compaction_at(store, BEGIN + 91 * DAY).plan(90) is not None


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_days_that_cannot_be_are_refused(days: int) -> None:
    with pytest.raises(Invalid, match="say 1 to 36500"):
        compaction_at(SqliteStore.in_memory(), BEGIN).plan(days)


KILLED = """
import datetime as dt, sys
from cmdb.history.compaction import Compaction
from cmdb.store.sqlite.store import SqliteStore
compaction = Compaction(SqliteStore(sys.argv[1]), clock=lambda: dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
retention = compaction.plan(30)
print("open", flush=True)
for _ in compaction.steps(retention) if retention else compaction.unfinished():
    pass
print("done", flush=True)
"""


def test_a_compaction_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    clock = Clock()
    with contextlib.closing(SqliteStore(path, clock=clock)) as store:
        rename_every_hour(store, clock, 600)
        daily = {day: name_at(store, f"{(BEGIN + day * DAY).date()}T00:00Z") for day in range(1, 25)}
    for number in range(8):
        with subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            time.sleep(number * 0.004)
            process.kill()
        with contextlib.closing(SqliteStore(path)) as store:
            assert {day: name_at(store, f"{(BEGIN + day * DAY).date()}T00:00Z") for day in daily} == daily
    subprocess.run([sys.executable, "-c", KILLED, path], check=True, timeout=60, stdout=subprocess.DEVNULL)
    with contextlib.closing(SqliteStore(path)) as store:
        # the last of 1 to 26 January
        assert len(store.history(Kind.CI, "a")) == 26
        assert {day: name_at(store, f"{(BEGIN + day * DAY).date()}T00:00Z") for day in daily} == daily
