"""One import: a batch that a parser read lands in change sets of bounded size, under one run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cmdb.classes.spec import Family
from cmdb.errors import Invalid
from cmdb.formats.batch import Batch, Refused, check_hopeful
from cmdb.ingest import Ingest
from cmdb.observation import Draft, Observation
from cmdb.reconcile.plan import LinkCounts, Plan, RowOutcome
from cmdb.reconcile.rows import Row, ready
from cmdb.registry import Registry

MAX_ROWS_PER_CHANGE_SET = 5000
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """How to land a batch. `is_strict` writes nothing when any row is refused; `is_dry_run` writes nothing at all."""

    source: str
    run_id: str
    at: dt.datetime
    network: str = "default"
    by: str
    is_strict: bool = False
    is_dry_run: bool = False


@dataclass(slots=True)
class ImportReport:
    """What became of every row, in the order of the input, and the totals; CIs are counted after folding."""

    rows: list[RowOutcome] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    links: LinkCounts = field(default_factory=LinkCounts)
    revision: int | None = None
    unknown_attributes: int = 0
    is_cut_off: bool = False
    is_written: bool = True

    def count(self, outcome: str) -> int:
        """CIs created, updated or unchanged; rows parked or refused, links not among them."""
        if outcome == "refused":
            return len(self.refused) - self.links.refused
        rows = [row for row in self.rows if row.outcome == outcome]
        return len(rows) if outcome == "parked" else len({row.ci for row in rows})


def land(batch: Batch, order: ImportOrder, ingest: Ingest, registry: Registry) -> ImportReport:
    """Land a batch. Rows that cannot be right are refused and the others land, unless the order is strict.

    Each change set is atomic; an interrupted import is finished by importing the same input again. Raises `Invalid` before
    anything lands when most of a long input is refused.
    """
    report = ImportReport(refused=list(batch.refused), warnings=list(batch.warnings), is_cut_off=batch.is_cut_off)
    base = Observation(source=order.source, run_id=order.run_id, at=order.at, network=order.network)
    drafts, faulty = _checked(batch.drafts, base, registry)
    if order.is_strict:
        refused = [*report.refused, *faulty, *_broken_links(batch, drafts, registry)]
        if refused:
            report.refused, report.is_written = refused, False
            return report
    whole = _observation(base, batch, drafts)
    planned = ingest.plan(whole, by=order.by) if order.is_dry_run or order.is_strict else None
    if planned is not None and (order.is_dry_run or planned.problems):
        _collect(report, planned)
        report.is_written = False
    else:
        resolved: dict[str, str] = {}
        for part in _parts(whole, base, drafts):
            done = ingest.submit(part, by=order.by, resolved=resolved)
            resolved.update(done.plan.resolved)
            _collect(report, done.plan)
            if done.revision is not None:
                report.revision = done.revision.number
    report.refused += faulty
    report.rows = _folded(report.rows, batch.drafts, report.refused)
    return report


@dataclass(frozen=True, slots=True)
class _Checked:
    """A draft that can land, and where it stands among the rows of its run: strong devices first, dependents last."""

    draft: Draft
    rank: tuple[int, tuple[int, int]]


_FAMILIES = {Family.DEVICE: 0, Family.CATALOGUE: 1, Family.LOGICAL: 2, Family.DEPENDENT: 3}


def _rank(row: Row) -> tuple[int, tuple[int, int]]:
    return _FAMILIES[row.family], row.strength() if row.family is Family.DEVICE else (0, 0)


def _checked(drafts: Sequence[Draft], base: Observation, registry: Registry) -> tuple[list[_Checked], list[Refused]]:
    rows: list[_Checked] = []
    faulty: list[Refused] = []
    seen: set[str] = set()
    for number, draft in enumerate(drafts):
        if faulty:
            check_hopeful(faulty[0], len(faulty), number)
        if draft.local_id in seen:
            reason = f"id {draft.local_id!r} stands twice; each row has an id of its own"
            faulty.append(Refused(draft.line, draft.local_id, reason))
            continue
        seen.add(draft.local_id)
        try:
            row = ready(replace(draft, line=None), base, registry)
        except Invalid as error:
            faulty.append(Refused(draft.line, draft.local_id, error.message))
        else:
            rows.append(_Checked(draft, _rank(row)))
    return rows, faulty


def _broken_links(batch: Batch, rows: Sequence[_Checked], registry: Registry) -> list[Refused]:
    """Links that are wrong whatever the store holds."""
    ids = {row.draft.local_id for row in rows}
    broken = []
    for link in batch.links:
        missing = next((end for end in (link.source, link.target) if end not in ids), None)
        if missing is not None:
            broken.append(Refused(link.line, None, f"{missing!r} is no id of this input"))
            continue
        try:
            registry.relationship_type(link.type)
        except Invalid as error:
            broken.append(Refused(link.line, None, error.message))
    return broken


def _observation(base: Observation, batch: Batch, rows: Sequence[_Checked]) -> Observation:
    return replace(
        base,
        drafts=tuple(row.draft for row in rows),
        links=tuple(batch.links),
        redundancy=tuple(batch.redundancy),
        scopes=() if batch.is_cut_off else tuple(batch.scopes),
    )


def _parts(whole: Observation, base: Observation, rows: Sequence[_Checked]) -> Iterator[Observation]:
    """One observation when it fits one change set; else drafts (strongest first), then links with ends known by then."""
    if len(whole.drafts) + len(whole.links) + len(whole.redundancy) <= MAX_ROWS_PER_CHANGE_SET:
        yield whole
        return
    # rows of one run are judged together
    ranked = sorted(rows, key=lambda row: row.rank)
    for chunk in _chunks([row.draft for row in ranked]):
        yield replace(base, drafts=tuple(chunk))
    for links in _chunks(whole.links):
        yield replace(base, links=tuple(links))
    for groups in _chunks(whole.redundancy):
        yield replace(base, redundancy=tuple(groups))
    if whole.scopes:
        yield replace(base, scopes=whole.scopes)


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), MAX_ROWS_PER_CHANGE_SET):
        yield items[start : start + MAX_ROWS_PER_CHANGE_SET]


def _collect(report: ImportReport, plan: Plan) -> None:
    report.rows += plan.rows
    report.refused += [Refused(problem.line, problem.local_id, problem.message) for problem in plan.problems]
    report.unknown_attributes += plan.unknown_attributes
    for name in ("created", "confirmed", "parked", "refused", "ignored", "redundancy"):
        setattr(report.links, name, getattr(report.links, name) + getattr(plan.links, name))


_WEIGHT = {"created": 0, "updated": 1, "unchanged": 2}


def _folded(rows: Iterable[RowOutcome], drafts: Sequence[Draft], refused: Sequence[Refused]) -> list[RowOutcome]:
    """Rows in the order of the input; rows that met in one CI share its outcome."""
    by_id: dict[str, RowOutcome] = {row.local_id: row for row in rows}
    outcome_of: dict[str, str] = {}
    for row in by_id.values():
        if row.ci is not None:
            before = outcome_of.get(row.ci, row.outcome)
            outcome_of[row.ci] = min(before, row.outcome, key=lambda outcome: _WEIGHT.get(outcome, 3))
    reasons: Mapping[str | None, Refused] = {item.local_id: item for item in refused if item.local_id is not None}
    listed = []
    for draft in drafts:
        found = by_id.pop(draft.local_id, None)
        if found is not None:
            listed.append(replace(found, outcome=outcome_of.get(found.ci or "", found.outcome)))
        elif draft.local_id in reasons:
            listed.append(
                RowOutcome(draft.local_id, draft.line, None, "refused", "", reasons[draft.local_id].message, ())
            )
    return listed


def links_of(plan_links: LinkCounts) -> dict[str, int]:
    """Link counts as contract.md prints them."""
    return {
        "created": plan_links.created,
        "unchanged": plan_links.confirmed,
        "parked": plan_links.parked,
        "refused": plan_links.refused,
        "ignored": plan_links.ignored,
    }
