"""Reading what is: by id, by field, by page, counted, listed."""

from __future__ import annotations

import pytest

from cmdb.changeset import Sighting
from cmdb.entities import Entity, Firing, Kind, Lifecycle, Parked, Redundancy, Review, Run, RunState, Schedule
from cmdb.errors import Invalid
from cmdb.store.protocol import PAGE_LIMIT, EdgeRow, NodeRow, Store
from tests.contract.store.builders import NOW, change_set, changed, ci, claim, made, minute, relationship


def names(store: Store, **options: object) -> list[str]:
    """The names of the first page."""
    return [one.name for one in store.list_cis(**options).items]  # type: ignore[arg-type]


def test_an_empty_store_answers_everything_with_nothing(store: Store) -> None:
    assert store.get_many(Kind.CI, ["a"]) == {}
    assert store.get_many(Kind.CI, []) == {}
    assert store.find(Kind.CLAIM, "ci", ["a"]) == ()
    assert store.scan(Kind.CI) == ()
    assert store.count(Kind.CI) == store.count(Kind.RELATIONSHIP) == store.count(Kind.CLAIM) == {}
    assert store.owners([]) == {}
    assert store.seen([]) == {}
    assert store.list_cis().items == ()
    assert store.list_cis().cursor is None
    assert store.changes(after=0) == store.history(Kind.CI, "a") == ()
    assert store.revision_at(NOW) == 0
    assert list(store.iter_nodes()) == []
    assert list(store.iter_edges()) == []


FOUND: list[tuple[Kind, str, str, Entity, Entity]] = [
    (Kind.CLAIM, "ci", "c1", claim("k1", "c1"), claim("k2", "c2")),
    (Kind.CLAIM, "source", "ssh", claim("k1", "c1", "ssh"), claim("k2", "c1", "snmp")),
    (Kind.RELATIONSHIP, "source", "a", relationship("a", "USES", "b"), relationship("b", "USES", "a")),
    (Kind.RELATIONSHIP, "target", "b", relationship("a", "USES", "b"), relationship("b", "USES", "a")),
    (
        Kind.REDUNDANCY,
        "of",
        "a",
        Redundancy(id="1", of="a", members=("b",)),
        Redundancy(id="2", of="b", members=("a",)),
    ),
    (
        Kind.REDUNDANCY,
        "members",
        "b",
        Redundancy(id="1", of="a", members=("c", "b")),
        Redundancy(id="2", of="b", members=("a",)),
    ),
    (
        Kind.REVIEW,
        "cis",
        "a",
        Review(id="1", kind="parked", cis=("b", "a"), since=NOW, remedy="r"),
        Review(id="2", kind="parked", cis=("b",), since=NOW, remedy="r"),
    ),
    (
        Kind.REVIEW,
        "kind",
        "parked",
        Review(id="1", kind="parked", cis=(), since=NOW, remedy="r"),
        Review(id="2", kind="virtual_mac", cis=(), since=NOW, remedy="r"),
    ),
    (
        Kind.PARKED,
        "waiting_for",
        "|x|y",
        Parked(id="1", source="s", network="n", reason="r", waiting_for="|x|y", draft={}, observed_at=NOW, since=NOW),
        Parked(id="2", source="s", network="n", reason="r", waiting_for=None, draft={}, observed_at=NOW, since=NOW),
    ),
    (Kind.CI, "class_name", "switch", ci("a", class_name="switch"), ci("b")),
    (Kind.CI, "merged_into", "b", ci("a", merged_into="b"), ci("b")),
    (
        Kind.RUN,
        "state",
        "running",
        Run(id="1", source="s", state=RunState.RUNNING, by="b", started_at=NOW),
        Run(id="2", source="s", state=RunState.DONE, by="b", started_at=NOW),
    ),
    (
        Kind.SCHEDULE,
        "name",
        "nightly",
        Schedule(id="1", name="nightly", scanner="nmap", created_at=NOW),
        Schedule(id="2", name="weekly", scanner="nmap", created_at=NOW),
    ),
    (
        Kind.FIRING,
        "schedule",
        "s1",
        Firing(id="1", schedule="s1", due_at=NOW),
        Firing(id="2", schedule="s2", due_at=NOW),
    ),
]


@pytest.mark.parametrize(
    ("kind", "field", "value", "fits", "other"), FOUND, ids=[f"{kind}.{field}" for kind, field, *_ in FOUND]
)
def test_every_indexed_field_finds_what_holds_the_value(
    store: Store, kind: Kind, field: str, value: str, fits: Entity, other: Entity
) -> None:
    ends = [ci("a"), ci("b")] if kind is Kind.RELATIONSHIP else []
    store.apply(change_set(*made(*ends, other, fits)))
    assert store.find(kind, field, [value]) == (fits,)
    assert store.find(kind, field, ["nothing such"]) == ()
    assert store.find(kind, field, []) == ()


