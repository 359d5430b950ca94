"""One import: what a parser read lands in change sets of bounded size, under one run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cmdb.entities import CI
from cmdb.formats.batch import Refused
from cmdb.ingest import Ingest
from cmdb.observation import Link, Observation, RedundancyDraft, Scope
from cmdb.reconcile.plan import LinkCounts, Plan, RowOutcome
from cmdb.reconcile.rows import Row
from cmdb.rehearsal import Rehearsal
from cmdb.spool.intake import Spool
from cmdb.spool.outcomes import Fate, Outcome

Progress = Callable[[int, int], None]
"""Told how many rows and links have landed, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """How to land an input. `is_strict` writes nothing when any row is refused; `is_dry_run` writes nothing at all."""

    source: str
    run_id: str
    at: dt.datetime
    network: str = "default"
    by: str
    is_strict: bool = False
    is_dry_run: bool = False

    def observation(self) -> Observation:
        """What everything in the input is a part of."""
        return Observation(source=self.source, run_id=self.run_id, at=self.at, network=self.network)


@dataclass(slots=True)
class ImportReport:
    """The totals of an import, CIs counted after folding; rows and refusals can be read as long as the spool is open."""

    spool: Spool
    links: LinkCounts = field(default_factory=LinkCounts)
    revision: int | None = None
    is_written: bool = True
    counts: Mapping[Outcome, int] = field(default_factory=dict)

    @property
    def warnings(self) -> Sequence[str]:
        """What the parser said of the input as a whole."""
        return self.spool.warnings

    @property
    def is_cut_off(self) -> bool:
        """Whether the input ended early."""
        return self.spool.is_cut_off

    @property
    def unknown_attributes(self) -> int:
        """Values of attributes that the classes do not know."""
        return self.spool.unknown_attributes

    @property
    def refused_count(self) -> int:
        """How many rows, links and groups are refused."""
        return self.spool.outcomes.refused_count

    def rows(self) -> Iterator[RowOutcome]:
        """What became of every row, in the order of the input; rows that met in one CI share its outcome."""
        return self.spool.outcomes.rows()

    def refused(self) -> Iterator[Refused]:
        """What is refused, by line."""
        return self.spool.outcomes.refused()

    def count(self, outcome: str) -> int:
        """CIs created, updated or unchanged; rows parked or refused, links not among them."""
        if outcome == "refused":
            return self.refused_count - self.links.refused
        return self.counts.get(Outcome[outcome.upper()], 0)

    def totals(self) -> dict[str, int]:
        """The counts of all outcomes."""
        return {outcome.name.lower(): self.count(outcome.name.lower()) for outcome in Outcome}


def land(spool: Spool, order: ImportOrder, ingest: Ingest, progress: Progress | None = None) -> ImportReport:
    """Land what a parser has read to its end. Rows that cannot be right are refused and the others land, unless the order is
    strict.

    Each change set is atomic; an interrupted import is finished by importing the same input again. Raises `Invalid` before
    anything lands when most of a long input is refused.
    """
    spool.complete()
    if order.is_strict and not order.is_dry_run:
        with ingest.rehearsal() as rehearsal:
            report = ImportReport(spool, is_written=False)
            if not spool.outcomes.refused_count:
                _Import(report, order, rehearsal, None).land()
        if report.refused_count:
            return report
        spool.outcomes.forget()
    if order.is_dry_run:
        with ingest.rehearsal() as rehearsal:
            report = ImportReport(spool, is_written=False)
            _Import(report, order, rehearsal, progress).land()
        return report
    report = ImportReport(spool)
    _Import(report, order, ingest, progress).land()
    return report


