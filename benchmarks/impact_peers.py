"""The same questions put to networkx, rustworkx and Neo4j."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import networkx as nx
import rustworkx as rx

from benchmarks.impact_estates import Rows
from tests.support.neo4j.emptying import driver_of
from tests.support.neo4j.server import Neo4jServer

DEPTH = 30
REACH = f"MATCH (s:CI {{id: $id}})<-[:DEPENDS_ON*1..{DEPTH}]-(x) RETURN count(DISTINCT x)"
TIMEOUT_S = 120.0
_BATCH = 10_000


class Networkx:
    """`networkx.descendants`, the whole estate in one DiGraph."""

    name = "networkx"

    def __init__(self, rows: Rows) -> None:
        self.graph: nx.DiGraph[str] = nx.DiGraph()
        self.graph.add_nodes_from(node.id for node in rows.nodes)
        self.graph.add_edges_from((edge.target, edge.source) for edge in rows.edges)

    def reach(self, root: str) -> set[str]:
        found: set[str] = nx.descendants(self.graph, root)
        return found


class Rustworkx:
    """`rustworkx.descendants`, the whole estate in one PyDiGraph."""

    name = "rustworkx"

    def __init__(self, rows: Rows) -> None:
        self.ids = [node.id for node in rows.nodes]
        self.places = {id_: place for place, id_ in enumerate(self.ids)}
        self.graph: Any = rx.PyDiGraph()
        self.graph.add_nodes_from(range(len(self.ids)))
        self.graph.add_edges_from_no_data([(self.places[edge.target], self.places[edge.source]) for edge in rows.edges])

    def reach(self, root: str) -> set[int]:
        found: set[int] = rx.descendants(self.graph, self.places[root])
        return found

    def named(self, places: set[int]) -> set[str]:
        return {self.ids[place] for place in places}


class NetworkxRedundancy:
    """Down with redundancy groups, as one would write it on top of a networkx graph."""

    name = "k-of-n on networkx"

    def __init__(self, rows: Rows) -> None:
        void = {(group.of, member) for group in rows.redundancy for member in group.members}
        self.graph: nx.DiGraph[str] = nx.DiGraph()
        self.graph.add_nodes_from(node.id for node in rows.nodes)
        self.graph.add_edges_from(
            (edge.target, edge.source)
            for edge in rows.edges
            if edge.type != "USES" and (edge.source, edge.target) not in void
        )
        self.groups: dict[str, list[int]] = {}
        self.entities = rows.redundancy
        for number, group in enumerate(rows.redundancy):
            for member in group.members:
                self.groups.setdefault(member, []).append(number)

    def reach(self, root: str) -> set[str]:
        down = {root}
        failed: dict[int, int] = {}
        stack = [root]
        while stack:
            node = stack.pop()
            for dependent in self.graph.successors(node):
                if dependent not in down:
                    down.add(dependent)
                    stack.append(dependent)
            for number in self.groups.get(node, ()):
                failed[number] = failed.get(number, 0) + 1
                group = self.entities[number]
                n = len(group.members)
                if group.min_up is not None:
                    is_broken = failed[number] > max(0, n - group.min_up)
                else:
                    is_broken = 100 * failed[number] > n * (100 - Fraction(str(group.min_up_percent)))
                if is_broken and group.of not in down:
                    down.add(group.of)
                    stack.append(group.of)
        return down - {root}


class Cypher:
    """A real Neo4j; the pattern is planned as a pruning breadth-first search."""

    name = "Cypher"

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def load(self, rows: Rows) -> float:
        """Seconds to load."""
        started = time.perf_counter()
        with self.driver.session(database="neo4j") as session:
            session.run("CREATE CONSTRAINT ci_id IF NOT EXISTS FOR (n:CI) REQUIRE n.id IS UNIQUE").consume()
            for first in range(0, len(rows.nodes), _BATCH):
                ids = [node.id for node in rows.nodes[first : first + _BATCH]]
                session.run("UNWIND $ids AS id CREATE (:CI {id: id})", ids=ids).consume()
            for first in range(0, len(rows.edges), _BATCH):
                pairs = [[edge.source, edge.target] for edge in rows.edges[first : first + _BATCH]]
                session.run(
                    "UNWIND $pairs AS pair MATCH (a:CI {id: pair[0]}), (b:CI {id: pair[1]}) CREATE (a)-[:DEPENDS_ON]->(b)",
                    pairs=pairs,
                ).consume()
        return time.perf_counter() - started

    def count(self, root: str) -> int:
        with self.driver.session(database="neo4j") as session, session.begin_transaction(timeout=TIMEOUT_S) as work:
            return int(work.run(REACH, id=root).single()[0])


@contextmanager
def neo4j() -> Iterator[Cypher]:
    """A server that ends with the block."""
    with tempfile.TemporaryDirectory() as home:
        server = Neo4jServer(Path(home))
        server.start()
        try:
            with driver_of(server) as driver:
                yield Cypher(driver)
        finally:
            server.kill()
