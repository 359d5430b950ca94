"""When relationships were last seen: sightings that change nothing else do not pass through the change feed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cmdb.entities import Kind, Relationship
from cmdb.store.protocol import PAGE_LIMIT, Store
from impact.estate import billionths, microseconds
from impact.groups import Group
from impact.kernel_pure import GROUP, NEVER
from impact.rows import relationship_of
from impact.snapshot import Snapshot
from impact.travel import to_source, to_target


def newest_touch(store: Store) -> int:
    """The number of the newest touch, 0 without any; found by doubling, in twice as many reads as the number has bits."""
    high = 1
    while store.touches(after=high - 1, limit=1):
        high *= 2
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        if store.touches(after=middle - 1, limit=1):
            low = middle
        else:
            high = middle
    return low


def with_sightings(store: Store, snapshot: Snapshot, *, after: int) -> tuple[Snapshot, int, int]:
    """The snapshot with all sightings after a touch number, the newest number, and how many relationships moved."""
    last: dict[str, int] = {}
    while page := store.touches(after=after, limit=100):
        for touch in page:
            at = microseconds(touch.at)
            for subject in touch.subjects:
                id_ = relationship_of(subject)
                if id_ is not None:
                    last[id_] = max(at, last.get(id_, 0))
        after = page[-1].number
    if not last:
        return snapshot, after, 0
    seen = snapshot.pool.entries.seen.copy()
    ids = list(last)
    moved = 0
    for first in range(0, len(ids), PAGE_LIMIT):
        for id_, entity in store.get_many(Kind.RELATIONSHIP, ids[first : first + PAGE_LIMIT]).items():
            if isinstance(entity, Relationship) and _set_seen(snapshot, seen, entity, last[id_]):
                moved += 1
    return replace(snapshot, pool=snapshot.pool.with_seen(seen)), after, moved


def _set_seen(snapshot: Snapshot, seen: np.typing.NDArray[np.int64], relationship: Relationship, at: int) -> bool:
    source, target = snapshot.find(relationship.source), snapshot.find(relationship.target)
    code = snapshot.travel.codes.get(relationship.type)
    if source is None or target is None or code is None:
        return False
    entries = snapshot.pool.entries
    confidence = billionths(relationship.confidence)
    is_moved = False
    for node, partner, kind in ((target, source, to_source(code)), (source, target, to_target(code))):
        for entry in range(int(snapshot.start[node]), int(snapshot.end[node])):
            if entries.kind[entry] == GROUP:
                # the group's entry speaks of the most confident relationship between the two
                is_same = entries.confidence[entry] == confidence and _joins(
                    snapshot.groups[entries.other[entry]], node, partner
                )
            else:
                is_same = entries.kind[entry] == kind and entries.other[entry] == partner
            if is_same and (seen[entry] == NEVER or seen[entry] < at):
                seen[entry] = at
                is_moved = True
    return is_moved


def _joins(group: Group | None, member: int, owner: int) -> bool:
    return group is not None and group.owner == owner and member in group.members
