"""Retention: after some days the past is kept as daily states, and whole where something names a revision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from cmdb.documents import Document, moment
from cmdb.entities import CI, Kind
from cmdb.errors import Invalid
from cmdb.history.baselines import every_baseline
from cmdb.history.timeline import changes_of
from cmdb.store.protocol import Horizon, Store, Then
from cmdb.store.walking import pages_of

KEEP_DAYS = 90
"""Days for which every state is kept unless said otherwise (contract: issue "Truth", history)."""
MAX_DAYS = 36_500
_DAY = dt.timedelta(days=1)
_MOMENT = dt.timedelta(microseconds=1)
Pins = Callable[[Store, int], Iterable[int]]
"""Revisions up to a number that must stay as they are, such as those that evidence names."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What compaction would keep: `daily` the last points of days, `named` the others; `former` is the horizon until now."""

    horizon: Horizon
    former: Horizon | None
    daily: frozenset[Then]
    named: frozenset[Then]


class Compaction:
    """Thins out the past of one store."""

    def __init__(self, store: Store, *, clock: Callable[[], dt.datetime], pins: Iterable[Pins] = ()) -> None:
        self._store = store
        self._clock = clock
        self._pins = (baseline_revisions, joining_revisions, *pins)

    def plan(self, keep_days: int) -> Retention | None:
        """What would be kept up to the midnight (UTC) before the last `keep_days` days; None when nothing is that old.

        Raises `Invalid` for days outside 1 to 36,500.
        """
        if not 1 <= keep_days <= MAX_DAYS:
            raise Invalid(f"every state cannot be kept for {keep_days} days; say 1 to {MAX_DAYS}")
        end = _midnight(self._clock()) - keep_days * _DAY
        former = self._store.horizon()
        start = self._begin() if former is None else former.at
        if start is None or start >= end:
            return None
        then = self._store.then(end - _MOMENT)
        daily = {then}
        day = _midnight(start) + _DAY
        while day < end:
            daily.add(self._store.then(day - _MOMENT))
            day += _DAY
        named = {
            self._store.then(revision)
            for pins in self._pins
            for revision in pins(self._store, then.revision)
            if revision <= then.revision
        }
        return Retention(Horizon(then, end), former, frozenset(daily), frozenset(named - daily))

    def steps(self, retention: Retention) -> Iterator[int]:
        """Do it, one short transaction after the other, each yielding how many states and sightings it dropped.

        Cut off at any place, even by a power failure, it is finished by the next compaction.
        """
        return self._store.compact(retention.horizon, retention.daily | retention.named)

    def unfinished(self) -> Iterator[int]:
        """Go on with what was cut off; drops nothing when nothing was."""
        horizon = self._store.horizon()
        return iter(()) if horizon is None else self._store.compact(horizon, {horizon.then})

    def _begin(self) -> dt.datetime | None:
        revisions = self._store.revisions(limit=1)
        return revisions[0].at if revisions else None


def document_of(retention: Retention | None, dropped: int | None) -> Document:
    """A compaction for programs; nulls when nothing new is that old, `dropped` None for a dry run."""
    if retention is None:
        return {"daily_until": None, "revision": None, "days": 0, "named": 0, "dropped": dropped}
    return {
        "daily_until": moment(retention.horizon.at),
        "revision": retention.horizon.then.revision,
        "days": len(retention.daily),
        "named": len(retention.named),
        "dropped": dropped,
    }


def _midnight(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def baseline_revisions(store: Store, until: int) -> Iterator[int]:
    """Revisions that baselines name."""
    return (baseline.revision for baseline in every_baseline(store) if baseline.revision <= until)


def joining_revisions(store: Store, until: int) -> Iterator[int]:
    """Revisions in which CIs were merged, and those before, so that every join can still be undone."""
    for page in pages_of(store, CI):
        merged = [ci.id for ci in page if ci.merged_into is not None]
        for change in changes_of(store, Kind.CI, merged):
            before, now = cast("CI | None", change.before), cast("CI | None", change.after)
            is_join = now is not None and now.merged_into is not None and (before is None or before.merged_into is None)
            if is_join and change.revision <= until:
                yield change.revision - 1
                yield change.revision
