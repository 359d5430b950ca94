"""Graphs for impact tests, made of tuples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cmdb.entities import Redundancy
from cmdb.store.protocol import EdgeRow, NodeRow
from impact.engine import Engine
from impact.graph import ImpactGraph
from impact.rows import columns_of
from impact.travel import Effect, TravelRule, Way

RULES = (
    # design §9, written down by hand: name, source becomes, target becomes, which way degraded goes
    TravelRule("DEPENDS_ON", target_down=Effect.DOWN, degraded_travels=Way.TO_SOURCE),
    TravelRule("RUNS_ON", target_down=Effect.DOWN, degraded_travels=Way.TO_SOURCE),
    TravelRule("USES", target_down=Effect.DEGRADED),
    TravelRule("PART_OF", target_down=Effect.DOWN, source_down=Effect.DEGRADED, degraded_travels=Way.TO_TARGET),
    TravelRule("MEMBER_OF", source_down=Effect.DEGRADED, degraded_travels=Way.TO_TARGET),
    TravelRule("LOCATED_IN", target_down=Effect.DOWN),
    TravelRule("CONNECTED_TO"),
    TravelRule("INSTALLED_ON"),
)


def group(
    of: str,
    members: Iterable[str],
    min_up: int | None = None,
    *,
    percent: float | None = None,
    name: str = "",
) -> Redundancy:
    """A redundancy group with an id that says what it is."""
    members = tuple(members)
    id_ = f"{of} needs {min_up} {percent} of {' '.join(members)} {name}"
    return Redundancy(id=id_, of=of, members=members, min_up=min_up, min_up_percent=percent, name=name or None)


def node(id_: str, class_name: str = "server", lifecycle: str = "live", name: str | None = None) -> NodeRow:
    """A CI named like its id."""
    return NodeRow(id_, class_name, id_ if name is None else name, lifecycle)


def edge(source: str, type_: str, target: str, confidence: float = 1.0) -> EdgeRow:
    """A relationship that was never sighted."""
    return EdgeRow(source, type_, target, confidence, None)


def graph_of(
    nodes: Iterable[str | NodeRow],
    edges: Iterable[tuple[str, str, str] | EdgeRow],
    redundancy: Sequence[Redundancy] = (),
    *,
    lifecycle: Mapping[str, str] | None = None,
    engine: Engine | None = None,
) -> ImpactGraph:
    """A graph with the rules of design §9; nodes may be bare ids, edges bare (source, type, target)."""
    states = lifecycle or {}
    rows = [node(n, lifecycle=states.get(n, "live")) if isinstance(n, str) else n for n in nodes]
    edge_rows = [e if isinstance(e, EdgeRow) else EdgeRow(*e, 1.0, None) for e in edges]
    return ImpactGraph.of(columns_of([rows], [edge_rows], redundancy, revision=1), RULES, engine=engine)
