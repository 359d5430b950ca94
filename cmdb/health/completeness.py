"""Completeness: how much of what its class asks for is known of a CI (design §10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cmdb.classes.spec import ClassSpec, Family, Weight
from cmdb.entities import CI

REQUIRED_SHARE = 0.6
RECOMMENDED_SHARE = 0.4


def completeness(spec: ClassSpec, known: Collection[str]) -> float:
    """0 to 1: 60 % for required attributes, 40 % for recommended ones; a class that asks for none of a kind has them all.

    `known` are names of attributes that have a value, `name` among them when it was given.
    """
    score = 0.0
    for weight, share in ((Weight.REQUIRED, REQUIRED_SHARE), (Weight.RECOMMENDED, RECOMMENDED_SHARE)):
        asked = [name for name, attribute in spec.attributes.items() if attribute.weight is weight]
        have = sum(name in known for name in asked)
        score += share * (have / len(asked) if asked else 1.0)
    return score


@dataclass(slots=True)
class Tally:
    """Completeness of several CIs of one class."""

    cis: int = 0
    total: float = 0.0
    missing: Counter[str] = field(default_factory=Counter)
    """How many CIs lack an attribute that is asked for."""

    def add(self, ci: CI, spec: ClassSpec) -> float:
        """Count a CI in; gives its own completeness back."""
        # a CI is called by its strongest identifier when nobody named it
        known = {"name", *ci.attributes}
        if spec.family is Family.DEPENDENT:
            # a part exists only inside its host, to which a relationship leads
            known.add("host")
        score = completeness(spec, known)
        self.cis += 1
        self.total += score
        for name, attribute in spec.attributes.items():
            if attribute.weight is not Weight.OPTIONAL and name not in known:
                self.missing[name] += 1
        return score

    @property
    def mean(self) -> float:
        """The mean over the CIs, 1.0 over none."""
        return self.total / self.cis if self.cis else 1.0


def overall(tallies: Mapping[str, Tally]) -> float:
    """The mean over all CIs of all classes, 1.0 over none."""
    cis = sum(tally.cis for tally in tallies.values())
    return sum(tally.total for tally in tallies.values()) / cis if cis else 1.0
