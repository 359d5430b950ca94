"""Two servers on one store: each due time runs once, whoever lives."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cmdb.entities import Firing, Kind, Run, RunState, Schedule
from cmdb.errors import Conflict, NotFound, Unavailable
from cmdb.store.sqlite.store import SqliteStore
from discovery.credentials import Credential
from discovery.dispatcher import FIRINGS_KEPT, Dispatcher
from discovery.jobs import ScanJobs
from discovery.journal import RunJournal
from discovery.orders import ScanOrder
from discovery.runs import Patience
from discovery.scanner import Scanner, ScannerRegister
from discovery.scheduler import Ticker
from discovery.schedules import Schedules
from tests.unit.discovery.fakes import CountingIngestor, HandClock, ScriptedScanner, Wait, done, seen, until

HASTY = Patience(outage_s=0.3, first_retry_s=0.02, longest_retry_s=0.05, scanner_stop_s=1, drain_s=1)


class Quick(ScriptedScanner):
    def __init__(self) -> None:
        super().__init__([seen("a"), done("10.0.0.1")])


class Slow(ScriptedScanner):
    def __init__(self) -> None:
        super().__init__([Wait(60)])


def check(order: ScanOrder) -> None:
    if order.scanner not in {"quick", "slow"}:
        raise NotFound(f"no scanner is called {order.scanner!r}")


class Desk:
    """Lets every order through that `check` does, and has no credentials."""

    def checked(self, order: ScanOrder) -> ScanOrder:
        check(order)
        return order

    def credentials_for(self, order: ScanOrder) -> tuple[Credential, ...]:
        if order.credentials:
            raise NotFound(f"no credential is called {order.credentials[0]!r}")
        return ()

    def options_for(self, order: ScanOrder) -> dict[str, str]:
        return dict(order.options)


class Server:
    """One process's worth of scheduling on its own connection to the store."""

    def __init__(self, path: Path, clock: HandClock, name: str) -> None:
        self.store = SqliteStore(str(path), clock=clock)
        scanners: dict[str, type[Scanner]] = {"quick": Quick, "slow": Slow}
        self.jobs = ScanJobs(
            self.store,
            CountingIngestor(),
            ScannerRegister(scanners),
            orders=Desk(),
            clock=clock,
            patience=HASTY,
        )
        self.schedules = Schedules(self.store, clock=clock, check=check)
        self.dispatcher = Dispatcher(self.store, self.schedules, self.jobs, owner=name, clock=clock)

    async def settle(self) -> None:
        """Let runs that end by themselves end, and their outcomes be noted."""
        for run in self.runs():
            if run.state is RunState.RUNNING and self.jobs.is_running(run.id):
                await self.jobs.wait(run.id)
        await until(lambda: not self.dispatcher.has_open_outcomes)

    def runs(self) -> list[Run]:
        return [run for run in self.store.scan(Kind.RUN) if isinstance(run, Run)]

    def firings(self, schedule: Schedule) -> list[tuple[dt.datetime, str]]:
        return [(firing.due_at, firing.outcome) for firing in self.schedules.firings(schedule)]


@pytest.fixture
def clock() -> HandClock:
    return HandClock(dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC))


@pytest.fixture
async def pair(tmp_path: Path, clock: HandClock) -> AsyncIterator[tuple[Server, Server]]:
    servers = Server(tmp_path / "store.db", clock, "one"), Server(tmp_path / "store.db", clock, "two")
    yield servers
    for server in servers:
        await server.jobs.close()
        await server.dispatcher.close()
        server.store.close()


def minutely(server: Server, scanner: str = "quick", **fields: int) -> Schedule:
    made = server.schedules.new("minutely", scanner, cron="* * * * *", **fields)  # type: ignore[arg-type]
    return server.schedules.add(made, by="test")


