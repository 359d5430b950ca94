"""From plain columns to a snapshot: sorted by id, relationships as entries of the nodes whose failure they carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from cmdb.entities import Redundancy
from impact.column import TextColumn
from impact.estate import Estate
from impact.groups import Group
from impact.kernel_pure import BILLION, GROUP, NEVER, OUT_OF_SERVICE
from impact.pool import Entries, Pool, join
from impact.snapshot import Snapshot
from impact.travel import TravelTable, to_source, to_target


def assemble(estate: Estate, travel: TravelTable) -> Snapshot:
    """A snapshot with no delta. A redundancy group whose `of` is no node waits in `absent`; a relationship to itself is left out.

    Cost: about 1 s for a million CIs and 2.3 million relationships.
    """
    travel = travel.with_types(estate.types)
    estate, ids = _sorted_by_id(estate)
    places = {id_: row for row, id_ in enumerate(ids)} if estate.redundancy else {}
    groups, absent = _resolve(estate.redundancy, places.get)
    type_codes = np.array([travel.codes[name] for name in estate.types], dtype=np.uint16)[estate.type_codes]
    memberships = _Memberships.of(groups, len(ids))
    node, is_passive, entries = _entries(estate, type_codes, travel, memberships)

    count = len(ids)
    order = np.argsort(node.astype(np.int64) * 2 + is_passive, kind="stable")
    per_node = np.bincount(node, minlength=count)
    active = np.bincount(node[~is_passive], minlength=count)
    end = np.cumsum(per_node)
    start = end - per_node
    groups_of: dict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        groups_of[group.owner].append(index)
    counted = memberships.counted(estate.lifecycle, len(groups))
    return frozen(
        Snapshot(
            revision=estate.revision,
            travel=travel,
            ids=TextColumn(ids),
            added={},
            added_ids=(),
            names=TextColumn(estate.names),
            renamed={},
            class_names=estate.class_names,
            class_codes=estate.class_codes,
            lifecycle=estate.lifecycle,
            order=np.arange(count, dtype=np.float64),
            start=start.astype(np.int32),
            active_end=(start + active).astype(np.int32),
            end=end.astype(np.int32),
            pool=Pool(entries.at(order)),
            groups=tuple(groups),
            group_index={group.entity.id: index for index, group in enumerate(groups)},
            groups_of={owner: tuple(indices) for owner, indices in groups_of.items()},
            group_owner=np.array([group.owner for group in groups], dtype=np.int32),
            group_tolerance=np.array(
                [group.tolerance(n) for group, n in zip(groups, counted.tolist(), strict=True)], dtype=np.int32
            ),
            group_count=counted,
            absent=absent,
            base_entries=len(node),
        )
    )


def frozen(snapshot: Snapshot) -> Snapshot:
    """The same snapshot, its arrays locked against writing."""
    for array in (
        snapshot.class_codes,
        snapshot.lifecycle,
        snapshot.order,
        snapshot.start,
        snapshot.active_end,
        snapshot.end,
        snapshot.group_owner,
        snapshot.group_tolerance,
        snapshot.group_count,
    ):
        array.flags.writeable = False
    return snapshot


def count_members(group: Group, lifecycle: NDArray[np.uint8]) -> int:
    """The n of the group: members that are neither planned, in stock, retired nor gone."""
    return sum(1 for member in group.members if lifecycle[member] < OUT_OF_SERVICE)


def resolve(entity: Redundancy, place: Callable[[str], int | None]) -> tuple[Group | None, frozenset[str]]:
    """The group over node numbers (None while its owner is no node), and the ids that are no nodes."""
    owner = place(entity.of)
    places = {place(id_) for id_ in entity.members}
    members = tuple(sorted(index for index in places if index is not None))
    absent = frozenset(id_ for id_ in entity.members if place(id_) is None) if None in places else frozenset[str]()
    if owner is None:
        return None, absent | {entity.of}
    return Group(entity, owner, members), absent


def best_of(relationships: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Confidence and sighting of the most confident, then newest, of these; without any 1.0 and never."""
    return max(
        relationships, key=lambda found: (found[0], -1 if found[1] == NEVER else found[1]), default=(BILLION, NEVER)
    )


def _sorted_by_id(estate: Estate) -> tuple[Estate, list[str]]:
    ids = estate.ids
    if all(a < b for a, b in pairwise(ids)):
        return estate, ids
    permutation = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int32)
    row = np.empty_like(permutation)
    row[permutation] = np.arange(len(ids), dtype=np.int32)
    order = permutation.tolist()
    moved = Estate(
        revision=estate.revision,
        ids=[ids[i] for i in order],
        names=[estate.names[i] for i in order],
        class_names=estate.class_names,
        class_codes=estate.class_codes[permutation],
        lifecycle=estate.lifecycle[permutation],
        source=row[estate.source],
        target=row[estate.target],
        types=estate.types,
        type_codes=estate.type_codes,
        confidence=estate.confidence,
        seen=estate.seen,
        redundancy=estate.redundancy,
    )
    return moved, moved.ids


