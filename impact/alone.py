"""How much goes down if one CI fails alone, and what only falls when two fail together."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from impact.graph import ImpactGraph
from impact.kernel_pure import OUT_OF_SERVICE
from impact.propagate import find_down


def fail_alone(graph: ImpactGraph, *, not_impacted: Collection[str] = ()) -> Iterator[tuple[str, int]]:
    """(CI, how many others go down if only it fails) for each CI that is in service and not kept up; one radius a CI."""
    snapshot = graph.current
    kept_up = frozenset(snapshot.numbers(not_impacted).tolist())
    engine = graph.engine
    with graph.shelf.lend(snapshot.node_count, len(snapshot.group_owner)) as scratch:
        for node in np.flatnonzero(snapshot.lifecycle < OUT_OF_SERVICE).astype(np.int32).tolist():
            if node not in kept_up:
                seeds = np.array([node], np.int32)
                down = find_down(snapshot, engine, scratch, seeds=seeds, not_impacted=kept_up)
                yield snapshot.id_of(node), len(down) - 1


def fail_together(graph: ImpactGraph, first: str, second: str, *, not_impacted: Collection[str] = ()) -> frozenset[str]:
    """The CIs that go down when both fail and with neither alone."""
    snapshot = graph.current
    kept_up = frozenset(snapshot.numbers(not_impacted).tolist())
    a, b = snapshot.numbers([first]), snapshot.numbers([second])
    engine = graph.engine
    with graph.shelf.lend(snapshot.node_count, len(snapshot.group_owner)) as scratch:
        both, only_a, only_b = (
            set(find_down(snapshot, engine, scratch, seeds=seeds, not_impacted=kept_up).tolist())
            for seeds in (np.concatenate([a, b]), a, b)
        )
    return frozenset(snapshot.id_of(node) for node in both - only_a - only_b)
