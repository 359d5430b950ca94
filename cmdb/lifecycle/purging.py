"""Purge: what was retired long enough is removed for good, and what hangs on it is kept, moved or purged with it.

The rule (docs/guides/lifecycle.md):

- purged with it: what is inside it at any depth, whatever its lifecycle, and the ids that were merged into it; their claims;
  review items about nothing else; redundancy groups of its own;
- moved: redundancy groups that it was one of several members of go on without it; review items that name others too;
- kept: whatever depends on it or is connected to it, less the relationship; parked drafts; runs.

Its id, class and revisions stay, so that history and evidence that name it read `purged` and nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import cast

import msgspec

from cmdb.amending import Amender
from cmdb.changeset import ChangeSet, Revision
from cmdb.entities import CI, Claim, Kind, Lifecycle, Relationship, Review
from cmdb.errors import Conflict, NotFound
from cmdb.reconcile.deletion import parts_of
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.workspace import Workspace
from cmdb.store.erasure import Erasure
from cmdb.store.protocol import Store
from cmdb.store.walking import every, every_change

NAME = "purged"
"""What a purged CI is called in the past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """What purging one CI does: every list in id order."""

    ci: CI
    retired_since: dt.datetime
    purged: tuple[CI, ...]
    """What goes with it, parts and ids merged into it."""
    kept: tuple[tuple[Relationship, CI], ...]
    """What it was related to, with the relationship that ends."""
    groups_ended: int = 0
    groups_moved: int = 0


