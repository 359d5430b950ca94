"""What was taken away comes back beside what was said since: claims, relationships and groups."""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from cmdb.entities import CI, Claim, Kind, Redundancy, Relationship
from cmdb.reconcile.claims import is_edit
from cmdb.reconcile.confidence import together
from cmdb.reconcile.joins import group_id
from cmdb.reconcile.retelling import joined
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry
from cmdb.store.protocol import Seen

SeenThen = Callable[[Collection[str]], dict[str, Seen]]


def drop_claim(workspace: Workspace, claim: Claim) -> None:
    """End a claim with the keys that only it gave its CI."""
    silent = msgspec.structs.replace(claim, identifiers={}, values={}, name=None)
    workspace.put_claim(silent)
    workspace.end_claim(silent)


def bring_back_claim(workspace: Workspace, registry: Registry, before: Claim, seen: Seen | None) -> None:
    """A claim that was taken away; what its record said since stands, each older word beside it with its own age."""
    current = workspace.get(Kind.CLAIM, before.id)
    now = workspace.snapshot.seen(before.id)
    if isinstance(current, Claim) and now is not None and seen is not None:
        older, newer = (before, current) if seen.last_at <= now.last_at else (current, before)
        older_at, newer_at = sorted((seen.last_at, now.last_at))
        both = joined(newer, newer_at, older, older_at, registry)
        workspace.put_claim(msgspec.structs.replace(both, ci=current.ci))
        workspace.see_anew(before.id, Seen(min(seen.first_at, now.first_at), newer_at))
        return
    if isinstance(current, Claim) and is_edit(before):
        workspace.put_claim(msgspec.structs.replace(current, values={**before.values, **current.values}))
        return
    ci = _living(workspace, current.ci if isinstance(current, Claim) else before.ci)
    if ci is not None:
        workspace.put_claim(msgspec.structs.replace(before, ci=ci))
        workspace.see_anew(before.id, seen)


def bring_back_relationship(
    workspace: Workspace, before: Relationship, after: Relationship | None, seen_then: SeenThen
) -> None:
    """What sources said of a relationship and was taken away, on the CIs that its ends are now."""
    lost = {name: said for name, said in before.claimed.items() if after is None or name not in after.claimed}
    source, target = _living(workspace, before.source), _living(workspace, before.target)
    if not lost or source is None or target is None or source == target:
        return
    id_ = Relationship.make_id(source, before.type, target)
    there = workspace.get(Kind.RELATIONSHIP, id_)
    claimed = {**lost, **(there.claimed if isinstance(there, Relationship) else {})}
    known = there if isinstance(there, Relationship) else before
    workspace.put_relationship(
        msgspec.structs.replace(
            known,
            id=id_,
            source=source,
            target=target,
            attributes={**before.attributes, **known.attributes},
            claimed=claimed,
            confidence=together(claimed.values()),
        )
    )
    _see(workspace, before.id, id_, lost, seen_then)


def bring_back_group(workspace: Workspace, before: Redundancy, after: Redundancy | None, seen_then: SeenThen) -> None:
    """The word of sources for a redundancy group that was taken away."""
    lost = [name for name in before.sources if after is None or name not in after.sources]
    of = _living(workspace, before.of)
    members = [_living(workspace, member) for member in before.members]
    here = tuple(dict.fromkeys(member for member in members if member is not None))
    if not lost or of is None or not here:
        return
    id_ = group_id(of, here, before.name)
    there = workspace.get(Kind.REDUNDANCY, id_)
    known = there if isinstance(there, Redundancy) else msgspec.structs.replace(before, sources=())
    sources = tuple(sorted({*known.sources, *lost}))
    members_now = known.members if isinstance(there, Redundancy) else here
    workspace.put(Kind.REDUNDANCY, msgspec.structs.replace(known, id=id_, of=of, members=members_now, sources=sources))
    _see(workspace, before.id, id_, lost, seen_then)


def _see(workspace: Workspace, old: str, new: str, sources: Collection[str], seen_then: SeenThen) -> None:
    then = seen_then([f"{old}@{source}" for source in sources])
    for source in sources:
        seen, now = then.get(f"{old}@{source}"), workspace.snapshot.seen(f"{new}@{source}")
        if seen is not None and now is not None:
            seen = Seen(min(seen.first_at, now.first_at), max(seen.last_at, now.last_at))
        if seen is not None:
            workspace.see_anew(f"{new}@{source}", seen)


def _living(workspace: Workspace, ci: str) -> str | None:
    return workspace.living(ci) if isinstance(workspace.get(Kind.CI, ci), CI) else None