class _Import:
    def __init__(
        self, report: ImportReport, order: ImportOrder, way: Ingest | Rehearsal, progress: Progress | None
    ) -> None:
        self._report = report
        self._spool = report.spool
        self._order = order
        self._way = way
        self._progress = progress
        self._moved: dict[str, str] = {}
        self._done = 0

    def land(self) -> None:
        spool = self._spool
        if spool.is_one_piece:
            self._land_whole()
        else:
            # rows of one run are judged together, strongest first; links come when their ends are known
            for rows in spool.ranked():
                self._submit(rows, resolved=self._fates_of(row.host for row in rows.values() if row.host))
            for links in spool.each_link():
                self._land_links(list(links.values()), [])
            for groups in spool.each_group():
                self._land_links([], list(groups.values()))
            for scopes in spool.each_scope():
                inside = [scope.within for scope in scopes.values() if scope.within is not None]
                self._submit({}, scopes=tuple(scopes.values()), resolved=self._fates_of(inside))
        spool.outcomes.conclude(self._moved)
        self._report.counts = spool.outcomes.counts()

    def _land_whole(self) -> None:
        spool = self._spool
        rows = spool.in_order()
        links = [link for piece in spool.each_link() for link in piece.values()]
        groups = [group for piece in spool.each_group() for group in piece.values()]
        fates = spool.outcomes.fates(_ends(links, groups))
        self._submit(
            rows,
            links=[link for link in links if self._may_join(link, (link.source, link.target), fates)],
            groups=[group for group in groups if self._may_join(group, (group.of, *group.members), fates)],
            scopes=tuple(scope for piece in spool.each_scope() for scope in piece.values()),
            resolved={},
        )

    def _land_links(self, links: list[Link], groups: list[RedundancyDraft]) -> None:
        fates = self._spool.outcomes.fates(_ends(links, groups))
        links = [link for link in links if self._may_join(link, (link.source, link.target), fates)]
        groups = [group for group in groups if self._may_join(group, (group.of, *group.members), fates)]
        # a link waits with the draft that was parked, so that draft is said again
        parked = self._spool.rows_of(
            [id_ for id_ in _ends(links, groups) if id_ in fates and fates[id_].outcome is Outcome.PARKED]
        )
        self._submit(parked, links=links, groups=groups, resolved=_landed(fates))

    def _may_join(self, item: Link | RedundancyDraft, ends: Iterable[str], fates: Mapping[str, Fate]) -> bool:
        if isinstance(item, Link) and item.is_by_key:
            return True
        for end in ends:
            fate = fates.get(end)
            if fate is None:
                fault = f"{end!r} is no id of this input; a relationship joins two ids of the same input"
            elif fate.outcome is Outcome.REFUSED:
                fault = f"{end!r} was refused, so nothing can refer to it"
            else:
                continue
            self._report.links.refused += 1
            self._refuse(Refused(item.line, None, fault))
            return False
        return True

    def _refuse(self, refused: Refused) -> None:
        self._spool.outcomes.refuse(self._spool.next_number(), refused, is_row=False)

    def _fates_of(self, ids: Iterable[str]) -> dict[str, str]:
        return _landed(self._spool.outcomes.fates(set(ids)))

    def _submit(
        self,
        rows: Mapping[int, Row],
        *,
        links: Sequence[Link] = (),
        groups: Sequence[RedundancyDraft] = (),
        scopes: tuple[Scope, ...] = (),
        resolved: Mapping[str, str],
    ) -> None:
        part = replace(
            self._spool.base,
            drafts=tuple(row.draft for row in rows.values()),
            links=tuple(links),
            redundancy=tuple(groups),
            scopes=scopes,
        )
        ready, by = tuple(rows.values()), self._order.by
        if isinstance(self._way, Rehearsal):
            plan = self._way.plan(part, by=by, resolved=resolved, rows=ready)
        else:
            done = self._way.submit(part, by=by, resolved=resolved, rows=ready)
            plan = done.plan
            if done.revision is not None:
                self._report.revision = done.revision.number
        self._record(plan, {row.draft.local_id: number for number, row in rows.items()})
        self._done += len(rows) + len(links) + len(groups)
        if self._progress is not None:
            spool = self._spool
            self._progress(self._done, spool.drafts + spool.links + spool.groups)

    def _record(self, plan: Plan, numbers: Mapping[str, int]) -> None:
        report = self._report
        self._spool.outcomes.record(numbers, plan.rows)
        for problem in plan.problems:
            self._refuse(Refused(problem.line, problem.local_id, problem.message))
        for write in plan.change_set.writes:
            if isinstance(write.after, CI) and write.after.merged_into is not None:
                self._moved[write.id] = write.after.merged_into
        for name in ("created", "confirmed", "parked", "refused", "ignored", "redundancy"):
            setattr(report.links, name, getattr(report.links, name) + getattr(plan.links, name))


def _ends(links: Iterable[Link], groups: Iterable[RedundancyDraft]) -> set[str]:
    ends = {end for link in links for end in (link.source, link.target)}
    return ends | {end for group in groups for end in (group.of, *group.members)}


def _landed(fates: Mapping[str, Fate]) -> dict[str, str]:
    return {id_: fate.ci for id_, fate in fates.items() if fate.ci is not None}
