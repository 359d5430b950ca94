"""What a person sees in Neo4j Browser: labels, words and native values, and no trace of the past among them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import neo4j
import pytest

from cmdb.changeset import Sighting
from cmdb.store.neo4j.store import Neo4jStore
from cmdb.values import Value
from tests.contract.store.builders import change_set, changed, ci, claim, ended, made, minute, relationship
from tests.contract.store.opening import neo4j_store
from tests.shared import ROOT
from tests.support.neo4j.emptying import driver_of
from tests.support.neo4j.server import Neo4jServer

pytestmark = pytest.mark.neo4j
PAGE = ROOT / "docs" / "reference" / "store-neo4j.md"


@pytest.fixture
def graph(neo4j_server: Neo4jServer) -> Iterator[Neo4jStore]:
    """An empty store."""
    store = neo4j_store(neo4j_server)
    yield store
    store.close()


@pytest.fixture
def browser(neo4j_server: Neo4jServer) -> Iterator[neo4j.Driver]:
    """A person's own connection."""
    with driver_of(neo4j_server) as driver:
        yield driver


def rows(browser: neo4j.Driver, query: str) -> list[list[object]]:
    """The answer to a query, row by row."""
    return [record.values() for record in browser.execute_query(query).records]


def test_a_ci_has_the_labels_of_its_class_and_its_attributes_as_properties(
    graph: Neo4jStore, browser: neo4j.Driver
) -> None:
    held: dict[str, Value] = {
        "serial_number": "S1",
        "cpu_count": 4,
        "mac_addresses": ["a", "b"],
        "mixed": ["a", 1],
        "tree": {"x": 1},
        "huge": 10**30,
        "nothing": None,
        "id": "attribute called id",
    }
    graph.apply(change_set(*made(ci("a", "DB01", attributes=held))))
    [[labels, properties]] = rows(browser, "MATCH (n:CI) RETURN labels(n), n {.*, created_at: null}")
    assert labels == ["CI", "Hardware", "Server"]
    assert properties == {
        "id": "a",
        "name": "DB01",
        "folded_name": "db01",
        "class_name": "server",
        "lifecycle": "live",
        "state": "present",
        "kept_apart_from": [],
        "same_as": [],
        "denied": [],
        "created_at": None,
        "serial_number": "S1",
        "cpu_count": 4,
        "mac_addresses": ["a", "b"],
        "id_": "attribute called id",
        "search_name": "db01",
        "search_rest": "s1 a b",
    }


def test_a_ci_that_changes_its_class_changes_its_labels(graph: Neo4jStore, browser: neo4j.Driver) -> None:
    graph.apply(change_set(*made(ci("a"), ci("b"), relationship("a", "USES", "b"))))
    graph.apply(change_set(changed(ci("a"), ci("a", class_name="container")), planned_at=1))
    assert rows(browser, "MATCH (n:CI)-[:USES]->() RETURN labels(n)") == [[["CI", "Container"]]]


def test_a_relationship_is_a_word_with_native_properties(graph: Neo4jStore, browser: neo4j.Driver) -> None:
    link = relationship("a", "RUNS_ON", "b", confidence=0.5, attributes={"port": 5432, "confidence": "high"})
    sighting = Sighting(f"{link.id}@ssh", minute(1))
    graph.apply(change_set(*made(ci("a"), ci("b"), link), sightings=[sighting]))
    query = (
        "MATCH (a)-[r]->(b) RETURN a.id, type(r), b.id, r.confidence, r.port, r.confidence_, toString(r.last_seen_at)"
    )
    assert rows(browser, query) == [["a", "RUNS_ON", "b", 0.5, 5432, "high", "2026-03-01T12:01:00Z"]]


def test_what_ended_is_among_the_states_only(graph: Neo4jStore, browser: neo4j.Driver) -> None:
    link = relationship("a", "USES", "b")
    graph.apply(change_set(*made(ci("a"), ci("b"), link, claim("k", "a"))))
    graph.apply(change_set(ended(link), ended(ci("b")), ended(claim("k", "a")), planned_at=1))
    assert rows(browser, "MATCH ()-[r]->() RETURN r") == []
    assert rows(browser, "MATCH (n:CI) RETURN n.id") == [["a"]]
    assert rows(browser, "MATCH (n:Claim) RETURN n.id") == []
    assert rows(browser, "MATCH (s:State) WHERE s.live IS NOT NULL RETURN s.kind, s.id") == [["ci", "a"]]
    assert rows(
        browser, "MATCH (s:State {kind: 'ci', id: 'b'}) RETURN s.revision, s.body IS NULL ORDER BY s.place"
    ) == [
        [1, False],
        [2, True],
    ]


EXPECTED: list[list[list[object]]] = [
    [["db01", ["postgres"]], ["web01", ["nginx"]]],
    [["nginx"], ["postgres"], ["shop"]],
    [["snmp", "native:k2"], ["ssh", "native:k1"]],
    [[1, "alice"], [2, "bob"]],
    [["printer"]],
]
"""Counted by hand: shop needs nginx, nginx runs on web01 and needs postgres, postgres runs on db01."""


def test_the_questions_of_the_reference_page_are_answered(graph: Neo4jStore, browser: neo4j.Driver) -> None:
    database = ci("1", "db01")
    graph.apply(
        change_set(
            *made(
                database,
                ci("2", "web01"),
                ci("3", "postgres", class_name="software_instance"),
                ci("4", "nginx", class_name="software_instance"),
                ci("5", "shop", class_name="business_service"),
                ci("6", "printer", class_name="printer"),
                ci("7", "copy of printer", class_name="printer", merged_into="6"),
                relationship("3", "RUNS_ON", "1"),
                relationship("4", "RUNS_ON", "2"),
                relationship("4", "DEPENDS_ON", "3"),
                relationship("5", "DEPENDS_ON", "4"),
                claim("k1", "1", "ssh"),
                claim("k2", "1", "snmp"),
                claim("k3", "2", "ssh"),
            )
        )
    )
    graph.apply(
        change_set(changed(database, ci("1", "db01", attributes={"os_name": "Debian"})), planned_at=1, by="bob")
    )
    questions = re.findall(r"```cypher\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert [rows(browser, question) for question in questions] == EXPECTED
