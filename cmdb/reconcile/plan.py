"""The planner: one observation over one snapshot becomes one change set. It decides and writes nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cmdb.changeset import ChangeSet
from cmdb.errors import Invalid
from cmdb.ids import new_id
from cmdb.observation import Observation
from cmdb.reconcile.absence import Absence
from cmdb.reconcile.claims import say_empty
from cmdb.reconcile.clocks import bounded
from cmdb.reconcile.deletion import report_deleted
from cmdb.reconcile.ends import named_end
from cmdb.reconcile.landing import Landing
from cmdb.reconcile.links import EndIsParked, Resolve, put_link, put_redundancy
from cmdb.reconcile.parking import fitting, returning
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.rows import Row, ready
from cmdb.reconcile.settling import settle_all
from cmdb.reconcile.snapshot import Snapshot
from cmdb.reconcile.unchanged import unchanged
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the observation that cannot be right; the rest lands."""

    line: int | None
    local_id: str | None
    message: str


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one draft: created, updated, unchanged, parked or refused."""

    local_id: str
    line: int | None
    ci: str | None
    outcome: str
    rule: str
    reason: str
    flags: tuple[str, ...]


@dataclass(slots=True)
class LinkCounts:
    """What became of links and redundancy groups; *ignored* are those from a CI to itself."""

    created: int = 0
    confirmed: int = 0
    parked: int = 0
    refused: int = 0
    ignored: int = 0
    redundancy: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A change set, ready to print or to apply, and what it does for each draft."""

    change_set: ChangeSet
    rows: tuple[RowOutcome, ...]
    links: LinkCounts
    problems: tuple[Problem, ...]
    resolved: Mapping[str, str] = field(default_factory=dict)
    """CI of each local id that landed."""
    unknown_attributes: int = 0


class Reconciler:
    """Plans observations under one registry and one policy; holds no state between plans."""

    def __init__(self, registry: Registry, policy: Policy, *, make_id: Callable[[dt.datetime], str] = new_id) -> None:
        self._registry = registry
        self._policy = policy
        self._make_id = make_id

    def plan(
        self,
        observation: Observation,
        snapshot: Snapshot,
        *,
        now: dt.datetime,
        by: str,
        resolved: Mapping[str, str] | None = None,
        rows: Sequence[Row] | None = None,
    ) -> Plan:
        """What committing the observation would write; `resolved` are local ids that earlier parts of the same run brought.

        `rows` are the observation's drafts where they were made ready before.

        A draft, link or scope that cannot be right is a problem of the plan, never an exception. The same observation over
        the same snapshot gives the same plan, but for the ids of new CIs.
        """
        workspace = Workspace(snapshot)
        problems: list[Problem] = []
        observation = bounded(workspace, observation, now=now)
        rows = self._rows(observation, problems) if rows is None else [row.fresh(observation) for row in rows]
        for row in rows:
            say_empty(row, self._policy)
        come_back = list(returning(snapshot, rows, now=now))
        comeback_rows = [ready(draft, origin, self._registry) for _, draft, origin in come_back]
        landing = Landing(
            workspace, self._registry, observation, now=now, make_id=self._make_id, resolved=dict(resolved or {})
        )
        as_before = unchanged(workspace, rows)
        for place, claim in as_before.items():
            landing.confirm(rows[place], claim)
        landing.land([*(row for place, row in enumerate(rows) if place not in as_before), *comeback_rows])
        known = {item.id for item, _, _ in come_back}
        fit = [back for back in fitting(workspace, now=now) if back[0].id not in known]
        fit_rows = [ready(draft, origin, self._registry) for _, draft, origin in fit]
        landing.land(fit_rows)
        come_back, comeback_rows = [*come_back, *fit], [*comeback_rows, *fit_rows]
        landing.complete([(item, row) for (item, _, _), row in zip(come_back, comeback_rows, strict=True)])
        links = self._links(workspace, landing, observation, problems)
        absence = Absence(workspace, self._registry, self._policy, observation)
        for scope in observation.scopes:
            try:
                absence.apply_scope(scope, landing.resolve)
            except EndIsParked:
                continue
            except Invalid as error:
                problems.append(Problem(scope.line, None, error.message))
        absence.conclude(now=now)
        for unreachable in observation.unreachable:
            absence.apply_unreachable(unreachable)
        shared = settle_all(workspace, self._registry, self._policy, now=now)
        landing.report(by=observation.source, shared=shared)
        report_deleted(workspace, observation, now=now)
        writes = workspace.writes()
        change_set = ChangeSet(
            id=str(uuid.uuid4()),
            at=now,
            by=by,
            reason=f"observed by {observation.source}",
            run_id=observation.run_id,
            source=observation.source,
            planned_at=snapshot.revision,
            writes=writes,
            keys=workspace.key_writes(),
            sightings=workspace.sightings(),
            consulted_keys=frozenset(snapshot.consulted_keys),
            consulted_ids=frozenset(snapshot.consulted_ids),
        )
        changed = {write.id for write in writes if write.after is not None} | landing.changed_by_claims(writes)
        outcomes = tuple(self._outcome(row, workspace, changed) for row in rows)
        problems += [Problem(row.draft.line, row.draft.local_id, row.reason) for row in rows if row.refused]
        return Plan(change_set, outcomes, links, tuple(problems), landing.resolved, sum(row.unknown for row in rows))

    def _rows(self, observation: Observation, problems: list[Problem]) -> list[Row]:
        rows = []
        for draft in observation.drafts:
            try:
                rows.append(ready(draft, observation, self._registry))
            except Invalid as error:
                problems.append(Problem(draft.line, draft.local_id, error.message))
        return rows

    def _links(
        self, workspace: Workspace, landing: Landing, observation: Observation, problems: list[Problem]
    ) -> LinkCounts:
        counts = LinkCounts()
        landing.prefetch_links(observation)
        for link in observation.links:
            try:
                resolve = self._by_key(workspace, landing, observation) if link.is_by_key else landing.resolve
                linked = put_link(workspace, self._registry, link, observation, resolve)
            except EndIsParked as end:
                landing.park_link(link, end.local_id)
                counts.parked += 1
            except Invalid as error:
                counts.refused += 1
                problems.append(Problem(link.line, None, error.message))
            else:
                if linked is None:
                    counts.ignored += 1
                elif linked.is_new:
                    counts.created += 1
                else:
                    counts.confirmed += 1
        for group in observation.redundancy:
            try:
                put_redundancy(workspace, group, observation, landing.resolve)
                counts.redundancy += 1
            except EndIsParked:
                counts.parked += 1
            except Invalid as error:
                counts.refused += 1
                problems.append(Problem(group.line, None, error.message))
        return counts

    def _by_key(self, workspace: Workspace, landing: Landing, observation: Observation) -> Resolve:
        def resolve(end: str) -> str:
            if landing.knows(end):
                return landing.resolve(end)
            return named_end(end, workspace, self._registry, observation)

        return resolve

    @staticmethod
    def _outcome(row: Row, workspace: Workspace, changed: set[str]) -> RowOutcome:
        ci = workspace.remaining(row.ci) if row.ci is not None else None
        if row.refused:
            outcome = "refused"
        elif ci is None:
            outcome = "parked"
        elif workspace.is_new(ci):
            outcome = "created"
        else:
            outcome = "updated" if ci in changed else "unchanged"
        return RowOutcome(row.draft.local_id, row.draft.line, ci, outcome, row.rule, row.reason, tuple(row.flags))
