"""A join undone: what moved goes back, as a new revision, and later runs keep the two apart.

The join's own revision holds the states before it; nothing else is needed. What others changed since stays with the claims that they changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import msgspec

from cmdb.changeset import Change
from cmdb.entities import CI, Claim, Kind, Redundancy, Relationship
from cmdb.errors import Conflict
from cmdb.identity.keys import inside_key
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry


def joining_change(history: Iterable[Change]) -> Change:
    """The newest change by which a CI was merged into another; raises `Conflict` when it is not merged."""
    newest: Change | None = None
    for change in history:
        before, after = cast("CI | None", change.before), cast("CI | None", change.after)
        if after is not None and after.merged_into is not None and (before is None or before.merged_into is None):
            newest = change
        elif after is None or after.merged_into is None:
            newest = None
    if newest is None:
        raise Conflict("this CI is not merged into another, so there is nothing to undo")
    return newest


def unjoin(workspace: Workspace, registry: Registry, joined: Change, revision: Iterable[Change]) -> None:
    """Put back everything that the join of `joined` moved; `revision` are all changes of the join's revision."""
    changes = tuple(revision)
    before = cast("CI", joined.before)
    kept = workspace.ci(str(cast("CI", joined.after).merged_into))
    gone = _with_dependents(before.id, kept.id, changes, registry)
    for ci_id in sorted(gone):
        restored = gone[ci_id]
        if ci_id == before.id:
            restored = msgspec.structs.replace(restored, kept_apart_from=_with(restored.kept_apart_from, kept.id))
        workspace.put(Kind.CI, restored)
        workspace.touch(ci_id)
    workspace.put(Kind.CI, msgspec.structs.replace(kept, kept_apart_from=_with(kept.kept_apart_from, before.id)))
    workspace.touch(kept.id)
    made = {change.id for change in changes if change.kind is Kind.RELATIONSHIP and change.before is None}
    for change in changes:
        if change.kind is Kind.CLAIM:
            _claim_back(workspace, change, gone)
        elif change.kind is Kind.RELATIONSHIP:
            _relationship_back(workspace, registry, change, gone, made)
        elif change.kind is Kind.REDUNDANCY:
            _group_back(workspace, change, gone, kept.id)


def _with_dependents(root: str, kept: str, changes: tuple[Change, ...], registry: Registry) -> dict[str, CI]:
    """The merged CI and the twins inside the two, of which the older remained, as they were before, by id."""
    merged = {
        change.id: change.before
        for change in changes
        if change.kind is Kind.CI
        and isinstance(change.before, CI)
        and isinstance(change.after, CI)
        and change.before.merged_into is None
        and change.after.merged_into is not None
    }
    inside = {
        relationship.source
        for change in changes
        if isinstance(relationship := change.before, Relationship)
        and relationship.target in (root, kept)
        and relationship.source in merged
        and registry.get(merged[relationship.source].class_name).host_relationship == relationship.type
    }
    return {id_: merged[id_] for id_ in {root, *inside} if id_ in merged}


def _with(ids: tuple[str, ...], more: str) -> tuple[str, ...]:
    return tuple(sorted({*ids, more}))


def _claim_back(workspace: Workspace, change: Change, gone: dict[str, CI]) -> None:
    before = change.before
    if not isinstance(before, Claim) or before.ci not in gone:
        return
    current = workspace.get(Kind.CLAIM, change.id)
    if isinstance(current, Claim):
        workspace.put_claim(msgspec.structs.replace(current, ci=before.ci))
    elif change.after is None:
        workspace.put_claim(before)


def _relationship_back(
    workspace: Workspace, registry: Registry, change: Change, gone: dict[str, CI], made: set[str]
) -> None:
    before, after = change.before, change.after
    if not isinstance(before, Relationship) or after is not None or not {before.source, before.target} & set(gone):
        return
    source, target = (_end(workspace, end, gone) for end in (before.source, before.target))
    if source is None or target is None:
        return
    restored = msgspec.structs.replace(
        before, id=Relationship.make_id(source, before.type, target), source=source, target=target
    )
    workspace.put_relationship(restored)
    moved_source, moved_target = (_merged_end(workspace, end, gone) for end in (before.source, before.target))
    dependent = gone.get(source) or workspace.get(Kind.CI, source)
    if isinstance(dependent, CI) and registry.get(dependent.class_name).host_relationship == before.type:
        if moved_target != target:
            workspace.disown(inside_key(moved_target, dependent.class_name, dependent.name), source)
        workspace.own(inside_key(target, dependent.class_name, dependent.name), source)
    moved = Relationship.make_id(moved_source, before.type, moved_target)
    # what the remaining CI had of its own it keeps
    if moved in made and moved != restored.id:
        workspace.end(Kind.RELATIONSHIP, moved)


def _end(workspace: Workspace, end: str, gone: dict[str, CI]) -> str | None:
    if end in gone:
        return end
    current = workspace.get(Kind.CI, end)
    return None if not isinstance(current, CI) or current.merged_into is not None else end


def _merged_end(workspace: Workspace, end: str, gone: dict[str, CI]) -> str:
    stored = workspace.snapshot.ci(end) if end in gone else None
    return stored.merged_into if stored is not None and stored.merged_into is not None else end


def _group_back(workspace: Workspace, change: Change, gone: dict[str, CI], kept: str) -> None:
    before = change.before
    if isinstance(before, Redundancy) and {before.of, *before.members} & set(gone):
        workspace.put(Kind.REDUNDANCY, before)
    elif (
        change.before is None
        and isinstance(change.after, Redundancy)
        and kept in {change.after.of, *change.after.members}
    ):
        workspace.end(Kind.REDUNDANCY, change.id)
