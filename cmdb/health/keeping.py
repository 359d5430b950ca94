"""The figures of health over time: one report a day."""

from __future__ import annotations

import datetime as dt
from typing import cast

from cmdb.changeset import Write
from cmdb.documents import Document
from cmdb.entities import HealthReport, Kind
from cmdb.health.answers import summary
from cmdb.store.protocol import Store
from cmdb.values import Value

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


def is_due(store: Store, *, now: dt.datetime) -> bool:
    """Whether today has no report yet."""
    day = now.astimezone(dt.UTC).date().isoformat()
    return day not in store.get_many(Kind.HEALTH, (day,))
