"""Which CI a row of the device family is: the row's fits, how they compete, and why the others lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cmdb.identity.evidence import NOTHING, STRONG, Evidence, Kind, union
from cmdb.identity.ladder import LADDER, Verdict, agreeing, compare
from cmdb.values import Value

SAME_NAME = "name_in_one_source"


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
    told_apart: tuple[tuple[Kind, str], ...] = ()
    """Values that several CIs hold and that still identify, since their maker or virtual system tells them apart."""


ALL_RUNGS = frozenset(rung.name for rung in LADDER)
WEAK_RUNGS = frozenset(rung.name for rung in LADDER if not rung.is_strong) | {SAME_NAME}


def decide(row: Evidence, candidates: Sequence[Candidate]) -> Decision:
    """Judge one row against all CIs that share a value with it; the order of `candidates` does not matter."""
    ordered = sorted(candidates, key=lambda candidate: (candidate.created, candidate.ci))
    fits: list[tuple[int, Candidate, Verdict]] = []
    considered: list[tuple[str, str]] = []
    flags: list[Flagged] = []
    shared: list[tuple[Kind, str]] = []
    told_apart: list[tuple[Kind, str]] = []
    silent: list[Candidate] = []
    for candidate in ordered:
        verdict = compare(row, candidate.evidence)
        if verdict.is_equal and verdict.name in candidate.blocked:
            considered.append((candidate.ci, candidate.blocked_because))
            agree = agreeing(row, candidate.evidence, LADDER[verdict.rung].kinds)
            flags.append(Flagged("shared_identifier", (None, candidate.ci), {**agree}))
            shared += [
                (kind, value)
                for kind in STRONG
                for value in row.get(kind, NOTHING) & candidate.evidence.get(kind, NOTHING)
            ]
        elif verdict.is_equal:
            fits.append((verdict.rung, candidate, verdict))
        elif verdict.is_equal is False:
            considered.append((candidate.ci, f"{verdict.name} differs"))
            _note_agreement(verdict, candidate, flags, shared, told_apart, row)
        else:
            silent.append(candidate)
    if fits:
        return _compete(row, fits, considered, flags, shared, told_apart)
    return _by_name(row, silent, considered, flags, shared, told_apart)


def _note_agreement(
    verdict: Verdict,
    candidate: Candidate,
    flags: list[Flagged],
    shared: list[tuple[Kind, str]],
    told_apart: list[tuple[Kind, str]],
    row: Evidence,
) -> None:
    if verdict.name == "virtual_system":
        told_apart += [
            (kind, value) for kind in STRONG for value in row.get(kind, NOTHING) & candidate.evidence.get(kind, NOTHING)
        ]
        return
    if verdict.name == Kind.SERIAL:
        told_apart += [
            (Kind.SERIAL, value)
            for value in row.get(Kind.SERIAL, NOTHING) & candidate.evidence.get(Kind.SERIAL, NOTHING)
        ]
    for kind, values in verdict.below:
        flags.append(Flagged("shared_identifier", (None, candidate.ci), {kind.value: sorted(values)}))
        shared += [(kind, value) for value in values]


def _compete(
    row: Evidence,
    fits: list[tuple[int, Candidate, Verdict]],
    considered: list[tuple[str, str]],
    flags: list[Flagged],
    shared: list[tuple[Kind, str]],
    told_apart: list[tuple[Kind, str]],
) -> Decision:
    best_rung = min(rung for rung, _, _ in fits)
    best = [(candidate, verdict) for rung, candidate, verdict in fits if rung == best_rung]
    rung = LADDER[best_rung]
    pair = _kept_apart_pair(row, [candidate for candidate, _ in best])
    if pair is not None:
        kind = "conflicting_evidence" if rung.is_strong else "ambiguous_match"
        cis = tuple(candidate.ci for candidate, _ in best)
        on = union(
            [
                {Kind(k): frozenset(v) for k, v in agreeing(row, candidate.evidence, rung.kinds).items()}
                for candidate, _ in best
            ]
        )
        disputed = tuple((k, value) for k in rung.kinds for value in sorted(on.get(k, NOTHING)))
        flags.append(Flagged(kind, (None, *cis), {k.value: sorted(v) for k, v in on.items()}))
        considered += [(ci, f"fits by {rung.name} as well as another that is kept apart from it") for ci in cis]
        return Decision(
            None,
            "new",
            considered=tuple(considered),
            flags=tuple(flags),
            shared=tuple(shared),
            disputed=disputed,
            told_apart=tuple(told_apart),
        )
    (winner, verdict), others = best[0], [candidate for candidate, _ in best[1:]]
    for kind, values in verdict.below:
        flags.append(Flagged("identifier_changed", (winner.ci,), {kind.value: sorted(values)}))
    joins = others
    for weaker_rung, candidate, _ in sorted(fits, key=lambda fit: fit[0]):
        if weaker_rung == best_rung:
            continue
        if _kept_apart_pair(row, [winner, *joins, candidate]) is None:
            joins.append(candidate)
        else:
            considered.append(
                (candidate.ci, f"fits only by {LADDER[weaker_rung].name} and is kept apart from the better fit")
            )
    return Decision(
        winner.ci,
        rung.name,
        agreeing(row, winner.evidence, rung.kinds),
        tuple(candidate.ci for candidate in joins),
        tuple(considered),
        tuple(flags),
        tuple(shared),
        told_apart=tuple(told_apart),
    )


def _kept_apart_pair(row: Evidence, candidates: Sequence[Candidate]) -> tuple[str, str] | None:
    """The first two that the ladder tells apart when each is taken together with the row, or that a verdict keeps apart."""
    for index, one in enumerate(candidates):
        for other in candidates[index + 1 :]:
            if other.ci in one.kept_apart_from or one.ci in other.kept_apart_from:
                return one.ci, other.ci
            if compare(union((one.evidence, row)), union((other.evidence, row))).is_equal is False:
                return one.ci, other.ci
    return None


def _by_name(
    row: Evidence,
    silent: Sequence[Candidate],
    considered: list[tuple[str, str]],
    flags: list[Flagged],
    shared: list[tuple[Kind, str]],
    told_apart: list[tuple[Kind, str]],
) -> Decision:
    named = [
        candidate
        for candidate in silent
        if row.get(Kind.NAME, NOTHING) & candidate.evidence.get(Kind.NAME, NOTHING)
        and not _sites_differ(row, candidate.evidence)
    ]
    on = {"name": sorted(row.get(Kind.NAME, NOTHING))}
    same_source = [candidate for candidate in named if candidate.is_same_source and SAME_NAME not in candidate.blocked]
    if len(same_source) == 1:
        return Decision(
            same_source[0].ci,
            SAME_NAME,
            on,
            (),
            tuple(considered),
            tuple(flags),
            tuple(shared),
            told_apart=tuple(told_apart),
        )
    if named:
        kind = "possible_duplicate" if len(named) == 1 else "ambiguous_match"
        flags.append(Flagged(kind, (None, *(candidate.ci for candidate in named)), {**on}))
        considered += [(candidate.ci, "has the same name and nothing else to compare by") for candidate in named]
    return Decision(None, "new", {}, (), tuple(considered), tuple(flags), tuple(shared), told_apart=tuple(told_apart))


def _sites_differ(one: Evidence, other: Evidence) -> bool:
    left, right = one.get(Kind.SITE, NOTHING), other.get(Kind.SITE, NOTHING)
    return bool(left) and bool(right) and left.isdisjoint(right)
