"""Impact against networkx, rustworkx and Neo4j's Cypher: `python -m benchmarks.impact [--cis N]… [--quick] [--no-neo4j]`.

Everything is measured in one run, each question three times; a question's time is the median of the three, and p50 and p95 are over
the questions: as many CIs of every class. On plain dependencies all engines must find the same sets.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from benchmarks.impact_estates import Rows, generated, roots_of, rules
from benchmarks.impact_peers import DEPTH, Networkx, NetworkxRedundancy, Rustworkx, neo4j
from impact.blast_radius import BlastRadius, blast_radius
from impact.engine import PURE, Engine, compiled
from impact.graph import ImpactGraph
from impact.travel import TravelRule

REPEATS = 3
PAGE = 100
NEAR = (100, 400)
"""Radii between these are compared from size to size."""


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds by question."""

    ms: tuple[float, ...]

    def p(self, percent: int) -> float:
        ordered = sorted(self.ms)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]

    def __str__(self) -> str:
        return f"p50 {self.p(50):10.4f} ms   p95 {self.p(95):10.4f} ms"


def measure(ask: Callable[[str], object], roots: Sequence[str]) -> Times:
    """Median of the repeats for each root."""
    ask(roots[0])
    times: list[list[float]] = [[] for _ in roots]
    gc.disable()
    for _ in range(REPEATS):
        for index, root in enumerate(roots):
            started = time.perf_counter()
            ask(root)
            times[index].append((time.perf_counter() - started) * 1000)
    gc.enable()
    return Times(tuple(statistics.median(each) for each in times))


def show(name: str, times: Times, ours: Times | None = None) -> None:
    """One line; ratios compare p95 with p95, and question by question."""
    line = f"  {name:<44} {times}"
    if ours is not None:
        pairs = sorted(theirs / mine for theirs, mine in zip(times.ms, ours.ms, strict=True))
        line += f"   p95 ratio {times.p(95) / ours.p(95):9.1f}   median of ratios {statistics.median(pairs):8.1f}"
    print(line, flush=True)


def rss_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


class Ours:
    """A graph and the ways to ask it."""

    def __init__(self, rows: Rows, travel: tuple[TravelRule, ...], engine: Engine) -> None:
        estate = rows.estate()
        before = rss_mb()
        started = time.perf_counter()
        self.graph = ImpactGraph.of(estate, travel, engine=engine)
        self.build_s = time.perf_counter() - started
        self.build_mb = rss_mb() - before

    def radius(self, root: str) -> BlastRadius:
        """States, hops, paths, confidences, causes and totals; nothing in words."""
        return blast_radius(self.graph, (root,))

    def page(self, root: str) -> object:
        """The first page in words."""
        return blast_radius(self.graph, (root,), limit=PAGE).to_document()

    def document(self, root: str) -> object:
        """Every line in words."""
        return self.radius(root).to_document()

    def with_engine(self, engine: Engine) -> Ours:
        other = Ours.__new__(Ours)
        other.graph = ImpactGraph(self.graph.current, engine=engine)
        return other


def sizes(radii: Sequence[int]) -> str:
    ordered = sorted(radii)
    p95 = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    return f"radius p50 {statistics.median(ordered):.0f}, p95 {p95}, largest {ordered[-1]}"


def real_estate(rows: Rows, roots: Sequence[str]) -> tuple[Times, list[int]]:
    """The estate as it is: redundancy, degraded states, reasons."""
    ours = Ours(rows, rules(), compiled())
    snapshot = ours.graph.current
    parts = snapshot.nbytes()
    print(
        f"  arrays from rows in {ours.build_s:.1f} s, {ours.build_mb:.0f} MB more RSS; "
        f"entries {parts['entries'] / len(rows.edges):.1f} B a relationship, "
        f"nodes {parts['nodes'] / len(rows.nodes):.1f} B and text {parts['text'] / len(rows.nodes):.1f} B a CI"
    )
    radii = [ours.radius(root) for root in roots]
    print(f"  with redundancy: {sizes([radius.down + radius.degraded for radius in radii])}")
    times = measure(ours.radius, roots)
    show("ours, with reasons", times)
    show(f"ours, with reasons, first {PAGE} in words", measure(ours.page, roots))
    show("ours, with reasons, all in words", measure(ours.document, roots))
    show("ours, plain Python kernel", measure(ours.with_engine(PURE).radius, roots), times)
    peer = NetworkxRedundancy(rows)
    for root, radius in zip(roots, radii, strict=True):
        assert peer.reach(root) == {row.id for row in radius.impacted if row.state == "down"}
    show(f"{peer.name}, down only", measure(peer.reach, roots), times)
    return times, [radius.down + radius.degraded for radius in radii]


