"""A radius in other programs' formats."""

from __future__ import annotations

import io
import json

import networkx as nx
import pytest

from cmdb.entities import Lifecycle, Redundancy
from cmdb.history.past import Past
from cmdb.store.sqlite.store import SqliteStore
from impact.blast_radius import BlastRadius, blast_radius
from impact.estate_export import estate_to_cytoscape, estate_to_graphml
from impact.export import radius_to_cytoscape, radius_to_graphml
from tests.contract.store.builders import change_set, ci, made, relationship
from tests.unit.impact.builders import edge, graph_of, group, node


@pytest.fixture
def radius() -> BlastRadius:
    graph = graph_of(
        [node("web", "application", name="Web & <shop>"), node("cluster", "cluster"), "n1", "n2", "bystander"],
        [("web", "DEPENDS_ON", "cluster"), edge("cluster", "DEPENDS_ON", "n1", 0.5), ("bystander", "USES", "n2")],
        [group("cluster", ["n1", "n2"], 2, name="nodes")],
    )
    return blast_radius(graph, ["n1"])


def test_graphml_holds_the_radius_and_the_relationships_inside_it(radius: BlastRadius) -> None:
    graph = nx.read_graphml(io.BytesIO(radius_to_graphml(radius).encode()))
    assert dict(graph.nodes(data="state")) == {"n1": "root", "cluster": "down", "web": "down"}
    assert graph.nodes["web"]["name"] == "Web & <shop>"
    assert graph.nodes["cluster"]["because"] == "1 of 2 members down, needs 2"
    assert sorted(graph.edges(data="type")) == [
        ("cluster", "n1", "DEPENDS_ON"),
        ("cluster", "n1", "REDUNDANCY"),
        ("web", "cluster", "DEPENDS_ON"),
    ]


def test_cytoscape_holds_the_same(radius: BlastRadius) -> None:
    document = json.loads(radius_to_cytoscape(radius))
    assert {element["data"]["id"] for element in document["elements"]["nodes"]} == {"n1", "cluster", "web"}
    edges = {
        (element["data"]["source"], element["data"]["type"], element["data"]["target"], element["data"]["confidence"])
        for element in document["elements"]["edges"]
    }
    assert edges == {
        ("cluster", "DEPENDS_ON", "n1", 0.5),
        ("cluster", "REDUNDANCY", "n1", 0.5),
        ("web", "DEPENDS_ON", "cluster", 1.0),
    }


def test_the_whole_estate_is_exported_with_attributes_as_of_a_revision() -> None:
    store = SqliteStore.in_memory()
    db = ci("db", lifecycle=Lifecycle.MAINTENANCE, attributes={"cpu_count": 4, "mac_addresses": ["00:00:5e:00:53:01"]})
    store.apply(change_set(*made(ci("web"), db, relationship("web", "DEPENDS_ON", "db", attributes={"key": "k"}))))
    late = Redundancy(id="g", of="web", members=("db",), min_up_percent=50.0)
    store.apply(change_set(*made(ci("late", merged_into="db"), late), planned_at=1))
    graph = nx.read_graphml(io.BytesIO("\n".join(estate_to_graphml(store)).encode()))
    assert graph.nodes["db"] == {
        "class": "server",
        "name": "db",
        "lifecycle": "maintenance",
        "state": "present",
        "cpu_count": 4,
        "mac_addresses": '["00:00:5e:00:53:01"]',
    }
    assert sorted(graph) == ["db", "web"]
    assert sorted(graph.edges(data="type")) == [("web", "db", "DEPENDS_ON"), ("web", "db", "REDUNDANCY")]
    before = json.loads("".join(estate_to_cytoscape(Past(store, store.then(1)))))
    assert [element["data"]["type"] for element in before["elements"]["edges"]] == ["DEPENDS_ON"]
