"""Every question has the answer that it had then, by revision, by time and between revisions."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from cmdb.asking.condition import Attribute, Column, Compare, FieldType, Has, Operator, OwnColumn, Sort, TextValue
from cmdb.changeset import Change
from cmdb.entities import Entity, Kind
from cmdb.history.past import Past
from cmdb.store.fields import INDEXED_FIELDS
from cmdb.store.protocol import Page, Store, Then
from cmdb.store.sqlite.store import SqliteStore
from cmdb.store.view import View
from tests.contract.store.builders import NOW
from tests.contract.store.histories import IDS, KEYS, SOURCES, SUBJECTS, Step, histories, outcome, plan
from tests.contract.store.opening import neo4j_store
from tests.support.neo4j.server import Neo4jServer

UNHURRIED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)
PRESENT_KINDS = (Kind.CI, Kind.RELATIONSHIP, Kind.CLAIM, Kind.REDUNDANCY, Kind.REVIEW)
SERVERS = Compare(OwnColumn(Column.CLASS, FieldType.TEXT), Operator.EQUAL, TextValue("server"))
SERIALS = Attribute("serial_number", FieldType.TEXT)


class _SetClock:
    """Says what it was last set to."""

    now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def _pages(view: View, limit: int, sort: Sort | None = None) -> Iterator[Page]:
    cursor: str | None = None
    while True:
        page = view.list_cis(after=cursor, limit=limit, sort=sort)
        yield page
        cursor = page.cursor
        if cursor is None:
            return


def answers(view: View) -> dict[str, object]:
    """Every answer that a view can give, by question."""
    given: dict[str, object] = {
        "revision": view.revision(),
        "owners": view.owners(KEYS),
        "seen": view.seen(SUBJECTS),
        "pages": list(_pages(view, 2)),
        "sorted": list(_pages(view, 2, Sort(SERIALS, is_descending=True))),
        "by state": list(_pages(view, 1, Sort(OwnColumn(Column.LIFECYCLE, FieldType.TEXT), is_descending=False))),
        "of a class": view.list_cis(class_names=["server"], has_retired=False),
        "with a condition": view.list_cis(condition=SERVERS, limit=1),
        "with a serial": view.list_cis(condition=Has(SERIALS), search="W"),
        "by name": view.list_cis(names=["wEb01", "Z" * 499 + "ab"]),
    }
    for kind in PRESENT_KINDS:
        given[f"{kind}"] = view.get_many(kind, [*IDS, "k1", "k2", "g1", "v1"])
        given[f"{kind} scanned"] = [view.scan(kind, limit=2), view.scan(kind, after="b")]
        given[f"{kind} counted"] = view.count(kind)
        for id_ in IDS:
            given[f"history of {kind} {id_}"] = view.history(kind, id_)
        given[f"histories of {kind}"] = view.histories(kind, IDS)
        for field in INDEXED_FIELDS[kind]:
            wanted = {*IDS, *SOURCES, "server", "parked"}
            given[f"{kind} by {field}"] = [view.find(kind, field, wanted), view.find(kind, field, wanted, limit=1)]
    return given


def check_the_past_answers_as_the_present_did(history: list[Step], clock: _SetClock, store: Store) -> None:
    recorded: list[tuple[dt.datetime, Then, dict[str, object]]] = []
    clock.now = NOW
    for number, step in enumerate(history):
        clock.now += dt.timedelta(seconds=max(0, step.seconds) + 1)
        outcome(store, plan(step, number, store))
        touches = store.touches(after=0)
        then = Then(store.revision(), touches[-1].number if touches else 0)
        recorded.append((clock.now, then, answers(store)))
    for at, then, expected in recorded:
        assert store.then(at) == then
        found = answers(Past(store, then))
        for question, answer in expected.items():
            assert found[question] == answer, (then, question)
    for revision in range(store.revision() + 1):
        last = [then for _, then, _ in recorded if then.revision == revision]
        assert not last or store.then(revision) == last[-1]


def _states(store: Store, revision: int) -> dict[tuple[Kind, str], Entity]:
    kinds = (Kind.CI, Kind.RELATIONSHIP, Kind.REDUNDANCY)
    return {(kind, entity.id): entity for kind in kinds for entity in store.scan(kind, as_of=revision)}


def check_differences_are_those_of_the_states(history: list[Step], clock: _SetClock, store: Store) -> None:
    clock.now = NOW
    for number, step in enumerate(history):
        clock.now += dt.timedelta(seconds=1)
        outcome(store, plan(step, number, store))
    newest = store.revision()
    states = [_states(store, revision) for revision in range(newest + 1)]
    for first in range(newest + 1):
        for second in range(first, newest + 1):
            before, after = states[first], states[second]
            expected = {
                key: (before.get(key), after.get(key))
                for key in before.keys() | after.keys()
                if before.get(key) != after.get(key)
            }
            found: list[Change] = []
            place: tuple[int, int] | None = None
            while page := store.difference(first, second, after=place, limit=2):
                # 1 and 1.0 are written differently and are the same value
                found += [change for change in page if change.before != change.after]
                place = (page[-1].revision, page[-1].sequence)
            assert {(change.kind, change.id): (change.before, change.after) for change in found} == expected
            assert len(found) == len(expected)
            assert all(first < change.revision <= second for change in found)


@settings(max_examples=60, deadline=None, suppress_health_check=UNHURRIED)
@given(histories)
def test_differences_are_those_of_the_states(history: list[Step]) -> None:
    clock = _SetClock()
    store = SqliteStore.in_memory(clock=clock)
    try:
        check_differences_are_those_of_the_states(history, clock, store)
    finally:
        store.close()


@pytest.mark.neo4j
@settings(max_examples=4, deadline=None, suppress_health_check=UNHURRIED)
@given(histories)
def test_differences_in_neo4j_are_those_of_the_states(neo4j_server: Neo4jServer, history: list[Step]) -> None:
    clock = _SetClock()
    store = neo4j_store(neo4j_server, clock=clock)
    try:
        check_differences_are_those_of_the_states(history, clock, store)
    finally:
        store.close()


@settings(max_examples=60, deadline=None, suppress_health_check=UNHURRIED)
@given(histories)
def test_a_file_answers_as_it_did_then(history: list[Step]) -> None:
    clock = _SetClock()
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(str(Path(folder) / "store.db"), clock=clock)
        try:
            check_the_past_answers_as_the_present_did(history, clock, store)
        finally:
            store.close()


@settings(max_examples=60, deadline=None, suppress_health_check=UNHURRIED)
@given(histories)
def test_memory_answers_as_it_did_then(history: list[Step]) -> None:
    clock = _SetClock()
    store = SqliteStore.in_memory(clock=clock)
    try:
        check_the_past_answers_as_the_present_did(history, clock, store)
    finally:
        store.close()


@pytest.mark.neo4j
@settings(max_examples=6, deadline=None, suppress_health_check=UNHURRIED)
@given(histories)
def test_neo4j_answers_as_it_did_then(neo4j_server: Neo4jServer, history: list[Step]) -> None:
    clock = _SetClock()
    store = neo4j_store(neo4j_server, clock=clock)
    try:
        check_the_past_answers_as_the_present_did(history, clock, store)
    finally:
        store.close()
