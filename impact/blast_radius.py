"""The answer to "what happens if these fail": per CI its state, the shortest path and the sentence of why."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cmdb.errors import Invalid
from impact.estate import billionths
from impact.graph import ImpactGraph
from impact.kernel_pure import OUT_OF_SERVICE
from impact.listing import BUSINESS_SERVICE, Hidden, Impacted, Listing, Part, Tally
from impact.propagate import Reach, propagate
from impact.snapshot import LIFECYCLES, Snapshot


@dataclass(frozen=True, kw_only=True)
class BlastRadius:
    """Totals, and the affected CIs in words when they are asked for; totals count the CIs that the user may see.

    `as_of` is what the caller said of the graph's time.
    """

    revision: int
    as_of: str | None
    roots: tuple[str, ...]
    tally: Tally
    warnings: tuple[str, ...]
    limit: int | None = None
    listing: Listing = field(repr=False)
    snapshot: Snapshot = field(repr=False)

    @property
    def down(self) -> int:
        """CIs that are down."""
        return self.tally.down

    @property
    def degraded(self) -> int:
        """CIs that are degraded."""
        return self.tally.degraded

    @property
    def by_class(self) -> dict[str, int]:
        """Affected CIs by class."""
        return self.tally.by_class

    @property
    def hidden(self) -> int:
        """Affected CIs that the user may not see."""
        return self.tally.hidden

    @property
    def omitted(self) -> int:
        """Affected CIs that the user may see and that the limit keeps out of the list."""
        total = self.down + self.degraded
        return 0 if self.limit is None else max(0, total - self.limit)

    @cached_property
    def impacted(self) -> tuple[Impacted, ...]:
        """Services first, then down before degraded, hops, class, name, id."""
        return self.listing.rows(self.limit)

    @property
    def services(self) -> tuple[Impacted, ...]:
        """The business services among the listed."""
        return tuple(row for row in self.impacted if row.class_name == BUSINESS_SERVICE)

    def to_document(self) -> dict[str, object]:
        """The JSON answer of the contract, section `impact`."""
        impacted = [row.to_document() for row in self.impacted]
        return {
            "revision": self.revision,
            "as_of": self.as_of,
            "roots": list(self.roots),
            "impacted": impacted,
            "services": [row for row in impacted if row["class"] == BUSINESS_SERVICE],
            "totals": {"down": self.down, "degraded": self.degraded, "by_class": self.by_class},
            "omitted": self.omitted,
            "hidden": self.hidden,
            "warnings": list(self.warnings),
        }


def blast_radius(
    graph: ImpactGraph,
    roots: Collection[str],
    *,
    already_down: Collection[str] = (),
    not_impacted: Collection[str] = (),
    min_confidence: float = 0.0,
    hidden: Hidden | None = None,
    limit: int | None = None,
    as_of: str | None = None,
) -> BlastRadius:
    """What goes down or degrades when `roots` fail together while `already_down` are down; empty when there are neither.

    All ids are of CIs in the graph (the surviving id of a merged one), else `NotFound`. Relationships under
    `min_confidence` (0–1) count as absent. `as_of` is only repeated in the answer: the graph must be of that time.
    """
    if not 0 <= min_confidence <= 1:
        raise Invalid(f"the minimum confidence is {min_confidence:g}; give a number from 0 to 1")
    if limit is not None and limit < 0:
        raise Invalid(f"the limit is {limit}; give 0 or more")
    snapshot = graph.current
    root_nodes = snapshot.numbers(roots)
    down_nodes = snapshot.numbers(already_down)
    kept_up = frozenset(snapshot.numbers(not_impacted).tolist())
    question = _Question(graph, snapshot, kept_up, billionths(min_confidence))
    listing = Listing(snapshot, question.parts(root_nodes, down_nodes), hidden)
    return BlastRadius(
        revision=snapshot.revision,
        as_of=as_of,
        roots=tuple(dict.fromkeys(roots)),
        tally=listing.tally(),
        warnings=tuple(_warnings(snapshot, [*root_nodes.tolist(), *down_nodes.tolist()], kept_up)),
        limit=limit,
        listing=listing,
        snapshot=snapshot,
    )


@dataclass(frozen=True, slots=True)
class _Question:
    graph: ImpactGraph
    snapshot: Snapshot
    kept_up: frozenset[int]
    floor: int

    def reach(self, seeds: NDArray[np.int32], starts: NDArray[np.int32]) -> Reach:
        snapshot = self.snapshot
        with self.graph.shelf.lend(snapshot.node_count, len(snapshot.group_owner)) as scratch:
            return propagate(
                snapshot,
                self.graph.engine,
                scratch,
                seeds=seeds,
                roots=starts,
                not_impacted=self.kept_up,
                floor=self.floor,
            )

    def parts(self, roots: NDArray[np.int32], already_down: NDArray[np.int32]) -> list[Part]:
        """What is affected, each CI in the reach whose path and reason are told."""
        seeds = np.concatenate([roots, already_down])
        whole = self.reach(seeds, roots)
        rows = np.arange(whole.seed_count, len(whole.nodes))
        if not len(already_down):
            return [Part(whole, rows)]
        others = self.reach(already_down, already_down)
        owed = _owed(whole, others, self.reach(roots, roots[:0]))
        is_owed = np.isin(whole.nodes[rows], owed)
        # what a root degrades through a CI that is down already has no chain of causes from a root now
        is_reached = whole.hops[rows] >= 0
        parts = [
            Part(whole, rows[~is_owed & is_reached]),
            Part(others, np.flatnonzero(np.isin(others.nodes, whole.nodes[rows[is_owed]])), is_owed=True),
        ]
        if (~is_owed & ~is_reached).any():
            left = whole.nodes[rows[~is_owed & ~is_reached]]
            from_all = self.reach(seeds, seeds)
            parts.append(Part(from_all, np.flatnonzero(np.isin(from_all.nodes, left))))
        return parts


def _owed(whole: Reach, others: Reach, own: Reach) -> NDArray[np.int32]:
    """Nodes in the state that the already-down CIs alone give them, and that the roots alone do not."""

    def states(reach: Reach) -> NDArray[np.int64]:
        return reach.nodes.astype(np.int64) * 4 + reach.states

    here = states(whole)
    return whole.nodes[np.isin(here, states(others)) & ~np.isin(here, states(own))]


def _warnings(snapshot: Snapshot, given: Iterable[int], kept_up: Collection[int]) -> Iterable[str]:
    for node in dict.fromkeys(given):
        code = int(snapshot.lifecycle[node])
        if code >= OUT_OF_SERVICE:
            yield f"{snapshot.name_of(node)} is {LIFECYCLES[code].value}: it is not counted and passes nothing on"
        elif node in kept_up:
            yield f"{snapshot.name_of(node)} is declared not impacted, so it stays up"