class Purging:
    """Plans and does purges on one store."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender
        self._store = amender.store

    def plan(self, ci: str, *, retired_for: dt.timedelta) -> Purge:
        """What purging a CI would do; writes nothing. Raises `Conflict` unless it was retired for so long and nobody claims it."""
        return self._purge(self._amender.workspace(), ci, retired_for)

    def due(self, *, retired_for: dt.timedelta) -> Iterator[CI]:
        """CIs that were retired for so long and that no source claims, in id order; reads all CIs."""
        for ci in every(self._store, CI):
            if ci.lifecycle is not Lifecycle.RETIRED or ci.merged_into is not None:
                continue
            try:
                self._check(ci, retired_for)
            except Conflict:
                continue
            yield ci

    def purge(self, ci: str, *, retired_for: dt.timedelta, by: str) -> tuple[Purge, Revision]:
        """Purge a CI, present and past, in one transaction; raises as `plan`."""
        planned: list[Purge] = []

        def change(workspace: Workspace) -> None:
            planned.append(self._purge(workspace, ci, retired_for))

        def commit(change_set: ChangeSet) -> Revision:
            names = {one.id: NAME for one in (planned[-1].ci, *planned[-1].purged)}
            return self._store.erase(change_set, Erasure(cis=names))

        revision = self._amender.amend(change, by=by, reason=f"purged {ci}", commit=commit)
        assert revision is not None
        return planned[-1], revision

    def _check(self, ci: CI, retired_for: dt.timedelta) -> dt.datetime:
        """Since when a CI is retired."""
        if ci.lifecycle is not Lifecycle.RETIRED:
            raise Conflict(
                f"{ci.class_name} {ci.name!r} is {ci.lifecycle}, and only what is retired is purged;"
                f" delete it first: cmdb delete {ci.id} --reason TEXT",
                ids=[ci.id],
            )
        claims = (cast("Claim", entity) for entity in self._store.find(Kind.CLAIM, "ci", (ci.id,)))
        claiming = sorted(
            {one.source for one in claims if one.withdrawn_at is None and not one.source.startswith(PERSON_PREFIX)}
        )
        if claiming:
            raise Conflict(
                f"{ci.class_name} {ci.name!r} is still claimed by {', '.join(claiming)}, and would come back;"
                f" delete it first: cmdb delete {ci.id} --reason TEXT",
                ids=[ci.id],
            )
        since = retired_since(self._store, ci.id)
        if self._amender.clock() - since < retired_for:
            raise Conflict(
                f"{ci.class_name} {ci.name!r} is retired since {since:%Y-%m-%d}, less than {retired_for.days} days;"
                " wait, or give --retired-for DAYS",
                ids=[ci.id],
            )
        return since

    def _purge(self, workspace: Workspace, id_: str, retired_for: dt.timedelta) -> Purge:
        ci = workspace.get(Kind.CI, id_)
        if not isinstance(ci, CI):
            raise NotFound(f"no CI has the id {id_}", ids=[id_])
        since = self._check(ci, retired_for)
        parts = parts_of(workspace, self._amender.registry, id_)
        ids = [id_, *parts]
        ids += self._merged_into(ids)
        others = _unrelate(workspace, ids)
        groups = _regroup(workspace, ids)
        self._end_reviews(workspace, ids)
        for one in ids:
            for claim in workspace.claims_of(one):
                workspace.end(Kind.CLAIM, claim.id)
        for key in self._store.keys_of(ids):
            for one in ids:
                workspace.disown(key, one)
        gone = tuple(cast("CI", workspace.get(Kind.CI, one)) for one in sorted(ids[1:]))
        for one in ids:
            workspace.end(Kind.CI, one)
        return Purge(
            ci=ci, retired_since=since, purged=gone, kept=others, groups_ended=groups[0], groups_moved=groups[1]
        )

    def _merged_into(self, ids: Collection[str]) -> list[str]:
        found: list[str] = []
        waiting: Collection[str] = ids
        while waiting:
            waiting = [entity.id for entity in self._store.find(Kind.CI, "merged_into", waiting)]
            found += waiting
        return found

    def _end_reviews(self, workspace: Workspace, ids: Collection[str]) -> None:
        for item in self._store.find(Kind.REVIEW, "cis", ids):
            found = workspace.get(Kind.REVIEW, item.id)
            if not isinstance(found, Review):
                continue
            left = tuple(ci for ci in found.cis if ci not in ids)
            if left:
                workspace.put(Kind.REVIEW, msgspec.structs.replace(found, cis=left))
            else:
                workspace.end(Kind.REVIEW, item.id)


def without_parts(plans: Collection[Purge]) -> list[Purge]:
    """The plans, less those of what goes with another."""
    with_others = {part.id for plan in plans for part in plan.purged}
    return [plan for plan in plans if plan.ci.id not in with_others]


def _unrelate(workspace: Workspace, ids: Collection[str]) -> tuple[tuple[Relationship, CI], ...]:
    """End every relationship of these CIs; those to others, each with the other."""
    others: dict[str, tuple[Relationship, CI]] = {}
    for id_ in ids:
        for relationship in workspace.touching(id_):
            other = relationship.target if relationship.source == id_ else relationship.source
            if other not in ids:
                others[relationship.id] = (relationship, workspace.ci(other))
            workspace.end(Kind.RELATIONSHIP, relationship.id)
    return tuple(others[id_] for id_ in sorted(others))


def _regroup(workspace: Workspace, ids: Collection[str]) -> tuple[int, int]:
    """End the redundancy groups of these CIs and take them out of others; how many ended, how many go on."""
    ended = moved = 0
    for id_ in ids:
        for group in workspace.groups_of(id_):
            left = tuple(member for member in group.members if member not in ids)
            if group.of in ids or not left:
                workspace.end(Kind.REDUNDANCY, group.id)
                ended += 1
            else:
                workspace.put(Kind.REDUNDANCY, msgspec.structs.replace(group, members=left))
                moved += 1
    return ended, moved


def retired_since(store: Store, ci: str) -> dt.datetime:
    """When a retired CI was last retired."""
    since: dt.datetime | None = None
    for change in every_change(store, Kind.CI, ci):
        is_retired = isinstance(change.after, CI) and change.after.lifecycle is Lifecycle.RETIRED
        if not is_retired:
            since = None
        elif since is None:
            since = change.at
    assert since is not None, ci
    return since
