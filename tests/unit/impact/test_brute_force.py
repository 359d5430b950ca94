"""Impact against a fixpoint written from design §7 and §9 without any of the product's code, on small random graphs."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.entities import Redundancy
from cmdb.store.protocol import EdgeRow
from impact.blast_radius import BlastRadius, blast_radius
from impact.engine import PURE, compiled
from tests.unit.impact.builders import graph_of, group, node

NODES = ("a", "b", "c", "d", "e", "f", "g")
DOWN_TO_SOURCE = {"DEPENDS_ON", "RUNS_ON", "PART_OF", "LOCATED_IN"}
DEGRADED_TO_SOURCE = {"USES"}
DEGRADED_TO_TARGET = {"PART_OF", "MEMBER_OF"}
TRAVELS_TO_SOURCE = {"DEPENDS_ON", "RUNS_ON"}
TRAVELS_TO_TARGET = {"PART_OF", "MEMBER_OF"}
TYPES = ("DEPENDS_ON", "RUNS_ON", "USES", "PART_OF", "MEMBER_OF", "LOCATED_IN", "CONNECTED_TO", "INSTALLED_ON")


@dataclass
class World:
    """A small graph and a question."""

    edges: dict[tuple[str, str, str], float]
    groups: list[Redundancy]
    lifecycle: dict[str, str]
    roots: list[str]
    already_down: list[str]
    not_impacted: list[str]
    min_confidence: float
    classes: dict[str, str] = field(default_factory=dict)


names = st.sampled_from(NODES)
edges = st.dictionaries(
    st.tuples(names, st.sampled_from(TYPES), names), st.sampled_from([0.3, 0.5, 0.9, 1.0]), max_size=16
)


@st.composite
def redundancy(draw: st.DrawFn) -> Redundancy:
    members = draw(st.lists(names, min_size=1, max_size=5))
    of = draw(names)
    if draw(st.booleans()):
        return group(of, members, draw(st.integers(0, 5)))
    return group(of, members, percent=draw(st.sampled_from([0, 25, 33.3, 33.4, 50, 66.7, 100])))


worlds = st.builds(
    World,
    edges=edges,
    groups=st.lists(redundancy(), max_size=4, unique_by=lambda entity: entity.id),
    lifecycle=st.dictionaries(names, st.sampled_from(["retired", "planned", "in_stock", "maintenance"]), max_size=2),
    roots=st.lists(names, max_size=3),
    already_down=st.lists(names, max_size=2),
    not_impacted=st.lists(names, max_size=1),
    min_confidence=st.sampled_from([0.0, 0.0, 0.5, 0.6]),
)


def out_of_service(world: World) -> set[str]:
    return {name for name, state in world.lifecycle.items() if state != "maintenance"}


def living_edges(world: World) -> list[tuple[str, str, str]]:
    """Relationships that count: not weak, not between a CI and a member of its group."""
    void = {frozenset((entity.of, member)) for entity in world.groups for member in entity.members}
    return [
        key
        for key, confidence in world.edges.items()
        if confidence >= world.min_confidence and frozenset((key[0], key[2])) not in void
    ]


def fallen(entity: Redundancy, down: set[str], out: set[str]) -> tuple[int, bool]:
    """(members down, whether that is too many), from design §7."""
    members = set(entity.members) - out
    f, n = len(members & down), len(members)
    if entity.min_up is not None:
        return f, f > 0 and f > max(0, n - entity.min_up)
    assert entity.min_up_percent is not None
    return f, f > 0 and 100 * f > n * (100 - Fraction(str(entity.min_up_percent)))


def solve(world: World, seeds: list[str]) -> tuple[set[str], set[str]]:
    """(down, degraded) by applying every rule until nothing changes."""
    out = out_of_service(world)
    immune = out | set(world.not_impacted)
    living = living_edges(world)
    down = set(seeds) - immune
    while True:
        more = {s for s, t, d in living if t in DOWN_TO_SOURCE and d in down}
        more |= {entity.of for entity in world.groups if fallen(entity, down, out)[1]}
        if more - immune <= down:
            break
        down |= more - immune
    degraded: set[str] = set()
    while True:
        more = {s for s, t, d in living if t in DEGRADED_TO_SOURCE and d in down}
        more |= {d for s, t, d in living if t in DEGRADED_TO_TARGET and s in down}
        more |= {s for s, t, d in living if t in TRAVELS_TO_SOURCE and d in degraded}
        more |= {d for s, t, d in living if t in TRAVELS_TO_TARGET and s in degraded}
        more |= {entity.of for entity in world.groups if fallen(entity, down, out)[0] > 0}
        if more - immune - down <= degraded:
            return down, degraded
        degraded |= more - immune - down


def answer(world: World, *, is_pure: bool = False) -> BlastRadius:
    graph = graph_of(
        [node(name, lifecycle=world.lifecycle.get(name, "live")) for name in NODES],
        [EdgeRow(s, t, d, confidence, None) for (s, t, d), confidence in world.edges.items()],
        world.groups,
        engine=PURE if is_pure else compiled(),
    )
    return blast_radius(
        graph,
        world.roots,
        already_down=world.already_down,
        not_impacted=world.not_impacted,
        min_confidence=world.min_confidence,
    )


def hops_by_brute_force(world: World, starts: set[str], down: set[str], degraded: set[str]) -> dict[str, int]:
    """Length of the shortest chain of causes from any start."""
    out = out_of_service(world)
    causes: nx.DiGraph[str] = nx.DiGraph()
    causes.add_nodes_from(down | degraded)
    for s, t, d in living_edges(world):
        for cause, effect, downs, degrades, travels in (
            (d, s, DOWN_TO_SOURCE, DEGRADED_TO_SOURCE, TRAVELS_TO_SOURCE),
            (s, d, set[str](), DEGRADED_TO_TARGET, TRAVELS_TO_TARGET),
        ):
            if (
                (cause in down and effect in down and t in downs)
                or (cause in down and effect in degraded and t in degrades)
                or (cause in degraded and effect in degraded and t in travels)
            ):
                causes.add_edge(cause, effect)
    for entity in world.groups:
        is_broken = fallen(entity, down, out)[1]
        for member in set(entity.members) & down:
            if entity.of in degraded or (entity.of in down and is_broken):
                causes.add_edge(member, entity.of)
    reach: dict[str, int] = {}
    for start in starts & down:
        for name, length in nx.single_source_shortest_path_length(causes, start).items():
            reach[name] = min(length, reach.get(name, length))
    return reach


@settings(max_examples=600, deadline=None)
@given(worlds)
def test_states_equal_the_brute_force_fixpoint(world: World) -> None:
    down, degraded = solve(world, world.roots + world.already_down)
    given = set(world.roots) | set(world.already_down)
    radius = answer(world)
    assert {row.id for row in radius.impacted if row.state == "down"} == down - given
    assert {row.id for row in radius.impacted if row.state == "degraded"} == degraded - given
    assert (radius.down, radius.degraded) == (len(down - given), len(degraded - given))


@settings(max_examples=400, deadline=None)
@given(worlds)
def test_paths_are_shortest_chains_of_causes_from_a_root(world: World) -> None:
    down, degraded = solve(world, world.roots + world.already_down)
    from_roots = hops_by_brute_force(world, set(world.roots), down, degraded)
    down_a, degraded_a = solve(world, world.already_down)
    from_others = hops_by_brute_force(world, set(world.already_down), down_a, degraded_a)
    from_any = hops_by_brute_force(world, {*world.roots, *world.already_down}, down, degraded)
    for row in answer(world).impacted:
        if "already-down" in row.because:
            starts, hops = world.already_down, from_others
        elif row.id in from_roots:
            starts, hops = world.roots, from_roots
        else:
            # degraded by a root only through a CI that is down already
            starts, hops = world.already_down, from_any
            assert row.state == "degraded"
        assert row.path[0] in starts
        assert row.path[-1] == row.id
        assert len(row.path) == row.hops + 1
        assert row.hops == hops[row.id]


@settings(max_examples=400, deadline=None)
@given(worlds)
def test_what_falls_only_because_of_already_down_cis_says_so(world: World) -> None:
    def state(name: str, seeds: list[str]) -> str:
        down, degraded = solve(world, seeds)
        return "down" if name in down else "degraded" if name in degraded else "up"

    for row in answer(world).impacted:
        is_owed = state(row.id, world.already_down) == row.state and state(row.id, world.roots) != row.state
        assert ("only because of already-down" in row.because) == is_owed


@settings(max_examples=200, deadline=None)
@given(worlds)
def test_the_plain_kernel_gives_the_same_document(world: World) -> None:
    assert answer(world, is_pure=True).to_document() == answer(world).to_document()


@settings(max_examples=200, deadline=None)
@given(worlds)
def test_relationships_under_the_minimum_count_as_absent(world: World) -> None:
    without = World(
        {key: confidence for key, confidence in world.edges.items() if confidence >= world.min_confidence},
        world.groups,
        world.lifecycle,
        world.roots,
        world.already_down,
        world.not_impacted,
        0.0,
    )
    assert answer(without).to_document() == answer(world).to_document()


@settings(max_examples=200, deadline=None)
@given(st.sets(st.tuples(names, names), max_size=20), names)
def test_plain_dependencies_reach_what_networkx_reaches(pairs: set[tuple[str, str]], root: str) -> None:
    needed_by: nx.DiGraph[str] = nx.DiGraph()
    needed_by.add_nodes_from(NODES)
    needed_by.add_edges_from((target, source) for source, target in pairs)
    graph = graph_of(NODES, [(source, "DEPENDS_ON", target) for source, target in pairs])
    reached = {row.id: row.hops for row in blast_radius(graph, [root]).impacted}
    assert set(reached) == nx.descendants(needed_by, root)
    lengths = dict(nx.single_source_shortest_path_length(needed_by, root))
    assert reached == {name: hops for name, hops in lengths.items() if name != root}
