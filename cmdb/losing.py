"""Why a claim's value does not stand: one reason for each that lost, the most telling one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cmdb.reconcile.claims import gives_way
from cmdb.reconcile.precedence import Said, heard, is_silent
from cmdb.reconcile.ranking import Ranking
from cmdb.reconcile.values import Words
from cmdb.registry import Registry


class Cause(StrEnum):
    """Why a value lost."""

    SAME = "same"
    """It says what stands."""
    RANK = "rank"
    AGE = "age"
    LAPSED = "lapsed"
    """Its better source has been silent for longer than its word holds."""
    TIE_SOURCE = "tie_source"
    TIE_RECORD = "tie_record"
    BLOCKED = "blocked"
    """Newer than a person's edit that stands before it."""
    EDIT = "edit"
    """Older than a person's edit that stands before it."""
    EXPIRED_EDIT = "expired_edit"
    CLEARED = "cleared"
    """Its own source leaves it out by now, and may clear it."""
    GENERIC = "generic"
    """A class that says less."""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Lost:
    """A word that does not stand, and why."""

    said: Said
    cause: Cause
    why: str


def losers(
    said: Sequence[Said],
    counted: Sequence[Said],
    best: Said,
    ranking: Ranking,
    *,
    withdrawn: Sequence[Said],
    now: dt.datetime,
) -> list[Lost]:
    """Everything that was said but did not win, best rank first; `counted` is what `heard` left of `said`."""
    newest = max((one.at for one in counted), default=best.at)
    lost = [_lost(one, best, newest, ranking) for one in counted if one != best]
    heard_of = {(one.source, one.record) for one in counted if one.value is not None}
    for one in said:
        if one.until is not None and one.until <= now:
            lost.append(Lost(one, Cause.EXPIRED_EDIT, f"the edit ran out on {one.until:%Y-%m-%d}"))
        elif one.value is not None and (one.source, one.record) not in heard_of:
            lost.append(Lost(one, Cause.CLEARED, f"{one.source} leaves it out by now, and may clear it"))
    lost += [Lost(one, Cause.WITHDRAWN, "withdrawn: its source no longer sees it") for one in withdrawn]
    return sorted(lost, key=lambda one: (ranking.rank(one.said.source), one.said.source, one.said.record))


def _lost(one: Said, best: Said, newest: dt.datetime, ranking: Ranking) -> Lost:
    if one.value == best.value:
        return Lost(one, Cause.SAME, "says the same")
    if is_silent(one, newest, ranking):
        days = ranking.effective_duration(one.source).days
        return Lost(one, Cause.LAPSED, f"silent for more than {days} days before the newest word")
    if best.is_person and not one.is_person:
        if one.at > best.at:
            return Lost(one, Cause.BLOCKED, f"blocked by the edit of {best.source}")
        return Lost(one, Cause.EDIT, f"{best.source} overruled it")
    if ranking.rank(one.source) != ranking.rank(best.source):
        return Lost(one, Cause.RANK, f"{best.source} ranks before {one.source}")
    if one.at != best.at:
        return Lost(one, Cause.AGE, f"{best.source} said it later")
    if one.source != best.source:
        return Lost(one, Cause.TIE_SOURCE, f"same rank and time; {best.source} comes first by name")
    return Lost(one, Cause.TIE_RECORD, f"same source and time; record {best.record} comes first")


def class_losers(
    told: Words, best: Said, ranking: Ranking, registry: Registry, *, withdrawn: Sequence[Said], now: dt.datetime
) -> list[Lost]:
    """As `losers`, for the class: a class that says less than the one that stands never competes."""
    said = [*told.class_edits, *told.classes]
    counted = heard(said, ranking, now=now)
    generic = [
        one
        for one in counted
        if not best.is_person
        and gives_way(str(one.value), str(best.value), registry)
        and one != best
        and one.value != best.value
    ]
    rest = [one for one in counted if one not in generic]
    lost = losers([one for one in said if one not in generic], rest, best, ranking, withdrawn=withdrawn, now=now)
    return lost + [Lost(one, Cause.GENERIC, f"{best.value} says more than {one.value}") for one in generic]
