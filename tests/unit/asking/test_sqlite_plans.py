"""How SQLite goes about filters: from a CI outwards by keys, never over all relationships or bodies."""

from __future__ import annotations

import contextlib

import pytest

from cmdb.asking.meaning import condition_of
from cmdb.registry import default_registry
from cmdb.store.sqlite.conditions import BODY, Compiler, Parameters
from cmdb.store.sqlite.store import SqliteStore


def _plan(text: str) -> list[str]:
    parameters = Parameters()
    where = Compiler(parameters).condition(condition_of(text, default_registry()))
    query = f"EXPLAIN QUERY PLAN SELECT n0.id FROM node n0 {BODY.format(level=0)} WHERE {where}"
    with contextlib.closing(SqliteStore.in_memory()) as store, store._connections.reading() as connection:
        return [row[3] for row in connection.execute(query, parameters.values)]


@pytest.mark.parametrize(
    "text",
    [
        'related("RUNS_ON", has(model))',
        'related("RUNS_ON", "in", has(model))',
        'related("RUNS_ON", "any", 3, has(model))',
        'related("RUNS_ON", 5, related("LOCATED_IN", last_seen_at < timestamp("2026-01-01")))',
    ],
)
def test_relationships_are_followed_from_the_ci_by_key(text: str) -> None:
    plan = _plan(text)
    assert "SEARCH l USING PRIMARY KEY (field=? AND value=?)" in plan
    assert [
        step for step in plan if step.startswith("SCAN") and step.split()[1] in {"l", "g", "n1", "n2", "c1", "b1"}
    ] == []
    assert [step for step in plan if step.startswith("SEARCH") and "(field=?)" in step] == []


def test_bodies_are_opened_by_key() -> None:
    assert _plan("has(model)") == [
        "SCAN n0",
        "SEARCH c0 USING PRIMARY KEY (kind=? AND id=?)",
        "SEARCH b0 USING INTEGER PRIMARY KEY (rowid=?)",
    ]
