"""The figures of health over time: one report a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import cast

from cmdb.changeset import Write
from cmdb.documents import Document
from cmdb.entities import HealthReport, Kind
from cmdb.health.answers import health_document, summary
from cmdb.health.assessment import assess
from cmdb.health.audits import Audit
from cmdb.registry import Registry
from cmdb.store.protocol import Store
from cmdb.values import Value

LEASE = "health"
LEASE_S = 900.0
MAX_REPORTS = 3_660
"""Ten years of days; older ones are dropped."""


def keep(store: Store, document: Document, *, now: dt.datetime) -> None:
    """Keep an assessment of the whole graph as that of its day, in place of an earlier one; raises `Conflict` when another keeps one now."""
    day = now.astimezone(dt.UTC).date().isoformat()
    report = HealthReport(id=day, at=now, figures=cast("dict[str, Value]", summary(document)))
    before = store.get_many(Kind.HEALTH, (day,)).get(day)
    writes = [Write(Kind.HEALTH, day, before, report)] if before != report else []
    old = store.scan(Kind.HEALTH)
    writes += [Write(Kind.HEALTH, one.id, one, None) for one in old[: max(0, len(old) - MAX_REPORTS)]]
    if writes:
        store.note(writes)


def kept(store: Store) -> list[Document]:
    """The figures of all days, oldest first."""
    return [dict(cast("HealthReport", one).figures) for one in store.scan(Kind.HEALTH)]


class Daily:
    """Keeps the health of each day, once, whichever of several servers comes first."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        audits: Sequence[Audit],
        *,
        owner: str,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._store = store
        self._registry = registry
        self._audits = audits
        self._owner = owner
        self._clock = clock

    def run(self) -> bool:
        """Assess and keep, unless today is kept already or another server is at it; whether it did."""
        now = self._clock()
        day = now.astimezone(dt.UTC).date().isoformat()
        if day in self._store.get_many(Kind.HEALTH, (day,)):
            return False
        if not self._store.acquire_lease(LEASE, self._owner, now=now, ttl_s=LEASE_S):
            return False
        try:
            done = assess(self._store, self._registry, self._audits, now=now)
            keep(self._store, health_document(done), now=now)
        finally:
            self._store.release_lease(LEASE, self._owner)
        return True
