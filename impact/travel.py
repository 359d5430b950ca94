"""How failure travels along relationships, as data: one row per relationship type (design §9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cmdb.errors import Invalid
from impact.kernel_pure import DEGRADES, DOWNS, FIRST_TYPE, TRAVELS


class Effect(StrEnum):
    """What one end's failure does to the other."""

    NONE = "none"
    DEGRADED = "degraded"
    DOWN = "down"


class Way(StrEnum):
    """Which way *degraded* is passed on along a relationship."""

    NO = "no"
    TO_SOURCE = "to_source"
    TO_TARGET = "to_target"


@dataclass(frozen=True, slots=True)
class TravelRule:
    """One relationship type: `target_down` is what the source becomes when the target is down, `source_down` the reverse."""

    name: str
    target_down: Effect = Effect.NONE
    source_down: Effect = Effect.NONE
    degraded_travels: Way = Way.NO


_BITS = {Effect.NONE: 0, Effect.DEGRADED: DEGRADES, Effect.DOWN: DOWNS}


def to_source(type_code: int) -> int:
    """The kind of an entry kept at the target, which reaches the source."""
    return FIRST_TYPE + 2 * type_code


def to_target(type_code: int) -> int:
    """The kind of an entry kept at the source, which reaches the target."""
    return FIRST_TYPE + 2 * type_code + 1


@dataclass(frozen=True)
class TravelTable:
    """The rules with a code per type; `effects` is uint8 by entry kind (see `to_source`, `to_target`)."""

    rules: tuple[TravelRule, ...]
    codes: dict[str, int] = field(repr=False)
    effects: NDArray[np.uint8] = field(repr=False)

    @classmethod
    def of(cls, rules: Iterable[TravelRule]) -> TravelTable:
        """Codes in alphabetical order of the names; two rules of one name raise `Invalid`."""
        ordered = tuple(sorted(rules, key=lambda rule: rule.name))
        codes = {rule.name: code for code, rule in enumerate(ordered)}
        if len(codes) != len(ordered):
            raise Invalid("two travel rules have the same relationship type; keep one of each name")
        return cls(ordered, codes, _effects(ordered))

    def with_types(self, names: Iterable[str]) -> TravelTable:
        """The same table with a code for each of these names too; a type without a rule passes nothing on."""
        missing = sorted(set(names) - self.codes.keys())
        if not missing:
            return self
        rules = self.rules + tuple(TravelRule(name) for name in missing)
        return TravelTable(rules, {rule.name: code for code, rule in enumerate(rules)}, _effects(rules))


def _effects(rules: tuple[TravelRule, ...]) -> NDArray[np.uint8]:
    effects = np.zeros(FIRST_TYPE + 2 * len(rules), dtype=np.uint8)
    for code, rule in enumerate(rules):
        effects[to_source(code)] = _BITS[rule.target_down] | (TRAVELS if rule.degraded_travels is Way.TO_SOURCE else 0)
        effects[to_target(code)] = _BITS[rule.source_down] | (TRAVELS if rule.degraded_travels is Way.TO_TARGET else 0)
    return effects
