"""The ladder of the device family: small rules, strongest first; the first on which both sides speak decides.

Source: design §6. Each rule looks at two pieces of evidence and says *equal*, *different* or nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cmdb.identity.evidence import NOTHING, STRONG, Evidence, Kind

Judgement = bool | None
"""True: the same thing; False: two things; None: this rule does not speak."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One rule. `kinds` are what it looks at, for the explanation; weak ones fall silent where two known sites differ."""

    name: str
    kinds: tuple[Kind, ...]
    is_strong: bool
    judge: Callable[[Evidence, Evidence], Judgement]


def _meets(kind: Kind) -> Callable[[Evidence, Evidence], Judgement]:
    def judge(one: Evidence, other: Evidence) -> Judgement:
        left, right = one.get(kind, NOTHING), other.get(kind, NOTHING)
        if not left or not right:
            return None
        return not left.isdisjoint(right)

    return judge


def _serial(one: Evidence, other: Evidence) -> Judgement:
    verdict = _meets(Kind.SERIAL)(one, other)
    if verdict and _contradict(one, other, Kind.MAKER):
        return False
    return verdict


def _contradict(one: Evidence, other: Evidence, kind: Kind) -> bool:
    left, right = one.get(kind, NOTHING), other.get(kind, NOTHING)
    return bool(left) and bool(right) and left.isdisjoint(right)


def _name_and_address(one: Evidence, other: Evidence) -> Judgement:
    return True if _meets(Kind.NAME)(one, other) and _meets(Kind.ADDRESS)(one, other) else None


def _address(one: Evidence, other: Evidence) -> Judgement:
    if not _meets(Kind.ADDRESS)(one, other):
        return None
    return not _contradict(one, other, Kind.NAME)


LADDER: tuple[Rung, ...] = (
    *(Rung(kind.value, (kind,), True, _serial if kind is Kind.SERIAL else _meets(kind)) for kind in STRONG),
    Rung("fqdn", (Kind.FQDN,), False, _meets(Kind.FQDN)),
    Rung("name_and_address", (Kind.NAME, Kind.ADDRESS), False, _name_and_address),
    Rung("address", (Kind.ADDRESS,), False, _address),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of the ladder. `rung` is its index (−1: nothing spoke), `on` the values that agree.

    `below` lists, of the strong rungs under the deciding one, those that say the opposite: differing values of equals, or
    agreeing values of different things.
    """

    is_equal: bool | None
    rung: int = -1
    below: tuple[tuple[Kind, frozenset[str]], ...] = ()

    @property
    def name(self) -> str:
        """Name of the deciding rule; empty when none spoke."""
        return "" if self.rung < 0 else ("virtual_system" if self.rung >= len(LADDER) else LADDER[self.rung].name)


def compare(one: Evidence, other: Evidence) -> Verdict:
    """Go down the ladder; virtual systems of different names are different whatever else agrees."""
    if _contradict(one, other, Kind.VIRTUAL_SYSTEM):
        return Verdict(is_equal=False, rung=len(LADDER))
    sites_differ = _contradict(one, other, Kind.SITE)
    for index, rung in enumerate(LADDER):
        judgement = rung.judge(one, other)
        if judgement is None:
            continue
        if sites_differ and not rung.is_strong:
            judgement = False
        return Verdict(judgement, index, _contrary_below(one, other, index, is_equal=judgement))
    return Verdict(None)


def may_be_one(one: Evidence, other: Evidence) -> bool:
    """Whether what is named by one value may be one record, whatever else it says by now: maker, virtual system and site allow it."""
    if _contradict(one, other, Kind.VIRTUAL_SYSTEM):
        return False
    if _contradict(one, other, Kind.MAKER) and one.get(Kind.SERIAL) and other.get(Kind.SERIAL):
        return False
    return not _contradict(one, other, Kind.SITE) or any(one.get(kind) and other.get(kind) for kind in STRONG)


def _contrary_below(
    one: Evidence, other: Evidence, index: int, *, is_equal: bool
) -> tuple[tuple[Kind, frozenset[str]], ...]:
    contrary = []
    for rung in LADDER[index + 1 :]:
        if not rung.is_strong:
            break
        kind = rung.kinds[0]
        left, right = one.get(kind, NOTHING), other.get(kind, NOTHING)
        if not left or not right:
            continue
        if is_equal and left.isdisjoint(right):
            contrary.append((kind, left))
        elif not is_equal and not left.isdisjoint(right):
            contrary.append((kind, left & right))
    # a serial of two makers is the deciding rung itself, and agrees
    if not is_equal and LADDER[index].is_strong:
        kind = LADDER[index].kinds[0]
        both = one.get(kind, NOTHING) & other.get(kind, NOTHING)
        if both and kind is not Kind.SERIAL:
            contrary.append((kind, both))
    return tuple(contrary)


def agreeing(one: Evidence, other: Evidence, kinds: tuple[Kind, ...]) -> dict[str, list[str]]:
    """The values on which two pieces of evidence agree, by kind, for explanations."""
    return {
        kind.value: sorted(one.get(kind, NOTHING) & other.get(kind, NOTHING))
        for kind in kinds
        if one.get(kind, NOTHING) & other.get(kind, NOTHING)
    }
