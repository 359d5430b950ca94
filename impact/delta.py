"""The next snapshot from the last one and what the change feed says, without rebuilding the base.

Only the nodes that changes touch get new entries, written behind the last snapshot's; whoever reads that one goes on undisturbed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cmdb.changeset import Change
from cmdb.entities import CI, Entity, Kind, Redundancy, Relationship
from impact.assembly import best_of, count_members, frozen, resolve
from impact.estate import billionths
from impact.groups import UNLIMITED, Group
from impact.kernel_pure import GROUP, NEVER
from impact.pool import Entries, join, rows
from impact.snapshot import GONE, LIFECYCLE_CODES, Snapshot
from impact.travel import TravelTable, to_source, to_target

Sightings = Callable[[Collection[Relationship]], dict[str, int]]
"""Last sightings in µs by relationship id; never sighted ones are left out."""

_T = TypeVar("_T", bound=np.generic)
_COMPACT_SHARE = 20
"""One entry (or node) in so many may be part of the delta: 5 %."""
_COMPACT_FLOOR = 1024


def needs_compaction(snapshot: Snapshot) -> bool:
    """Whether the delta has outgrown its share of the base."""
    entries = len(snapshot.pool) - snapshot.base_entries
    nodes = len(snapshot.added_ids) + len(snapshot.renamed)
    return entries > max(_COMPACT_FLOOR, snapshot.base_entries // _COMPACT_SHARE) or nodes > max(
        _COMPACT_FLOOR, len(snapshot.ids) // _COMPACT_SHARE
    )


def advance(snapshot: Snapshot, changes: Sequence[Change], sightings: Sightings) -> Snapshot:
    """The snapshot after these changes (whole revisions, oldest first); applying changes twice does no harm.

    A relationship whose ends are no nodes is left out. Cost: the entries of the nodes touched, plus a copy of the arrays by node.
    """
    if not changes:
        return snapshot
    # only the last state of each thing matters; CIs go first, since a relationship may precede its end in the feed
    last: dict[Kind, dict[str, Change]] = {Kind.CI: {}, Kind.RELATIONSHIP: {}, Kind.REDUNDANCY: {}}
    for change in changes:
        if change.kind in last:
            last[change.kind][change.id] = change
    revision = changes[-1].revision
    if not any(last.values()):
        return replace(snapshot, revision=revision)
    work = _Work(snapshot)
    work.set_nodes(last[Kind.CI].values())
    work.set_relationships(last[Kind.RELATIONSHIP].values(), sightings)
    work.set_groups(last[Kind.REDUNDANCY].values())
    return work.finish(revision)


@dataclass
class _Work:
    """One step from snapshot to snapshot; holds copies of what it changes."""

    old: Snapshot
    partners: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Nodes between which relationships or groups change, both ways round."""
    relationships: dict[tuple[int, int, int], tuple[int, int] | None] = field(default_factory=dict)
    """(source, target, type code) → confidence and sighting, None for ended ones."""
    recounted: set[int] = field(default_factory=set)
    """Groups whose members, or whose members' lifecycles, change."""

    def __post_init__(self) -> None:
        old = self.old
        self.added = dict(old.added)
        self.added_ids = list(old.added_ids)
        self.renamed = dict(old.renamed)
        self.class_names = list(old.class_names)
        self.class_codes = old.class_codes.copy()
        self.lifecycle = old.lifecycle.copy()
        self.travel: TravelTable = old.travel
        self.groups = list(old.groups)
        self.group_index = dict(old.group_index)
        self.groups_of = dict(old.groups_of)
        self.absent = dict(old.absent)
        self.revived: set[str] = set()

    def place(self, id_: str) -> int | None:
        index = self.old.place(id_)
        return self.added.get(id_) if index is None else index

    def set_nodes(self, changes: Iterable[Change]) -> None:
        fresh: list[CI] = []
        for change in changes:
            ci = change.after
            index = self.place(change.id)
            if isinstance(ci, CI) and ci.merged_into is None:
                if index is None:
                    fresh.append(ci)
                else:
                    self._describe(index, ci)
            elif index is not None:
                self._move(index, GONE)
        if fresh:
            base = len(self.lifecycle)
            self.class_codes = np.concatenate([self.class_codes, np.zeros(len(fresh), np.uint16)])
            self.lifecycle = np.concatenate([self.lifecycle, np.full(len(fresh), GONE, np.uint8)])
            for index, ci in enumerate(fresh, start=base):
                self.added[ci.id] = index
                self.added_ids.append(ci.id)
                self._describe(index, ci)
                if ci.id in self.absent:
                    self.revived.add(ci.id)

    def _describe(self, index: int, ci: CI) -> None:
        is_new = index >= self.old.node_count
        if is_new or self.old.name_of(index) != ci.name:
            self.renamed[index] = ci.name
        if ci.class_name not in self.class_names:
            self.class_names.append(ci.class_name)
        self.class_codes[index] = self.class_names.index(ci.class_name)
        self._move(index, LIFECYCLE_CODES[ci.lifecycle])

    def _move(self, index: int, code: int) -> None:
        if self.lifecycle[index] == code:
            return
        self.lifecycle[index] = code
        if index < self.old.node_count:
            entries = self._entries(index)
            self.recounted.update(entries.other[entries.kind == GROUP].tolist())

    def set_relationships(self, changes: Collection[Change], sightings: Sightings) -> None:
        alive = [change.after for change in changes if isinstance(change.after, Relationship)]
        self.travel = self.travel.with_types({relationship.type for relationship in alive})
        seen = sightings(alive) if alive else {}
        for change in changes:
            relationship = change.before if change.after is None else change.after
            if not isinstance(relationship, Relationship):
                continue
            source, target = self.place(relationship.source), self.place(relationship.target)
            code = self.travel.codes.get(relationship.type)
            if source is None or target is None or source == target or code is None:
                continue
            self._touch(source, target)
            self.relationships[source, target, code] = (
                None
                if change.after is None
                else (billionths(relationship.confidence), seen.get(relationship.id, NEVER))
            )

    def set_groups(self, changes: Iterable[Change]) -> None:
        entities: dict[str, Entity | None] = {
            entity.id: entity for id_ in self.revived for entity in self.absent.pop(id_)
        }
        entities |= {change.id: change.after for change in changes}
        for id_, entity in sorted(entities.items()):
            self.absent = {
                key: rest for key, known in self.absent.items() if (rest := tuple(e for e in known if e.id != id_))
            }
            self._set_group(id_, entity if isinstance(entity, Redundancy) else None)

    def _set_group(self, id_: str, entity: Redundancy | None) -> None:
        after: Group | None = None
        if entity is not None:
            after, missing = resolve(entity, self.place)
            for absent_id in missing:
                self.absent[absent_id] = (*self.absent.get(absent_id, ()), entity)
        index = self.group_index.setdefault(id_, len(self.groups))
        if index == len(self.groups):
            self.groups.append(None)
        before = self.groups[index]
        if before is not None:
            self.groups_of[before.owner] = tuple(g for g in self.groups_of[before.owner] if g != index)
        if after is not None:
            self.groups_of[after.owner] = (*self.groups_of.get(after.owner, ()), index)
        for group in (before, after):
            if group is not None:
                for member in group.members:
                    self._touch(group.owner, member)
        self.groups[index] = after
        self.recounted.add(index)

    def _touch(self, a: int, b: int) -> None:
        self.partners[a].add(b)
        self.partners[b].add(a)

    def _entries(self, index: int) -> Entries:
        if index >= self.old.node_count:
            return self.old.pool.entries.at(slice(0, 0))
        return self.old.pool.entries.at(slice(int(self.old.start[index]), int(self.old.end[index])))

    def finish(self, revision: int) -> Snapshot:
        old = self.old
        group_owner = _grown(old.group_owner, len(self.groups), -1)
        group_tolerance = _grown(old.group_tolerance, len(self.groups), UNLIMITED)
        group_count = _grown(old.group_count, len(self.groups), 0)
        for index in self.recounted:
            group = self.groups[index]
            if group is None:
                group_tolerance[index] = UNLIMITED
                continue
            group_owner[index] = group.owner
            group_count[index] = count_members(group, self.lifecycle)
            group_tolerance[index] = group.tolerance(int(group_count[index]))
        count = len(self.lifecycle)
        start, active_end, end = (_grown(array, count, 0) for array in (old.start, old.active_end, old.end))
        pool = old.pool
        if self.partners:
            parts = []
            at = len(pool)
            for node, active, passive in self._rewired():
                start[node] = at
                active_end[node] = at + len(active)
                end[node] = at = at + len(active) + len(passive)
                parts += [active, passive]
            pool = pool.extended(join(parts))
        return frozen(
            replace(
                old,
                revision=revision,
                travel=self.travel,
                added=self.added,
                added_ids=self.added_ids,
                renamed=self.renamed,
                class_names=tuple(self.class_names),
                class_codes=self.class_codes,
                lifecycle=self.lifecycle,
                order=old.order if count == old.node_count else _ordered(old, self.added),
                start=start,
                active_end=active_end,
                end=end,
                pool=pool,
                groups=tuple(self.groups),
                group_index=self.group_index,
                groups_of=self.groups_of,
                group_owner=group_owner,
                group_tolerance=group_tolerance,
                group_count=group_count,
                absent=self.absent,
            )
        )

    def _rewired(self) -> Iterator[tuple[int, Entries, Entries]]:
        """(node, entries that carry failure, the rest) of every touched node."""
        kept: dict[int, tuple[Entries, Entries]] = {}
        current: dict[tuple[int, int, int], tuple[int, int]] = {}
        for node, partners in self.partners.items():
            entries = self._entries(node)
            is_group = entries.kind == GROUP
            other = entries.other.copy()
            other[is_group] = self.old.group_owner[entries.other[is_group]]
            is_touched = np.isin(other, np.fromiter(partners, np.int32, len(partners)))
            is_active = np.arange(len(entries)) < self._active(node)
            kept[node] = entries.at(~is_touched & is_active), entries.at(~is_touched & ~is_active)
            for entry in np.flatnonzero(is_touched & ~is_group & (entries.kind & 1 == to_source(0) & 1)).tolist():
                code = (int(entries.kind[entry]) - to_source(0)) // 2
                found = int(entries.confidence[entry]), int(entries.seen[entry])
                current[int(entries.other[entry]), node, code] = found
        for key, wanted in self.relationships.items():
            if wanted is None:
                current.pop(key, None)
            else:
                current[key] = wanted
        between: dict[tuple[int, int], list[tuple[int, int, int, int, int]]] = defaultdict(list)
        for (source, target, code), (confidence, seen) in current.items():
            between[min(source, target), max(source, target)].append((source, target, code, confidence, seen))
        members = {
            index: frozenset(group.members)
            for node in self.partners
            for index in self.groups_of.get(node, ())
            if (group := self.groups[index]) is not None
        }
        for node, partners in self.partners.items():
            active: list[tuple[int, int, int, int]] = []
            passive: list[tuple[int, int, int, int]] = []
            for partner in partners:
                relationships = between.get((min(node, partner), max(node, partner)), [])
                groups = [index for index in self.groups_of.get(partner, ()) if node in members[index]]
                is_void = bool(groups) or any(partner in members[g] for g in self.groups_of.get(node, ()))
                for source, target, code, confidence, seen in relationships:
                    if target == node:
                        kind = to_source(code)
                        carries = not is_void and self.travel.effects[kind]
                        (active if carries else passive).append((source, kind, confidence, seen))
                    elif not is_void and self.travel.effects[to_target(code)]:
                        active.append((target, to_target(code), confidence, seen))
                best = best_of((confidence, seen) for _, _, _, confidence, seen in relationships)
                active += [(index, GROUP, *best) for index in groups]
            still_active, still_passive = kept[node]
            yield node, join([still_active, rows(active)]), join([still_passive, rows(passive)])

    def _active(self, node: int) -> int:
        return int(self.old.active_end[node] - self.old.start[node]) if node < self.old.node_count else 0


def _grown(array: NDArray[_T], length: int, fill: int) -> NDArray[_T]:
    grown = np.full(length, fill, dtype=array.dtype)
    grown[: len(array)] = array
    return grown


def _ordered(old: Snapshot, added: Mapping[str, int]) -> NDArray[np.float64]:
    """Sort keys by id: those of the base are whole numbers, those of later nodes lie between their neighbours'."""
    order = _grown(old.order, len(old.ids) + len(added), 0)
    gaps: defaultdict[int, list[int]] = defaultdict(list)
    for id_ in sorted(added):
        gaps[old.ids.bisect(id_)].append(added[id_])
    for place, nodes in gaps.items():
        for rank, node in enumerate(nodes, start=1):
            order[node] = place - 1 + rank / (len(nodes) + 1)
    return order
