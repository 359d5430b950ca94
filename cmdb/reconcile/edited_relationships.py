"""Relationships that people say are there, or are not: kept as edits of the CI that they start from."""

from __future__ import annotations

import datetime as dt

import msgspec

from cmdb.entities import CI, Kind, Relationship
from cmdb.reconcile.claims import is_edit
from cmdb.reconcile.confidence import together
from cmdb.reconcile.precedence import Said
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.values import RELATIONSHIP_PREFIX, Words
from cmdb.reconcile.workspace import Workspace


def attribute_of(type_: str, target: str) -> str:
    """What an edit calls a relationship to a CI."""
    return f"{RELATIONSHIP_PREFIX}{type_}:{target}"


def type_and_target(attribute: str) -> tuple[str, str]:
    """Type and target of such a name."""
    type_, _, target = attribute.removeprefix(RELATIONSHIP_PREFIX).partition(":")
    return type_, target


def settle_relationships(workspace: Workspace, ci: CI, told: Words, *, now: dt.datetime) -> CI:
    """Make, keep and end what people say of relationships from the CI; the CI with those that they deny."""
    if not told.relationships and not ci.denied and not _was_edited(workspace, ci):
        return ci
    said: dict[str, list[Said]] = {}
    ends: dict[str, tuple[str, str]] = {}
    for attribute, edits in told.relationships.items():
        type_, named = type_and_target(attribute)
        if workspace.get(Kind.CI, named) is None:
            continue
        target = workspace.living(named)
        id_ = Relationship.make_id(ci.id, type_, target)
        ends[id_] = type_, target
        said.setdefault(id_, []).extend(one for one in edits if one.until is None or one.until > now)
    denied = {id_ for id_, edits in said.items() if edits and _newest(edits).value is False}
    for relationship in workspace.touching(ci.id):
        if relationship.source == ci.id:
            _keep(workspace, relationship, said.get(relationship.id, []), is_denied=relationship.id in denied)
    for id_, (type_, target) in ends.items():
        claimed = {one.source: 1.0 for one in said[id_] if one.value is True}
        if claimed and id_ not in denied and target != ci.id and workspace.get(Kind.RELATIONSHIP, id_) is None:
            workspace.put_relationship(
                Relationship(id=id_, source=ci.id, type=type_, target=target, confidence=1.0, claimed=claimed)
            )
    listed = tuple(sorted(denied))
    return ci if ci.denied == listed else msgspec.structs.replace(ci, denied=listed)


def _was_edited(workspace: Workspace, ci: CI) -> bool:
    return any(
        name.startswith(RELATIONSHIP_PREFIX)
        for claim in workspace.snapshot.claims_of(ci.id)
        if is_edit(claim)
        for name in claim.values
    )


def _newest(edits: list[Said]) -> Said:
    return max(edits, key=lambda one: (one.at, one.source, one.record))


def _keep(workspace: Workspace, relationship: Relationship, edits: list[Said], *, is_denied: bool) -> None:
    if is_denied:
        workspace.end(Kind.RELATIONSHIP, relationship.id)
        return
    # a person who was seen saying it did so in an observation, not by an edit
    others = {
        source: confidence
        for source, confidence in relationship.claimed.items()
        if not source.startswith(PERSON_PREFIX) or workspace.last_seen(f"{relationship.id}@{source}") is not None
    }
    claimed = {**others, **{one.source: 1.0 for one in edits if one.value is True}}
    if claimed == relationship.claimed:
        return
    if claimed:
        workspace.put_relationship(
            msgspec.structs.replace(relationship, claimed=claimed, confidence=together(claimed.values()))
        )
    else:
        workspace.end(Kind.RELATIONSHIP, relationship.id)
