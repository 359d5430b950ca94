"""A revision undone by another one; a withdrawal, which is made of many, as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from cmdb.amending import Amender
from cmdb.changeset import Change, Revision, Write
from cmdb.entities import CI, Kind, Run
from cmdb.errors import Conflict, NotFound
from cmdb.history.past import Past
from cmdb.lifecycle.purging import NAME as PURGED
from cmdb.reconcile.reversal import Reversal
from cmdb.reconcile.workspace import Workspace
from cmdb.repairs.withdrawal import AFTER, SOURCE
from cmdb.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Reverted:
    """Revisions that were undone, newest first, those that did it, and what these wrote; all empty when nothing was to undo."""

    undone: tuple[int, ...]
    revisions: tuple[int, ...]
    writes: tuple[Write, ...]


class Reverting:
    """Undoes revisions, on one store."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender
        self._store = amender.store

    def plan(self, number: int) -> Reverted:
        """What reverting would write; writes nothing. Raises as `revert`. Of a withdrawal each revision is planned by itself."""
        undone: list[int] = []
        writes: list[Write] = []
        for revision, is_lenient in self._together(number):
            workspace = self._amender.workspace()
            self._undo(workspace, revision=revision, is_lenient=is_lenient)
            writes += self._amender.change_set(workspace, by="", reason="").writes
            undone.append(revision)
        return Reverted(tuple(undone), (), tuple(writes))

    def revert(self, number: int, *, by: str, reason: str = "") -> Reverted:
        """Undo a revision as a new one; the revisions of a withdrawal are undone together, and what was said since stands.

        Raises `NotFound` for no such revision, and `Conflict` naming the later revisions and CIs that depend on it.
        """
        undone: list[int] = []
        made: list[int] = []
        writes: list[Write] = []
        for revision, is_lenient in self._together(number):
            plans: list[Workspace] = []

            def change(workspace: Workspace, revision: int, plans: list[Workspace], *, is_lenient: bool) -> None:
                self._undo(workspace, revision=revision, is_lenient=is_lenient)
                plans.append(workspace)

            text = f"reverted {revision}" + (f": {reason.strip()}" if reason.strip() else "")
            step = partial(change, revision=revision, plans=plans, is_lenient=is_lenient)
            done = self._amender.amend(step, by=by, reason=text)
            if done is not None:
                made.append(done.number)
                writes += plans[-1].writes()
                undone.append(revision)
        return Reverted(tuple(undone), tuple(made), tuple(writes))

    def _together(self, number: int) -> Iterator[tuple[int, bool]]:
        """The revisions to undo, newest first, each with whether what was said since stands."""
        found = self._store.revisions(after=number - 1, limit=1) if number > 0 else ()
        if not found or found[0].number != number:
            raise NotFound(f"there is no revision {number}; list them with: cmdb revisions")
        revision = found[0]
        run = self._store.get_many(Kind.RUN, [revision.run_id]).get(revision.run_id) if revision.run_id else None
        if not isinstance(run, Run) or run.source != SOURCE:
            yield number, False
            return
        numbers = [one.number for one in self._since(run) if one.run_id == run.id]
        for one in reversed(numbers):
            yield one, True

    def _since(self, run: Run) -> Iterator[Revision]:
        after = run.counts.get(AFTER, 0)
        while page := self._store.revisions(after=after):
            yield from page
            after = page[-1].number

    def _undo(self, workspace: Workspace, *, revision: int, is_lenient: bool) -> None:
        horizon = self._store.horizon()
        if horizon is not None and revision <= horizon.then.revision:
            raise Conflict(
                f"revision {revision} cannot be reverted: of the time until {horizon.at:%Y-%m-%d} only daily states are kept."
                " A merge of that time is undone by cmdb unmerge"
            )
        changes = tuple(changes_of(self._store, revision))
        for change in changes:
            if isinstance(change.before, CI) and change.after is None and change.before.name == PURGED:
                raise Conflict(
                    f"revision {revision} removed CIs for good, and nothing is left of them to bring back",
                    ids=[change.id],
                )
        store = self._store
        Reversal(
            workspace,
            self._amender.registry,
            changes,
            before=Past(store, store.then(revision - 1)),
            after=Past(store, store.then(revision)),
            later=lambda kind, id_: later_revisions(store, kind, id_, revision),
            is_lenient=is_lenient,
        ).undo()


def changes_of(store: Store, revision: int) -> Iterator[Change]:
    """What one revision wrote, in its order."""
    sequence: int | None = None
    after = revision - 1
    while page := store.changes(after=after, after_sequence=sequence):
        for change in page:
            if change.revision != revision:
                return
            yield change
        after, sequence = page[-1].revision, page[-1].sequence


def later_revisions(store: Store, kind: Kind, id_: str, revision: int) -> Sequence[int]:
    """Revisions after one that changed an entity, oldest first, at most a page."""
    return sorted({change.revision for change in store.history(kind, id_, after=revision)})


def changed_cis(reverted: Reverted) -> list[tuple[CI | None, CI | None]]:
    """Each CI before and after, by name; for more than one revision the first state and the last."""
    first: dict[str, CI | None] = {}
    last: dict[str, CI | None] = {}
    for write in reverted.writes:
        if write.kind is Kind.CI:
            first.setdefault(write.id, cast("CI | None", write.before))
            last[write.id] = cast("CI | None", write.after)
    both = [(first[id_], last[id_]) for id_ in first if first[id_] != last[id_]]
    return sorted(both, key=lambda pair: _place(pair[0] or pair[1]))


def _place(ci: CI | None) -> tuple[str, str]:
    return ("", "") if ci is None else (ci.name.casefold(), ci.id)
