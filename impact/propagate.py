"""What a set of failures reaches: pure functions of a snapshot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impact.engine import Engine
from impact.kernel_pure import BLOCKED, IS_DOWN, UNTOUCHED
from impact.scratch import Scratch
from impact.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Affected nodes with their states (`IS_DOWN`, `IS_DEGRADED`), by position, the first `seed_count` being seeds.

    `hops` is -1 where no root leads to; `parents` are positions, -1 at roots; `entries` point into the snapshot's pool;
    `oldest` is in µs, `NEVER` where nothing was sighted. `failed` is the number of members that are down, by group.
    """

    seed_count: int
    nodes: NDArray[np.int32]
    states: NDArray[np.uint8]
    hops: NDArray[np.int32]
    parents: NDArray[np.int32]
    entries: NDArray[np.int32]
    confidence: NDArray[np.float64]
    oldest: NDArray[np.int64]
    failed: dict[int, int]


def propagate(
    snapshot: Snapshot,
    engine: Engine,
    scratch: Scratch,
    *,
    seeds: NDArray[np.int32],
    roots: NDArray[np.int32],
    not_impacted: Collection[int] = (),
    floor: int = 0,
) -> Reach:
    """The least set of CIs that are down or degraded when all `seeds` fail together, with shortest paths from `roots` (among the seeds).

    `floor` is the least confidence of a relationship, in billionths. Cost is linear in the entries of what is affected.
    """
    view = engine.view
    entries = snapshot.pool.entries
    slot, failed = view(scratch.slot), view(scratch.failed)
    count_nodes = snapshot.node_count
    nodes = np.empty(count_nodes, np.int32)
    states = np.empty(count_nodes, np.uint8)
    groups = np.empty(len(snapshot.group_owner), np.int32)
    start, active_end = view(snapshot.start), view(snapshot.active_end)
    other, kind, confidence = view(entries.other), view(entries.kind), view(entries.confidence)
    effects, lifecycle = view(snapshot.travel.effects), view(snapshot.lifecycle)
    owner, tolerance = view(snapshot.group_owner), view(snapshot.group_tolerance)
    for node in not_impacted:
        scratch.slot[node] = BLOCKED
    count = seed_count = group_count = 0
    try:
        count, seed_count, group_count = engine.propagate(
            start,
            active_end,
            other,
            kind,
            confidence,
            effects,
            lifecycle,
            owner,
            tolerance,
            view(seeds),
            floor,
            slot,
            failed,
            view(nodes),
            view(states),
            view(groups),
        )
        nodes, states, groups = nodes[:count].copy(), states[:count].copy(), groups[:group_count].copy()
        queue = np.empty(count, np.int32)
        hops = np.full(count, -1, np.int32)
        parents = np.full(count, -1, np.int32)
        by_entry = np.full(count, -1, np.int32)
        path_confidence = np.ones(count, np.float64)
        oldest = np.empty(count, np.int64)
        engine.explain(
            start,
            active_end,
            other,
            kind,
            confidence,
            view(entries.seen),
            effects,
            view(snapshot.order),
            owner,
            tolerance,
            view(roots),
            floor,
            slot,
            failed,
            view(nodes),
            view(states),
            view(queue),
            view(hops),
            view(parents),
            view(by_entry),
            view(path_confidence),
            view(oldest),
        )
        return Reach(
            seed_count=seed_count,
            nodes=nodes,
            states=states,
            hops=hops,
            parents=parents,
            entries=by_entry,
            confidence=path_confidence,
            oldest=oldest,
            failed=dict(zip(groups.tolist(), scratch.failed[groups].tolist(), strict=True)),
        )
    finally:
        scratch.slot[nodes[:count]] = UNTOUCHED
        scratch.failed[groups[:group_count]] = 0
        for node in not_impacted:
            scratch.slot[node] = UNTOUCHED


def find_down(
    snapshot: Snapshot,
    engine: Engine,
    scratch: Scratch,
    *,
    seeds: NDArray[np.int32],
    not_impacted: Collection[int] = (),
    floor: int = 0,
) -> NDArray[np.int32]:
    """The nodes that are down, seeds among them, without paths."""
    nothing = np.empty(0, np.int32)
    reach = propagate(snapshot, engine, scratch, seeds=seeds, roots=nothing, not_impacted=not_impacted, floor=floor)
    # all that are down come first
    return reach.nodes[: np.count_nonzero(reach.states == IS_DOWN)]
