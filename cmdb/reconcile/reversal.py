"""The changes of a revision undone: what it wrote is as it was before, as a plan; identity keys and sightings included.

Strict: refused where anything that it wrote has been changed since, since later work rests on it. Values of a CI are no such thing:
they are what its claims give it, and are settled anew. Lenient (`is_lenient`): what was said since stands, and what was taken away
comes back beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeVar

import msgspec

from cmdb.changeset import Change
from cmdb.entities import CI, Claim, Entity, Kind, Redundancy, Relationship
from cmdb.errors import Conflict
from cmdb.identity.keys import claims_key
from cmdb.reconcile.own_keys import all_keys, hosted, hosts_of
from cmdb.reconcile.rejoining import bring_back_claim, bring_back_group, bring_back_relationship, drop_claim
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry
from cmdb.store.protocol import KeyOwners, Seen

E = TypeVar("E", bound=Entity)
NAMED_LIMIT = 5
"""Most obstacles that a refusal names."""
_NO_ONE = KeyOwners((), is_strong=False, is_shared=False)
_ORDER = (Kind.CLAIM, Kind.RELATIONSHIP, Kind.REDUNDANCY, Kind.REVIEW, Kind.PARKED, Kind.SCHEDULE)


class Moment(Protocol):
    """Keys and sightings at one point of the past."""

    def owners(self, keys: Collection[str]) -> dict[str, KeyOwners]:
        """As `Store.owners` then."""

    def seen(self, subjects: Collection[str]) -> dict[str, Seen]:
        """As `Store.seen` then."""


Later = Callable[[Kind, str], Sequence[int]]
"""The revisions after the one to undo that changed an entity, oldest first."""


class Reversal:
    """Undoes the changes of one revision in one workspace; `before` and `after` are the moments around it."""

    def __init__(
        self,
        workspace: Workspace,
        registry: Registry,
        changes: Sequence[Change],
        *,
        before: Moment,
        after: Moment,
        later: Later,
        is_lenient: bool = False,
    ) -> None:
        self._workspace = workspace
        self._registry = registry
        self._changes = changes
        self._before = before
        self._after = after
        self._later = later
        self._is_lenient = is_lenient
        self._obstacles: list[tuple[str, int]] = []
        self._subjects: set[str] = set()

    def undo(self) -> None:
        """Undo all; raises `Conflict` that names what was changed since, and by which revisions."""
        if not self._changes:
            return
        keys = self._keys()
        self._workspace.snapshot.load_owners(keys)
        by_kind: dict[Kind, list[Change]] = {}
        for change in self._changes:
            by_kind.setdefault(change.kind, []).append(change)
            self._workspace.snapshot.load(change.kind, (change.id,))
        for change in by_kind.get(Kind.CI, ()):
            self._ci(change)
        for kind in _ORDER:
            for change in by_kind.get(kind, ()):
                self._entity(change)
        for change in by_kind.get(Kind.CI, ()):
            if change.before is None:
                self._unmake(change)
        if self._obstacles:
            self._refuse()
        self._restore_keys(keys)
        self._restore_sightings()

    # what stands in the way
    def _in_the_way(self, change: Change, what: str) -> None:
        if self._is_lenient:
            return
        numbers = self._later(change.kind, change.id)
        self._obstacles += [(f"{what} was changed by revision {number}", number) for number in numbers] or [
            (f"{what} is no longer as it was", 0)
        ]

    def _refuse(self) -> None:
        texts = list(dict.fromkeys(text for text, _ in self._obstacles))
        newest = max(number for _, number in self._obstacles)
        more = f" and {len(texts) - NAMED_LIMIT} more" if len(texts) > NAMED_LIMIT else ""
        number = self._changes[0].revision
        remedy = f"; revert {newest} first, or correct the values with cmdb edit" if newest else ""
        raise Conflict(
            f"revision {number} cannot be reverted, since later work depends on it: "
            f"{'; '.join(texts[:NAMED_LIMIT])}{more}{remedy}",
            ids=sorted({change.id for change in self._changes if change.kind is Kind.CI})[:NAMED_LIMIT],
        )

    def _named(self, ci: str) -> str:
        found = self._workspace.get(Kind.CI, ci)
        return f"{found.class_name} {found.name!r} ({ci})" if isinstance(found, CI) else f"the CI {ci}"

    def _what(self, change: Change) -> str:
        entity = change.after or change.before
        if isinstance(entity, Claim):
            return f"the claim of {entity.source} on {self._named(entity.ci)}"
        if isinstance(entity, Relationship):
            return f"{self._named(entity.source)} {entity.type} {self._named(entity.target)}"
        if isinstance(entity, Redundancy):
            return f"a redundancy group of {self._named(entity.of)}"
        return self._named(change.id) if isinstance(entity, CI) else f"the {change.kind} {change.id}"

    # entities
    def _ci(self, change: Change) -> None:
        before, after = _as(CI, change.before), _as(CI, change.after)
        current = self._workspace.get(Kind.CI, change.id)
        if before is None:
            return
        if after is None:
            if current is not None:
                self._in_the_way(change, self._named(change.id))
            else:
                self._workspace.put(Kind.CI, before)
            return
        if not isinstance(current, CI):
            self._in_the_way(change, f"the CI {change.id}")
            return
        if current == after:
            self._workspace.put(Kind.CI, before)
        elif after.merged_into not in (before.merged_into, current.merged_into):
            self._in_the_way(change, self._named(change.id))
            return
        else:
            self._workspace.put(Kind.CI, _undone(current, before, after))
        if before.merged_into is None:
            self._workspace.touch(change.id)
        else:
            self._workspace.touched.pop(change.id, None)

    def _unmake(self, change: Change) -> None:
        """End a CI that the revision made, unless something came to it since."""
        current = self._workspace.get(Kind.CI, change.id)
        if not isinstance(current, CI):
            return
        workspace = self._workspace
        held: list[tuple[Kind, Entity]] = [(Kind.CLAIM, one) for one in workspace.claims_of(change.id)]
        held += [(Kind.RELATIONSHIP, one) for one in workspace.touching(change.id)]
        held += [(Kind.REDUNDANCY, one) for one in workspace.groups_of(change.id)]
        if held or (current.merged_into is not None and current != change.after):
            numbers = sorted({number for kind, one in held for number in self._later(kind, one.id)})
            numbers = numbers or list(self._later(Kind.CI, change.id))
            if not self._is_lenient:
                what = f"{self._named(change.id)}, which it made,"
                self._obstacles += [(f"{what} was changed by revision {number}", number) for number in numbers] or [
                    (f"{what} is in use", 0)
                ]
            return
        workspace.end(Kind.CI, change.id)
        workspace.touched.pop(change.id, None)

    def _entity(self, change: Change) -> None:
        current = self._workspace.get(change.kind, change.id)
        before, after = change.before, change.after
        entity = before or after
        if isinstance(entity, Claim):
            self._claim(change, _as(Claim, before), _as(Claim, current), is_as_left=current == after)
        elif isinstance(entity, Relationship):
            self._relationship(change, _as(Relationship, before), is_as_left=current == after)
        elif isinstance(entity, Redundancy):
            self._group(change, _as(Redundancy, before), is_as_left=current == after)
        elif current == after:
            self._put_back(change.kind, change.id, before)
        elif change.kind is not Kind.REVIEW:
            # a review item tells of the state, and no work rests on it
            self._in_the_way(change, f"the {change.kind} {change.id}")

    def _put_back(self, kind: Kind, id_: str, before: Entity | None) -> None:
        if before is None:
            self._workspace.end(kind, id_)
        else:
            self._workspace.put(kind, before)

    def _claim(self, change: Change, before: Claim | None, current: Claim | None, *, is_as_left: bool) -> None:
        workspace = self._workspace
        if is_as_left and before is None:
            assert current is not None
            drop_claim(workspace, current)
        elif is_as_left and before is not None and self._is_there(before.ci):
            workspace.put_claim(before)
        elif self._is_lenient and before is not None:
            bring_back_claim(workspace, self._registry, before, self._before.seen([change.id]).get(change.id))
            return
        else:
            self._in_the_way(change, self._what(change))
            return
        self._subjects.add(change.id)

    def _is_there(self, ci: str) -> bool:
        found = self._workspace.get(Kind.CI, ci)
        return isinstance(found, CI) and found.merged_into is None

    def _relationship(self, change: Change, before: Relationship | None, *, is_as_left: bool) -> None:
        after = _as(Relationship, change.after)
        if is_as_left and before is None:
            self._workspace.end(Kind.RELATIONSHIP, change.id)
        elif is_as_left and before is not None and self._is_there(before.source) and self._is_there(before.target):
            self._workspace.put_relationship(before)
        elif self._is_lenient and before is not None:
            bring_back_relationship(self._workspace, before, after, self._before.seen)
            return
        else:
            self._in_the_way(change, self._what(change))
            return
        sources = {*(before.claimed if before else ()), *(after.claimed if after else ())}
        self._subjects |= {f"{change.id}@{source}" for source in sources}

    def _group(self, change: Change, before: Redundancy | None, *, is_as_left: bool) -> None:
        after = _as(Redundancy, change.after)
        if is_as_left:
            self._put_back(Kind.REDUNDANCY, change.id, before)
        elif self._is_lenient and before is not None:
            bring_back_group(self._workspace, before, after, self._before.seen)
            return
        else:
            self._in_the_way(change, self._what(change))
            return
        sources = {*(before.sources if before else ()), *(after.sources if after else ())}
        self._subjects |= {f"{change.id}@{source}" for source in sources}

    # keys and sightings
    def _keys(self) -> frozenset[str]:
        """Every key that the revision may have written."""
        keys = {
            claims_key(change.id)
            for change in self._changes
            if change.kind is Kind.CI and (change.before is None or change.after is None)
        }
        hosts: dict[str, set[str]] = {}
        claims = self._states(Claim)
        for ci in {one.source for one in self._states(Relationship)}:
            if self._workspace.get(Kind.CI, ci) is not None:
                claims += self._workspace.claims_of(ci)
        for claim in claims:
            if claim.ci not in hosts:
                hosts[claim.ci] = self._hosts(claim.ci)
            keys |= all_keys(self._registry, claim, hosts[claim.ci])
        return frozenset(keys)

    def _hosts(self, ci: str) -> set[str]:
        """Hosts of a CI now, and those that the revision made or ended."""
        class_name = self._class_of(ci)
        if class_name is None:
            return set()
        hosts = set(hosts_of(self._workspace, self._registry, ci, class_name))
        hosts |= {
            entity.target
            for entity in self._states(Relationship)
            if entity.source == ci and hosted(self._registry, entity, class_name)
        }
        return hosts

    def _class_of(self, ci: str) -> str | None:
        current = self._workspace.get(Kind.CI, ci)
        if isinstance(current, CI):
            return current.class_name
        return next((one.class_name for one in self._states(CI) if one.id == ci), None)

    def _states(self, type_: type[E]) -> list[E]:
        both = (entity for change in self._changes for entity in (change.before, change.after))
        return [entity for entity in both if isinstance(entity, type_)]

    def _restore_keys(self, keys: frozenset[str]) -> None:
        was, left = self._before.owners(keys), self._after.owners(keys)
        for full in sorted(keys):
            then, after = was.get(full, _NO_ONE), left.get(full, _NO_ONE)
            if then == after:
                continue
            now = self._workspace.snapshot.owners(full)
            if (now.owners, now.is_shared) == (after.owners, after.is_shared):
                self._workspace.hand(full, then.owners, is_shared=then.is_shared)
                continue
            gained, lost = set(after.owners) - set(then.owners), set(then.owners) - set(after.owners)
            owners = (self._workspace.owners(full) - gained) | {one for one in lost if self._is_there(one)}
            self._workspace.hand(full, owners, is_shared=self._workspace.is_shared(full) and len(owners) > 1)

    def _restore_sightings(self) -> None:
        self._workspace.snapshot.load_seen(sorted(self._subjects))
        then = self._before.seen(self._subjects)
        for subject in sorted(self._subjects):
            self._workspace.see_anew(subject, then.get(subject))


def _as(type_: type[E], entity: Entity | None) -> E | None:
    return entity if isinstance(entity, type_) else None


def _undone(current: CI, before: CI, after: CI) -> CI:
    """The CI as it is, less what the revision did to what is no value: verdicts and state."""
    apart = (set(current.kept_apart_from) - (set(after.kept_apart_from) - set(before.kept_apart_from))) | (
        set(before.kept_apart_from) - set(after.kept_apart_from)
    )
    same = (set(current.same_as) - (set(after.same_as) - set(before.same_as))) | (
        set(before.same_as) - set(after.same_as)
    )
    return msgspec.structs.replace(
        current,
        kept_apart_from=tuple(sorted(apart)),
        same_as=tuple(sorted(same)),
        merged_into=before.merged_into if before.merged_into != after.merged_into else current.merged_into,
        state=before.state if current.state is after.state else current.state,
    )
