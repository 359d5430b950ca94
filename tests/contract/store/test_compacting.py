"""Compaction: what a kept point shows stays as it was, what only others showed is gone, and cutting it off harms nothing."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.changeset import Sighting
from cmdb.entities import Kind
from cmdb.errors import Gone
from cmdb.history.past import Past
from cmdb.store.protocol import Horizon, Store, Then
from cmdb.store.sqlite.store import SqliteStore
from tests.contract.store.builders import NOW, change_set, changed, ci, ended, made, minute, relationship
from tests.contract.store.histories import Step, histories, outcome, plan
from tests.contract.store.opening import neo4j_store
from tests.contract.store.test_views import answers
from tests.support.neo4j.server import Neo4jServer

UNHURRIED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)
LINK = relationship("a", "USES", "b")


def renamed_each_revision(store: Store, count: int) -> None:
    """Revision 1 makes a and b, each later one renames a."""
    store.apply(change_set(*made(ci("a", "name 1"), ci("b"))))
    for number in range(2, count + 1):
        step = changed(ci("a", f"name {number - 1}"), ci("a", f"name {number}"))
        store.apply(change_set(step, planned_at=number - 1))


def compact(store: Store, upto: int, *kept: int) -> int:
    """Compact up to a revision, keeping some; how much was dropped."""
    points = [store.then(revision) for revision in {*kept, upto}]
    return sum(store.compact(Horizon(store.then(upto), NOW), points))


def test_states_between_kept_revisions_are_gone_and_the_kept_ones_stay(store: Store) -> None:
    renamed_each_revision(store, 6)
    assert compact(store, 5, 2) == 3
    assert [change.revision for change in store.history(Kind.CI, "a")] == [2, 5, 6]
    assert store.get_many_as_of(Kind.CI, ["a"], 2) == {"a": ci("a", "name 2")}
    assert store.get_many_as_of(Kind.CI, ["a"], 5) == {"a": ci("a", "name 5")}
    assert store.get_many(Kind.CI, ["a"]) == {"a": ci("a", "name 6")}


def test_a_change_after_a_gap_goes_on_from_what_is_left(store: Store) -> None:
    renamed_each_revision(store, 6)
    compact(store, 5, 2)
    assert [(change.before, change.after) for change in store.history(Kind.CI, "a")] == [
        (None, ci("a", "name 2")),
        (ci("a", "name 2"), ci("a", "name 5")),
        (ci("a", "name 5"), ci("a", "name 6")),
    ]


def test_what_came_and_went_between_kept_points_was_never_there(store: Store) -> None:
    store.apply(change_set(*made(ci("a"), ci("b"))))
    store.apply(change_set(*made(LINK), planned_at=1))
    store.apply(change_set(ended(LINK), planned_at=2))
    store.apply(change_set(*made(ci("c")), planned_at=3))
    compact(store, 4, 1)
    assert store.history(Kind.RELATIONSHIP, LINK.id) == ()
    assert [(change.revision, change.kind) for change in store.changes(after=1)] == [(4, Kind.CI)]


def test_a_point_before_the_horizon_stands_for_the_last_kept_one_before_it(store: Store) -> None:
    renamed_each_revision(store, 6)
    compact(store, 5, 2)
    assert store.then(1) == Then(0, 0)
    assert [store.then(revision).revision for revision in (2, 3, 4, 5, 6)] == [2, 2, 2, 5, 6]
    horizon = store.horizon()
    assert horizon is not None
    assert horizon.then.revision == 5


def test_the_feed_goes_on_from_kept_revisions_and_is_gone_after_others(store: Store) -> None:
    renamed_each_revision(store, 6)
    compact(store, 5, 2)
    assert [change.revision for change in store.changes(after=2)] == [5, 6]
    assert [change.revision for change in store.changes(after=5)] == [6]
    assert [change.revision for change in store.changes(after=0)] == [1, 2, 5, 6]
    with pytest.raises(Gone, match=r"after revision 3 is not kept any more; .* from revision 5"):
        store.changes(after=3)


def test_sightings_keep_the_first_and_the_last_of_each_kept_span(store: Store) -> None:
    for number, seen_at in enumerate((4, 2, 3, 9, 5), start=1):
        writes = made(ci(f"c{number}"))
        store.apply(
            change_set(*writes, planned_at=number - 1, sightings=[Sighting("k", minute(seen_at))], source="ssh")
        )
    now = store.seen(["k"])
    expected = {number: store.seen(["k"], as_of=store.then(number).touch) for number in (3, 5)}
    compact(store, 5, 3)
    assert {number: store.seen(["k"], as_of=store.then(number).touch) for number in (3, 5)} == expected
    assert store.seen(["k"]) == now
    # of the first three, 4 was the last and 2 the first; of the others, 9 was the last
    assert [touch.at for touch in store.touches(after=0)] == [minute(4), minute(2), minute(9)]


def test_a_compaction_that_is_cut_off_anywhere_is_finished_by_the_next(store: Store) -> None:
    renamed_each_revision(store, 9)
    horizon, points = Horizon(store.then(8), NOW), [store.then(revision) for revision in (3, 6, 8)]
    for steps in range(1, 4):
        for _ in zip(range(steps), store.compact(horizon, points), strict=False):
            pass
        assert [store.get_many_as_of(Kind.CI, ["a"], revision)["a"] for revision in (3, 6, 8, 9)] == [
            ci("a", f"name {revision}") for revision in (3, 6, 8, 9)
        ]
    compact(store, 8, 3, 6)
    assert [change.revision for change in store.history(Kind.CI, "a")] == [3, 6, 8, 9]


def test_a_later_compaction_goes_on_from_the_earlier_one(store: Store) -> None:
    renamed_each_revision(store, 9)
    compact(store, 4, 2)
    assert compact(store, 8, 6) > 0
    assert [change.revision for change in store.history(Kind.CI, "a")] == [2, 4, 6, 8, 9]
    assert compact(store, 8, 6) == 0


class _SetClock:
    now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def check_kept_points_answer_as_before(history: list[Step], keep: set[int], clock: _SetClock, store: Store) -> None:
    clock.now = NOW
    for number, step in enumerate(history):
        clock.now += dt.timedelta(seconds=max(0, step.seconds) + 1)
        outcome(store, plan(step, number, store))
    newest = store.revision()
    upto = newest - newest // 4
    kept = {store.then(min(number, upto)) for number in {*keep, upto}}
    later = {store.then(number) for number in range(upto, newest + 1)}
    expected = {then: answers(Past(store, then)) for then in kept | later}
    now = answers(store)
    for _ in store.compact(Horizon(store.then(upto), clock.now), kept):
        pass
    for then, before in expected.items():
        assert store.then(then.revision) == then
        after = answers(Past(store, then))
        for question, answer in before.items():
            if "histor" not in question:
                assert after[question] == answer, (then, question)
    assert {question: answer for question, answer in answers(store).items() if "histor" not in question} == {
        question: answer for question, answer in now.items() if "histor" not in question
    }


KEEP = st.sets(st.integers(1, 8), max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=UNHURRIED)
@given(histories, KEEP)
def test_every_answer_at_a_kept_point_stays_in_a_file(history: list[Step], keep: set[int]) -> None:
    clock = _SetClock()
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(str(Path(folder) / "store.db"), clock=clock)
        try:
            check_kept_points_answer_as_before(history, keep, clock, store)
        finally:
            store.close()


@pytest.mark.neo4j
@settings(max_examples=8, deadline=None, suppress_health_check=UNHURRIED)
@given(histories, KEEP)
def test_every_answer_at_a_kept_point_stays_in_neo4j_as_in_sqlite(
    neo4j_server: Neo4jServer, history: list[Step], keep: set[int]
) -> None:
    clock = _SetClock()
    graph, memory = neo4j_store(neo4j_server, clock=clock), SqliteStore.in_memory(clock=clock)
    try:
        check_kept_points_answer_as_before(history, keep, clock, graph)
        check_kept_points_answer_as_before(history, keep, clock, memory)
        assert answers(graph) == answers(memory)
        assert graph.changes(after=0) == memory.changes(after=0)
        assert graph.touches(after=0) == memory.touches(after=0)
    finally:
        graph.close()
        memory.close()