def plain_estate(rows: Rows, roots: Sequence[str], real: Times, *, with_neo4j: bool) -> None:
    """Reachability, the question that all can answer."""
    plain = rows.plain()
    ours = Ours(plain, rules(), compiled())
    radii = [ours.radius(root).down for root in roots]
    print(f"  plain dependencies: {sizes(radii)}")
    times = measure(ours.radius, roots)
    show("ours, with reasons", times)
    show(f"ours, with reasons, first {PAGE} in words", measure(ours.page, roots))
    show("ours, plain Python kernel", measure(ours.with_engine(PURE).radius, roots), times)
    found = {root: {row.id: row.hops for row in ours.radius(root).impacted} for root in roots}

    started = time.perf_counter()
    networkx = Networkx(plain)
    print(f"  networkx built in {time.perf_counter() - started:.1f} s")
    assert all(networkx.reach(root) == found[root].keys() for root in roots)
    peers = {"networkx.descendants": measure(networkx.reach, roots)}
    del networkx
    started = time.perf_counter()
    rustworkx = Rustworkx(plain)
    print(f"  rustworkx built in {time.perf_counter() - started:.1f} s")
    assert all(rustworkx.named(rustworkx.reach(root)) == found[root].keys() for root in roots)
    peers["rustworkx.descendants"] = measure(rustworkx.reach, roots)
    del rustworkx
    if with_neo4j:
        with neo4j() as cypher:
            print(f"  Neo4j loaded in {cypher.load(plain):.0f} s")
            needs: dict[str, list[str]] = {}
            for edge in plain.edges:
                needs.setdefault(edge.source, []).append(edge.target)
            for root in roots:
                assert cypher.count(root) == expected_of_cypher(found[root], needs.get(root, ()))
            peers["Neo4j Cypher, variable length"] = measure(cypher.count, roots)
    for name, peer in peers.items():
        show(name, peer, times)
    print("  the same peers (reachability) against ours with redundancy, another and larger question:")
    for name, peer in peers.items():
        show(name, peer, real)


def expected_of_cypher(hops: dict[str, int], needs: Sequence[str]) -> int:
    """Its pattern ends after `DEPTH` hops, and counts the root where that needs something it reaches."""
    is_in_circle = any(hops.get(need, DEPTH) < DEPTH for need in needs)
    return sum(far <= DEPTH for far in hops.values()) + is_in_circle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cis", type=int, action="append", help="size; may be repeated (default 100000 and 1000000)")
    parser.add_argument("--quick", action="store_true", help="10,000 CIs, few questions, no Neo4j")
    parser.add_argument("--no-neo4j", action="store_true")
    parser.add_argument("--no-plain", action="store_true", help="only the estate with redundancy")
    parser.add_argument("--each", type=int, default=5, help="questions by class")
    given = parser.parse_args()
    each = 2 if given.quick else given.each
    cis = given.cis or ([10_000] if given.quick else [100_000, 1_000_000])
    by_size: dict[int, float] = {}
    for size in cis:
        rows = generated(size)
        print(f"{size} CIs, {len(rows.edges)} relationships, {len(rows.redundancy)} redundancy groups")
        roots = roots_of(rows, each)
        real, radii = real_estate(rows, roots)
        if not given.no_plain:
            plain_estate(rows, roots, real, with_neo4j=not (given.quick or given.no_neo4j))
        near = [ms for radius, ms in zip(radii, real.ms, strict=True) if NEAR[0] <= radius <= NEAR[1]]
        if near:
            by_size[size] = statistics.median(near)
    if len(by_size) > 1:
        (small, first), *_, (large, last) = by_size.items()
        print(f"growth {small} → {large} CIs at equal radius ({NEAR[0]}–{NEAR[1]} CIs): {last / first:.2f} ×")


if __name__ == "__main__":
    main()
