"""The one way into the graph: an observation is planned, applied, and planned again when somebody was faster."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cmdb.changeset import Revision
from cmdb.errors import Conflict, Unavailable
from cmdb.observation import Observation
from cmdb.reconcile.plan import Plan, Reconciler
from cmdb.reconcile.rows import Row
from cmdb.reconcile.snapshot import Snapshot
from cmdb.rehearsal import Rehearsal
from cmdb.store.protocol import Store

MAX_REPLANS = 50
"""How often a plan may lose against other writers before its caller is told."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """An applied plan; `revision` is None when nothing had to be written."""

    plan: Plan
    revision: Revision | None

    def count(self, outcome: str) -> int:
        """CIs created, updated or unchanged, after folding; drafts parked; drafts, links and scopes refused."""
        if outcome == "refused":
            return len(self.plan.problems)
        rows = [row for row in self.plan.rows if row.outcome == outcome]
        return len(rows) if outcome == "parked" else len({row.ci for row in rows})


class Ingest:
    """Plans and applies observations on one store. Safe for several threads; several processes meet in the store."""

    def __init__(self, store: Store, reconciler: Reconciler, *, clock: Callable[[], dt.datetime]) -> None:
        self._store = store
        self._reconciler = reconciler
        self._clock = clock
        # one planner at a time in a process: two would only make each other plan again
        self._turn = threading.Lock()

    def plan(
        self,
        observation: Observation,
        *,
        by: str,
        resolved: Mapping[str, str] | None = None,
        rows: Sequence[Row] | None = None,
    ) -> Plan:
        """What submitting would write; writes nothing."""
        return self._reconciler.plan(
            observation, Snapshot(self._store), now=self._clock(), by=by, resolved=resolved, rows=rows
        )

    def rehearsal(self) -> Rehearsal:
        """Where observations are planned one after the other, as if each had been committed."""
        return Rehearsal(self._store, self._reconciler, clock=self._clock)

    def submit(
        self,
        observation: Observation,
        *,
        by: str,
        resolved: Mapping[str, str] | None = None,
        rows: Sequence[Row] | None = None,
    ) -> Ingested:
        """Commit an observation as one change set; submitting it again changes nothing.

        `rows` are its drafts, where they are ready already.

        Raises `Conflict` when other writers were faster every time, `Unavailable` when the store does not answer; if the
        answer to the commit itself was lost, the store is asked whether it landed.
        """
        lost: Conflict | None = None
        with self._turn:
            for attempt in range(MAX_REPLANS):
                plan = self.plan(observation, by=by, resolved=resolved, rows=rows)
                if not (plan.change_set.writes or plan.change_set.keys or plan.change_set.sightings):
                    return Ingested(plan, None)
                try:
                    return Ingested(plan, self._store.apply(plan.change_set))
                except Conflict as conflict:
                    lost = conflict
                    time.sleep(min(0.01 * (attempt + 1), 0.2))
                except Unavailable:
                    landed = self._store.revision_of(plan.change_set.id)
                    if landed is None:
                        raise
                    return Ingested(plan, landed)
        raise Conflict(
            f"other writers were faster {MAX_REPLANS} times, last: {lost}; try again when fewer runs write at once"
        )
