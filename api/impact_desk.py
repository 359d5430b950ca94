"""Impact answers for HTTP: one graph in memory that follows the store, and the few past ones that were asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from cmdb.errors import Gone, Unavailable
from cmdb.store.protocol import Store, Then
from impact.blast_radius import BlastRadius, blast_radius
from impact.graph import ImpactGraph
from impact.travel import TravelRule

PAST_GRAPHS_KEPT = 2
SIGHTINGS_EVERY = 25
"""Looks at the feed between two readings of sightings, which only move `oldest_seen_at`."""
VERIFY_EVERY = 1_000
"""Revisions between two comparisons with the store (design §11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactQuestion:
    """A blast radius asked for; CIs by id, resolved already; `as_of` a point of the past and what named it."""

    roots: tuple[str, ...] = ()
    already_down: tuple[str, ...] = ()
    not_impacted: tuple[str, ...] = ()
    min_confidence: float = 0.0
    limit: int | None = None
    as_of: tuple[Then, str] | None = None


class ImpactDesk:
    """Built at the first `advance`; answers from several threads at once, `advance` is called by one."""

    def __init__(self, store: Store, travel: Sequence[TravelRule]) -> None:
        self._store = store
        self._travel = tuple(travel)
        self._graph: ImpactGraph | None = None
        self._past: OrderedDict[Then, ImpactGraph] = OrderedDict()
        self._building_past = threading.Lock()
        self._looks = 0
        self._verified_at = 0

    @property
    def revision(self) -> int | None:
        """The revision of the newest change that answers know, None while the graph is being built."""
        return None if self._graph is None else self._graph.revision

    def advance(self) -> None:
        """Take in what the store committed since; builds the graph when there is none yet."""
        graph = self._graph
        if graph is None:
            graph = ImpactGraph.build(self._store, self._travel)
            _warm_up(graph)
            self._verified_at, self._graph = graph.revision, graph
            return
        try:
            graph.advance(self._store)
        except Gone:
            # it stood at a revision that compaction has dropped since: nothing but reading all anew helps
            self._graph = None
            self.advance()
            return
        self._looks += 1
        if self._looks % SIGHTINGS_EVERY == 0:
            graph.refresh_sightings(self._store)
        if graph.revision - self._verified_at >= VERIFY_EVERY:
            graph.verify(self._store)
            self._verified_at = graph.revision

    def graph(self, as_of: Then | None = None) -> ImpactGraph:
        """The graph of now, or of a point of the past (slow the first time); raises `Unavailable` while it is being built."""
        if as_of is not None:
            return self._past_graph(as_of)
        if self._graph is None:
            raise Unavailable("the impact graph is being built; ask again in a moment, /readyz says when")
        return self._graph

    def answer(self, question: ImpactQuestion) -> BlastRadius:
        """The blast radius. Raises `NotFound` for a CI that the graph does not have."""
        then, at = question.as_of or (None, None)
        return blast_radius(
            self.graph(then),
            question.roots,
            already_down=question.already_down,
            not_impacted=question.not_impacted,
            min_confidence=question.min_confidence,
            limit=question.limit,
            as_of=at,
        )

    def _past_graph(self, then: Then) -> ImpactGraph:
        with self._building_past:
            graph = self._past.get(then)
            if graph is None:
                graph = ImpactGraph.as_of(self._store, then, self._travel)
            self._past[then] = graph
            self._past.move_to_end(then)
            while len(self._past) > PAST_GRAPHS_KEPT:
                self._past.popitem(last=False)
            return graph


def _warm_up(graph: ImpactGraph) -> None:
    """Ask once, so that the first question of a user does not pay for compiling the kernel."""
    snapshot = graph.current
    if snapshot.node_count:
        blast_radius(graph, (snapshot.id_of(0),), limit=0)
