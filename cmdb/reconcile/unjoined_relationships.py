"""Relationships and redundancy groups of a join undone: each goes back to the CI that it was of, less what the other had of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

import msgspec

from cmdb.changeset import Change
from cmdb.entities import CI, Entity, Kind, Redundancy, Relationship
from cmdb.reconcile.confidence import together
from cmdb.reconcile.joined import Joined
from cmdb.reconcile.joins import group_id, group_of, repoint
from cmdb.reconcile.own_keys import hosted, own_keys
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry


class UnjoinedRelationships:
    """What was around the CIs that come back (`gone`); `kept_of` is who each of them is in now."""

    def __init__(
        self,
        workspace: Workspace,
        registry: Registry,
        joined: Joined,
        gone: Mapping[str, CI],
        kept_of: Mapping[str, str],
    ) -> None:
        self._workspace = workspace
        self._registry = registry
        self._joined = joined
        self._went_into = joined.went_into()
        self._gone = gone
        self._kept_of = kept_of

    def undo(self) -> None:
        """Put them back, and give those that were first heard of since to the CI of the records that say them."""
        for change in self._joined.revision:
            before = change.before
            if isinstance(before, Relationship) and change.after is None:
                if {before.source, before.target} & set(self._gone):
                    self._relationship(before)
            elif isinstance(before, Redundancy) and {before.of, *before.members} & set(self._gone):
                self._group(change, before)
        for id_, kept in sorted(self._kept_of.items()):
            self._later(id_, kept)

    # relationships
    def _relationship(self, before: Relationship) -> None:
        workspace = self._workspace
        source, target = self._back(before.source), self._back(before.target)
        if source is None or target is None or source == target:
            return
        id_ = Relationship.make_id(source, before.type, target)
        restored = msgspec.structs.replace(before, id=id_, source=source, target=target)
        there = workspace.get(Kind.RELATIONSHIP, id_)
        if isinstance(there, Relationship):
            restored = _with_claims(restored, {**restored.claimed, **there.claimed})
        image = self._image(before)
        # asked before the image is given up: what was said of it since was said of this
        later = {name: at for name in before.claimed if (at := workspace.last_seen(f"{image}@{name}")) is not None}
        own = self._own(Kind.RELATIONSHIP, image)
        if image is not None and image != id_:
            self._give_up(image, before, own)
        workspace.put_relationship(restored)
        inside = workspace.get(Kind.CI, source)
        is_inside = isinstance(inside, CI) and hosted(self._registry, restored, inside.class_name)
        if is_inside and source not in self._gone and target in self._gone:
            self._move_place(source, self._kept_of[target], target)
        for name, at in later.items():
            if name not in own:
                workspace.see(f"{id_}@{name}", at)

    def _image(self, before: Relationship) -> str | None:
        """What the relationship was called after the join; None where both ends became one CI."""
        source, target = self._into(before.source), self._into(before.target)
        return None if source == target else Relationship.make_id(source, before.type, target)

    def _into(self, ci: str) -> str:
        while ci in self._went_into:
            ci = self._went_into[ci]
        return ci

    def _own(self, kind: Kind, image: str | None) -> set[str]:
        """Sources that said it of the CI that remains, before the other was joined into it."""
        known = self._joined.before.get_many(kind, [image]).get(image) if image is not None else None
        return set(_sources(known))

    def _give_up(self, image: str, before: Relationship, own: Collection[str]) -> None:
        """Take from the relationship of the CI that remains what only the one that goes had brought."""
        workspace = self._workspace
        current = workspace.get(Kind.RELATIONSHIP, image)
        if not isinstance(current, Relationship):
            return
        left = self._joined.change_of(Kind.RELATIONSHIP, image)
        if left is not None and current == left.after:
            if left.before is None:
                workspace.end(Kind.RELATIONSHIP, image)
            else:
                workspace.put_relationship(cast("Relationship", left.before))
        else:
            claimed = {
                name: said for name, said in current.claimed.items() if name in own or name not in before.claimed
            }
            if claimed:
                workspace.put_relationship(_with_claims(current, claimed))
            else:
                workspace.end(Kind.RELATIONSHIP, image)
        for name in before.claimed:
            self._seen_back(f"{image}@{name}", is_gone=name not in own)

    def _seen_back(self, subject: str, *, is_gone: bool) -> None:
        seen = self._joined.before.seen([subject]).get(subject)
        now = self._workspace.snapshot.seen(subject)
        if is_gone or now == self._joined.after.seen([subject]).get(subject):
            self._workspace.see_anew(subject, seen)

    def _back(self, end: str) -> str | None:
        """Where an end is now: the CI itself when it comes back; None when it was removed."""
        if end in self._gone:
            return end
        return self._workspace.living(end) if self._workspace.get(Kind.CI, end) is not None else None

    def _later(self, id_: str, kept: str) -> None:
        workspace = self._workspace
        mine, theirs = ({claim.source for claim in workspace.claims_of(ci)} for ci in (id_, kept))
        touching = workspace.touching(kept)
        known = self._joined.before.get_many(Kind.RELATIONSHIP, [one.id for one in touching])
        for relationship in touching:
            said = set(relationship.claimed)
            if relationship.id in known or not said <= mine or said & theirs:
                continue
            repoint(workspace, relationship, kept, id_)
            inside = workspace.get(Kind.CI, relationship.source)
            is_inside = isinstance(inside, CI) and hosted(self._registry, relationship, inside.class_name)
            if is_inside and relationship.target == kept:
                self._move_place(relationship.source, kept, id_)

    def _move_place(self, inside: str, old: str, new: str) -> None:
        for claim in self._workspace.claims_of(inside):
            for full in own_keys(self._registry, claim, [old]) - own_keys(self._registry, claim, [new]):
                self._workspace.disown(full, inside)
            for full in own_keys(self._registry, claim, [new]):
                self._workspace.own(full, inside)

    # groups
    def _group(self, change: Change, before: Redundancy) -> None:
        workspace = self._workspace
        of = self._back(before.of)
        members = [self._back(member) for member in before.members]
        here = tuple(dict.fromkeys(member for member in members if member is not None))
        if of is None or not here:
            return
        if members == list(before.members) and of == before.of:
            restored = before
        else:
            restored = msgspec.structs.replace(before, id=group_id(of, here, before.name), of=of, members=here)
        if change.after is not None and workspace.get(Kind.REDUNDANCY, change.id) != change.after:
            # one that goes by its name was given other figures or members since
            current = workspace.get(Kind.REDUNDANCY, change.id)
            if isinstance(current, Redundancy):
                again = tuple(
                    dict.fromkeys((*here, *(one for one in current.members if one not in self._kept_of.values())))
                )
                restored = msgspec.structs.replace(current, members=again)
        image = self._image_of(before)
        if image.id != restored.id:
            self._give_up_group(image.id, before)
        workspace.put(Kind.REDUNDANCY, restored)

    def _image_of(self, before: Redundancy) -> Redundancy:
        image = before
        for gone in sorted({before.of, *before.members} & self._went_into.keys()):
            image = group_of(image, gone, self._into(gone))
        return image

    def _give_up_group(self, image: str, before: Redundancy) -> None:
        workspace = self._workspace
        current = workspace.get(Kind.REDUNDANCY, image)
        if not isinstance(current, Redundancy):
            return
        left = self._joined.change_of(Kind.REDUNDANCY, image)
        own = self._own(Kind.REDUNDANCY, image)
        if left is not None and current == left.after:
            if left.before is None:
                workspace.end(Kind.REDUNDANCY, image)
            else:
                workspace.put(Kind.REDUNDANCY, left.before)
        else:
            sources = tuple(name for name in current.sources if name in own or name not in before.sources)
            if sources:
                workspace.put(Kind.REDUNDANCY, msgspec.structs.replace(current, sources=sources))
            else:
                workspace.end(Kind.REDUNDANCY, image)
        for name in before.sources:
            self._seen_back(f"{image}@{name}", is_gone=name not in own)


def _with_claims(relationship: Relationship, claimed: Mapping[str, float]) -> Relationship:
    missing = {name: times for name, times in relationship.missing_at.items() if name in claimed}
    return msgspec.structs.replace(
        relationship, claimed=dict(claimed), missing_at=missing, confidence=together(claimed.values())
    )


def _sources(entity: Entity | None) -> tuple[str, ...]:
    if isinstance(entity, Relationship):
        return tuple(entity.claimed)
    return entity.sources if isinstance(entity, Redundancy) else ()
