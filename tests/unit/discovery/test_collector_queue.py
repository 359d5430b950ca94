"""The server's side of remote collectors: queue, sign of life, counts, and schedules that end in the queue."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import msgspec
import pytest

from cmdb.entities import Firing, Kind, Run, RunState, Schedule
from cmdb.errors import Conflict, Invalid, NotFound, Unavailable
from cmdb.observation import Draft, Observation
from cmdb.store.sqlite.store import SqliteStore
from discovery.collecting import LeasedRun, RunWord, encode_observation
from discovery.collector_queue import QUEUE_LIMIT, CollectorQueue
from discovery.credentials import Credential
from discovery.dispatcher import SKIPPED, STARTED, Dispatcher
from discovery.jobs import ScanJobs
from discovery.journal import RunJournal
from discovery.orders import ScanOrder
from discovery.scanner import Limits, ScannerRegister
from discovery.schedules import Schedules
from tests.unit.discovery.fakes import START, CountingIngestor, HandClock

ORDER = ScanOrder(
    scanner="snmp",
    targets=("10.1.0.0/24", "core.example"),
    exclude=("10.1.0.5",),
    credentials=("core",),
    network="branch",
    options={"port": "1161"},
    limits=Limits(target_timeout_s=7.5),
    is_confirmed=True,
    collector="far",
)
LEASE_S = 3.0


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(clock: HandClock) -> Iterator[SqliteStore]:
    made = SqliteStore(":memory:", clock=clock)
    yield made
    made.close()


@pytest.fixture
def ingestor() -> CountingIngestor:
    return CountingIngestor()


@pytest.fixture
def queue(store: SqliteStore, ingestor: CountingIngestor, clock: HandClock) -> CollectorQueue:
    return CollectorQueue(store, ingestor, clock=clock, lease_s=LEASE_S)


def observation(name: str = "a", run_id: str = "r1", network: str = "branch") -> bytes:
    draft = Draft(local_id=name, class_name="server", name=name)
    made = Observation(source="snmp", run_id=run_id, at=START, drafts=(draft,), network=network)
    return encode_observation(made)


def taken(queue: CollectorQueue, run_id: str = "r1") -> LeasedRun:
    queue.put(ORDER, run_id=run_id, by="ann")
    leased = queue.take("far")
    assert leased is not None
    return leased


def test_a_collector_is_told_all_of_the_order_by_the_clock_of_the_server(
    queue: CollectorQueue, clock: HandClock, store: SqliteStore
) -> None:
    put = queue.put(ORDER, run_id="r1", by="ann")
    assert (put.state, put.by, put.started_at) == (RunState.QUEUED, "ann", START)
    clock.advance(60)
    leased = queue.take("far")
    assert leased is not None
    assert leased.started_at == clock()
    assert leased.lease_s == LEASE_S
    assert msgspec.structs.replace(leased, lease_s=0).order() == ScanOrder(
        scanner="snmp",
        targets=("10.1.0.0/24", "core.example"),
        exclude=("10.1.0.5",),
        credentials=("core",),
        network="branch",
        options={"port": "1161"},
        limits=Limits(target_timeout_s=7.5),
        is_confirmed=True,
    )
    assert [run.state for run in RunJournal(store, clock=clock).running()] == [RunState.RUNNING]


def test_what_the_store_knows_goes_along_and_the_order_wins(store: SqliteStore, clock: HandClock) -> None:
    def known_for(order: ScanOrder) -> dict[str, str]:
        return {"known": ",".join(order.targets), "port": "161"}

    queue = CollectorQueue(store, CountingIngestor(), clock=clock, known_for=known_for)
    assert taken(queue).options == {"known": "10.1.0.0/24,core.example", "port": "1161"}


def test_runs_are_handed_out_oldest_first_and_to_their_own_collector_only(queue: CollectorQueue) -> None:
    for run_id in ("r2", "r1"):
        queue.put(ORDER, run_id=run_id, by="ann")
    assert queue.take("near") is None
    found = [queue.take("far") for _ in range(3)]
    assert [leased.run if leased else None for leased in found] == ["r1", "r2", None]


def test_two_collectors_of_one_name_never_get_the_same_run(queue: CollectorQueue) -> None:
    for number in range(20):
        queue.put(ORDER, run_id=f"r{number:02}", by="ann")
    got: list[str] = []

    def take() -> None:
        while (leased := queue.take("far")) is not None:
            got.append(leased.run)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(got) == [f"r{number:02}" for number in range(20)]


def test_an_observation_that_comes_twice_is_counted_once(queue: CollectorQueue, ingestor: CountingIngestor) -> None:
    taken(queue)
    for number, name in ((1, "a"), (1, "a"), (2, "b"), (1, "a")):
        heard = queue.receive("far", "r1", number, observation(name))
    assert ingestor.submitted == ["a", "b"]
    assert ingestor.authors == {"ann"}
    assert (heard.counts["created"], heard.counts["observations"]) == (2, 2)


def test_an_observation_that_cannot_land_is_lost_and_makes_the_run_partial(
    queue: CollectorQueue, ingestor: CountingIngestor, store: SqliteStore, clock: HandClock
) -> None:
    taken(queue)
    ingestor.errors = [Invalid("no class is called 'toaster'"), ZeroDivisionError()]
    with pytest.raises(Invalid, match="toaster"):
        queue.receive("far", "r1", 1, observation())
    with pytest.raises(Invalid, match="ZeroDivisionError"):
        queue.receive("far", "r1", 2, observation())
    queue.receive("far", "r1", 3, observation())
    heard = queue.hear("far", "r1", RunWord(state=RunState.DONE, counts={"targets": 3, "created": 99}))
    assert heard.state is RunState.PARTIAL
    run = RunJournal(store, clock=clock).get("r1")
    assert {name: count for name, count in run.counts.items() if count} == {
        "created": 1,
        "observations": 1,
        "observations_lost": 2,
        "targets": 3,
    }


@pytest.mark.parametrize("error", [Unavailable("the store is away"), Conflict("others were faster 50 times")])
def test_an_observation_that_may_land_later_is_asked_for_again(
    queue: CollectorQueue, ingestor: CountingIngestor, error: Exception
) -> None:
    taken(queue)
    ingestor.errors = [error]
    with pytest.raises(Unavailable):
        queue.receive("far", "r1", 1, observation())
    heard = queue.receive("far", "r1", 1, observation())
    assert heard.counts["observations"] == 1
    assert "observations_lost" not in heard.counts


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "this is no observation"),
        (b"{}", "source"),
        (b"[" * 200_000, "this is no observation"),
        (b'{"source": "snmp", "run_id": "r1", "at": "2026-03-02T12:00:00", "network": "branch"}', "no offset"),
        (observation(run_id="r2"), "another run"),
        (observation(network="default"), "network"),
        (
            b'{"source": "snmp", "run_id": "r1", "at": "2026-03-02T12:00:00Z", "network": "branch", "drafts": 7}',
            "drafts",
        ),
        (
            encode_observation(
                Observation(
                    source="snmp",
                    run_id="r1",
                    at=START,
                    network="branch",
                    drafts=tuple(Draft(local_id=str(number), class_name="server") for number in range(5001)),
                )
            ),
            "5001 drafts",
        ),
    ],
)
def test_what_is_no_observation_of_this_run_is_refused_with_the_reason(
    queue: CollectorQueue, ingestor: CountingIngestor, body: bytes, said: str
) -> None:
    taken(queue)
    with pytest.raises(Invalid, match=said):
        queue.receive("far", "r1", 1, body)
    assert ingestor.submitted == []


def test_a_run_is_its_own_collectors_and_taken_first(queue: CollectorQueue) -> None:
    queue.put(ORDER, run_id="r1", by="ann")
    with pytest.raises(Conflict, match="queued"):
        queue.receive("far", "r1", 1, observation())
    with pytest.raises(Conflict, match="lease"):
        queue.hear("far", "r1", RunWord(state=RunState.DONE))
    queue.take("far")
    with pytest.raises(Conflict, match="near"):
        queue.receive("near", "r1", 1, observation())
    with pytest.raises(NotFound):
        queue.hear("far", "r9", RunWord(state=RunState.RUNNING))


def test_a_run_without_a_sign_of_life_is_interrupted_and_revived_by_one(
    queue: CollectorQueue, store: SqliteStore, clock: HandClock
) -> None:
    journal = RunJournal(store, clock=clock)
    taken(queue)
    alive = RunWord(state=RunState.RUNNING)
    for _ in range(5):
        clock.advance(LEASE_S - 1)
        assert queue.hear("far", "r1", alive).state is RunState.RUNNING
        assert journal.recover_interrupted() == ()
    clock.advance(LEASE_S + 1)
    assert [run.state for run in journal.recover_interrupted()] == [RunState.INTERRUPTED]
    # what was seen before still counts, without reviving it
    assert queue.receive("far", "r1", 1, observation()).state is RunState.INTERRUPTED
    assert queue.hear("far", "r1", alive).state is RunState.RUNNING
    run = journal.get("r1")
    assert (run.finished_at, run.message, run.counts["observations"]) == (None, None, 1)
    assert queue.hear("far", "r1", RunWord(state=RunState.DONE)).state is RunState.DONE
    assert journal.get("r1").finished_at == clock()


def test_the_first_word_on_the_end_of_a_run_stands(queue: CollectorQueue, store: SqliteStore, clock: HandClock) -> None:
    taken(queue)
    queue.hear("far", "r1", RunWord(state=RunState.DONE, message="well"))
    again = queue.hear("far", "r1", RunWord(state=RunState.FAILED, message="not so well"))
    assert (again.state, again.is_stop_wanted) == (RunState.DONE, True)
    assert RunJournal(store, clock=clock).get("r1").message == "well"
    with pytest.raises(Conflict, match="done"):
        queue.receive("far", "r1", 1, observation())


def test_a_run_that_shall_stop_says_so_in_every_answer(queue: CollectorQueue, store: SqliteStore) -> None:
    taken(queue)
    (run,) = queue.open_runs()
    queue.stop(run)
    assert queue.receive("far", "r1", 1, observation()).is_stop_wanted
    assert queue.hear("far", "r1", RunWord(state=RunState.RUNNING)).is_stop_wanted
    queue.hear("far", "r1", RunWord(state=RunState.CANCELLED))
    (ended,) = store.scan(Kind.RUN)
    assert isinstance(ended, Run)
    with pytest.raises(Conflict, match="over already"):
        queue.stop(ended)


def test_a_full_queue_takes_no_more(queue: CollectorQueue) -> None:
    for number in range(QUEUE_LIMIT):
        queue.put(ORDER, run_id=f"r{number:05}", by="ann")
    with pytest.raises(Unavailable, match=str(QUEUE_LIMIT)):
        queue.put(ORDER, run_id="one-more", by="ann")
    with pytest.raises(Invalid, match="name of a collector"):
        queue.put(ScanOrder(scanner="snmp", collector="../far"), run_id="r", by="ann")


class Desk:
    """Lets every order through."""

    def checked(self, order: ScanOrder) -> ScanOrder:
        return order

    def credentials_for(self, order: ScanOrder) -> tuple[Credential, ...]:
        raise NotFound(f"credentials of {order.collector} are not here")

    def options_for(self, order: ScanOrder) -> dict[str, str]:
        return dict(order.options)


async def test_a_schedule_with_a_collector_fires_into_the_queue_and_never_overlaps(
    store: SqliteStore, clock: HandClock, queue: CollectorQueue
) -> None:
    register = ScannerRegister({})
    jobs = ScanJobs(store, CountingIngestor(), register, orders=Desk(), clock=clock, queue=queue)
    schedules = Schedules(store, clock=clock, check=lambda _: None)
    dispatcher = Dispatcher(store, schedules, jobs, owner="one", clock=clock)
    made = schedules.new("nightly", "snmp", targets=("10.1.0.0/24",), interval_s=600, collector="far")
    schedule = schedules.add(made, by="ann")
    await dispatcher.tick()
    for _ in range(2):
        clock.advance(600)
        await dispatcher.tick()
    assert outcomes(schedules, schedule) == [STARTED, SKIPPED]
    leased = queue.take("far")
    assert leased is not None
    assert (leased.scanner, leased.targets) == ("snmp", ("10.1.0.0/24",))
    queue.hear("far", leased.run, RunWord(state=RunState.DONE))
    clock.advance(600)
    await dispatcher.tick()
    assert outcomes(schedules, schedule) == ["done", SKIPPED, STARTED]
    assert [run.schedule for run in queue.queued("far")] == [schedule.id]
    await asyncio.wait_for(dispatcher.close(), 10)


def outcomes(schedules: Schedules, schedule: Schedule) -> list[str]:
    """Of a schedule's firings, oldest first."""
    firings: tuple[Firing, ...] = schedules.firings(schedule)
    return [firing.outcome for firing in reversed(firings)]
