"""Graces that ran out since the last look: complete looks enough, and by now days enough, without another look.

Source: design §6, *Absence*: the grace is the later of so many complete looks and so long a time. The same safety stop holds
as for a look, over all claims of one source, network and class; what it asks about is confirmed in the same way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from cmdb.entities import Claim, Kind, Review
from cmdb.observation import Scope, ScopeKind
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.reviews import REMEDIES
from cmdb.reconcile.stopping import KIND, MAX_LISTED, claims_of, review_id
from cmdb.reconcile.workspace import Workspace
from cmdb.values import Value

GROUP = "grace of "
"""How the scope of a question about graces begins; the class follows."""


def has_run_out(claim: Claim, last_seen: dt.datetime | None, policy: Policy, *, now: dt.datetime) -> bool:
    """Whether the claim's grace is over at `now`, though no look said so yet."""
    if claim.withdrawn_at is not None or last_seen is None:
        return False
    grace = policy.grace(claim.class_name)
    return len(claim.missing_at) >= grace.scans and now - last_seen >= grace.time


def end_graces(workspace: Workspace, policy: Policy, claims: Sequence[str], *, now: dt.datetime) -> None:
    """Withdraw those of these claims whose grace has run out at `now`, or ask where that is too many."""
    groups: dict[tuple[str, str, str], list[Claim]] = {}
    for id_ in claims:
        claim = workspace.get(Kind.CLAIM, id_)
        if isinstance(claim, Claim) and has_run_out(claim, workspace.last_seen(id_), policy, now=now):
            groups.setdefault((claim.source, claim.network, claim.class_name), []).append(claim)
    for (source, network, class_name), overdue in sorted(groups.items()):
        held = {
            claim.ci
            for claim in workspace.snapshot.claims_of_source(source)
            if (claim.network, claim.class_name) == (network, class_name) and claim.withdrawn_at is None
        }
        limit = policy.safety.limit_of(Scope(kind=ScopeKind.CI_CLASS, class_name=class_name))
        if limit.is_exceeded(held=len(held), overdue=len({claim.ci for claim in overdue})):
            _ask(workspace, overdue, held=len(held), now=now)
            continue
        for claim in overdue:
            last = workspace.last_seen(claim.id)
            assert last is not None
            at = max(*claim.missing_at, last + policy.grace(class_name).time)
            workspace.claims_of(claim.ci)
            workspace.put_claim(
                msgspec.structs.replace(claim, withdrawn_at=at, withdrawn_by=claim.missed_by, expires_in=None)
            )


def _ask(workspace: Workspace, overdue: Sequence[Claim], *, held: int, now: dt.datetime) -> None:
    first = overdue[0]
    group = f"{GROUP}{first.class_name}"
    id_ = review_id(first.source, first.network, group)
    before = workspace.get(Kind.REVIEW, id_)
    ids = sorted(claim.id for claim in overdue)
    if isinstance(before, Review) and before.values.get("claims") == ids[:MAX_LISTED]:
        return
    item = Review(
        id=id_,
        kind=KIND,
        cis=(),
        values={
            "scope": group,
            "source": first.source,
            "network": first.network,
            "run": max(overdue, key=lambda claim: (max(claim.missing_at), claim.id)).missed_by,
            "at": now.isoformat(),
            "held": held,
            "would_retire": len({claim.ci for claim in overdue}),
            "scopes": [],
            "claims": list[Value](ids[:MAX_LISTED]),
        },
        since=before.since if isinstance(before, Review) else now,
        remedy=REMEDIES[KIND].replace("REVIEW", id_),
        source=first.source,
    )
    workspace.put(Kind.REVIEW, item)


def end_answered(workspace: Workspace, policy: Policy, items: Sequence[Review], *, now: dt.datetime) -> None:
    """End the questions about graces of which none is left that has run out."""
    for item in items:
        if not str(item.values.get("scope")).startswith(GROUP) or workspace.get(Kind.REVIEW, item.id) is None:
            continue
        claims = (workspace.get(Kind.CLAIM, id_) for id_ in claims_of(item))
        if not any(
            isinstance(claim, Claim) and has_run_out(claim, workspace.last_seen(claim.id), policy, now=now)
            for claim in claims
        ):
            workspace.end(Kind.REVIEW, item.id)
