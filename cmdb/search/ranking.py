"""How well a CI fits what was typed, and why: the same order from every store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from cmdb.entities import CI, Lifecycle
from cmdb.search import words
from cmdb.search.text import Said, Sort, said
from cmdb.store.folding import fold

TYPED_LIMIT = 200
"""Characters of what is typed that are looked at."""
_WAY_LIMIT = 8
"""Words of what is typed that are looked at."""
_SHORTEST_SQUEEZED = 4
_DOTTED = re.compile(r"\d+(?:\.\d*){2,3}(?:/\d*)?")
"""An IPv4 address, or enough of one: its parts alone say nothing."""
Way = tuple[str, ...]


class Fit(IntEnum):
    """How it fits, best first."""

    NAME = 0
    """The whole name, or the id."""
    IDENTIFIER = 1
    """A whole serial, MAC, address, domain name."""
    NAME_BEGINS = 2
    NAME_WORDS = 3
    """Words of the name, each as a whole or by its beginning."""
    IDENTIFIER_BEGINS = 4
    WORDS = 5
    """Words of one other field."""
    SPREAD = 6
    """Words of several fields together."""


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, and the ways to take it: a CI fits when every word of one way begins a word of it."""

    text: str
    ways: tuple[Way, ...]

    @staticmethod
    def of(text: str) -> Query:
        """The query of a text; without any way for one that holds no letter or digit."""
        typed = text.strip()[:TYPED_LIMIT]
        parts = tuple(dict.fromkeys(words.words(typed)))[:_WAY_LIMIT]
        ways: list[Way] = []
        if parts and words.is_like_address(typed):
            ways.append((words.address(typed),))
        whole = words.code(typed)
        if words.is_like_mac(typed):
            ways.append((whole,))
        elif parts and not _DOTTED.fullmatch(typed):
            ways.append(parts)
            if len(parts) > 1 and len(whole) >= _SHORTEST_SQUEEZED:
                ways.append((whole,))
        return Query(typed, tuple(dict.fromkeys(ways)))


@dataclass(frozen=True, slots=True)
class Hit:
    """A CI that was found, with the field and the value that tell why."""

    ci: CI
    fit: Fit
    field: str
    value: str

    @property
    def place(self) -> tuple[bool, int, str, str]:
        """Where it stands: retired ones last, then by fit, name and id."""
        return self.ci.lifecycle is Lifecycle.RETIRED, self.fit, fold(self.ci.name), self.ci.id


def hit(ci: CI, query: Query) -> Hit | None:
    """Why the CI fits, by its best field; None when it does not."""
    if query.text and ci.id == query.text:
        return Hit(ci, Fit.NAME, "id", ci.id)
    values = list(said(ci))
    found: list[tuple[Fit, int, Hit]] = []
    for number, one in enumerate(values):
        fit = _fit(one, query)
        if fit is not None:
            found.append((fit, number, Hit(ci, fit, one.field, one.value)))
    if found:
        return min(found, key=lambda each: each[:2])[2]
    everything = [word for one in values for word in one.words]
    for way in query.ways:
        if _fits(way, everything):
            best = max(values, key=lambda one: sum(_begins(word, one.words) for word in way))
            return Hit(ci, Fit.SPREAD, best.field, best.value)
    return None


def _fit(one: Said, query: Query) -> Fit | None:
    typed = fold(query.text)
    if one.sort is Sort.NAME:
        name = fold(one.value)
        if name == typed:
            return Fit.NAME
        if typed and name.startswith(typed):
            return Fit.NAME_BEGINS
        return Fit.NAME_WORDS if any(_fits(way, one.words) for way in query.ways) else None
    if one.sort is Sort.TEXT:
        return Fit.WORDS if any(_fits(way, one.words) for way in query.ways) else None
    if fold(one.value) == typed or any(way == one.words for way in query.ways if len(way) == 1):
        return Fit.IDENTIFIER
    return Fit.IDENTIFIER_BEGINS if any(_fits(way, one.words) for way in query.ways) else None


def _fits(way: Way, found: list[str] | tuple[str, ...]) -> bool:
    return all(_begins(word, found) for word in way)


def _begins(word: str, found: list[str] | tuple[str, ...]) -> bool:
    return any(one.startswith(word) for one in found)
