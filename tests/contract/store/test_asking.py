"""The same rows in the same order as evaluation in process, whatever is asked, in every store."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.asking.condition import Condition, Related, Sort, at_time
from cmdb.asking.facts import Facts
from cmdb.asking.matching import matches
from cmdb.asking.meaning import condition_of
from cmdb.asking.order import in_order, sort_of
from cmdb.asking.surroundings import StoreSurroundings
from cmdb.errors import Invalid
from cmdb.registry import default_registry
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.contract.store.builders import NOW, change_set, ci, made, relationship
from tests.contract.store.opening import neo4j_store
from tests.contract.store.questions import Estate, conditions, estates, sorts
from tests.support.neo4j.server import Neo4jServer

UNHURRIED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)


def _listed(store: Store, condition: Condition | None, sort: Sort | None) -> list[str]:
    """Ids of a whole list, two at a time."""
    ids: list[str] = []
    cursor = None
    while True:
        page = store.list_cis(condition=condition, sort=sort, after=cursor, limit=2)
        ids += [item.id for item in page.items]
        cursor = page.cursor
        if cursor is None:
            return ids


def _expected(store: Store, estate: Estate, condition: Condition | None, sort: Sort | None) -> list[str]:
    around = StoreSurroundings(store)
    facts = [Facts(one, around, NOW) for one in estate.cis]
    return [one.ci.id for one in in_order(facts, sort) if condition is None or matches(condition, one)]


def check_answers(store: Store, estate: Estate, asked: list[tuple[Condition, Sort | None]]) -> None:
    store.apply(change_set(*made(*estate.entities), sightings=estate.sightings))
    for condition, sort in asked:
        assert _listed(store, condition, sort) == _expected(store, estate, condition, sort), (condition, sort)


questions = st.lists(st.tuples(conditions, st.one_of(st.none(), sorts)), min_size=4, max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=UNHURRIED)
@given(estates(), questions)
def test_sqlite_answers_as_evaluation_in_process(estate: Estate, asked: list[tuple[Condition, Sort | None]]) -> None:
    store = SqliteStore.in_memory()
    try:
        check_answers(store, estate, asked)
    finally:
        store.close()


@pytest.mark.neo4j
@settings(max_examples=25, deadline=None, suppress_health_check=UNHURRIED)
@given(estates(), questions)
def test_neo4j_answers_as_evaluation_in_process(
    neo4j_server: Neo4jServer, estate: Estate, asked: list[tuple[Condition, Sort | None]]
) -> None:
    store = neo4j_store(neo4j_server)
    try:
        check_answers(store, estate, asked)
    finally:
        store.close()


def test_a_filter_is_asked_together_with_class_name_and_search(store: Store) -> None:
    store.apply(
        change_set(
            *made(
                ci("a", "web01", attributes={"os_name": "Linux"}),
                ci("b", "web02", attributes={"os_name": "Windows"}),
                ci("c", "web03", class_name="router", attributes={"os_name": "linux"}),
                ci("d", "db01", attributes={"os_name": "LINUX"}),
            )
        )
    )
    condition = condition_of('os_name == "linux"', default_registry())
    assert [one.id for one in store.list_cis(condition=condition).items] == ["d", "a", "c"]
    assert [one.id for one in store.list_cis(condition=condition, class_names=["server"]).items] == ["d", "a"]
    assert [one.id for one in store.list_cis(condition=condition, search="WEB").items] == ["a", "c"]
    assert [one.id for one in store.list_cis(condition=condition, names=["WEB01", "web02"]).items] == ["a"]


def test_what_has_no_value_comes_last_either_way(store: Store) -> None:
    store.apply(
        change_set(
            *made(
                ci("a", attributes={"cpu_count": 8}),
                ci("b", attributes={}),
                ci("c", attributes={"cpu_count": 2}),
                ci("d", attributes={"cpu_count": 8}),
            )
        )
    )
    registry = default_registry()
    assert _listed(store, None, sort_of("cpu_count", registry, "server")) == ["c", "a", "d", "b"]
    assert _listed(store, None, sort_of("-cpu_count", registry, "server")) == ["a", "d", "c", "b"]


def test_a_cursor_of_another_order_is_invalid(store: Store) -> None:
    store.apply(change_set(*made(ci("a"), ci("b"))))
    registry = default_registry()
    cursor = store.list_cis(sort=sort_of("-name", registry), limit=1).cursor
    assert cursor is not None
    with pytest.raises(Invalid, match="not one of this list"):
        store.list_cis(sort=sort_of("id", registry), after=cursor)
    with pytest.raises(Invalid, match="not one of this list"):
        store.list_cis(after=cursor)


def test_hops_are_counted_along_a_chain(store: Store) -> None:
    chain = [ci(f"n{number}", class_name="application") for number in range(7)]
    arrows = [relationship(f"n{number}", "DEPENDS_ON", f"n{number + 1}") for number in range(6)]
    store.apply(change_set(*made(*chain, *arrows)))
    condition = condition_of('related("DEPENDS_ON", 5, name == "n6")', default_registry())
    assert isinstance(condition, Related)
    assert _listed(store, condition, None) == ["n1", "n2", "n3", "n4", "n5"]


def test_a_store_takes_no_time_that_is_not_written_out(store: Store) -> None:
    store.apply(change_set(*made(ci("a"))))
    condition = condition_of('created_at <= now - duration("-1h")', default_registry())
    with pytest.raises(Invalid, match="written out"):
        store.list_cis(condition=condition)
    assert _listed(store, at_time(condition, NOW), None) == ["a"]
