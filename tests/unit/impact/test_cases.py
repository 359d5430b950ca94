"""The shared graphs, built without a store, on both kernels."""

from __future__ import annotations

import pytest

from impact.alone import fail_alone, fail_together
from impact.blast_radius import blast_radius
from impact.engine import PURE, Engine, compiled
from impact.graph import ImpactGraph
from tests.unit.impact import cases
from tests.unit.impact.builders import graph_of, group
from tests.unit.impact.cases import Case


@pytest.fixture(params=cases.NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    return cases.load()[request.param]


@pytest.fixture(params=["pure", "compiled"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return PURE if request.param == "pure" else compiled()


@pytest.fixture
def graph(case: Case, engine: Engine) -> ImpactGraph:
    return graph_of(
        case["nodes"],
        [(source, "DEPENDS_ON", target) for source, target in case["depends_on"]],
        [
            group(g["of"], g["members"], g.get("min_up"), percent=g.get("min_up_pct"), name=str(index))
            for index, g in enumerate(case["redundancy"])
        ],
        lifecycle=dict.fromkeys(case.get("retired", []), "retired"),
        engine=engine,
    )


def test_every_shared_case_is_covered() -> None:
    assert set(cases.load()) == set(cases.NAMES)


def test_the_radius_is_as_expected(case: Case, graph: ImpactGraph) -> None:
    radius = blast_radius(
        graph,
        case["failed"],
        already_down=case.get("already_down", []),
        not_impacted=case["not_impacted"],
    )
    assert {row.id for row in radius.impacted if row.state == "down"} == set(case["expected_impacted"])


def test_the_visible_part_is_as_expected(case: Case, graph: ImpactGraph) -> None:
    hidden = set(case.get("hidden", []))
    expected = case.get("expected_visible", case["expected_impacted"])
    radius = blast_radius(graph, case["failed"], not_impacted=case["not_impacted"], hidden=hidden.__contains__)
    down = [row for row in radius.impacted if row.state == "down"]
    assert sorted(row.id for row in down) == sorted(expected)
    assert radius.hidden == len(set(case["expected_impacted"]) & hidden)
    assert not hidden & {step for row in radius.impacted for step in row.path}


def test_each_failure_alone_takes_down_as_many_as_expected(case: Case, graph: ImpactGraph) -> None:
    alone = dict(fail_alone(graph, not_impacted=case["not_impacted"]))
    assert alone == case["expected_alone"]


def test_each_pair_takes_down_what_is_expected(case: Case, graph: ImpactGraph) -> None:
    free = sorted(set(case["nodes"]) - set(case.get("retired", [])) - set(case["not_impacted"]))
    found = {
        (a, b): extra
        for i, a in enumerate(free)
        for b in free[i + 1 :]
        if (extra := fail_together(graph, a, b, not_impacted=case["not_impacted"]))
    }
    assert found == {(min(a, b), max(a, b)): frozenset(extra) for a, b, extra in case["expected_joint"]}
