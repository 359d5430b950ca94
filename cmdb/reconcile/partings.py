"""A record that turns out to be of another CI: what its source said of the one it leaves goes along."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec

from cmdb.entities import CI, Claim, Kind, Relationship
from cmdb.identity.keys import inside_key
from cmdb.reconcile.confidence import together
from cmdb.reconcile.joins import join
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry


class Parting:
    """Moves records in one workspace; `make_id` makes the ids of dependents that two records had together."""

    def __init__(
        self, workspace: Workspace, registry: Registry, *, now: dt.datetime, make_id: Callable[[dt.datetime], str]
    ) -> None:
        self._workspace = workspace
        self._registry = registry
        self._now = now
        self._make_id = make_id

    def part(self, claim: Claim, target: str) -> None:
        """Move a claim to another CI, with the dependents and relationships that only its source claims.

        Where the source has another record of the CI that is left, they stay: nothing says which record they belong to.
        """
        old = claim.ci
        self._workspace.put_claim(msgspec.structs.replace(claim, ci=target))
        if any(other.source == claim.source for other in self._workspace.claims_of(old)):
            return
        for relationship in self._workspace.touching(old):
            if claim.source not in relationship.claimed:
                continue
            if relationship.target == old and self._is_inside(relationship):
                self._take_along(relationship, target, claim.source)
            else:
                source = target if relationship.source == old else relationship.source
                end = target if relationship.target == old else relationship.target
                self._hand_over(relationship, source, end, claim.source)

    def _is_inside(self, relationship: Relationship) -> bool:
        dependent = self._workspace.ci(relationship.source)
        return self._registry.get(dependent.class_name).host_relationship == relationship.type

    def _take_along(self, relationship: Relationship, target: str, source: str) -> None:
        workspace = self._workspace
        dependent = workspace.ci(relationship.source)
        claims = workspace.claims_of(dependent.id)
        mine = [claim for claim in claims if claim.source == source]
        if len(mine) == len(claims):
            moved = dependent.id
            for full in self._names(dependent, claims, relationship.target):
                workspace.disown(full, moved)
        else:
            moved = self._make_id(self._now)
            workspace.make(CI(id=moved, class_name=dependent.class_name, name=dependent.name, created_at=self._now))
            for claim in mine:
                workspace.put_claim(msgspec.structs.replace(claim, ci=moved))
        self._hand_over(relationship, moved, target, source)
        for full in self._names(dependent, mine, target):
            twins = workspace.owners(full) - {moved}
            workspace.own(full, moved)
            for twin in sorted(twins):
                moved = join(workspace, self._registry, twin, moved)
                workspace.owners(full).intersection_update({moved})
                workspace.own(full, moved)

    @staticmethod
    def _names(dependent: CI, claims: list[Claim], host: str) -> list[str]:
        names = sorted({dependent.name, *(claim.name for claim in claims if claim.name)})
        return [inside_key(host, dependent.class_name, name) for name in names]

    def _hand_over(self, relationship: Relationship, source: str, target: str, by: str) -> None:
        """Have `by` claim the relationship between these two in place of where it claimed it."""
        workspace = self._workspace
        seen = workspace.last_seen(f"{relationship.id}@{by}")
        rest = {name: confidence for name, confidence in relationship.claimed.items() if name != by}
        if rest:
            missing = {name: times for name, times in relationship.missing_at.items() if name != by}
            workspace.put_relationship(
                msgspec.structs.replace(
                    relationship, claimed=rest, missing_at=missing, confidence=together(rest.values())
                )
            )
        else:
            workspace.end(Kind.RELATIONSHIP, relationship.id)
        if source == target:
            return
        id_ = Relationship.make_id(source, relationship.type, target)
        there = workspace.get(Kind.RELATIONSHIP, id_)
        before = there.claimed if isinstance(there, Relationship) else {}
        claimed = {**before, by: relationship.claimed[by]}
        workspace.put_relationship(
            msgspec.structs.replace(
                there if isinstance(there, Relationship) else relationship,
                id=id_,
                source=source,
                target=target,
                claimed=claimed,
                missing_at=there.missing_at if isinstance(there, Relationship) else {},
                confidence=together(claimed.values()),
            )
        )
        if seen is not None:
            workspace.see(f"{id_}@{by}", seen)
