"""The generated estate as rows, once as it is and once as plain dependencies that every engine can answer."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace

from cmdb.entities import Redundancy, derived_id
from cmdb.formats.estate import LAYERS, generate_estate
from cmdb.relationship_types import built_in_types
from cmdb.store.protocol import EdgeRow, NodeRow
from impact.estate import Estate
from impact.rows import columns_of
from impact.travel import Effect, TravelRule, Way


@dataclass(frozen=True, slots=True)
class Rows:
    """All CIs, relationships and redundancy groups of an estate."""

    nodes: list[NodeRow]
    edges: list[EdgeRow]
    redundancy: list[Redundancy]

    def estate(self) -> Estate:
        return columns_of([self.nodes], [self.edges], self.redundancy, revision=1)

    def plain(self) -> Rows:
        """Every relationship a `DEPENDS_ON`, no redundancy: what reachability alone can answer."""
        return Rows(self.nodes, [replace(edge, type="DEPENDS_ON") for edge in self.edges], [])


def generated(cis: int) -> Rows:
    """An estate with ids of a real store's length."""
    nodes: list[NodeRow] = []
    edges: list[EdgeRow] = []
    redundancy: list[Redundancy] = []
    ids: dict[str, str] = {}
    for line in generate_estate(cis):
        match json.loads(line):
            case {"ci": {"id": str(local), "class": str(class_name)}}:
                ids[local] = f"{len(ids):08x}-0000-7000-8000-{len(ids):012x}"
                nodes.append(NodeRow(ids[local], class_name, local, "live"))
            case {"relationship": {"source": source, "type": type_, "target": target}}:
                edges.append(EdgeRow(ids[source], type_, ids[target], 1.0, None))
            case {"redundancy": {"of": of, "members": members, "name": name} as group}:
                redundancy.append(
                    Redundancy(
                        id=derived_id("redundancy", ids[of], name),
                        of=ids[of],
                        members=tuple(ids[member] for member in members),
                        min_up=group.get("min_up"),
                        min_up_percent=group.get("min_up_percent"),
                        name=name,
                    )
                )
            case other:
                raise AssertionError(other)
    return Rows(nodes, edges, redundancy)


def roots_of(rows: Rows, each: int) -> list[str]:
    """`each` CIs of every class, so that network gear counts as much as virtual machines."""
    chance = random.Random(4242)
    by_class: dict[str, list[str]] = {layer.class_name: [] for layer in LAYERS}
    for node in rows.nodes:
        by_class[node.class_name].append(node.id)
    return [id_ for ids in by_class.values() for id_ in chance.sample(ids, min(each, len(ids)))]


def rules() -> tuple[TravelRule, ...]:
    """The product's relationship types."""
    ways = {None: Way.NO, "target_to_source": Way.TO_SOURCE, "source_to_target": Way.TO_TARGET}
    return tuple(
        TravelRule(
            type_.name,
            Effect(type_.target_down or Effect.NONE),
            Effect(type_.source_down or Effect.NONE),
            ways[type_.degraded_travels],
        )
        for type_ in built_in_types().values()
    )
