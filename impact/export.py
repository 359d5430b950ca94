"""Graphs in other programs' formats, by way of networkx: GraphML and Cytoscape JSON."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from typing import Any

import networkx as nx

from cmdb.entities import CI, Kind, Redundancy, Relationship
from cmdb.store.view import View
from cmdb.values import Value
from impact.blast_radius import BlastRadius
from impact.kernel_pure import BILLION, GROUP
from impact.rows import scan
from impact.travel import to_source

REDUNDANCY = "REDUNDANCY"
"""Type of the edges from a CI to the members of its redundancy groups; they carry `group` and what is needed."""


def radius_to_graphml(radius: BlastRadius) -> str:
    """The roots, the listed CIs and every relationship between these, as GraphML."""
    return _graphml(_radius(radius))


def radius_to_cytoscape(radius: BlastRadius) -> str:
    """The roots, the listed CIs and every relationship between these, as Cytoscape JSON."""
    return _cytoscape(_radius(radius))


def estate_to_graphml(view: View, *, kept: Container[str] | None = None) -> str:
    """CIs, relationships and redundancy groups as GraphML, of the CIs `kept` or all; all in memory, about 5 KB a CI."""
    return _graphml(_estate(view, kept))


def estate_to_cytoscape(view: View, *, kept: Container[str] | None = None) -> str:
    """CIs, relationships and redundancy groups as Cytoscape JSON, of the CIs `kept` or all; all in memory, about 5 KB a CI."""
    return _cytoscape(_estate(view, kept))


def _radius(radius: BlastRadius) -> nx.MultiDiGraph[str]:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    snapshot = radius.snapshot
    for root in radius.roots:
        node = int(snapshot.numbers([root])[0])
        graph.add_node(root, name=snapshot.name_of(node), **{"class": snapshot.class_of(node)}, state="root")
    for row in radius.impacted:
        described = row.to_document()
        del described["id"], described["path"]
        graph.add_node(row.id, **{key: value for key, value in described.items() if value is not None})
    entries = snapshot.pool.entries
    listed = list(graph)
    ids = dict(zip(snapshot.numbers(listed).tolist(), listed, strict=True))
    for node, id_ in ids.items():
        for at in range(int(snapshot.start[node]), int(snapshot.end[node])):
            kind, other = int(entries.kind[at]), int(entries.other[at])
            confidence = int(entries.confidence[at]) / BILLION
            if kind == GROUP:
                group = snapshot.groups[other]
                if group is not None and group.owner in ids:
                    graph.add_edge(
                        ids[group.owner], id_, key=group.entity.id, **_group(group.entity), confidence=confidence
                    )
            elif kind & 1 == to_source(0) & 1 and other in ids:
                name = snapshot.travel.rules[(kind - to_source(0)) // 2].name
                graph.add_edge(ids[other], id_, key=name, type=name, confidence=confidence)
    return graph


def _estate(view: View, kept: Container[str] | None) -> nx.MultiDiGraph[str]:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()

    def is_kept(*ids: str) -> bool:
        return kept is None or all(id_ in kept for id_ in ids)

    for ci in scan(view, Kind.CI):
        if isinstance(ci, CI) and ci.merged_into is None and is_kept(ci.id):
            own = {"class": ci.class_name, "name": ci.name, "lifecycle": ci.lifecycle.value, "state": ci.state.value}
            graph.add_node(ci.id)
            graph.nodes[ci.id].update(_plain(ci.attributes.items()) | own)
    for entity in scan(view, Kind.RELATIONSHIP):
        if isinstance(entity, Relationship) and is_kept(entity.source, entity.target):
            # not by keyword: an attribute may be called like a parameter
            graph.add_edge(entity.source, entity.target, key=entity.type)
            described = graph.edges[entity.source, entity.target, entity.type]
            described.update(_plain(entity.attributes.items()), type=entity.type, confidence=entity.confidence)
    for entity in scan(view, Kind.REDUNDANCY):
        if isinstance(entity, Redundancy) and is_kept(entity.of, *entity.members):
            for member in entity.members:
                graph.add_edge(entity.of, member, key=entity.id, **_group(entity))
    return graph


def _group(group: Redundancy) -> dict[str, Any]:
    described = {
        "type": REDUNDANCY,
        "group": group.name,
        "min_up": group.min_up,
        "min_up_percent": group.min_up_percent,
    }
    return {key: value for key, value in described.items() if value is not None}


def _plain(attributes: Iterable[tuple[str, Value]]) -> dict[str, Any]:
    """GraphML knows only scalars: lists and objects become JSON text, null is left out."""
    return {
        name: value if isinstance(value, str | int | float | bool) else json.dumps(value, ensure_ascii=False)
        for name, value in attributes
        if value is not None
    }


def _graphml(graph: nx.MultiDiGraph[str]) -> str:
    return "\n".join(nx.generate_graphml(graph, named_key_ids=False)) + "\n"


def _cytoscape(graph: nx.MultiDiGraph[str]) -> str:
    return json.dumps(nx.cytoscape_data(graph), ensure_ascii=False)
