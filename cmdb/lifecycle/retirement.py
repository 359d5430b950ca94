"""Retirement by people: a CI deleted by hand, and a stopped run's retirements confirmed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from cmdb.amending import Amender
from cmdb.changeset import Revision
from cmdb.entities import Claim, Kind, Review
from cmdb.errors import Invalid, NotFound
from cmdb.observation import Observation, Scope
from cmdb.reconcile.absence import Absence
from cmdb.reconcile.deletion import delete
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.stopping import KIND, claims_of, scope_from, scopes_of
from cmdb.reconcile.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Retired:
    """What a person retired: ids of the CIs whose last claim, or a source's only one, was withdrawn; None when nothing was."""

    revision: Revision | None
    cis: tuple[str, ...]


class Retirement:
    """Retires by hand, on one store."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender

    def delete(self, ci: str, *, by: str, reason: str) -> Retired:
        """Retire a CI and what is inside it, as the person `by` says; undone by the next look that sees it.

        Its relationships, claims and history stay. Idempotent. Raises `Invalid` without a reason.
        """
        if not reason.strip():
            raise Invalid("a deletion needs a reason, for whoever finds the CI retired; give --reason TEXT", ids=[ci])
        found: list[tuple[str, ...]] = []

        def change(workspace: Workspace) -> None:
            at = self._amender.clock()
            delete(workspace, self._amender.registry, ci, by=f"{PERSON_PREFIX}{by}", at=at)
            found.append(_withdrawn(workspace))

        revision = self._amender.amend(change, by=by, reason=f"deleted {ci}: {reason.strip()}")
        return Retired(revision, found[-1] if revision is not None else ())

    def confirm(self, review: str, *, by: str, is_dry_run: bool = False) -> Retired:
        """Retire what a run was stopped from retiring, but for what was seen since; the review item ends.

        Raises `NotFound` for no such item and `Invalid` for one of another kind.
        """
        found: list[tuple[str, ...]] = []

        def change(workspace: Workspace) -> None:
            _confirm(workspace, self._amender, review)
            found.append(_withdrawn(workspace))

        if is_dry_run:
            change(self._amender.workspace())
            return Retired(None, found[-1])
        revision = self._amender.amend(change, by=by, reason=f"confirmed what a run missed, review {review}")
        return Retired(revision, found[-1])


def _confirm(workspace: Workspace, amender: Amender, id_: str) -> None:
    item = workspace.get(Kind.REVIEW, id_)
    if not isinstance(item, Review):
        raise NotFound(f"no review item has the id {id_}; list them with: cmdb review", ids=[id_])
    if item.kind != KIND:
        raise Invalid(f"review item {id_} is {item.kind}, and retires nothing; its remedy: {item.remedy}", ids=[id_])
    observation = Observation(
        source=item.source,
        run_id=str(item.values["run"]),
        at=dt.datetime.fromisoformat(str(item.values["at"])),
        network=str(item.values["network"]),
    )
    absence = Absence(workspace, amender.registry, amender.policy, observation, is_confirmed=True)
    for entry in scopes_of(item):
        scope = _living(workspace, scope_from(entry))
        if scope is not None:
            absence.apply_scope(scope, workspace.living)
    absence.conclude(now=amender.clock())
    absence.withdraw_again(claims_of(item))
    workspace.end(Kind.REVIEW, item.id)


def _living(workspace: Workspace, scope: Scope) -> Scope | None:
    """The scope by the CI that it is within now; None when that CI was purged."""
    if scope.within is None:
        return scope
    if workspace.get(Kind.CI, scope.within) is None:
        return None
    return replace(scope, within=workspace.living(scope.within))


def _withdrawn(workspace: Workspace) -> tuple[str, ...]:
    """CIs of the claims that a plan withdraws, in order."""
    cis: dict[str, None] = {}
    for write in workspace.writes():
        before, after = write.before, write.after
        if isinstance(after, Claim) and isinstance(before, Claim) and after.withdrawn_at and not before.withdrawn_at:
            cis[after.ci] = None
    return tuple(cis)
