"""The same random history in every store: the same outcome of each step, the same answer to each question."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.contract.store.builders import NOW
from tests.contract.store.histories import Step, answers, histories, outcome, plan
from tests.contract.store.opening import neo4j_store
from tests.support.neo4j.server import Neo4jServer

UNHURRIED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)


class _SetClock:
    """Says what it was last set to."""

    now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def check_alike(history: list[Step], clock: _SetClock, one: Store, other: Store) -> None:
    clock.now = NOW
    for number, step in enumerate(history):
        clock.now += dt.timedelta(seconds=step.seconds)
        planned = plan(step, number, one)
        assert outcome(other, planned) == outcome(one, planned)
    expected, found = answers(one), answers(other)
    for question, answer in expected.items():
        assert found[question] == answer, question


@settings(max_examples=60, deadline=None, suppress_health_check=UNHURRIED)
@given(histories)
def test_a_file_and_memory_give_the_same_answers(history: list[Step]) -> None:
    clock = _SetClock()
    with tempfile.TemporaryDirectory() as folder:
        memory = SqliteStore.in_memory(clock=clock)
        file = SqliteStore(str(Path(folder) / "store.db"), clock=clock)
        try:
            check_alike(history, clock, memory, file)
        finally:
            memory.close()
            file.close()


@pytest.mark.neo4j
@settings(max_examples=15, deadline=None, suppress_health_check=UNHURRIED)
@given(histories)
def test_sqlite_and_neo4j_give_the_same_answers(neo4j_server: Neo4jServer, history: list[Step]) -> None:
    clock = _SetClock()
    memory = SqliteStore.in_memory(clock=clock)
    graph = neo4j_store(neo4j_server, clock=clock)
    try:
        check_alike(history, clock, memory, graph)
    finally:
        memory.close()
        graph.close()
