"""Which CI a row of the device family is: the row's fits, how they compete, and why the others lost."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cmdb.identity.evidence import IDENTIFYING, NOTHING, STRONG, Evidence, Kind, union
from cmdb.identity.ladder import LADDER, Verdict, agreeing, compare
from cmdb.values import Value

SAME_NAME = "name_in_one_source"


ROW, CANDIDATE = "row", "candidate"


@dataclass(frozen=True, slots=True)
class NativeRecord:
    """A source's own durable key of a CI, in the source's space, and when that source last listed it."""

    space: tuple[str, str]
    native_key: str
    seen_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A CI that shares a value with the row. `blocked` says which rungs may not join it to this row, and why."""

    ci: str
    created: str
    """Sorts by age, oldest first."""
    evidence: Evidence
    blocked: frozenset[str] = frozenset()
    blocked_because: str = ""
    is_same_source: bool = False
    kept_apart_from: frozenset[str] = frozenset()
    records: frozenset[NativeRecord] = frozenset()
    ceded_by: frozenset[str] = frozenset()
    """Of ROW and CANDIDATE, which runs inside or beside a machine and gives up what it has in common with the other."""

    def is_listed_apart(self, other: Candidate, *, is_strong: bool) -> bool:
        """Whether one source lists both under different native keys, for weak evidence ever, for strong in one run."""
        return any(
            one.space == two.space
            and one.native_key != two.native_key
            and (not is_strong or one.seen_at == two.seen_at)
            for one in self.records
            for two in other.records
        )


@dataclass(frozen=True, slots=True)
class Flagged:
    """Something to tell a person: a flag of contract.md about CIs; `ci` None stands for the row's own."""

    kind: str
    cis: tuple[str | None, ...]
    values: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Decision:
    """Outcome for one row: the CI (None makes a new one), CIs to join into it, and the reasons."""

    ci: str | None
    rule: str
    on: dict[str, list[str]] = field(default_factory=dict)
    joins: tuple[str, ...] = ()
    considered: tuple[tuple[str, str], ...] = ()
    flags: tuple[Flagged, ...] = ()
    shared: tuple[tuple[Kind, str], ...] = ()
    """Values that identify nobody from now on."""
    disputed: tuple[tuple[Kind, str], ...] = ()
    """Values that do not identify this row's record."""
    ceded: tuple[tuple[str, Kind, str], ...] = ()
    """Values that no longer identify these CIs, since they are a machine's that the CI runs inside or beside."""
    told_apart: tuple[tuple[Kind, str], ...] = ()
    """Values that several CIs hold and that still identify, since their maker or virtual system tells them apart."""


_MOST_SHOWN = 3
ALL_RUNGS = frozenset(rung.name for rung in LADDER)
WEAK_RUNGS = frozenset(rung.name for rung in LADDER if not rung.is_strong) | {SAME_NAME}


def decide(row: Evidence, candidates: Sequence[Candidate]) -> Decision:
    """Judge one row against all CIs that share a value with it; the order of `candidates` does not matter."""
    ordered = sorted(candidates, key=lambda candidate: (candidate.created, candidate.ci))
    judged = _Judged()
    fits: list[tuple[int, Candidate, Verdict]] = []
    silent: list[Candidate] = []
    for candidate in ordered:
        verdict = compare(row, candidate.evidence)
        if verdict.is_equal and verdict.name not in candidate.blocked:
            fits.append((verdict.rung, candidate, verdict))
        elif candidate.ceded_by:
            judged.cede(row, candidate)
        elif verdict.is_equal:
            judged.refuse(row, candidate, verdict)
        elif verdict.is_equal is False:
            judged.tell_apart(row, candidate, verdict)
        else:
            silent.append(candidate)
    decision = _compete(row, fits, judged) if fits else _by_name(row, silent, judged)
    told = {decision.ci, *(ci for ci, _ in judged.considered)}
    judged.considered += [
        (candidate.ci, "a name alone decides nothing") for candidate in silent if candidate.ci not in told
    ]
    return replace(
        decision,
        considered=tuple(judged.considered),
        flags=tuple(judged.flags),
        shared=tuple(judged.shared),
        disputed=(*decision.disputed, *judged.disputed),
        ceded=tuple(judged.ceded),
        told_apart=tuple(judged.told_apart),
    )


