"""The shared impact graphs through every store: inserted as change sets, answered from memory."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from cmdb.changeset import Sighting
from cmdb.entities import Lifecycle, Redundancy
from cmdb.store.protocol import Store
from impact.alone import fail_alone, fail_together
from impact.blast_radius import blast_radius
from impact.graph import ImpactGraph
from tests.contract.store.builders import change_set, changed, ci, ended, made, minute, relationship
from tests.unit.impact import cases
from tests.unit.impact.builders import RULES
from tests.unit.impact.cases import Case

pytestmark = pytest.mark.timeout(120)


def put(store: Store, case: Case) -> None:
    """The case's graph, in three revisions."""
    retired = set(case.get("retired", []))
    store.apply(
        change_set(
            *made(
                *(
                    ci(name, lifecycle=Lifecycle.RETIRED if name in retired else Lifecycle.LIVE)
                    for name in case["nodes"]
                )
            )
        )
    )
    ends = {(source, target) for source, target in case["depends_on"]}
    if ends:
        edges = made(*(relationship(source, "DEPENDS_ON", target) for source, target in ends))
        store.apply(change_set(*edges, planned_at=1))
    groups = tuple(
        Redundancy(
            id=f"group-{index}",
            of=g["of"],
            members=tuple(g["members"]),
            min_up=g.get("min_up"),
            min_up_percent=g.get("min_up_pct"),
        )
        for index, g in enumerate(case["redundancy"])
    )
    if groups:
        store.apply(change_set(*made(*groups), planned_at=2))


@pytest.mark.parametrize("name", cases.NAMES)
def test_a_shared_case_is_right_through_the_store(store: Store, name: str) -> None:
    case = cases.load()[name]
    put(store, case)
    graph = ImpactGraph.build(store, RULES)
    hidden = set(case.get("hidden", []))
    radius = blast_radius(
        graph,
        case["failed"],
        already_down=case.get("already_down", []),
        not_impacted=case["not_impacted"],
    )
    seen = blast_radius(graph, case["failed"], not_impacted=case["not_impacted"], hidden=hidden.__contains__)
    assert {row.id for row in radius.impacted if row.state == "down"} == set(case["expected_impacted"])
    assert {row.id for row in seen.impacted if row.state == "down"} == set(
        case.get("expected_visible", case["expected_impacted"])
    )
    assert radius.revision == store.revision()
    assert dict(fail_alone(graph, not_impacted=case["not_impacted"])) == case["expected_alone"]
    for a, b, extra in case["expected_joint"]:
        assert fail_together(graph, a, b, not_impacted=case["not_impacted"]) == frozenset(extra)


@pytest.mark.parametrize("name", cases.NAMES)
def test_a_graph_that_followed_the_feed_equals_one_built_at_the_end(store: Store, name: str) -> None:
    case = cases.load()[name]
    graph = ImpactGraph.build(store, RULES)
    put(store, case)
    assert graph.advance(store) == store.revision()
    radius = blast_radius(graph, case["failed"], not_impacted=case["not_impacted"])
    assert {row.id for row in radius.impacted if row.state == "down"} == set(case["expected_impacted"])
    assert dict(fail_alone(graph, not_impacted=case["not_impacted"])) == case["expected_alone"]
    assert graph.verify(store)


def test_the_past_is_answered_as_it_was(store: Store) -> None:
    web, db = ci("web"), ci("db")
    needs = relationship("web", "DEPENDS_ON", "db", confidence=0.8)
    store.apply(change_set(*made(web, db, needs), sightings=[Sighting(f"{needs.id}@ssh", minute(1))]))
    store.apply(change_set(ended(needs), planned_at=1))
    now, then = ImpactGraph.build(store, RULES), ImpactGraph.as_of(store, store.then(1), RULES)
    assert blast_radius(now, ["db"]).impacted == ()
    (row,) = blast_radius(then, ["db"]).impacted
    assert (row.id, row.state, row.confidence, row.oldest_seen_at) == ("web", "down", 0.8, minute(1))
    assert then.revision == 1


def test_a_merged_ci_leaves_the_graph_and_comes_back_when_unmerged(store: Store) -> None:
    web, db = ci("web"), ci("db")
    needs = relationship("web", "DEPENDS_ON", "db")
    store.apply(change_set(*made(web, db, needs)))
    graph = ImpactGraph.build(store, RULES)
    merged = ci("web", merged_into="db")
    store.apply(change_set(changed(web, merged), ended(needs), planned_at=1))
    graph.advance(store)
    assert blast_radius(graph, ["db"]).impacted == ()
    assert graph.current.find("web") is None
    store.apply(change_set(changed(merged, web), *made(needs), planned_at=2))
    graph.advance(store)
    assert [row.id for row in blast_radius(graph, ["db"]).impacted] == ["web"]
    assert graph.verify(store)


def test_sightings_that_change_nothing_arrive_when_asked_for(store: Store) -> None:
    needs = relationship("web", "DEPENDS_ON", "db")
    subject = f"{needs.id}@ssh"
    store.apply(change_set(*made(ci("web"), ci("db"), needs), sightings=[Sighting(subject, minute(1))]))
    graph = ImpactGraph.build(store, RULES)
    store.apply(change_set(planned_at=1, sightings=[Sighting(subject, minute(9))]))

    def oldest() -> dt.datetime | None:
        return blast_radius(graph, ["db"]).impacted[0].oldest_seen_at

    assert oldest() == minute(1)
    assert graph.refresh_sightings(store) == 1
    assert oldest() == minute(9)
    assert graph.refresh_sightings(store) == 0


def test_a_new_relationship_brings_its_sighting(store: Store) -> None:
    store.apply(change_set(*made(ci("web"), ci("db"))))
    graph = ImpactGraph.build(store, RULES)
    needs = relationship("web", "DEPENDS_ON", "db")
    store.apply(change_set(*made(needs), planned_at=1, sightings=[Sighting(f"{needs.id}@ssh", minute(3))]))
    graph.advance(store)
    assert blast_radius(graph, ["db"]).impacted[0].oldest_seen_at == minute(3)


def test_a_graph_that_disagrees_with_its_store_is_replaced(store: Store) -> None:
    web, db, needs = ci("web"), ci("db"), relationship("web", "DEPENDS_ON", "db")
    store.apply(change_set(*made(web, db, needs)))
    graph = ImpactGraph.build(store, RULES)
    other = ImpactGraph(ImpactGraph.build(store, RULES).current)
    store.apply(change_set(ended(needs), planned_at=1))
    other.advance(store)
    # a graph that believes it is at revision 2, but missed what happened there
    stale = ImpactGraph(replace(graph.current, revision=2))
    assert other.verify(store)
    assert not stale.verify(store)
    assert blast_radius(stale, ["db"]).impacted == ()
    assert stale.verify(store)
