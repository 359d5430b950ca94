"""Rules of precedence, and how the rules that speak of one class and attribute rank the sources."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

PERSON_PREFIX = "person:"
_SEPARATORS = (":", "-")
"""What parts the kind of an installation from its own name: `glpi-paris`, `glpi:paris`."""
_EXACT = 1 << 20
_REMEMBERED = 1000
"""Sources whose durations one ranking keeps at hand."""

Rank = tuple[int, int]
"""Lower is better: the rule of the chain that names the source, and its place there. A person's is the lowest of all."""
PERSONS: Rank = (-1, 0)


@dataclass(frozen=True, slots=True)
class Grace:
    """A thing is gone after so many complete scans without it and so long a time, whichever is later."""

    scans: int
    time: dt.timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a policy says of a class with its subclasses, of some attributes or (none named) of all.

    `tiers` are names and patterns of sources, the best first; within a tier all are equal. What is None or empty is left to
    the next rule of the chain. `place` is file and line.
    """

    class_name: str
    attributes: tuple[str, ...] = ()
    tiers: tuple[tuple[str, ...], ...] = ()
    durations: tuple[tuple[str, dt.timedelta], ...] = ()
    """How long a word holds in silence, by name or pattern of its source."""
    may_clear: tuple[str, ...] | None = None
    grace: Grace | None = None
    place: str


class Ranking:
    """Several rules, the most specific first, as one: where each source stands and how long its word does."""

    def __init__(self, chain: Sequence[Rule]) -> None:
        self.chain = tuple(chain)
        self._durations: dict[str, dt.timedelta] = {}
        self.clearing = next((rule.may_clear for rule in self.chain if rule.may_clear is not None), ())

    def rank(self, source: str) -> Rank:
        """Where a source stands; one that no rule names stands last, beside all others of that kind."""
        if source.startswith(PERSON_PREFIX):
            return PERSONS
        for depth, rule in enumerate(self.chain):
            place = tier_of(rule.tiers, source)
            if place is not None:
                return depth, place
        return len(self.chain), 0

    def rule_for(self, source: str) -> Rule | None:
        """The rule that says where a source stands; None for people and for what no rule names."""
        depth, _ = self.rank(source)
        return self.chain[depth] if 0 <= depth < len(self.chain) else None

    def effective_duration(self, source: str) -> dt.timedelta:
        """How long a source's word holds while others speak: by the first rule that says it for this source."""
        found = self._durations.get(source)
        if found is None:
            if len(self._durations) >= _REMEMBERED:
                self._durations.clear()
            found = self._durations[source] = self._duration_of(source)
        return found

    def _duration_of(self, source: str) -> dt.timedelta:
        for rule in self.chain:
            fits = [(fitness(pattern, source), duration) for pattern, duration in rule.durations]
            best = max(fits, default=(0, dt.timedelta.max))
            if best[0]:
                return best[1]
        return dt.timedelta.max

    def may_clear(self, source: str) -> bool:
        """Whether what this source leaves out or leaves empty is empty."""
        return any(fitness(pattern, source) for pattern in self.clearing)


@lru_cache(maxsize=10_000)
def tier_of(tiers: tuple[tuple[str, ...], ...], source: str) -> int | None:
    """Position of the tier whose best-fitting entry fits the source best; None when none fits."""
    best, place = 0, None
    for position, tier in enumerate(tiers):
        fit = max((fitness(pattern, source) for pattern in tier), default=0)
        if fit > best:
            best, place = fit, position
    return place


def fitness(pattern: str, source: str) -> int:
    """How closely an entry fits a source: 0 not at all, else more for each character that it spells out; its own name is most.

    `*` stands for any text. A plain name also fits its installations: `glpi` fits `glpi-paris` and `glpi:paris`.
    """
    if pattern == source:
        return _EXACT
    if "*" in pattern:
        text = ".*".join(re.escape(part) for part in pattern.split("*"))
        return 1 + len(pattern) - pattern.count("*") if re.fullmatch(text, source, re.DOTALL) else 0
    return 1 + len(pattern) if source.startswith(tuple(pattern + separator for separator in _SEPARATORS)) else 0
