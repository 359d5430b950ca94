"""Remote collectors' runs on every store: handed out once, counted once, kept as they were told."""

from __future__ import annotations

import threading

from cmdb.entities import Job, Kind, Run, RunState
from cmdb.observation import Draft, Observation
from cmdb.store.protocol import Store
from cmdb.values import Value
from discovery.collecting import RunWord, encode_observation
from discovery.collector_queue import CollectorQueue
from discovery.orders import ScanOrder
from tests.unit.discovery.fakes import START, CountingIngestor, HandClock

ORDER = ScanOrder(scanner="snmp", targets=("10.1.0.0/24",), options={"port": "1161"}, collector="far")


def test_a_run_is_kept_from_its_order_to_its_end(store: Store) -> None:
    clock = HandClock()
    queue = CollectorQueue(store, CountingIngestor(), clock=clock)
    queue.put(ORDER, run_id="r1", by="ann", schedule="s1")
    assert queue.has_open("s1")
    clock.advance(5)
    assert queue.take("far") is not None
    made = Observation(source="snmp", run_id="r1", at=START, drafts=(Draft(local_id="a", class_name="server"),))
    for number in (1, 2, 2):
        queue.receive("far", "r1", number, encode_observation(made))
    (running,) = queue.open_runs(RunState.RUNNING)
    queue.stop(running)
    result: dict[str, Value] = {"target": "10.1.0.1", "outcome": "read", "credential": None, "seconds": 1.5}
    queue.hear("far", "r1", RunWord(state=RunState.CANCELLED, message="stopped", results=(result,)))
    revision = store.revision()
    (run,) = store.scan(Kind.RUN)
    assert isinstance(run, Run)
    job = Job(
        collector="far",
        options={"port": "1161"},
        limits={
            "target_timeout_s": 120.0,
            "run_timeout_s": 3600.0,
            "max_in_flight": 64,
            "max_rows_per_target": 200_000,
        },
        received=2,
        is_stop_wanted=True,
    )
    assert (run.state, run.message, run.results, run.schedule, run.job) == (
        RunState.CANCELLED,
        "stopped",
        (result,),
        "s1",
        job,
    )
    assert (run.counts["created"], run.counts["observations"]) == (2, 2)
    assert not queue.has_open("s1")
    # runs are notes: they make no revision
    assert revision == 0


def test_many_collectors_of_one_name_never_share_a_run(store: Store) -> None:
    queue = CollectorQueue(store, CountingIngestor(), clock=HandClock())
    for number in range(8):
        queue.put(ORDER, run_id=f"r{number}", by="ann")
    got: list[str] = []

    def take() -> None:
        while (leased := queue.take("far")) is not None:
            got.append(leased.run)

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got) == [f"r{number}" for number in range(8)]
