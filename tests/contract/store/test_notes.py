"""Notes: runs and firings are kept without a revision, since they tell what the program did, not what is."""

from __future__ import annotations

import msgspec
import pytest

from cmdb.changeset import Write
from cmdb.entities import Entity, Firing, Kind, Run, RunState
from cmdb.errors import Conflict, Invalid
from cmdb.store.protocol import Store
from tests.contract.store.builders import NOW, change_set, ci, made, minute


def run(id_: str, state: RunState = RunState.RUNNING) -> Run:
    return Run(id=id_, source="ssh", state=state, by="test", started_at=NOW, results=({"target": "a", "seconds": 0.5},))


def firing(id_: str, number: int = 0) -> Firing:
    return Firing(id=id_, schedule="s", due_at=minute(number))


def noted(entity: Run | Firing, before: Entity | None = None) -> Write:
    return Write(Kind.RUN if isinstance(entity, Run) else Kind.FIRING, entity.id, before, entity)


def test_a_note_is_read_like_any_entity_and_makes_no_revision(store: Store) -> None:
    store.apply(change_set(*made(ci("c"))))
    store.note([noted(run("r1")), noted(firing("f1"))])
    assert store.revision() == 1
    assert store.get_many(Kind.RUN, ["r1"]) == {"r1": run("r1")}
    assert store.scan(Kind.RUN) == (run("r1"),)
    assert store.find(Kind.RUN, "state", ["running"]) == (run("r1"),)
    assert store.find(Kind.FIRING, "schedule", ["s"]) == (firing("f1"),)
    assert store.count(Kind.RUN) == {"": 1}
    assert [(change.kind, change.id) for change in store.changes(after=0)] == [(Kind.CI, "c")]
    assert store.history(Kind.RUN, "r1") == ()


def test_a_note_replaces_the_one_before_it(store: Store) -> None:
    first, second = run("r1"), run("r1", RunState.DONE)
    store.note([noted(first), noted(run("r2"))])
    store.note([noted(second, first)])
    assert store.scan(Kind.RUN) == (second, run("r2"))
    assert store.find(Kind.RUN, "state", ["running"]) == (run("r2"),)
    assert store.find(Kind.RUN, "state", ["done"]) == (second,)
    assert store.revision() == 0


def test_a_note_that_is_ended_is_gone(store: Store) -> None:
    store.note([noted(firing("f1")), noted(firing("f2"))])
    store.note([Write(Kind.FIRING, "f1", firing("f1"), None)])
    assert store.scan(Kind.FIRING) == (firing("f2"),)
    assert store.find(Kind.FIRING, "schedule", ["s"]) == (firing("f2"),)


@pytest.mark.parametrize("before", [None, run("r1", RunState.FAILED)])
def test_a_note_on_another_state_than_the_present_is_a_conflict_and_writes_nothing(
    store: Store, before: Run | None
) -> None:
    store.note([noted(run("r1"))])
    with pytest.raises(Conflict):
        store.note([noted(run("r0")), noted(run("r1", RunState.DONE), before)])
    assert store.scan(Kind.RUN) == (run("r1"),)


def test_what_is_no_note_is_refused(store: Store) -> None:
    with pytest.raises(Invalid):
        store.note([Write(Kind.CI, "c", None, ci("c"))])
    with pytest.raises(Invalid):
        store.note([noted(run("r1")), noted(run("r1"))])
    assert store.scan(Kind.CI) == ()


def test_a_note_follows_a_state_that_a_change_set_made_and_leaves_the_feed_as_it_is(store: Store) -> None:
    first, second = run("r1"), run("r1", RunState.DONE)
    store.apply(change_set(*made(first)))
    store.note([noted(second, first)])
    assert store.scan(Kind.RUN) == (second,)
    assert store.find(Kind.RUN, "state", ["running"]) == ()
    assert [(change.before, change.after) for change in store.changes(after=0)] == [(None, first)]


def test_many_notes_are_paged_in_id_order(store: Store) -> None:
    notes = [firing(f"f{number:03}", number) for number in range(120)]
    for start in range(0, 120, 40):
        store.note([noted(note) for note in notes[start : start + 40]])
    assert store.scan(Kind.FIRING, after="f004", limit=3) == tuple(notes[5:8])
    replaced = [msgspec.structs.replace(note, outcome="done") for note in notes[:60]]
    store.note([noted(after, before) for after, before in zip(replaced, notes, strict=False)])
    assert store.scan(Kind.FIRING) == (*replaced, *notes[60:])
