"""A person's deletion of a CI: its claims are withdrawn, and a later look that sees it brings it back, flagged.

The law: deleting says "this is gone", and a look that sees the thing afterwards says that it is not. It is live again, with its
history, since what answers can fail and take others with it; and a person is told, since somebody had said otherwise.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from cmdb.classes.spec import Family
from cmdb.entities import Claim, Kind, Review, derived_id
from cmdb.observation import Observation
from cmdb.reconcile.claims import is_edit
from cmdb.reconcile.edits import take_back
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.reviews import REMEDIES
from cmdb.reconcile.values import LIFECYCLE
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry

KIND = "deleted_seen_again"


def delete(workspace: Workspace, registry: Registry, ci: str, *, by: str, at: dt.datetime) -> tuple[str, ...]:
    """Withdraw every live claim of a CI and of what is inside it; the CIs so retired, the CI itself first.

    `by` is the person's source, `person:<login>`. Idempotent: what is retired already is left as it is.
    """
    retired = [ci]
    _withdraw(workspace, ci, by=by, at=at)
    # what was said of where it stands is over by now
    take_back(workspace, registry, workspace.ci(ci), [LIFECYCLE], now=at)
    for part in parts_of(workspace, registry, ci):
        _withdraw(workspace, part, by=by, at=at)
        retired.append(part)
    item = review_id(ci)
    if workspace.get(Kind.REVIEW, item) is not None:
        workspace.end(Kind.REVIEW, item)
    return tuple(retired)


def parts_of(workspace: Workspace, registry: Registry, ci: str) -> list[str]:
    """What is inside a CI, at any depth: interfaces, disks, software instances; in order of discovery."""
    found: dict[str, None] = {}
    waiting = [ci]
    while waiting:
        host = waiting.pop()
        for relationship in workspace.touching(host):
            part = workspace.ci(relationship.source)
            spec = registry.get(part.class_name)
            is_inside = relationship.target == host and spec.host_relationship == relationship.type
            if is_inside and spec.family is Family.DEPENDENT and part.id not in found and part.merged_into is None:
                found[part.id] = None
                waiting.append(part.id)
    return list(found)


def _withdraw(workspace: Workspace, ci: str, *, by: str, at: dt.datetime) -> None:
    for claim in workspace.claims_of(ci):
        # an edit says nothing of whether the thing is there, and stands when it comes back
        if claim.withdrawn_at is None and not is_edit(claim):
            workspace.put_claim(msgspec.structs.replace(claim, withdrawn_at=at, withdrawn_by=by))


def report_deleted(workspace: Workspace, observation: Observation, *, now: dt.datetime) -> None:
    """Tell a person of every CI that somebody deleted and this observation saw again."""
    for id_ in workspace.seen_now:
        before = workspace.snapshot.claim(id_)
        after = workspace.get(Kind.CLAIM, id_)
        if before is None or before.withdrawn_at is None or not before.withdrawn_by.startswith(PERSON_PREFIX):
            continue
        if not isinstance(after, Claim) or after.withdrawn_at is not None:
            continue
        ci = workspace.remaining(after.ci)
        item = review_id(ci)
        if workspace.get(Kind.REVIEW, item) is not None:
            continue
        workspace.put(
            Kind.REVIEW,
            Review(
                id=item,
                kind=KIND,
                cis=(ci,),
                values={
                    "deleted_by": before.withdrawn_by,
                    "deleted_at": before.withdrawn_at.isoformat(),
                    "seen_by": observation.source,
                    "run": observation.run_id,
                },
                since=now,
                remedy=REMEDIES[KIND],
                source=observation.source,
            ),
        )


def review_id(ci: str) -> str:
    """The one review item about a deleted CI."""
    return derived_id("review", KIND, ci)