class _Judged:
    """What comparing a row with its candidates brought to light, beside the fits."""

    def __init__(self) -> None:
        self.considered: list[tuple[str, str]] = []
        self.flags: list[Flagged] = []
        self.shared: list[tuple[Kind, str]] = []
        self.disputed: list[tuple[Kind, str]] = []
        self.ceded: list[tuple[str, Kind, str]] = []
        self.told_apart: list[tuple[Kind, str]] = []

    def refuse(self, row: Evidence, candidate: Candidate, verdict: Verdict) -> None:
        """An equal that may not be joined: what agrees is shared."""
        self.considered.append((candidate.ci, candidate.blocked_because))
        agree = agreeing(row, candidate.evidence, LADDER[verdict.rung].kinds)
        self.flags.append(Flagged("shared_identifier", (None, candidate.ci), {**agree}))
        self.shared += _common(row, candidate.evidence, STRONG)

    def cede(self, row: Evidence, candidate: Candidate) -> None:
        """One runs inside or beside the other: what agrees goes on identifying the machine only."""
        self.considered.append((candidate.ci, candidate.blocked_because))
        common = _common(row, candidate.evidence, IDENTIFYING)
        if strong := agreeing(row, candidate.evidence, STRONG):
            self.flags.append(Flagged("shared_identifier", (None, candidate.ci), {**strong}))
        if ROW in candidate.ceded_by:
            self.disputed += common
        if CANDIDATE in candidate.ceded_by:
            self.ceded += [(candidate.ci, kind, value) for kind, value in common]

    def tell_apart(self, row: Evidence, candidate: Candidate, verdict: Verdict) -> None:
        """Different: what agrees below the deciding rung is shared, unless that rung always tells the two apart."""
        self.considered.append((candidate.ci, _how_it_differs(candidate.evidence, verdict)))
        if verdict.name == "virtual_system":
            self.told_apart += _common(row, candidate.evidence, STRONG)
            return
        if verdict.name == Kind.SERIAL:
            self.told_apart += _common(row, candidate.evidence, (Kind.SERIAL,))
        for kind, values in verdict.below:
            self.flags.append(Flagged("shared_identifier", (None, candidate.ci), {kind.value: sorted(values)}))
            self.shared += [(kind, value) for value in values]


def _how_it_differs(theirs: Evidence, verdict: Verdict) -> str:
    if verdict.rung >= len(LADDER):
        return f"{verdict.name} differs: {', '.join(sorted(theirs.get(Kind.VIRTUAL_SYSTEM, NOTHING)))} there"
    shown = [
        value.rsplit("|", 1)[-1] for kind in LADDER[verdict.rung].kinds for value in sorted(theirs.get(kind, NOTHING))
    ]
    if len(shown) > _MOST_SHOWN:
        shown = [*shown[:_MOST_SHOWN], f"{len(shown) - _MOST_SHOWN} more"]
    return f"{verdict.name} differs: {', '.join(shown)} there"


def _common(one: Evidence, other: Evidence, kinds: Sequence[Kind]) -> list[tuple[Kind, str]]:
    return [(kind, value) for kind in kinds for value in sorted(one.get(kind, NOTHING) & other.get(kind, NOTHING))]