def test_find_follows_changed_values(store: Store) -> None:
    store.apply(change_set(*made(claim("k", "c1"))))
    store.apply(change_set(changed(claim("k", "c1"), claim("k", "c2")), planned_at=1))
    assert store.find(Kind.CLAIM, "ci", ["c1"]) == ()
    assert store.find(Kind.CLAIM, "ci", ["c2"]) == (claim("k", "c2"),)


def test_find_gives_each_entity_once_in_id_order_and_at_most_the_limit(store: Store) -> None:
    groups = [Redundancy(id=f"g{number}", of="x", members=("a", "b")) for number in (3, 1, 2)]
    store.apply(change_set(*made(*groups)))
    found = store.find(Kind.REDUNDANCY, "members", ["b", "a", "zzz"])
    assert [group.id for group in found] == ["g1", "g2", "g3"]
    assert store.find(Kind.REDUNDANCY, "members", ["a", "b"], limit=2) == found[:2]


def test_find_by_another_field_is_invalid(store: Store) -> None:
    with pytest.raises(Invalid, match="indexed: class_name, merged_into"):
        store.find(Kind.CI, "name", ["a"])


@pytest.mark.parametrize("limit", [0, -1, PAGE_LIMIT + 1])
def test_a_page_larger_than_the_limit_or_empty_is_invalid(store: Store, limit: int) -> None:
    for question in (
        lambda: store.find(Kind.CI, "class_name", ["a"], limit=limit),
        lambda: store.scan(Kind.CI, limit=limit),
        lambda: store.list_cis(limit=limit),
        lambda: store.changes(after=0, limit=limit),
        lambda: store.touches(after=0, limit=limit),
        lambda: store.revisions(limit=limit),
        lambda: store.history(Kind.CI, "a", limit=limit),
    ):
        with pytest.raises(Invalid):
            question()
    assert store.revision() == 0


def test_scan_pages_through_all_in_id_order_merged_ones_too(store: Store) -> None:
    cis = [ci("b"), ci("a", merged_into="b"), ci("C"), ci("d")]
    store.apply(change_set(*made(*cis, claim("k", "a"))))
    first = store.scan(Kind.CI, limit=3)
    assert [one.id for one in first] == ["C", "a", "b"]
    assert [one.id for one in store.scan(Kind.CI, after="b", limit=3)] == ["d"]
    assert store.scan(Kind.CI, after="d") == ()


def test_count_says_cis_by_class_without_merged_ones_and_relationships_by_type(store: Store) -> None:
    store.apply(
        change_set(
            *made(
                ci("a"),
                ci("b", merged_into="a"),
                ci("c", class_name="switch"),
                ci("d", lifecycle=Lifecycle.RETIRED),
                relationship("a", "USES", "c"),
                relationship("d", "USES", "c"),
                relationship("a", "RUNS_ON", "c"),
                claim("k", "a"),
            )
        )
    )
    assert store.count(Kind.CI) == {"server": 2, "switch": 1}
    assert store.count(Kind.RELATIONSHIP) == {"USES": 2, "RUNS_ON": 1}
    assert store.count(Kind.CLAIM) == {"": 1}
    assert store.count(Kind.REVIEW) == {}


def test_lists_are_ordered_by_name_ignoring_ascii_case_then_id(store: Store) -> None:
    wanted = ["", "a", "A", "b", "B-2", "é", "\uffee", "\U0001f600"]
    ids = ["1", "2", "3", "4", "5", "7", "8", "9"]
    store.apply(change_set(*made(*(ci(id_, name) for id_, name in reversed(list(zip(ids, wanted, strict=True)))))))
    store.apply(change_set(*made(ci("6", "É")), planned_at=1))
    assert names(store) == ["", "a", "A", "b", "B-2", "É", "é", "\uffee", "\U0001f600"]


def test_pages_of_a_list_join_without_gap_or_repetition(store: Store) -> None:
    store.apply(change_set(*made(*(ci(f"id{number}", f"name{number % 3}") for number in range(7)))))
    seen: list[str] = []
    cursor: str | None = None
    sizes = []
    while True:
        page = store.list_cis(after=cursor, limit=3)
        sizes.append(len(page.items))
        seen.extend(one.id for one in page.items)
        cursor = page.cursor
        if cursor is None:
            break
    assert sizes == [3, 3, 1]
    assert seen == ["id0", "id3", "id6", "id1", "id4", "id2", "id5"]
    assert store.list_cis(limit=7).cursor is None


