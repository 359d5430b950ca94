"""Repairs by people: each is a revision of its own, so it can be looked at and undone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator

import msgspec

from cmdb.changeset import Change, ChangeSet, Revision
from cmdb.entities import Kind
from cmdb.errors import Conflict, NotFound
from cmdb.reconcile.joins import join
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.settling import settle_all
from cmdb.reconcile.snapshot import Snapshot
from cmdb.reconcile.unjoins import joining_change, unjoin
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry
from cmdb.store.protocol import Store

MAX_TRIES = 20


class Repair:
    """Joins and separates CIs on one store."""

    def __init__(self, store: Store, registry: Registry, policy: Policy, *, clock: Callable[[], dt.datetime]) -> None:
        self._store = store
        self._registry = registry
        self._policy = policy
        self._clock = clock

    def merge(self, one: str, other: str, *, by: str) -> Revision | None:
        """Join two CIs into the older; None when they are one already. A verdict that kept them apart ends."""

        def change(workspace: Workspace) -> None:
            for id_, apart in ((one, other), (other, one)):
                ci = workspace.ci(id_)
                kept_apart = tuple(each for each in ci.kept_apart_from if each != apart)
                workspace.put(Kind.CI, msgspec.structs.replace(ci, kept_apart_from=kept_apart))
            join(workspace, self._registry, one, other)

        return self._apply(change, by=by, reason=f"merged {one} and {other}")

    def unmerge(self, merged: str, *, by: str) -> Revision | None:
        """Undo the join by which `merged` went into another CI, and keep the two apart from now on.

        Raises `NotFound` for an unknown id and `Conflict` for a CI that is not merged.
        """
        history = tuple(self._history(merged))
        if not history:
            raise NotFound(f"no CI has the id {merged}", ids=[merged])
        joined = joining_change(history)
        revision = tuple(self._changes_of(joined.revision))
        return self._apply(
            lambda workspace: unjoin(workspace, self._registry, joined, revision), by=by, reason=f"unmerged {merged}"
        )

    def _apply(self, change: Callable[[Workspace], None], *, by: str, reason: str) -> Revision | None:
        lost: Conflict | None = None
        for _ in range(MAX_TRIES):
            snapshot = Snapshot(self._store)
            workspace = Workspace(snapshot)
            change(workspace)
            settle_all(workspace, self._registry, self._policy, now=self._clock())
            change_set = ChangeSet(
                id=str(uuid.uuid4()),
                at=self._clock(),
                by=by,
                reason=reason,
                source=by,
                planned_at=snapshot.revision,
                writes=workspace.writes(),
                keys=workspace.key_writes(),
                sightings=workspace.sightings(),
                consulted_keys=frozenset(snapshot.consulted_keys),
                consulted_ids=frozenset(snapshot.consulted_ids),
            )
            try:
                return self._store.apply(change_set)
            except Conflict as conflict:
                lost = conflict
        raise Conflict(f"other writers were faster {MAX_TRIES} times, last: {lost}")

    def _history(self, ci: str) -> Iterator[Change]:
        after = 0
        while page := self._store.history(Kind.CI, ci, after=after):
            yield from page
            after = page[-1].revision

    def _changes_of(self, revision: int) -> Iterator[Change]:
        sequence: int | None = None
        after = revision - 1
        while page := self._store.changes(after=after, after_sequence=sequence):
            for change in page:
                if change.revision != revision:
                    return
                yield change
            after, sequence = page[-1].revision, page[-1].sequence
