"""The two loops of impact analysis in plain Python; impact/kernel.py compiles these very functions.

They use loops over flat arrays and nothing else, so that one text is both the compiled and the slow kernel. Every
array may also be a memoryview of it.

The graph: the entries of node `u` are `start[u]` to `active_end[u]` of the pool, one for every CI or group that its
failure can reach. `other` is a node, or a group where `kind` is `GROUP`; `effects[kind]` says what happens.
"""

from __future__ import annotations

from typing import Any

Ints = Any
"""An integer array or memoryview; numba's own types are in impact/kernel.py."""

GROUP = 0
FIRST_TYPE = 1
DOWNS = 1
DEGRADES = 2
TRAVELS = 4

IS_DOWN = 1
IS_DEGRADED = 2

OUT_OF_SERVICE = 2
"""Lifecycle codes from here on (planned, in stock, retired, gone) neither count nor pass anything on (design §7)."""

UNTOUCHED = -1
BLOCKED = -2
NEVER = 2**63 - 1
BILLION = 1_000_000_000


def propagate(
    start: Ints,
    active_end: Ints,
    other: Ints,
    kind: Ints,
    confidence: Ints,
    effects: Ints,
    lifecycle: Ints,
    group_owner: Ints,
    group_tolerance: Ints,
    seeds: Ints,
    floor: int,
    slot: Ints,
    failed: Ints,
    nodes: Ints,
    states: Ints,
    groups: Ints,
) -> tuple[int, int, int]:
    """Numbers of affected nodes, of seeds (the first of them) and of touched groups: the least fixpoint (design §7).

    Linear in entries. `nodes[i]` is affected with `states[i]`, in the order of discovery, all that are down first. `slot` (a node's i, else
    `UNTOUCHED`) comes in clean except for `BLOCKED` nodes, `failed` (members down by group) with zeros; `groups` lists the
    touched ones. Entries with a confidence under `floor` (billionths) are ignored, groups are not.
    """
    count = 0
    group_count = 0
    for i in range(len(seeds)):
        v = seeds[i]
        if slot[v] == UNTOUCHED and lifecycle[v] < OUT_OF_SERVICE:
            slot[v] = count
            nodes[count] = v
            states[count] = IS_DOWN
            count += 1
    seed_count = count
    head = 0
    while head < count:
        u = nodes[head]
        head += 1
        for e in range(start[u], active_end[u]):
            k = kind[e]
            v = other[e]
            if k == GROUP:
                g = v
                if failed[g] == 0:
                    groups[group_count] = g
                    group_count += 1
                failed[g] += 1
                if failed[g] <= group_tolerance[g]:
                    continue
                v = group_owner[g]
            elif effects[k] & DOWNS == 0 or (floor > 0 and confidence[e] < floor):
                continue
            if slot[v] == UNTOUCHED and lifecycle[v] < OUT_OF_SERVICE:
                slot[v] = count
                nodes[count] = v
                states[count] = IS_DOWN
                count += 1
    head = 0
    while head < count:
        u = nodes[head]
        passes = DEGRADES if states[head] == IS_DOWN else TRAVELS
        head += 1
        for e in range(start[u], active_end[u]):
            k = kind[e]
            v = other[e]
            if k == GROUP:
                if passes == TRAVELS:
                    continue
                v = group_owner[v]
            elif effects[k] & passes == 0 or (floor > 0 and confidence[e] < floor):
                continue
            if slot[v] == UNTOUCHED and lifecycle[v] < OUT_OF_SERVICE:
                slot[v] = count
                nodes[count] = v
                states[count] = IS_DEGRADED
                count += 1
    return count, seed_count, group_count


def explain(
    start: Ints,
    active_end: Ints,
    other: Ints,
    kind: Ints,
    confidence: Ints,
    seen: Ints,
    effects: Ints,
    order: Ints,
    group_owner: Ints,
    group_tolerance: Ints,
    roots: Ints,
    floor: int,
    slot: Ints,
    failed: Ints,
    nodes: Ints,
    states: Ints,
    queue: Ints,
    hops: Ints,
    parents: Ints,
    entries: Ints,
    likelihood: Ints,
    oldest: Ints,
) -> int:
    """Number of affected nodes reached from `roots` by shortest paths over what `propagate` found.

    Per position i in `nodes`: `hops[i]` (comes in as -1, and stays so where no root reaches), `parents[i]` (a position, -1 for
    a root), `entries[i]` (the entry it came by), `likelihood[i]` (product of confidences) and `oldest[i]` (earliest sighting
    in µs, `NEVER` without one). Of equally short paths the one whose last but one node has the smallest `order` is taken, and of
    several relationships between the same two the most confident.
    """
    reached = 0
    for i in range(len(roots)):
        p = slot[roots[i]]
        if p >= 0 and hops[p] < 0:
            hops[p] = 0
            parents[p] = -1
            entries[p] = -1
            likelihood[p] = 1.0
            oldest[p] = NEVER
            queue[reached] = p
            reached += 1
    head = 0
    while head < reached:
        q = queue[head]
        head += 1
        u = nodes[q]
        is_down = states[q] == IS_DOWN
        next_hops = hops[q] + 1
        for e in range(start[u], active_end[u]):
            k = kind[e]
            v = other[e]
            if k == GROUP:
                g = v
                p = slot[group_owner[g]]
                if p < 0 or not is_down or (states[p] == IS_DOWN and failed[g] <= group_tolerance[g]):
                    continue
            else:
                p = slot[v]
                if p < 0 or (floor > 0 and confidence[e] < floor):
                    continue
                if states[p] == IS_DOWN:
                    if not is_down or effects[k] & DOWNS == 0:
                        continue
                elif effects[k] & (DEGRADES if is_down else TRAVELS) == 0:
                    continue
            if hops[p] < 0:
                hops[p] = next_hops
                parents[p] = q
                entries[p] = e
                queue[reached] = p
                reached += 1
            elif hops[p] == next_hops:
                r = parents[p]
                if r == q:
                    d = entries[p]
                    if confidence[e] > confidence[d] or (confidence[e] == confidence[d] and kind[e] < kind[d]):
                        entries[p] = e
                elif order[u] < order[nodes[r]]:
                    parents[p] = q
                    entries[p] = e
    for i in range(reached):
        p = queue[i]
        q = parents[p]
        if q >= 0:
            e = entries[p]
            certain = confidence[e]
            last = seen[e]
            if certain < floor:
                # only a group's entry may lie under the floor: the relationship beside it is ignored, the group stands
                certain = BILLION
                last = NEVER
            likelihood[p] = likelihood[q] * (certain / BILLION)
            oldest[p] = min(last, oldest[q])
    return reached
