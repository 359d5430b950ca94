"""The health of the graph, computed over everything: completeness, correctness, compliance; per class, per service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from cmdb.asking.condition import Condition, at_time
from cmdb.asking.question import Question, pages
from cmdb.entities import CI, Kind, Lifecycle, Review
from cmdb.health.audits import Audit
from cmdb.health.completeness import Tally, overall
from cmdb.health.correctness import Duplicates, duplicates, orphans, sightings_of, stale
from cmdb.registry import Registry
from cmdb.store.view import View
from cmdb.store.walking import every

PAGE = 2000
EXAMPLES = 10
"""CIs that are named of each failing."""


@dataclass(slots=True)
class ClassHealth:
    """What was counted of one class."""

    tally: Tally = field(default_factory=Tally)
    orphans: int = 0
    stale: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What one audit found: how many CIs it judged, how many fail, and the first of them by name."""

    audit: Audit
    judged: int
    failing: int
    examples: tuple[CI, ...]


@dataclass(slots=True)
class Assessment:
    """The whole result; scores run from 0 to 1."""

    at: dt.datetime
    revision: int
    classes: dict[str, ClassHealth] = field(default_factory=dict)
    duplicates: Duplicates = field(default_factory=lambda: Duplicates(()))
    faulty: int = 0
    """CIs that are an orphan, stale or both."""
    orphans: list[CI] = field(default_factory=list)
    """The first of them."""
    stale: list[CI] = field(default_factory=list)
    audits: list[AuditResult] = field(default_factory=list)

    @property
    def cis(self) -> int:
        """CIs that were looked at: neither merged nor retired."""
        return sum(one.tally.cis for one in self.classes.values())

    @property
    def completeness(self) -> float:
        """The mean over all CIs."""
        return overall({name: one.tally for name, one in self.classes.items()})

    @property
    def correctness(self) -> float:
        """The share of CIs that are neither an orphan nor stale nor a surplus duplicate."""
        return max(0.0, 1.0 - (self.faulty + self.duplicates.surplus) / self.cis) if self.cis else 1.0

    @property
    def compliance(self) -> float:
        """The share of passed judgements of all audits."""
        judged = sum(result.judged for result in self.audits)
        return 1.0 - sum(result.failing for result in self.audits) / judged if judged else 1.0

    @property
    def score(self) -> float:
        """The mean of the three."""
        return (self.completeness + self.correctness + self.compliance) / 3


def assess(
    view: View,
    registry: Registry,
    audits: Sequence[Audit],
    *,
    now: dt.datetime,
    class_name: str | None = None,
    ids: Sequence[str] | None = None,
) -> Assessment:
    """The health of all CIs, of a class and its subclasses, or of the CIs with these ids; reads page by page.

    Always computed, however bad. Costs a pass over the CIs with their claims, and two questions an audit.
    """
    done = Assessment(at=now, revision=view.revision())
    chosen = None if ids is None else frozenset(ids)
    done.duplicates = _within(duplicates(every(view, Review)), chosen)
    doubled = {ci for one in done.duplicates.sets for ci in one}
    classes = None if class_name is None else registry.subclasses(class_name)
    for cis in _chosen(view, classes, ids):
        _count(view, registry, done, [ci for ci in cis if ci.lifecycle is not Lifecycle.RETIRED], doubled, now)
    if class_name is not None:
        mine = frozenset(ci for one in done.duplicates.sets for ci in one)
        known = view.get_many(Kind.CI, mine)
        done.duplicates = _within(
            done.duplicates,
            frozenset(
                id_ for id_, ci in known.items() if isinstance(ci, CI) and registry.is_a(ci.class_name, class_name)
            ),
        )
    for audit in audits:
        if class_name is None or _meet(registry, audit.class_name, class_name):
            done.audits.append(_judge(view, registry, audit, now, classes, chosen))
    return done


def _chosen(view: View, classes: tuple[str, ...] | None, ids: Sequence[str] | None) -> Iterator[Sequence[CI]]:
    if ids is None:
        yield from pages(view, Question(class_names=classes))
        return
    for start in range(0, len(ids), PAGE):
        entities = view.get_many(Kind.CI, ids[start : start + PAGE])
        cis = (cast("CI", ci) for _, ci in sorted(entities.items()))
        yield [ci for ci in cis if ci.merged_into is None]


def _count(
    view: View, registry: Registry, done: Assessment, cis: list[CI], doubled: set[str], now: dt.datetime
) -> None:
    alone = orphans(view, cis)
    seen, by_people = sightings_of(view, cis)
    old = stale(cis, seen, by_people, now)
    done.faulty += len(alone | old)
    for ci in cis:
        health = done.classes.setdefault(ci.class_name, ClassHealth())
        health.tally.add(ci, registry.get(ci.class_name))
        health.duplicates += ci.id in doubled
        if ci.id in alone:
            health.orphans += 1
            if len(done.orphans) < EXAMPLES:
                done.orphans.append(ci)
        if ci.id in old:
            health.stale += 1
            if len(done.stale) < EXAMPLES:
                done.stale.append(ci)


def _within(found: Duplicates, chosen: frozenset[str] | None) -> Duplicates:
    return found if chosen is None else Duplicates(tuple(one for one in found.sets if one & chosen))


def _meet(registry: Registry, one: str, other: str) -> bool:
    return registry.is_a(one, other) or registry.is_a(other, one)


def _judge(
    view: View,
    registry: Registry,
    audit: Audit,
    now: dt.datetime,
    classes: tuple[str, ...] | None,
    chosen: frozenset[str] | None,
) -> AuditResult:
    mine = registry.subclasses(audit.class_name)
    names = mine if classes is None else tuple(name for name in mine if name in classes)

    def counted(condition: Condition | None) -> tuple[int, tuple[CI, ...]]:
        asked = Question(class_names=names, condition=None if condition is None else at_time(condition, now))
        count = 0
        first: list[CI] = []
        for page in pages(view, asked):
            for ci in page:
                if chosen is None or ci.id in chosen:
                    count += 1
                    if len(first) < EXAMPLES:
                        first.append(ci)
        return count, tuple(first)

    judged, _ = counted(audit.when)
    failing, examples = counted(audit.failing) if judged else (0, ())
    return AuditResult(audit, judged, failing, examples)