def _compete(row: Evidence, fits: list[tuple[int, Candidate, Verdict]], judged: _Judged) -> Decision:
    best_rung = min(rung for rung, _, _ in fits)
    best = [(candidate, verdict) for rung, candidate, verdict in fits if rung == best_rung]
    rung = LADDER[best_rung]
    if _has_kept_apart_pair(row, [candidate for candidate, _ in best], is_strong=rung.is_strong):
        kind = "conflicting_evidence" if rung.is_strong else "ambiguous_match"
        cis = tuple(candidate.ci for candidate, _ in best)
        common = [_common(row, candidate.evidence, rung.kinds) for candidate, _ in best]
        disputed = tuple(sorted({pair for pairs in common for pair in pairs}))
        values: dict[str, Value] = {k.value: [v for kk, v in disputed if kk is k] for k, _ in disputed}
        judged.flags.append(Flagged(kind, (None, *cis), values))
        judged.considered += [(ci, f"fits by {rung.name} as well as another that is kept apart from it") for ci in cis]
        return Decision(None, "new", disputed=disputed)
    (winner, verdict), joins = best[0], [candidate for candidate, _ in best[1:]]
    for changed, values_changed in verdict.below:
        judged.flags.append(Flagged("identifier_changed", (winner.ci,), {changed.value: sorted(values_changed)}))
    for weaker_rung, candidate, _ in sorted(fits, key=lambda fit: fit[0]):
        if weaker_rung == best_rung:
            continue
        is_strong = LADDER[weaker_rung].is_strong
        if any(_are_kept_apart(row, one, candidate, is_strong=is_strong) for one in (winner, *joins)):
            because = f"fits only by {LADDER[weaker_rung].name} and is kept apart from the better fit"
            judged.considered.append((candidate.ci, because))
        else:
            joins.append(candidate)
    on = agreeing(row, winner.evidence, rung.kinds)
    return Decision(winner.ci, rung.name, on, joins=tuple(candidate.ci for candidate in joins))


def _has_kept_apart_pair(row: Evidence, candidates: Sequence[Candidate], *, is_strong: bool) -> bool:
    return any(
        _are_kept_apart(row, one, other, is_strong=is_strong) for one, other in itertools.combinations(candidates, 2)
    )


def _are_kept_apart(row: Evidence, one: Candidate, other: Candidate, *, is_strong: bool) -> bool:
    """Whether a verdict or a source keeps two apart, or the ladder does when each is taken together with the row."""
    if other.ci in one.kept_apart_from or one.ci in other.kept_apart_from:
        return True
    if one.is_listed_apart(other, is_strong=is_strong):
        return True
    return compare(union((one.evidence, row)), union((other.evidence, row))).is_equal is False


def _by_name(row: Evidence, silent: Sequence[Candidate], judged: _Judged) -> Decision:
    named = [
        candidate
        for candidate in silent
        if row.get(Kind.NAME, NOTHING) & candidate.evidence.get(Kind.NAME, NOTHING)
        and not _sites_differ(row, candidate.evidence)
    ]
    on = {"name": sorted(row.get(Kind.NAME, NOTHING))}
    same_source = [candidate for candidate in named if candidate.is_same_source and SAME_NAME not in candidate.blocked]
    if len(same_source) == 1:
        return Decision(same_source[0].ci, SAME_NAME, on)
    for candidate in named:
        if SAME_NAME in candidate.blocked:
            judged.considered.append((candidate.ci, candidate.blocked_because))
            judged.flags.append(Flagged("shared_identifier", (None, candidate.ci), {**on}))
    free = [candidate for candidate in named if SAME_NAME not in candidate.blocked]
    if free:
        kind = "possible_duplicate" if len(free) == 1 else "ambiguous_match"
        judged.flags.append(Flagged(kind, (None, *(candidate.ci for candidate in free)), {**on}))
        judged.considered += [(candidate.ci, "has the same name and nothing else to compare by") for candidate in free]
    return Decision(None, "new")


def _sites_differ(one: Evidence, other: Evidence) -> bool:
    left, right = one.get(Kind.SITE, NOTHING), other.get(Kind.SITE, NOTHING)
    return bool(left) and bool(right) and left.isdisjoint(right)
