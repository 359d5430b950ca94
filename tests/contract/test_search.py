"""Full-text search: what is found by what, in which order, and why; in every store."""

from __future__ import annotations

import pytest

from cmdb.entities import CI, Lifecycle
from cmdb.search.searching import search
from cmdb.store.protocol import Store
from tests.contract.store.builders import change_set, changed, ci, ended, made

ESTATE: tuple[CI, ...] = (
    ci(
        "a",
        "web-01",
        attributes={
            "fqdn": "web-01.rome.example.com",
            "serial_number": "SN-0042-X",
            "mac_addresses": ["00:1b:21:aa:bb:cc"],
            "ip_addresses": ["10.1.2.3", "2001:db8::17"],
            "model": "PowerEdge R740",
            "asset_tag": "A 100",
        },
    ),
    ci("b", "web-02", attributes={"ip_addresses": ["10.1.2.30"], "description": "Spare for web-01, see Zürich"}),
    ci("c", "db01", attributes={"ip_addresses": ["10.1.20.3"], "tags": ["web"]}),
    ci("d", "web-01-old", lifecycle=Lifecycle.RETIRED, attributes={"serial_number": "SN0041X"}),
    ci("e", "stack", class_name="switch", attributes={"members": [{"position": 1, "serial_number": "FOC1234"}]}),
    ci("f", "Web-01", class_name="application", merged_into="a"),
    ci("g", "Straße", class_name="site", attributes={"description": "Café Ω"}),
)


@pytest.fixture
def filled(store: Store) -> Store:
    store.apply(change_set(*made(*ESTATE)))
    return store


def _found(store: Store, text: str) -> list[tuple[str, str, str]]:
    return [(one.ci.id, one.field, one.value) for one in search(store, text)]


@pytest.mark.parametrize(
    "text", ["00:1b:21:aa:bb:cc", "00-1B-21-AA-BB-CC", "001b.21aa.bbcc", "001B21AABBCC", "00:1b:21", "0:1b:21:aa:bb:cc"]
)
def test_a_mac_is_found_in_any_spelling_and_by_its_beginning(filled: Store, text: str) -> None:
    assert _found(filled, text) == [("a", "mac_addresses", "00:1b:21:aa:bb:cc")]


def test_an_address_is_found_whole_before_those_that_it_begins(filled: Store) -> None:
    assert _found(filled, "10.1.2.3") == [("a", "ip_addresses", "10.1.2.3"), ("b", "ip_addresses", "10.1.2.30")]
    assert [id_ for id_, *_ in _found(filled, "10.1.2.")] == ["a", "b"]
    assert [id_ for id_, *_ in _found(filled, "10.1.")] == ["c", "a", "b"]
    assert _found(filled, "2001:db8:") == [("a", "ip_addresses", "2001:db8::17")]


def test_a_serial_is_found_however_it_is_divided(filled: Store) -> None:
    assert _found(filled, "sn0042x") == [("a", "serial_number", "SN-0042-X")]
    assert _found(filled, "SN 0042") == [("a", "serial_number", "SN-0042-X")]
    assert _found(filled, "foc12") == [("e", "members", "FOC1234")]
    assert _found(filled, "A100") == [("a", "asset_tag", "A 100")]


def test_the_name_comes_first_then_names_that_it_begins_then_other_fields_and_retired_ones_last(filled: Store) -> None:
    assert _found(filled, "WEB-01") == [
        ("a", "name", "web-01"),
        ("b", "description", "Spare for web-01, see Zürich"),
        ("d", "name", "web-01-old"),
    ]
    assert [id_ for id_, *_ in _found(filled, "web")] == ["a", "b", "c", "d"]


def test_words_may_come_in_any_order_and_from_several_fields(filled: Store) -> None:
    assert _found(filled, "r740 power") == [("a", "model", "PowerEdge R740")]
    assert [id_ for id_, *_ in _found(filled, "rome poweredge")] == ["a"]
    assert _found(filled, "web01.rome") == [("a", "fqdn", "web-01.rome.example.com")]
    assert _found(filled, "poweredge lisbon") == []


def test_case_and_accents_do_not_matter(filled: Store) -> None:
    assert [id_ for id_, *_ in _found(filled, "zurich")] == ["b"]
    assert [id_ for id_, *_ in _found(filled, "STRASSE")] == ["g"]
    assert [id_ for id_, *_ in _found(filled, "cafe ω")] == ["g"]


def test_an_id_finds_its_ci(filled: Store) -> None:
    assert _found(filled, "e")[0] == ("e", "id", "e")


@pytest.mark.parametrize(
    "text", ["", " ", "---", '"', "*", "name:x", "a AND", "(", "\\", "nothing-like-it", "~1", "x" * 5000]
)
def test_what_means_something_to_an_index_means_nothing_here(filled: Store, text: str) -> None:
    assert all(one.ci.id in {"a", "b", "c", "d", "e", "g"} for one in search(filled, text))


def test_the_index_follows_what_is_written(store: Store) -> None:
    first = ci("a", "alpha", attributes={"serial_number": "S1"})
    store.apply(change_set(*made(first)))
    second = ci("a", "beta", attributes={"serial_number": "S1"})
    store.apply(change_set(changed(first, second), planned_at=1))
    assert _found(store, "alpha") == []
    assert _found(store, "bet") == [("a", "name", "beta")]
    retired = ci("a", "beta", lifecycle=Lifecycle.RETIRED, attributes={"serial_number": "S1"})
    store.apply(change_set(changed(second, retired), planned_at=2))
    assert _found(store, "s1") == [("a", "serial_number", "S1")]
    store.apply(change_set(ended(retired), planned_at=3))
    assert _found(store, "s1") == []


def test_of_more_than_the_limit_the_best_are_shown(store: Store) -> None:
    others = [
        ci(f"n{number:03}", f"node {number:03}", attributes={"description": "db01 backup"}) for number in range(300)
    ]
    store.apply(change_set(*made(*others, ci("x", "db01"), ci("y", "db01-b", lifecycle=Lifecycle.RETIRED))))
    assert [one.ci.id for one in search(store, "db01", limit=2)] == ["x", "n000"]
