"""Whose value wins: sources ranked, silence that ends a better source's word, and a total order for ties.

Source: design §6, *Claims and precedence*.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from cmdb.reconcile.policy_file import shipped_rules
from cmdb.reconcile.ranking import PERSON_PREFIX, Grace, Ranking, Rule
from cmdb.reconcile.safety import Safety
from cmdb.registry import Registry, default_registry
from cmdb.values import Value


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules by class and attribute; where several speak, those that name the attribute go first, then those of the nearest
    class, then the later ones. People go before all rules.
    """

    rules: tuple[Rule, ...] = field(default_factory=shipped_rules)
    registry: Registry = field(default_factory=default_registry)
    safety: Safety = field(default_factory=Safety)
    retention: dt.timedelta = dt.timedelta(days=365)
    """How long a retired CI is kept before `purge` takes it."""
    named: frozenset[str] = field(init=False, compare=False)
    """Attributes that some rule names."""
    _rankings: dict[tuple[str, str], Ranking] = field(init=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "named", frozenset(name for rule in self.rules for name in rule.attributes))

    def ranking(self, class_name: str, attribute: str) -> Ranking:
        """What the rules say of an attribute of a class, as one."""
        # one for all attributes that no rule names, so that hostile names do not fill the memory
        asked = (class_name, attribute if attribute in self.named else "")
        found = self._rankings.get(asked)
        if found is None:
            found = self._rankings[asked] = Ranking(self._chain(*asked))
        return found

    def _chain(self, class_name: str, attribute: str) -> list[Rule]:
        line = {name: distance for distance, name in enumerate((class_name, *self.registry.ancestors(class_name)))}
        speaking = [
            (not rule.attributes, line[rule.class_name], -position, rule)
            for position, rule in enumerate(self.rules)
            if rule.class_name in line and (not rule.attributes or attribute in rule.attributes)
        ]
        return [rule for *_, rule in sorted(speaking, key=lambda one: one[:3])]

    def grace(self, class_name: str) -> Grace:
        """How long a CI of a class may go unseen."""
        return next(rule.grace for rule in self.ranking(class_name, "").chain if rule.grace is not None)

    def is_over(self, class_name: str, last_seen: dt.datetime, missing_at: Sequence[dt.datetime]) -> bool:
        """Grace of a class: the later of so many complete scans without it and so long a time since it was seen."""
        if not missing_at:
            return False
        grace = self.grace(class_name)
        return len(missing_at) >= grace.scans and max(missing_at) - last_seen >= grace.time


class Said(msgspec.Struct, frozen=True):
    """One claim's value for one attribute, and when it was last said; the value None says that there is none."""

    value: Value
    source: str
    record: str
    at: dt.datetime
    left_out_at: dt.datetime | None = None
    """When the record was last seen without it, if it leaves it out by now."""
    until: dt.datetime | None = None
    """When a person's word runs out."""
    reason: str = ""

    @property
    def is_person(self) -> bool:
        """Whether somebody said it, not something."""
        return self.source.startswith(PERSON_PREFIX)


def heard(said: Iterable[Said], ranking: Ranking, *, now: dt.datetime) -> list[Said]:
    """What counts of what was said: without edits that ran out; a source that may clear says by silence that there is none,
    and from the others empty is not said.
    """
    counted = []
    for one in said:
        if one.until is not None and one.until <= now:
            continue
        if not one.is_person and (one.left_out_at is not None or one.value is None):
            if ranking.may_clear(one.source):
                counted.append(Said(None, one.source, one.record, one.left_out_at or one.at))
                continue
            if one.value is None:
                continue
        counted.append(one)
    return counted


def is_silent(one: Said, newest: dt.datetime, ranking: Ranking) -> bool:
    """Whether a source has said nothing for longer than its word holds before the newest word of all; people's words hold."""
    return not one.is_person and newest - one.at > ranking.effective_duration(one.source)


def winner(said: Sequence[Said], ranking: Ranking) -> Said:
    """The value that stands, of at least one that was heard: best rank among those that are not silent; then the newest; then
    the source's name; then the record. A total order: the sequence of `said` plays no part.
    """
    if len(said) == 1:
        return said[0]
    newest = max(one.at for one in said)
    speaking = [one for one in said if not is_silent(one, newest, ranking)]
    return min(speaking, key=lambda one: (ranking.rank(one.source), -one.at.timestamp(), one.source, one.record))
