"""The end of a plan: every touched CI gets the values that its claims give it, and no strong key two owners."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec

from cmdb.entities import CI, Claim, Kind, State
from cmdb.identity.match import Flagged
from cmdb.reconcile.blocking import end_blocked, tell_blocked
from cmdb.reconcile.claims import is_edit
from cmdb.reconcile.edited_relationships import settle_relationships
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.values import present, settle, speaking_claims, words
from cmdb.reconcile.workspace import Workspace, claim_keys
from cmdb.registry import Registry


def settle_all(workspace: Workspace, registry: Registry, policy: Policy, *, now: dt.datetime) -> list[Flagged]:
    """Settle what the plan touched at `now`; what a person must be told of values that came to a second CI."""
    told: list[Flagged] = []
    for ci_id in list(workspace.touched):
        ci = workspace.get(Kind.CI, ci_id)
        assert isinstance(ci, CI), ci_id
        if ci.merged_into is not None:
            end_blocked(workspace, ci_id)
            continue
        told += share_contested(workspace, ci_id)
        claims = [_graced(workspace, claim, policy) for claim in workspace.claims_of(ci_id)]
        seen = [(claim, workspace.last_seen(claim.id)) for claim in claims]
        # what was withdrawn has perhaps no sighting left, and still says that there was something
        dated = [
            (claim, at) for claim, at in seen if at is not None or is_edit(claim) or claim.withdrawn_at is not None
        ]
        settled = settle(ci, dated, registry, policy, now=now)
        if _is_seen_last(workspace, settled, claims):
            settled = present(settled)
        if _is_edited(workspace, ci):
            said = words(speaking_claims(dated)[0])
            settled = settle_relationships(workspace, settled, said, now=now)
            told += tell_blocked(workspace, registry, policy, settled, said, now=now)
        if settled != ci:
            workspace.put(Kind.CI, settled)
    return told


def _is_edited(workspace: Workspace, ci: CI) -> bool:
    """Whether people say, or said before this plan, anything of the CI."""
    claims = (*workspace.claims_of(ci.id), *workspace.snapshot.claims_of(ci.id))
    return any(claim.source.startswith(PERSON_PREFIX) for claim in claims)


def _graced(workspace: Workspace, claim: Claim, policy: Policy) -> Claim:
    """The claim, withdrawn if what a late row brought does not save it."""
    last = workspace.last_seen(claim.id)
    if claim.withdrawn_at is not None or last is None or not policy.is_over(claim.class_name, last, claim.missing_at):
        return claim
    withdrawn = msgspec.structs.replace(claim, withdrawn_at=max(claim.missing_at), withdrawn_by=claim.missed_by)
    workspace.put_claim(withdrawn)
    return withdrawn


def _is_seen_last(workspace: Workspace, ci: CI, claims: Iterable[Claim]) -> bool:
    """Whether this plan's rows are the newest word about the CI: they moved a sighting, and no later look missed it."""
    moved = [
        at
        for claim in claims
        if claim.id in workspace.seen_now
        and (at := workspace.last_seen(claim.id)) is not None
        and at != workspace.snapshot.last_seen(claim.id)
    ]
    if not moved:
        return False
    missed = [max(claim.missing_at) for claim in claims if claim.missing_at]
    unreached = workspace.last_seen(unreached_at(ci.id)) if ci.state is State.UNREACHABLE else None
    return max(moved) >= max([*missed, *([unreached] if unreached else [])], default=max(moved))


def unreached_at(ci: str) -> str:
    """Subject of the sightings that say when a CI was probed in vain."""
    return f"{ci}@unreachable"


def share_contested(workspace: Workspace, ci: str) -> list[Flagged]:
    """Strong values of the CI that another has by now, with nothing to tell them apart: they identify no more."""
    told = []
    for claim in workspace.claims_of(ci):
        for full, strong in claim_keys(claim):
            if not strong or workspace.may_be_many(full) or workspace.is_shared(full):
                continue
            owners = {workspace.remaining(owner) for owner in workspace.owners(full)}
            if len(owners) > 1:
                workspace.share(full)
                kind, _, value = full.partition("|")
                told.append(Flagged("shared_identifier", tuple(sorted(owners)), {kind: [value]}))
    return told
