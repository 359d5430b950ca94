"""A change by a person or by housekeeping: planned on a snapshot, settled, applied, and planned again when somebody was faster."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

from cmdb.changeset import ChangeSet, Revision
from cmdb.errors import Conflict
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.settling import settle_all
from cmdb.reconcile.snapshot import Snapshot
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry
from cmdb.store.protocol import Store

MAX_TRIES = 20
Change = Callable[[Workspace], None]
Commit = Callable[[ChangeSet], Revision | None]


class Amender:
    """Applies changes to one store under one registry and policy."""

    def __init__(self, store: Store, registry: Registry, policy: Policy, *, clock: Callable[[], dt.datetime]) -> None:
        self.store = store
        self.registry = registry
        self.policy = policy
        self.clock = clock

    def amend(
        self, change: Change, *, by: str, reason: str, run_id: str = "", commit: Commit | None = None
    ) -> Revision | None:
        """Commit what `change` decides, as one revision; None when it decided nothing.

        `commit` stands in for `Store.apply`. Raises `Conflict` when other writers were faster every time.
        """
        lost: Conflict | None = None
        for _ in range(MAX_TRIES):
            workspace = self.workspace()
            change(workspace)
            change_set = self.change_set(workspace, by=by, reason=reason, run_id=run_id)
            if commit is None and not (change_set.writes or change_set.keys or change_set.sightings):
                return None
            try:
                return (commit or self.store.apply)(change_set)
            except Conflict as conflict:
                lost = conflict
        raise Conflict(f"other writers were faster {MAX_TRIES} times, last: {lost}; try again when fewer write at once")

    def workspace(self) -> Workspace:
        """A workspace over the state now."""
        return Workspace(Snapshot(self.store))

    def change_set(self, workspace: Workspace, *, by: str, reason: str, run_id: str = "") -> ChangeSet:
        """What the workspace decided, settled, as a change set."""
        now = self.clock()
        settle_all(workspace, self.registry, self.policy, now=now)
        snapshot = workspace.snapshot
        return ChangeSet(
            id=str(uuid.uuid4()),
            at=now,
            by=by,
            reason=reason,
            run_id=run_id,
            source=by,
            planned_at=snapshot.revision,
            writes=workspace.writes(),
            keys=workspace.key_writes(),
            sightings=workspace.sightings(),
            forgotten=workspace.forgotten(),
            consulted_keys=frozenset(snapshot.consulted_keys),
            consulted_ids=frozenset(snapshot.consulted_ids),
        )