def _resolve(
    redundancy: tuple[Redundancy, ...], place: Callable[[str], int | None]
) -> tuple[list[Group], dict[str, tuple[Redundancy, ...]]]:
    groups = []
    absent: dict[str, tuple[Redundancy, ...]] = {}
    for entity in sorted(redundancy, key=lambda entity: entity.id):
        group, missing = resolve(entity, place)
        if group is not None:
            groups.append(group)
        for id_ in missing:
            absent[id_] = (*absent.get(id_, ()), entity)
    return groups, absent


@dataclass(frozen=True, slots=True)
class _Memberships:
    """Members of all groups, one a row: node, group, and the key of its pair with the owner."""

    node: NDArray[np.int32]
    group: NDArray[np.int32]
    pair: NDArray[np.int64]

    @classmethod
    def of(cls, groups: list[Group], count: int) -> _Memberships:
        sizes = np.fromiter((len(group.members) for group in groups), np.int32, len(groups))
        node = np.fromiter(chain.from_iterable(group.members for group in groups), np.int32, int(sizes.sum()))
        index = np.repeat(np.arange(len(groups), dtype=np.int32), sizes)
        owner = np.repeat(np.fromiter((group.owner for group in groups), np.int32, len(groups)), sizes)
        return cls(node, index, _pair_keys(node, owner, count))

    def counted(self, lifecycle: NDArray[np.uint8], groups: int) -> NDArray[np.int32]:
        """The n of each group: members that are neither planned, in stock, retired nor gone."""
        return np.bincount(self.group[lifecycle[self.node] < OUT_OF_SERVICE], minlength=groups).astype(np.int32)


def _pair_keys(a: NDArray[np.int32], b: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = np.minimum(a, b).astype(np.int64) * count + np.maximum(a, b)
    return keys


def _find(sorted_keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each key is, and whether it is there at all."""
    if not len(sorted_keys):
        return np.zeros(len(wanted), np.intp), np.zeros(len(wanted), np.bool_)
    at = np.searchsorted(sorted_keys, wanted)
    at[at == len(sorted_keys)] = 0
    return at, sorted_keys[at] == wanted


def _entries(
    estate: Estate, type_codes: NDArray[np.uint16], travel: TravelTable, memberships: _Memberships
) -> tuple[NDArray[np.int32], NDArray[np.bool_], Entries]:
    """(node, whether it carries nothing, entry): each relationship at its target, and at its source if that carries failure."""
    kept = np.flatnonzero(estate.source != estate.target)
    source, target, codes = estate.source[kept], estate.target[kept], type_codes[kept]
    confidence, seen = estate.confidence[kept], estate.seen[kept]
    pairs = _pair_keys(source, target, len(estate.ids))
    _, is_void = _find(np.unique(memberships.pair), pairs)

    kind = (to_source(0) + 2 * codes).astype(np.uint16)
    at_target = Entries(source, kind, confidence, seen)
    kind = (to_target(0) + 2 * codes).astype(np.uint16)
    carries = np.flatnonzero((travel.effects[kind] != 0) & ~is_void)
    at_source = Entries(target, kind, confidence, seen).at(carries)
    is_passive = is_void | (travel.effects[at_target.kind] == 0)
    at_members = _at_members(memberships, pairs[is_void], at_target.at(is_void))
    node = np.concatenate([target, source[carries], memberships.node])
    passive = np.concatenate([is_passive, np.zeros(len(carries) + len(memberships.node), dtype=np.bool_)])
    return node, passive, join([at_target, at_source, at_members])


def _at_members(memberships: _Memberships, pairs: NDArray[np.int64], between: Entries) -> Entries:
    """The groups' entries, with `best_of` the relationships between each member and the owner."""
    newest = np.where(between.seen == NEVER, -1, between.seen)
    order = np.lexsort((newest, between.confidence, pairs))
    ordered = pairs[order]
    is_best = np.ones(len(order), np.bool_)
    is_best[:-1] = ordered[1:] != ordered[:-1]
    best = between.at(order[is_best])
    at, is_found = _find(ordered[is_best], memberships.pair)
    confidence = np.full(len(at), BILLION, np.uint32)
    seen = np.full(len(at), NEVER, np.int64)
    confidence[is_found] = best.confidence[at[is_found]]
    seen[is_found] = best.seen[at[is_found]]
    return Entries(memberships.group, np.full(len(at), GROUP, np.uint16), confidence, seen)
