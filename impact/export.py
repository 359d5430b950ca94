"""A blast radius in other programs' formats, by way of networkx: GraphML and Cytoscape JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import networkx as nx

from cmdb.entities import Redundancy
from cmdb.values import Value
from impact.blast_radius import BlastRadius
from impact.kernel_pure import BILLION, GROUP
from impact.travel import to_source

REDUNDANCY = "REDUNDANCY"
"""Type of the edges from a CI to the members of its redundancy groups; they carry `group` and what is needed."""


def radius_to_graphml(radius: BlastRadius) -> str:
    """The roots, the listed CIs and every relationship between these, as GraphML."""
    return _graphml(_radius(radius))


def radius_to_cytoscape(radius: BlastRadius) -> str:
    """The roots, the listed CIs and every relationship between these, as Cytoscape JSON."""
    return _cytoscape(_radius(radius))


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
                        ids[group.owner],
                        id_,
                        key=group.entity.id,
                        **group_attributes(group.entity),
                        confidence=confidence,
                    )
            elif kind & 1 == to_source(0) & 1 and other in ids:
                name = snapshot.travel.rules[(kind - to_source(0)) // 2].name
                graph.add_edge(ids[other], id_, key=name, type=name, confidence=confidence)
    return graph


def group_attributes(group: Redundancy) -> dict[str, Any]:
    """What an edge from a CI to a member of its redundancy group carries."""
    described = {
        "type": REDUNDANCY,
        "group": group.name,
        "min_up": group.min_up,
        "min_up_percent": group.min_up_percent,
    }
    return {key: value for key, value in described.items() if value is not None}


def plain(attributes: Iterable[tuple[str, Value]]) -> dict[str, Any]:
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
