"""Two CIs found to be one: claims, keys, dependents, relationships and groups move to the one that remains.

Everything that moves is in the revision with its state before, so that the join can be undone.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cmdb.classes.spec import Family
from cmdb.entities import CI, Claim, Kind, Redundancy, Relationship, Review, derived_id
from cmdb.identity.keys import inside_key, process_key
from cmdb.reconcile.confidence import together
from cmdb.reconcile.workspace import Workspace, claim_keys
from cmdb.registry import Registry

NAMED_BY_CI = frozenset({"of", "reference"})
"""Kinds of records that are named by their CI, since nothing in the row itself identifies it."""


def join(workspace: Workspace, registry: Registry, one: str, other: str) -> str:
    """Join two CIs into the older (its id remains) and return its id; nothing happens when they are one already."""
    one, other = workspace.remaining(one), workspace.remaining(other)
    if one == other:
        return one
    kept, gone = sorted((workspace.ci(one), workspace.ci(other)), key=lambda ci: (ci.created_at, ci.id))
    keys = {full for claim in workspace.claims_of(gone.id) for full, _ in claim_keys(claim)}
    for claim in workspace.claims_of(gone.id):
        twin = _twin(claim, workspace.claims_of(kept.id))
        if twin is None:
            workspace.put_claim(msgspec.structs.replace(claim, ci=kept.id))
        else:
            _fold_twins(workspace, claim, twin)
    _move_dependents(workspace, registry, gone.id, kept.id)
    _hand_over_place(workspace, registry, gone, kept.id)
    for relationship in workspace.touching(gone.id):
        repoint(workspace, relationship, gone.id, kept.id)
    _identify_again(workspace, keys)
    _settle_reviews(workspace, gone.id, kept.id)
    for group in workspace.groups_of(gone.id):
        workspace.end(Kind.REDUNDANCY, group.id)
        moved = group_of(group, gone.id, kept.id)
        there = workspace.get(Kind.REDUNDANCY, moved.id)
        if isinstance(there, Redundancy):
            moved = msgspec.structs.replace(there, sources=tuple(sorted({*there.sources, *moved.sources})))
        workspace.put(Kind.REDUNDANCY, moved)
        for source in group.sources:
            if (seen := workspace.last_seen(f"{group.id}@{source}")) is not None:
                workspace.see(f"{moved.id}@{source}", seen)
    apart = tuple(sorted({*kept.kept_apart_from, *gone.kept_apart_from} - {kept.id}))
    same = tuple(sorted({*kept.same_as, *gone.same_as}))
    workspace.put(Kind.CI, msgspec.structs.replace(kept, kept_apart_from=apart, same_as=same))
    workspace.put(Kind.CI, msgspec.structs.replace(gone, merged_into=kept.id))
    workspace.moved[gone.id] = kept.id
    workspace.touch(gone.id)
    workspace.touch(kept.id)
    return kept.id


def _identify_again(workspace: Workspace, keys: Iterable[str]) -> None:
    """A value that only the joined CI is left to hold identifies it."""
    for full in keys:
        if workspace.is_shared(full) and len({workspace.remaining(owner) for owner in workspace.owners(full)}) < 2:
            workspace.unshare(full)


def _settle_reviews(workspace: Workspace, gone: str, kept: str) -> None:
    """What asked a person about the two and nobody else is answered."""
    for item in workspace.snapshot.reviews_of(gone):
        current = workspace.get(Kind.REVIEW, item.id)
        if not isinstance(current, Review) or gone not in current.cis:
            continue
        cis = {kept if ci == gone else ci for ci in current.cis}
        if len(cis) == 1 and len(current.cis) > 1:
            workspace.end(Kind.REVIEW, current.id)
        else:
            workspace.put(Kind.REVIEW, msgspec.structs.replace(current, cis=tuple(sorted(cis))))


def _hand_over_place(workspace: Workspace, registry: Registry, gone: CI, kept: str) -> None:
    """The one that remains is known inside the hosts of the one that goes, by its names."""
    type_ = registry.get(gone.class_name).host_relationship
    hosts = [one.target for one in workspace.touching(gone.id) if one.source == gone.id and one.type == type_]
    names = {gone.name, *(claim.name for claim in workspace.claims_of(kept) if claim.name)}
    for host in hosts:
        for name in sorted(names):
            full = inside_key(host, gone.class_name, name)
            if gone.id in workspace.owners(full):
                workspace.disown(full, gone.id)
                workspace.own(full, kept)


def _twin(claim: Claim, claims: list[Claim]) -> Claim | None:
    """The claim of the same source that its next look will renew in place of this one: such records are named by their CI."""
    kind = claim.record.partition(":")[0]
    if claim.native_key is not None or kind not in NAMED_BY_CI:
        return None
    for other in claims:
        is_same = (other.source, other.network) == (claim.source, claim.network) and other.native_key is None
        if is_same and other.record.partition(":")[0] == kind:
            return other
    return None


def _fold_twins(workspace: Workspace, claim: Claim, twin: Claim) -> None:
    seen, twin_seen = workspace.last_seen(claim.id), workspace.last_seen(twin.id)
    is_newer = seen is not None and (twin_seen is None or seen > twin_seen)
    values = {**twin.values, **claim.values} if is_newer else {**claim.values, **twin.values}
    workspace.end_claim(claim)
    workspace.put_claim(msgspec.structs.replace(twin, values=values))
    if seen is not None and is_newer:
        workspace.see(twin.id, seen)


def _move_dependents(workspace: Workspace, registry: Registry, gone: str, kept: str) -> None:
    for relationship in workspace.touching(gone):
        if relationship.target != gone:
            continue
        dependent = workspace.ci(relationship.source)
        spec = registry.get(dependent.class_name)
        if spec.host_relationship != relationship.type or dependent.merged_into is not None:
            continue
        if spec.family is Family.DEVICE and spec.name != "container":
            continue
        names = {dependent.name, *(claim.name for claim in workspace.claims_of(dependent.id) if claim.name)}
        for name in sorted(names):
            old, new = inside_key(gone, spec.name, name), inside_key(kept, spec.name, name)
            if dependent.id not in workspace.owners(old):
                continue
            _move_process(workspace, dependent, gone, kept)
            workspace.disown(old, dependent.id)
            twins = [
                owner
                for owner in sorted(workspace.owners(new))
                if workspace.remaining(owner) != workspace.remaining(dependent.id)
            ]
            workspace.own(new, dependent.id)
            for twin in twins:
                remains = join(workspace, registry, twin, dependent.id)
                for owner in (twin, dependent.id):
                    workspace.disown(new, owner)
                workspace.own(new, remains)
                _move_process(workspace, workspace.ci(remains), kept, kept, (twin, dependent.id))


def _move_process(workspace: Workspace, dependent: CI, old: str, new: str, before: tuple[str, ...] = ()) -> None:
    processes = {
        kept.value for claim in workspace.claims_of(dependent.id) if (kept := claim.values.get("process")) is not None
    }
    for process in processes:
        full = process_key(old, str(process))
        mine = {*before, dependent.id} & workspace.owners(full)
        if mine:
            for owner in mine:
                workspace.disown(full, owner)
            workspace.own(process_key(new, str(process)), dependent.id)


def repoint(workspace: Workspace, relationship: Relationship, gone: str, kept: str) -> None:
    """Move a relationship's end from one CI to another, with what is claimed of it and when it was seen."""
    workspace.end(Kind.RELATIONSHIP, relationship.id)
    source = kept if relationship.source == gone else relationship.source
    target = kept if relationship.target == gone else relationship.target
    if source == target:
        return
    id_ = Relationship.make_id(source, relationship.type, target)
    there = workspace.get(Kind.RELATIONSHIP, id_)
    moved = msgspec.structs.replace(relationship, id=id_, source=source, target=target)
    if isinstance(there, Relationship):
        moved = msgspec.structs.replace(
            moved,
            attributes={**moved.attributes, **there.attributes},
            confidence=together((claimed := {**moved.claimed, **there.claimed}).values()),
            claimed=claimed,
            missing_at={**moved.missing_at, **there.missing_at},
        )
    workspace.put_relationship(moved)
    for claimant in relationship.claimed:
        seen = workspace.last_seen(f"{relationship.id}@{claimant}")
        if seen is not None:
            workspace.see(f"{id_}@{claimant}", seen)


def group_of(group: Redundancy, gone: str, kept: str) -> Redundancy:
    of = kept if group.of == gone else group.of
    members = tuple(dict.fromkeys(kept if member == gone else member for member in group.members))
    return msgspec.structs.replace(group, id=group_id(of, members, group.name), of=of, members=members)


def group_id(of: str, members: tuple[str, ...], name: str | None) -> str:
    """A group's identity on replay: `of` and its name, else `of` and the set of its members."""
    return derived_id("redundancy", of, name) if name else derived_id("redundancy", of, *sorted(members))