def test_a_foreign_cursor_is_invalid(store: Store) -> None:
    for cursor in ("x", "", "bnVsbA", "WzEsMl0", "é", "W10"):
        with pytest.raises(Invalid):
            store.list_cis(after=cursor)
    assert store.list_cis().items == ()


def test_lists_filter_by_class_name_search_and_retirement(store: Store) -> None:
    store.apply(
        change_set(
            *made(
                ci("1", "Web01"),
                ci("2", "web01", class_name="switch"),
                ci("3", "WEB02", class_name="switch"),
                ci("4", "db%1", lifecycle=Lifecycle.RETIRED),
                ci("5", "web01", merged_into="1"),
                ci("6", "ÄWEB", class_name="router"),
                ci("7", "nul\u0000web"),
            )
        )
    )
    assert [one.id for one in store.list_cis(names=["wEB01"]).items] == ["1", "2"]
    assert [one.id for one in store.list_cis(names=["web01", "web02"], class_names=["switch"]).items] == ["2", "3"]
    assert [one.id for one in store.list_cis(class_names=["switch", "router"]).items] == ["2", "3", "6"]
    assert [one.id for one in store.list_cis(search="WeB0").items] == ["1", "2", "3"]
    assert [one.id for one in store.list_cis(search="%").items] == ["4"]
    assert [one.id for one in store.list_cis(search="äweb").items] == []
    assert [one.id for one in store.list_cis(search="Äweb").items] == ["6"]
    assert [one.id for one in store.list_cis(search="\u0000W").items] == ["7"]
    assert [one.id for one in store.list_cis(search="").items] == ["4", "7", "1", "2", "3", "6"]
    assert [one.id for one in store.list_cis(has_retired=False).items] == ["7", "1", "2", "3", "6"]
    assert store.list_cis(class_names=[]).items == store.list_cis(names=[]).items == ()


def test_lists_follow_a_renamed_reclassified_and_merged_ci(store: Store) -> None:
    store.apply(change_set(*made(ci("a", "old"), ci("b"))))
    store.apply(change_set(changed(ci("a", "old"), ci("a", "new", class_name="switch")), planned_at=1))
    assert names(store) == ["b", "new"]
    assert names(store, class_names=["switch"]) == ["new"]
    assert names(store, names=["old"]) == []
    merged = ci("a", "new", class_name="switch", merged_into="b")
    store.apply(change_set(changed(ci("a", "new", class_name="switch"), merged), planned_at=2))
    assert names(store) == ["b"]
    assert store.get_many(Kind.CI, ["a"]) == {"a": merged}


def test_the_whole_graph_is_read_as_rows(store: Store) -> None:
    uses = relationship("a", "USES", "b", confidence=0.5)
    runs = relationship("b", "RUNS_ON", "c")
    store.apply(
        change_set(
            *made(
                ci("a", "A"),
                ci("b"),
                ci("c", class_name="switch", lifecycle=Lifecycle.RETIRED),
                ci("m", merged_into="a"),
            ),
            *made(uses, runs),
            sightings=[
                Sighting(f"{uses.id}@ssh", minute(1)),
                Sighting(f"{uses.id}@snmp", minute(3)),
                Sighting("k", minute(9)),
            ],
        )
    )
    assert {node for batch in store.iter_nodes() for node in batch} == {
        NodeRow("a", "server", "A", "live"),
        NodeRow("b", "server", "b", "live"),
        NodeRow("c", "switch", "c", "retired"),
    }
    assert {edge for batch in store.iter_edges() for edge in batch} == {
        EdgeRow("a", "USES", "b", 0.5, minute(3)),
        EdgeRow("b", "RUNS_ON", "c", 1.0, None),
    }


def test_a_relationship_seen_again_later_says_so(store: Store) -> None:
    uses = relationship("a", "USES", "b")
    store.apply(change_set(*made(ci("a"), ci("b"), uses), sightings=[Sighting(f"{uses.id}@ssh", minute(5))]))
    store.apply(change_set(sightings=[Sighting(f"{uses.id}@ssh", minute(2))], planned_at=1))
    assert [edge.last_seen_at for batch in store.iter_edges() for edge in batch] == [minute(5)]
    store.apply(change_set(sightings=[Sighting(f"{uses.id}@ssh", minute(8))], planned_at=1))
    assert [edge.last_seen_at for batch in store.iter_edges() for edge in batch] == [minute(8)]