async def test_each_due_time_runs_once_with_two_servers(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, two = pair
    schedule = minutely(one)
    made: list[Firing] = []
    for _ in range(40):
        clock.advance(15)
        for firings in await asyncio.gather(one.dispatcher.tick(), two.dispatcher.tick()):
            made += firings
        await one.settle()
        await two.settle()
    assert Counter(firing.due_at for firing in made) == {
        schedule.created_at + dt.timedelta(minutes=minute): 1 for minute in range(1, 11)
    }
    assert [run.state for run in one.runs()] == [RunState.DONE] * 10
    assert {outcome for _, outcome in two.firings(schedule)} == {"done"}


async def test_when_the_leader_dies_the_other_takes_over_after_the_lease(
    pair: tuple[Server, Server], clock: HandClock
) -> None:
    one, two = pair
    schedule = minutely(one)
    await one.dispatcher.tick()
    clock.advance(10)
    assert await two.dispatcher.tick() == ()
    # from here on the first server is dead: it neither ticks nor gives its lease back
    clock.advance(55)
    (firing,) = await two.dispatcher.tick()
    assert firing.due_at == schedule.created_at + dt.timedelta(minutes=1)


async def test_a_living_leader_keeps_the_others_quiet(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, two = pair
    minutely(one)
    await one.dispatcher.tick()
    clock.advance(14)
    await one.dispatcher.tick()
    clock.advance(14)
    await one.dispatcher.tick()
    clock.advance(33)
    await asyncio.to_thread(one.store.acquire_lease, "scheduler", "one", now=clock(), ttl_s=15)
    assert await two.dispatcher.tick() == ()
    assert [firing.outcome for firing in await one.dispatcher.tick()] == ["started"]


async def test_two_leaders_at_once_still_run_a_due_time_once(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, two = pair
    schedule = minutely(one)
    await one.dispatcher.tick()
    clock.advance(61)
    # the lease is torn away while the first server is between looking and firing
    due = await asyncio.to_thread(one.dispatcher.find_due)
    one.store.release_lease("scheduler", "one")
    (firing,) = await two.dispatcher.tick()
    assert await one.dispatcher.fire(*due[0]) is None
    await two.settle()
    assert len(two.runs()) == 1
    assert two.firings(schedule) == [(firing.due_at, "done")]


async def test_missed_due_times_are_made_up_once(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, _ = pair
    schedule = minutely(one)
    clock.advance(3600)
    (firing,) = await one.dispatcher.tick()
    assert firing.due_at == schedule.created_at + dt.timedelta(hours=1)
    assert await one.dispatcher.tick() == ()


async def test_a_run_that_still_goes_on_is_not_overlapped(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, two = pair
    schedule = minutely(one, "slow")
    clock.advance(60)
    (first,) = await one.dispatcher.tick()
    one.store.release_lease("scheduler", "one")
    clock.advance(10)
    assert one.store.acquire_lease(f"schedule:{schedule.id}", str(first.run), now=clock(), ttl_s=60)
    clock.advance(51)
    (second,) = await two.dispatcher.tick()
    assert (second.run, second.outcome) == (None, "skipped: the run before it was still going")
    with pytest.raises(Conflict):
        await two.dispatcher.run_now(schedule, by="ann")
    assert len(two.runs()) == 1


async def test_a_run_now_is_recorded_with_its_schedule_and_author(
    pair: tuple[Server, Server], clock: HandClock
) -> None:
    one, _ = pair
    schedule = minutely(one)
    started = await one.dispatcher.run_now(schedule, by="ann")
    ended = await one.jobs.wait(started.id)
    assert (ended.state, ended.schedule, ended.by) == (RunState.DONE, schedule.id, "ann")
    again = await one.dispatcher.run_now(schedule, by="ann")
    assert again.id != started.id


async def test_a_run_that_cannot_start_is_recorded_as_failed(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, _ = pair
    made = one.schedules.new("nightly", "quick", credentials=("core",), cron="* * * * *")
    schedule = one.schedules.add(made, by="test")
    clock.advance(60)
    await one.dispatcher.tick()
    (run,) = one.runs()
    assert (run.state, run.message) == (RunState.FAILED, "not started: no credential is called 'core'")
    assert [outcome for _, outcome in one.firings(schedule)] == ["failed"]
    clock.advance(60)
    await one.dispatcher.tick()
    assert len(one.runs()) == 2


async def test_jitter_delays_the_start_and_keeps_the_due_time(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, _ = pair
    schedule = one.schedules.add(one.schedules.new("daily", "quick", cron="0 13 * * *", jitter_s=3600), by="test")
    starts_at = one.schedules.next_due(schedule)
    assert starts_at is not None
    clock.at = starts_at - dt.timedelta(seconds=1)
    assert await one.dispatcher.tick() == ()
    clock.at = starts_at
    (firing,) = await one.dispatcher.tick()
    assert firing.due_at == dt.datetime(2026, 3, 2, 13, 0, tzinfo=dt.UTC)


async def test_a_schedule_that_is_switched_off_or_removed_does_not_run(
    pair: tuple[Server, Server], clock: HandClock
) -> None:
    one, two = pair
    one.schedules.add(one.schedules.new("off", "quick", cron="* * * * *", enabled=False), by="test")
    minutely(one)
    await one.dispatcher.tick()
    two.schedules.remove("minutely", by="ann")
    clock.advance(60)
    assert await one.dispatcher.tick() == ()


async def test_a_schedule_added_on_another_server_is_picked_up(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, two = pair
    await one.dispatcher.tick()
    schedule = minutely(two)
    clock.advance(60)
    (firing,) = await one.dispatcher.tick()
    assert firing.schedule == schedule.id


async def test_what_a_killed_server_left_open_is_settled(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, two = pair
    schedule = minutely(one)
    run_id = one.jobs.reserve_id()
    journal = RunJournal(one.store, clock=clock)
    journal.lease(run_id).hold()
    journal.open(
        Run(id=run_id, source="quick", state=RunState.RUNNING, by="x", started_at=clock(), schedule=schedule.id)
    )
    one.dispatcher.insert(Firing(id="f", schedule=schedule.id, due_at=clock(), run=run_id, outcome="started"))
    clock.advance(31)
    await two.dispatcher.tick()
    assert [run.state for run in two.runs()] == [RunState.INTERRUPTED]
    assert [outcome for _, outcome in two.firings(schedule)] == ["interrupted"]


async def test_old_firings_are_ended_so_that_they_do_not_pile_up(pair: tuple[Server, Server], clock: HandClock) -> None:
    one, _ = pair
    schedule = minutely(one)
    for minute in range(FIRINGS_KEPT + 5):
        due_at = clock() + dt.timedelta(minutes=minute)
        one.dispatcher.insert(Firing(id=f"f{minute}", schedule=schedule.id, due_at=due_at, outcome="done"))
    kept = one.firings(schedule)
    assert len(kept) == 50
    assert kept[-1][0] == clock() + dt.timedelta(minutes=5)


async def test_an_outage_of_the_store_is_met_again_at_the_next_tick(tmp_path: Path, clock: HandClock) -> None:
    class Shaky(SqliteStore):
        is_down = True

        def acquire_lease(self, name: str, owner: str, *, now: dt.datetime, ttl_s: float) -> bool:
            if self.is_down:
                raise Unavailable("the store does not answer")
            return super().acquire_lease(name, owner, now=now, ttl_s=ttl_s)

    server = Server(tmp_path / "store.db", clock, "one")
    shaky = Shaky(str(tmp_path / "store.db"), clock=clock)
    minutely(server)
    clock.advance(60)
    dispatcher = Dispatcher(shaky, server.schedules, server.jobs, owner="one", clock=clock)
    assert await dispatcher.tick() == ()
    shaky.is_down = False
    assert len(await dispatcher.tick()) == 1
    await server.jobs.close()
    await dispatcher.close()
    shaky.close()
    server.store.close()


async def test_the_ticker_calls_until_it_is_stopped() -> None:
    calls: list[int] = []

    async def tick() -> None:
        calls.append(1)

    ticker = Ticker(tick, every_s=0.05)
    ticker.start()
    await until(lambda: len(calls) >= 3)
    ticker.stop()
    count = len(calls)
    await asyncio.sleep(0.2)
    assert len(calls) == count
