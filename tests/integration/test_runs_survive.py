"""Runs through disasters: killed processes and a store that goes away, with real stores and the real ingest."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from cmdb.entities import CI, Kind, Run, RunState
from cmdb.ids import new_id
from cmdb.ingest import Ingest
from cmdb.observation import Draft, Observation
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.registry import default_registry
from cmdb.store.neo4j.store import Neo4jStore
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from discovery.journal import RUN_LEASE_S, RunJournal
from discovery.progress import ObservationCommitted, RunEvent, RunFinished
from discovery.runs import Patience, run_scan
from discovery.scanner import Observed, Outcome, ScanEvent, ScanRequest, TargetDone
from tests.shared import ROOT
from tests.support.neo4j.fixture import neo4j_server
from tests.support.neo4j.server import Neo4jServer

__all__ = ["neo4j_server"]
SERVERS = 40


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Row:
    """A scanner that finds `SERVERS` servers, one after the other."""

    name: ClassVar[str] = "row"
    needs_targets: ClassVar[bool] = False
    credential_kinds: ClassVar[frozenset[str]] = frozenset()

    async def scan(self, request: ScanRequest) -> AsyncIterator[ScanEvent]:
        for number in range(SERVERS):
            draft = Draft(
                local_id="a",
                class_name="server",
                name=f"srv{number:02}",
                native_key=f"key-{number}",
                attributes={"serial_number": f"SER{number:05}"},
            )
            at = request.started_at + dt.timedelta(milliseconds=number)
            yield Observed(Observation(source="row", run_id=request.run_id, at=at, drafts=(draft,)))
            yield TargetDone(target=f"srv{number:02}", outcome=Outcome.READ)
            await asyncio.sleep(0.01)


class Lines:
    """An observer that says on standard output what is confirmed."""

    def notify(self, event: RunEvent) -> None:
        if isinstance(event, ObservationCommitted):
            print("committed", flush=True)
        elif isinstance(event, RunFinished):
            print("finished", flush=True)


async def scan(store: Store, *, patience: Patience | None = None, observers: tuple[Lines, ...] = ()) -> Run:
    now = utc_now()
    ingest = Ingest(store, Reconciler(default_registry(), Policy()), clock=utc_now)
    request = ScanRequest(run_id=new_id(now), started_at=now)
    return await run_scan(
        Row(), request, ingestor=ingest, store=store, by="test", clock=utc_now, observers=observers, patience=patience
    )


def names(store: Store) -> list[str]:
    return sorted(ci.name for ci in store.scan(Kind.CI) if isinstance(ci, CI))


def run_from_here(path: str) -> None:
    """What the killed process does."""
    store = SqliteStore(path)
    asyncio.run(scan(store, observers=(Lines(),)))


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_scan_loses_nothing_confirmed_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    path = str(tmp_path / "store.db")
    program = "import sys; from tests.integration.test_runs_survive import run_from_here; run_from_here(sys.argv[1])"
    wanted = random.Random(seed).randrange(1, SERVERS - 5)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        assert process.stdout is not None
        for _ in range(wanted):
            assert process.stdout.readline() == "committed\n"
        process.send_signal(signal.SIGKILL)
        confirmed = wanted + process.stdout.read().count("committed\n")
    store = SqliteStore(path)
    found = names(store)
    assert len(found) == len(set(found))
    assert found[:confirmed] == [f"srv{number:02}" for number in range(confirmed)]
    (run,) = RunJournal(store, clock=utc_now).running()
    later = RunJournal(store, clock=lambda: utc_now() + dt.timedelta(seconds=RUN_LEASE_S + 1))
    assert [(ended.id, ended.state) for ended in later.recover_interrupted()] == [(run.id, RunState.INTERRUPTED)]
    again = asyncio.run(scan(store))
    assert again.state is RunState.DONE
    assert names(store) == [f"srv{number:02}" for number in range(SERVERS)]
    store.close()


@pytest.fixture
def graph(neo4j_server: Neo4jServer) -> Iterator[Neo4jStore]:
    server = neo4j_server
    store = Neo4jStore(
        server.url,
        user=server.user,
        password=server.password,
        database="neo4j",
        labels_of=default_registry().labels,
        patience_s=2.0,
    )
    yield store
    store.close()


async def committed(store: Store, count: int) -> None:
    for _ in range(3000):
        if await asyncio.to_thread(lambda: len(store.scan(Kind.CI))) >= count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was committed within 60 s")


@pytest.mark.neo4j
async def test_a_run_goes_on_when_neo4j_was_stopped_in_its_middle_and_fails_cleanly_when_it_stays_away(
    neo4j_server: Neo4jServer, graph: Neo4jStore
) -> None:
    going = asyncio.create_task(scan(graph, patience=Patience(outage_s=200)))
    await committed(graph, 5)
    await asyncio.to_thread(neo4j_server.kill)
    await asyncio.sleep(2)
    await asyncio.to_thread(neo4j_server.start)
    run = await going
    assert (run.state, run.counts["observations"], run.counts["observations_lost"]) == (RunState.DONE, SERVERS, 0)
    assert names(graph) == [f"srv{number:02}" for number in range(SERVERS)]
    revision = graph.revision()
    assert (await scan(graph)).counts["unchanged"] == SERVERS
    assert graph.revision() == revision

    away = asyncio.create_task(scan(graph, patience=Patience(outage_s=1, first_retry_s=0.1, longest_retry_s=0.5)))
    await asyncio.sleep(0.5)
    await asyncio.to_thread(neo4j_server.kill)
    ended = await away
    assert ended.state is RunState.FAILED
    assert ended.finished_at is not None
    await asyncio.to_thread(neo4j_server.start)
    assert names(graph) == [f"srv{number:02}" for number in range(SERVERS)]
    assert graph.revision() == revision
