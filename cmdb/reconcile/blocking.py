"""What people's edits block: one review item for each CI and attribute, for as long as a newer word differs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from cmdb.entities import CI, Claim, Entity, Kind, Relationship, Review, derived_id
from cmdb.identity.match import Flagged
from cmdb.normalise.described import shown
from cmdb.reconcile.claims import EDIT_PREFIX, gives_way
from cmdb.reconcile.edited_relationships import type_and_target
from cmdb.reconcile.policy_file import CLASS, UNION_ATTRIBUTES
from cmdb.reconcile.precedence import Policy, Said, heard, winner
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.values import NAME, RELATIONSHIP_PREFIX, Words
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
        id_ = review_id(ci.id, name)
        before = workspace.get(Kind.REVIEW, id_)
        if name.startswith(RELATIONSHIP_PREFIX):
            item, is_ours = _denied(workspace, ci, name, told, before, now=now)
        else:
            edit, blocked = _blocked(registry, policy, ci, name, told, now=now)
            item = _item(ci, name, edit, blocked, now=now) if edit is not None and blocked else None
            is_ours = any(_is_of_this_plan(workspace, ci, one) for one in blocked)
        if item is None:
            if before is not None:
                workspace.end(Kind.REVIEW, id_)
            continue
        since = before.since if isinstance(before, Review) else now
        workspace.put(Kind.REVIEW, msgspec.structs.replace(item, since=since))
        if is_ours:
            flagged.append(Flagged(KIND, (ci.id,), item.values))
    return flagged


def _item(ci: CI, name: str, edit: Said, blocked: Sequence[Said], *, now: dt.datetime) -> Review:
    values: dict[str, Value] = {
        "attribute": name,
        "edit": edit.value,
        **_by(edit),
        "blocked": [{"source": one.source, "value": one.value} for one in blocked[:MAX_BLOCKED]],
    }
    is_entered = edit.record.startswith(EDIT_PREFIX)
    remedy = f"cmdb edit {ci.id} --unset {name} --reason TEXT" if is_entered else f"cmdb withdraw {edit.source}"
    return _review(ci, name, values, remedy, edit, now=now)


def _by(edit: Said) -> dict[str, Value]:
    """Who edited, why, and until when, as far as it is said."""
    said: dict[str, Value] = {"by": edit.source}
    if edit.reason:
        said["reason"] = edit.reason
    if edit.until is not None:
        said["until"] = edit.until.isoformat()
    return said


def _review(ci: CI, name: str, values: dict[str, Value], remedy: str, edit: Said, *, now: dt.datetime) -> Review:
    return Review(
        id=review_id(ci.id, name),
        kind=KIND,
        cis=(ci.id,),
        values=values,
        since=now,
        remedy=f"A person's edit stands before this. If the source is right: {remedy}; else correct the source.",
        source=edit.source,
    )


def _denied(
    workspace: Workspace, ci: CI, name: str, told: Words, before: Entity | None, *, now: dt.datetime
) -> tuple[Review | None, bool]:
    """The item of a relationship that a person denies and a later look says, until the edit ends; and whether this plan does."""
    type_, named = type_and_target(name)
    edits = [one for one in told.relationships.get(name, ()) if one.until is None or one.until > now]
    if not edits or workspace.get(Kind.CI, named) is None:
        return None, False
    edit = max(edits, key=lambda one: (one.at, one.source, one.record))
    target = workspace.living(named)
    saying = workspace.refused.get(Relationship.make_id(ci.id, type_, target), {})
    sources = {source for source, at in saying.items() if at > edit.at}
    is_ours = bool(sources)
    if isinstance(before, Review) and before.values.get("by") == edit.source:
        sources |= {str(source) for source in _listed(before.values.get("blocked"))}
    if edit.value is not False or not sources:
        return None, False
    values: dict[str, Value] = {
        "relationship": type_,
        "target": target,
        "edit": "is not there",
        **_by(edit),
        "blocked": sorted(sources)[:MAX_BLOCKED],
    }
    remedy = f"cmdb unrelate {ci.id} {type_} {target} --unset --reason TEXT"
    return _review(ci, name, values, remedy, edit, now=now), is_ours


def _listed(value: Value) -> Sequence[Value]:
    return value if isinstance(value, (list, tuple)) else ()


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
    wanted = shown(name, edit.value, registry.knowledge)

    def agrees(value: Value) -> bool:
        return value == edit.value or shown(name, value, registry.knowledge) == wanted

    newer: dict[str, Said] = {}
    for one in sorted(counted, key=lambda one: (one.at, one.record)):
        if one.is_person or one.at <= edit.at or one.left_out_at is not None or agrees(one.value):
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
