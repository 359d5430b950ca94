"""Runs: whatever a scanner, a store or a user does, a run ends with a recorded outcome."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import ClassVar

import pytest

from cmdb.entities import Kind, Run, RunState
from cmdb.errors import Conflict, Invalid, Unavailable
from cmdb.ids import new_id
from cmdb.store.sqlite.store import SqliteStore
from discovery.journal import RunJournal
from discovery.progress import NoticeGiven, ObservationLost, TargetFinished
from discovery.runs import Patience, run_scan
from discovery.scanner import Notice, Outcome, ScanEvent, ScanRequest
from discovery.tally import RESULT_LIMIT
from tests.unit.discovery.fakes import (
    START,
    Break,
    CountingIngestor,
    HandClock,
    Notes,
    ScriptedScanner,
    Wait,
    done,
    request,
    seen,
    until,
)

HASTY = Patience(outage_s=0.3, first_retry_s=0.02, longest_retry_s=0.05, scanner_stop_s=1, drain_s=1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(clock: HandClock) -> Iterator[SqliteStore]:
    store = SqliteStore.in_memory(clock=clock)
    yield store
    store.close()


def recorded(store: SqliteStore, run_id: str = "run-1") -> Run:
    run = store.get_many(Kind.RUN, (run_id,))[run_id]
    assert isinstance(run, Run)
    return run


async def scan(
    store: SqliteStore,
    script: Sequence[ScanEvent | Wait | Break],
    *,
    ingestor: CountingIngestor | None = None,
    notes: Notes | None = None,
    stop: asyncio.Event | None = None,
    run_timeout_s: float = 30.0,
) -> Run:
    return await run_scan(
        ScriptedScanner(script),
        request(run_timeout_s=run_timeout_s),
        ingestor=ingestor or CountingIngestor(),
        store=store,
        by="test",
        clock=HandClock(),
        observers=(notes,) if notes else (),
        stop=stop,
        patience=HASTY,
    )


async def test_a_run_that_reads_every_target_is_done(store: SqliteStore) -> None:
    ingestor = CountingIngestor()
    run = await scan(store, [seen("a"), done("10.0.0.1"), seen("b"), done("10.0.0.2")], ingestor=ingestor)
    assert (run.state, run.message, run.finished_at) == (RunState.DONE, None, START)
    assert ingestor.submitted == ["a", "b"]
    assert run.counts == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "parked": 0,
        "refused": 0,
        "observations": 2,
        "observations_lost": 0,
        "targets": 2,
        "targets_read": 2,
        "results_left_out": 0,
    }
    assert run.results[0] == {
        "target": "10.0.0.1",
        "outcome": "read",
        "reason": "",
        "credential": None,
        "seconds": 0.5,
        "found": "",
    }
    assert recorded(store) == run


async def test_one_failing_target_makes_the_run_partial_and_does_not_end_it(store: SqliteStore) -> None:
    ingestor = CountingIngestor()
    script: list[ScanEvent | Wait | Break] = [
        done("10.0.0.1", Outcome.TIMED_OUT, "timed out after 5 s"),
        seen("b"),
        done("10.0.0.2"),
    ]
    run = await scan(store, script, ingestor=ingestor)
    assert run.state is RunState.PARTIAL
    assert ingestor.submitted == ["b"]
    assert [(result["target"], result["outcome"], result["reason"]) for result in run.results] == [
        ("10.0.0.1", "timed out", "timed out after 5 s"),
        ("10.0.0.2", "read", ""),
    ]


async def test_observers_hear_every_step_in_order(store: SqliteStore) -> None:
    notes = Notes()
    await scan(store, [Notice("no nmap here"), done("10.0.0.1")], notes=notes)
    assert notes.kinds() == ["RunStarted", "NoticeGiven", "TargetFinished", "RunFinished"]
    assert notes.events[1] == NoticeGiven(run_id="run-1", text="no nmap here")
    assert notes.events[2] == TargetFinished(run_id="run-1", target="10.0.0.1", outcome=Outcome.READ, seconds=0.5)


async def test_an_observer_that_raises_does_not_disturb_the_run(store: SqliteStore) -> None:
    class Faulty:
        def notify(self, event: object) -> None:
            raise RuntimeError(f"screen gone at {event}")

    run = await run_scan(
        ScriptedScanner([seen("a")]),
        request(),
        ingestor=CountingIngestor(),
        store=store,
        by="test",
        clock=HandClock(),
        observers=(Faulty(),),
    )
    assert run.state is RunState.DONE


async def test_a_scanner_that_breaks_off_fails_the_run_and_keeps_what_was_confirmed(store: SqliteStore) -> None:
    ingestor = CountingIngestor()
    run = await scan(store, [seen("a"), Break(RuntimeError("community s3cret rejected"))], ingestor=ingestor)
    assert run.state is RunState.FAILED
    assert ingestor.submitted == ["a"]
    assert run.message == "the scanner scripted broke off: RuntimeError, see the log"
    assert recorded(store).state is RunState.FAILED


async def test_a_scanner_that_names_its_fault_has_it_in_the_record(store: SqliteStore) -> None:
    run = await scan(store, [Break(Unavailable("nmap ended with 1; install nmap"))])
    assert run.message == "the scanner scripted broke off: nmap ended with 1; install nmap"


async def test_an_observation_that_cannot_land_is_counted_and_the_run_goes_on(store: SqliteStore) -> None:
    notes, ingestor = Notes(), CountingIngestor(errors=[Invalid("no such class")])
    run = await scan(store, [seen("a"), seen("b"), done("10.0.0.1")], ingestor=ingestor, notes=notes)
    assert run.state is RunState.PARTIAL
    assert (run.counts["observations"], run.counts["observations_lost"]) == (1, 1)
    assert ingestor.submitted == ["b"]
    assert [event for event in notes.events if isinstance(event, ObservationLost)] == [
        ObservationLost(run_id="run-1", reason="no such class")
    ]


async def test_a_short_outage_of_the_store_is_waited_out(store: SqliteStore) -> None:
    ingestor = CountingIngestor(errors=[Unavailable("restarting"), Unavailable("restarting")])
    run = await scan(store, [seen("a"), seen("b")], ingestor=ingestor)
    assert run.state is RunState.DONE
    assert ingestor.submitted == ["a", "b"]


async def test_a_long_outage_of_the_store_fails_the_run_cleanly(store: SqliteStore) -> None:
    ingestor = CountingIngestor(always=lambda: Unavailable("connection refused"))
    scanner = ScriptedScanner([seen("a"), seen("b"), Wait(30)])
    run = await run_scan(
        scanner, request(), ingestor=ingestor, store=store, by="test", clock=HandClock(), patience=HASTY
    )
    assert run.state is RunState.FAILED
    assert run.message == "given up: connection refused; scan again when the store answers"
    assert run.counts["observations_lost"] == 2
    assert scanner.is_closed


async def test_the_time_of_a_run_is_enforced(store: SqliteStore) -> None:
    run = await scan(store, [seen("a"), done("10.0.0.1"), Wait(30)], run_timeout_s=0.2)
    assert run.state is RunState.PARTIAL
    assert run.message == "the run's time of 0.2 s ran out; what was confirmed is kept"
    assert run.counts["created"] == 1


async def test_a_stopped_run_is_cancelled_and_keeps_what_was_observed(store: SqliteStore) -> None:
    gate, stop = threading.Event(), asyncio.Event()
    ingestor = CountingIngestor(gate=gate)
    going = asyncio.create_task(scan(store, [seen("a"), seen("b"), Wait(30)], ingestor=ingestor, stop=stop))
    await asyncio.sleep(0.1)
    stop.set()
    gate.set()
    run = await going
    assert run.state is RunState.CANCELLED
    assert ingestor.submitted == ["a", "b"]
    assert recorded(store) == run


async def test_a_cancelled_task_records_the_run_as_cancelled_and_raises(store: SqliteStore) -> None:
    notes = Notes()
    going = asyncio.create_task(scan(store, [seen("a"), Wait(30)], notes=notes))
    await until(lambda: "ObservationCommitted" in notes.kinds())
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert recorded(store).state is RunState.CANCELLED
    assert recorded(store).counts["created"] == 1


async def test_a_scanner_that_does_not_stop_is_left_behind(store: SqliteStore) -> None:
    class Stubborn:
        name: ClassVar[str] = "stubborn"
        needs_targets: ClassVar[bool] = False
        credential_kinds: ClassVar[frozenset[str]] = frozenset()
        release = asyncio.Event()

        async def scan(self, request: ScanRequest) -> AsyncIterator[ScanEvent]:
            yield seen("a", request.run_id)
            while not self.release.is_set():
                try:
                    await self.release.wait()
                except asyncio.CancelledError:
                    continue

    scanner, stop = Stubborn(), asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, stop.set)
    run = await run_scan(
        scanner,
        request(),
        ingestor=CountingIngestor(),
        store=store,
        by="test",
        clock=HandClock(),
        stop=stop,
        patience=HASTY,
    )
    scanner.release.set()
    assert run.state is RunState.CANCELLED
    assert run.counts["created"] == 1


async def test_a_scanner_faster_than_the_store_is_held_back(store: SqliteStore) -> None:
    gate = threading.Event()
    script: list[ScanEvent | Wait | Break] = [*(seen(str(number)) for number in range(40)), Notice("all sent")]
    notes, ingestor = Notes(), CountingIngestor(gate=gate)
    going = asyncio.create_task(scan(store, script, ingestor=ingestor, notes=notes))
    await asyncio.sleep(0.2)
    assert "NoticeGiven" not in notes.kinds()
    gate.set()
    run = await going
    assert run.counts["created"] == 40
    assert ingestor.submitted == [str(number) for number in range(40)]


async def test_results_are_kept_up_to_the_limit_and_the_rest_is_counted(store: SqliteStore) -> None:
    run = await scan(store, [done(f"t{number}") for number in range(RESULT_LIMIT + 3)])
    assert len(run.results) == 10_000
    assert (run.counts["targets"], run.counts["results_left_out"]) == (10_003, 3)
    assert run.state is RunState.DONE


async def test_a_store_that_cannot_record_the_start_raises(clock: HandClock) -> None:
    class Down(SqliteStore):
        def acquire_lease(self, *_: object, **__: object) -> bool:
            raise Unavailable("the store does not answer")

    store = Down(":memory:", clock=clock)
    with pytest.raises(Unavailable):
        await scan(store, [seen("a")])
    assert store.scan(Kind.RUN) == ()
    store.close()


async def test_a_run_of_a_schedule_waits_for_no_other_and_takes_its_turn(store: SqliteStore, clock: HandClock) -> None:
    async def run_it(run_id: str) -> Run:
        return await run_scan(
            ScriptedScanner([seen("a")]),
            request(run_id),
            ingestor=CountingIngestor(),
            store=store,
            by="test",
            clock=clock,
            schedule="nightly",
        )

    assert store.acquire_lease("schedule:nightly", "another run", now=clock(), ttl_s=60)
    with pytest.raises(Conflict):
        await run_it("run-1")
    assert store.scan(Kind.RUN) == ()
    clock.advance(61)
    assert (await run_it("run-2")).schedule == "nightly"
    assert store.acquire_lease("schedule:nightly", "another run", now=clock(), ttl_s=1)


async def test_the_lease_of_a_run_is_given_back(store: SqliteStore) -> None:
    await scan(store, [seen("a")])
    assert store.acquire_lease("run:run-1", "somebody else", now=START, ttl_s=1)


def running(store: SqliteStore, clock: HandClock, run_id: str) -> RunJournal:
    journal = RunJournal(store, clock=clock)
    assert journal.lease(run_id).hold()
    journal.open(Run(id=run_id, source="nmap", state=RunState.RUNNING, by="test", started_at=clock()))
    return journal


def test_a_run_left_by_a_killed_process_is_interrupted_once_its_lease_has_run_out(
    store: SqliteStore, clock: HandClock
) -> None:
    journal = running(store, clock, "run-1")
    assert journal.recover_interrupted() == ()
    clock.advance(16)
    (ended,) = journal.recover_interrupted()
    assert (ended.state, ended.finished_at) == (RunState.INTERRUPTED, clock())
    assert recorded(store).state is RunState.INTERRUPTED
    assert journal.recover_interrupted() == ()


def test_opening_a_run_twice_is_opening_it_once(store: SqliteStore, clock: HandClock) -> None:
    journal = running(store, clock, "run-1")
    journal.open(recorded(store))
    assert [run.id for run in journal.running()] == ["run-1"]


def test_runs_are_listed_newest_first_in_pages(store: SqliteStore, clock: HandClock) -> None:
    journal = RunJournal(store, clock=clock)
    made = []
    for _ in range(5):
        clock.advance(40 * 24 * 3600)
        run = Run(id=new_id(clock()), source="nmap", state=RunState.DONE, by="test", started_at=clock())
        journal.open(run)
        made.append(run.id)
    newest_first = made[::-1]
    first = journal.newest(limit=2)
    assert [run.id for run in first] == newest_first[:2]
    assert [run.id for run in journal.newest(before=first[-1].id, limit=10)] == newest_first[2:]
