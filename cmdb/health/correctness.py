"""Correctness: CIs that may be two of one, hang on nothing, or were not seen for long (design §10)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cmdb.entities import CI, Claim, Kind, Lifecycle, Review
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.store.protocol import Seen
from cmdb.store.view import View

DUPLICATE_KINDS = ("possible_duplicate", "ambiguous_match", "conflicting_evidence")
"""Review items that say that several CIs may be one."""
STALE_AFTER = dt.timedelta(days=30)
"""The effective duration of a source's word (design §6)."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Sets of CIs that may be one thing; each counts as its size less one."""

    sets: tuple[frozenset[str], ...]

    @property
    def surplus(self) -> int:
        """How many CIs too many."""
        return sum(len(one) - 1 for one in self.sets)


def duplicates(items: Iterable[Review]) -> Duplicates:
    """Sets of suspected duplicates; overlapping suspicions are one set."""
    parent: dict[str, str] = {}

    def root(ci: str) -> str:
        while parent.setdefault(ci, ci) != ci:
            parent[ci] = parent[parent[ci]]
            ci = parent[ci]
        return ci

    for item in items:
        if item.kind in DUPLICATE_KINDS:
            for ci in item.cis[1:]:
                parent[root(ci)] = root(item.cis[0])
    sets: dict[str, set[str]] = {}
    for ci in parent:
        sets.setdefault(root(ci), set()).add(ci)
    return Duplicates(tuple(frozenset(members) for members in sets.values() if len(members) > 1))


def orphans(view: View, cis: Sequence[CI]) -> frozenset[str]:
    """Those of these CIs from and to which no relationship leads."""
    ids = [ci.id for ci in cis]
    joined: set[str] = set()
    for start in range(0, len(ids), _CHUNK):
        for field in ("source", "target"):
            joined |= _ends(view, field, ids[start : start + _CHUNK])
    return frozenset(ids) - joined


def _ends(view: View, field: str, ids: Sequence[str]) -> set[str]:
    """Which of these CIs are an end; what is left out beyond a page is asked again in halves."""
    found = view.find(Kind.RELATIONSHIP, field, ids)
    ends = {str(getattr(entity, field)) for entity in found}
    rest = [id_ for id_ in ids if id_ not in ends]
    if len(found) < _PAGE or len(ids) == 1 or not rest:
        return ends
    half = (len(rest) + 1) // 2
    return ends | _ends(view, field, rest[:half]) | (_ends(view, field, rest[half:]) if rest[half:] else set())


_PAGE = 10_000


def stale(cis: Sequence[CI], seen: dict[str, Seen], by_people: Collection[str], now: dt.datetime) -> frozenset[str]:
    """Those of these CIs that no source saw for 30 days; retired ones and those that only people speak of are none.

    `seen` is by CI; judged by when they were seen, never by when they were edited.
    """
    return frozenset(
        ci.id
        for ci in cis
        if ci.lifecycle is not Lifecycle.RETIRED
        and ci.id not in by_people
        and (ci.id not in seen or now - seen[ci.id].last_at > STALE_AFTER)
    )


def sightings_of(view: View, cis: Sequence[CI]) -> tuple[dict[str, Seen], frozenset[str]]:
    """When these CIs were seen, and which of them only people speak of."""
    claims: list[Claim] = []
    ids = [ci.id for ci in cis]
    for start in range(0, len(ids), _CHUNK):
        found = view.find(Kind.CLAIM, "ci", ids[start : start + _CHUNK])
        claims += [claim for claim in found if isinstance(claim, Claim)]
    times = view.seen([claim.id for claim in claims])
    seen: dict[str, Seen] = {}
    sources: dict[str, set[bool]] = {}
    for claim in claims:
        sources.setdefault(claim.ci, set()).add(claim.source.startswith(PERSON_PREFIX))
        if claim.id in times and not claim.source.startswith(PERSON_PREFIX):
            one, other = times[claim.id], seen.get(claim.ci)
            seen[claim.ci] = (
                one if other is None else Seen(min(one.first_at, other.first_at), max(one.last_at, other.last_at))
            )
    return seen, frozenset(ci for ci, kinds in sources.items() if kinds == {True})
