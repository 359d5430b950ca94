"""What people's edits block: one review item for each CI and attribute, for as long as a newer word differs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from cmdb.entities import CI, Claim, Kind, Review, derived_id
from cmdb.identity.match import Flagged
from cmdb.reconcile.claims import gives_way
from cmdb.reconcile.policy_file import CLASS, UNION_ATTRIBUTES
from cmdb.reconcile.precedence import Policy, Said, heard, winner
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.values import NAME, Words
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import ROOT, Registry
from cmdb.values import Value

KIND = "blocked_update"
MAX_BLOCKED = 100
"""Sources named in one item; the rest is in `explain`."""


def review_id(ci: str, attribute: str) -> str:
    """The id of the one item about an attribute of a CI."""
    return derived_id("review", KIND, ci, attribute)


def tell_blocked(
    workspace: Workspace, registry: Registry, policy: Policy, ci: CI, told: Words, *, now: dt.datetime
) -> list[Flagged]:
    """Make the items of what is blocked now and end the others; what this plan's own rows were blocked in."""
    told_of = edited_attributes([*workspace.claims_of(ci.id), *workspace.snapshot.claims_of(ci.id)])
    workspace.snapshot.load(Kind.REVIEW, [review_id(ci.id, name) for name in told_of])
    flagged = []
    for name in sorted(told_of):
        edit, blocked = _blocked(registry, policy, ci, name, told, now=now)
        id_ = review_id(ci.id, name)
        before = workspace.get(Kind.REVIEW, id_)
        if edit is None or not blocked:
            if before is not None:
                workspace.end(Kind.REVIEW, id_)
            continue
        values: dict[str, Value] = {
            "attribute": name,
            "edit": edit.value,
            "by": edit.source,
            **({"reason": edit.reason} if edit.reason else {}),
            **({"until": edit.until.isoformat()} if edit.until is not None else {}),
            "blocked": [{"source": one.source, "value": one.value} for one in blocked[:MAX_BLOCKED]],
        }
        since = before.since if isinstance(before, Review) else now
        workspace.put(
            Kind.REVIEW,
            Review(
                id=id_,
                kind=KIND,
                cis=(ci.id,),
                values=values,
                since=since,
                remedy=f"A person's edit stands before this. If the source is right: cmdb edit {ci.id} --unset {name} --reason TEXT; else correct the source.",
                source=edit.source,
            ),
        )
        if any(_is_of_this_plan(workspace, ci, one) for one in blocked):
            flagged.append(Flagged(KIND, (ci.id,), values))
    return flagged


def end_blocked(workspace: Workspace, ci: str) -> None:
    """End the items of a CI that was merged into another, where they are told anew."""
    for name in edited_attributes(workspace.snapshot.claims_of(ci)):
        if workspace.get(Kind.REVIEW, review_id(ci, name)) is not None:
            workspace.end(Kind.REVIEW, review_id(ci, name))


def edited_attributes(claims: Iterable[Claim]) -> set[str]:
    """What people say something of, and perhaps block."""
    return {
        name
        for claim in claims
        if claim.source.startswith(PERSON_PREFIX)
        for name in (*claim.values, *([NAME] if claim.name is not None else []))
    }


def _blocked(
    registry: Registry, policy: Policy, ci: CI, name: str, told: Words, *, now: dt.datetime
) -> tuple[Said | None, list[Said]]:
    """The edit that stands, and each source's newer word that differs, by source; none for a union, which blocks nothing."""
    if name in UNION_ATTRIBUTES:
        return None, []
    said: Sequence[Said]
    if name == CLASS:
        ranking = policy.ranking(ROOT, CLASS)
        said = [*told.class_edits, *told.classes] if told.class_edits else []
    else:
        ranking = policy.ranking(ci.class_name, name)
        said = told.names if name == NAME else told.attributes.get(name, ())
    counted = heard(said, ranking, now=now)
    edits = [one for one in counted if one.is_person and not (name == CLASS and one in told.classes)]
    if not edits:
        return None, []
    edit = winner(edits, ranking)
    newer: dict[str, Said] = {}
    for one in sorted(counted, key=lambda one: (one.at, one.record)):
        if one.is_person or one.at <= edit.at or one.left_out_at is not None or one.value == edit.value:
            continue
        if name == CLASS and gives_way(str(one.value), str(edit.value), registry):
            continue
        newer[one.source] = one
    return edit, [newer[source] for source in sorted(newer)]


def _is_of_this_plan(workspace: Workspace, ci: CI, said: Said) -> bool:
    return any(
        claim.id in workspace.seen_now and (claim.source, claim.record) == (said.source, said.record)
        for claim in workspace.claims_of(ci.id)
    )
