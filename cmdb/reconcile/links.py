"""Relationships and redundancy groups of an observation, as entities between the CIs that its drafts became."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from cmdb.entities import Kind, Redundancy, Relationship
from cmdb.errors import Invalid
from cmdb.observation import Link, Observation, RedundancyDraft
from cmdb.reconcile.confidence import together
from cmdb.reconcile.joins import group_id
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry
from cmdb.values import Value

Resolve = Callable[[str], str]
"""The CI of a local id; raises `Invalid` when it is no id of the input, `Parked` when that draft was parked."""


class EndIsParked(Exception):
    """An end of the link was parked, so the link waits with it."""

    def __init__(self, local_id: str) -> None:
        super().__init__(local_id)
        self.local_id = local_id


@dataclass(frozen=True, slots=True)
class Linked:
    """What became of a link: its relationship's id, and whether it is new."""

    id: str
    is_new: bool


def put_link(
    workspace: Workspace, registry: Registry, link: Link, observation: Observation, resolve: Resolve
) -> Linked | None:
    """Make or confirm a relationship; None for one from a CI to itself. Raises `Invalid` for a type or pair not allowed."""
    place = f"line {link.line}" if link.line is not None else None
    try:
        kind = registry.relationship_type(link.type)
        source, target = resolve(link.source), resolve(link.target)
        if source == target:
            return None
        registry.check_pair(kind.name, workspace.ci(source).class_name, workspace.ci(target).class_name)
    except Invalid as error:
        raise Invalid(error.message, place=place) from error
    attributes: dict[str, Value] = {name: value for name, value in link.attributes.items() if value not in (None, "")}
    if kind.is_symmetric and source > target:
        source, target, attributes = target, source, _swapped(attributes)
    return relate(
        workspace,
        source,
        kind.name,
        target,
        by=observation.source,
        attributes=attributes,
        confidence=link.confidence,
        observation=observation,
    )


def relate(
    workspace: Workspace,
    source: str,
    type_: str,
    target: str,
    *,
    by: str,
    attributes: Mapping[str, Value],
    confidence: float,
    observation: Observation,
) -> Linked:
    """Have `by` claim `(source)-[:type_]->(target)`, keeping what other sources claim of it; what a person denies stays away."""
    id_ = Relationship.make_id(source, type_, target)
    if id_ in workspace.ci(source).denied:
        workspace.refused.setdefault(id_, {})[by] = observation.at
        workspace.touch(source)
        return Linked(id_, is_new=False)
    before = cast("Relationship | None", workspace.get(Kind.RELATIONSHIP, id_))
    subject = f"{id_}@{by}"
    last = workspace.last_seen(subject)
    if last is not None and observation.at <= last and (before is None or by not in before.claimed):
        # a replay of what was found to have ended since
        return Linked(id_, is_new=False)
    if before is not None:
        if last is None or observation.at >= last:
            claimed = {**before.claimed, by: confidence}
            missing = {name: times for name, times in before.missing_at.items() if name != by}
            if still := tuple(at for at in before.missing_at.get(by, ()) if at > observation.at):
                missing[by] = still
            after = msgspec.structs.replace(
                before,
                claimed=claimed,
                missing_at=missing,
                confidence=together(claimed.values()),
                attributes={**before.attributes, **attributes},
            )
            workspace.put_relationship(after)
    else:
        workspace.put_relationship(
            Relationship(
                id=id_,
                source=source,
                type=type_,
                target=target,
                attributes=dict(attributes),
                confidence=confidence,
                claimed={by: confidence},
            )
        )
    workspace.see(subject, observation.at)
    return Linked(id_, before is None)


def put_redundancy(workspace: Workspace, draft: RedundancyDraft, observation: Observation, resolve: Resolve) -> None:
    """Make or replace a redundancy group; the same `of` and name (or members) is the same group.

    A person's word stands before that of sources, and of several the newest.
    """
    of = resolve(draft.of)
    members = tuple(sorted({resolve(member) for member in draft.members}))
    id_ = group_id(of, members, draft.name)
    before = cast("Redundancy | None", workspace.get(Kind.REDUNDANCY, id_))
    known = before.sources if before is not None else ()
    people = [by for by in known if by.startswith(PERSON_PREFIX)]
    is_person = observation.source.startswith(PERSON_PREFIX)
    last = max((at for by in known if (at := workspace.last_seen(f"{id_}@{by}")) is not None), default=None)
    workspace.see(f"{id_}@{observation.source}", observation.at)
    sources = tuple(sorted({observation.source, *known}))
    is_late = last is not None and observation.at < last and not (is_person and not people)
    if before is not None and (is_late or (people and not is_person)):
        if sources != before.sources and not is_late:
            workspace.put(Kind.REDUNDANCY, msgspec.structs.replace(before, sources=sources))
        return
    workspace.put(
        Kind.REDUNDANCY,
        Redundancy(
            id=id_,
            of=of,
            members=members,
            min_up=draft.min_up,
            min_up_percent=draft.min_up_percent,
            name=draft.name,
            sources=sources,
        ),
    )


def _swapped(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Attributes of a symmetric relationship read from its other end: `source_port` becomes `target_port`, and back."""
    turned: dict[str, Value] = {}
    for name, value in attributes.items():
        if name.startswith("source_"):
            turned["target_" + name.removeprefix("source_")] = value
        elif name.startswith("target_"):
            turned["source_" + name.removeprefix("target_")] = value
        else:
            turned[name] = value
    return turned
