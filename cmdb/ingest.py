"""The one way into the graph: an observation is planned, applied, and planned again when somebody was faster."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cmdb.changeset import Revision
from cmdb.errors import Conflict, Unavailable
from cmdb.observation import Observation
from cmdb.reconcile.plan import Plan, Reconciler
from cmdb.reconcile.snapshot import Snapshot
from cmdb.store.protocol import Store

MAX_REPLANS = 50
"""How often a plan may lose against other writers before its caller is told."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """An applied plan; `revision` is None when nothing had to be written. CIs are counted after folding."""

    plan: Plan
    revision: int | None

    @property
    def created(self) -> int:
        """CIs made."""
        return self._cis("created")

    @property
    def updated(self) -> int:
        """CIs changed."""
        return self._cis("updated")

    @property
    def unchanged(self) -> int:
        """CIs seen again as they were."""
        return self._cis("unchanged")

    @property
    def parked(self) -> int:
        """Drafts that wait for a missing part."""
        return sum(row.outcome == "parked" for row in self.plan.rows)

    @property
    def refused(self) -> int:
        """Drafts, links and scopes that cannot be right."""
        return len(self.plan.problems)

    def _cis(self, outcome: str) -> int:
        return len({row.ci for row in self.plan.rows if row.outcome == outcome})


class Ingest:
    """Plans and applies observations on one store. Safe for several threads; several processes meet in the store."""

    def __init__(self, store: Store, reconciler: Reconciler, *, clock: Callable[[], dt.datetime]) -> None:
        self._store = store
        self._reconciler = reconciler
        self._clock = clock
        # one planner at a time in a process: two would only make each other plan again
        self._turn = threading.Lock()

    def plan(self, observation: Observation, *, by: str, resolved: Mapping[str, str] | None = None) -> Plan:
        """What submitting would write; writes nothing."""
        return self._reconciler.plan(observation, Snapshot(self._store), now=self._clock(), by=by, resolved=resolved)

    def submit(self, observation: Observation, *, by: str, resolved: Mapping[str, str] | None = None) -> Ingested:
        """Commit an observation as one change set; submitting it again changes nothing.

        Raises `Conflict` when other writers were faster every time, `Unavailable` when the store does not answer; if the
        answer to the commit itself was lost, the store is asked whether it landed.
        """
        with self._turn:
            for attempt in range(MAX_REPLANS):
                plan = self.plan(observation, by=by, resolved=resolved)
                if not (plan.change_set.writes or plan.change_set.keys or plan.change_set.sightings):
                    return Ingested(plan, None)
                try:
                    return Ingested(plan, _number(self._store.apply(plan.change_set)))
                except Conflict:
                    time.sleep(min(0.01 * (attempt + 1), 0.2))
                except Unavailable:
                    landed = self._store.revision_of(plan.change_set.id)
                    if landed is None:
                        raise
                    return Ingested(plan, landed.number)
        raise Conflict(f"other writers were faster {MAX_REPLANS} times; try again when fewer runs write at once")


def _number(revision: Revision | None) -> int | None:
    return None if revision is None else revision.number
