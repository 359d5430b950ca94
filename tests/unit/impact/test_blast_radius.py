"""What an answer says: order, paths, sentences, limits, and what it keeps to itself."""

from __future__ import annotations

import datetime as dt

import pytest

from cmdb.errors import Invalid, NotFound
from cmdb.store.protocol import EdgeRow
from impact.blast_radius import blast_radius
from tests.unit.impact.builders import edge, graph_of, group, node


def test_a_whole_document_of_a_small_shop() -> None:
    seen = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
    graph = graph_of(
        [node("s", "business_service", name="shop"), node("a", "application", name="app01"), node("d", name="db01")],
        [
            EdgeRow("s", "DEPENDS_ON", "a", 0.5, None),
            EdgeRow("a", "RUNS_ON", "d", 0.9, seen),
        ],
    )
    service = {
        "id": "s",
        "class": "business_service",
        "name": "shop",
        "state": "down",
        "hops": 2,
        "confidence": 0.45,
        "oldest_seen_at": "2026-03-01T12:00:00Z",
        "path": ["d", "a", "s"],
        "because": "app01 is down",
    }
    application = {
        "id": "a",
        "class": "application",
        "name": "app01",
        "state": "down",
        "hops": 1,
        "confidence": 0.9,
        "oldest_seen_at": "2026-03-01T12:00:00Z",
        "path": ["d", "a"],
        "because": "db01 is down",
    }
    assert blast_radius(graph, ["d"]).to_document() == {
        "revision": 1,
        "as_of": None,
        "roots": ["d"],
        "impacted": [service, application],
        "services": [service],
        "totals": {"down": 2, "degraded": 0, "by_class": {"application": 1, "business_service": 1}},
        "omitted": 0,
        "hidden": 0,
        "warnings": [],
    }


def test_without_root_and_already_down_the_answer_is_empty() -> None:
    radius = blast_radius(graph_of(["a"], []), [])
    assert radius.to_document() == {
        "revision": 1,
        "as_of": None,
        "roots": [],
        "impacted": [],
        "services": [],
        "totals": {"down": 0, "degraded": 0, "by_class": {}},
        "omitted": 0,
        "hidden": 0,
        "warnings": [],
    }


def test_services_come_first_then_down_before_degraded_then_hops_class_and_name() -> None:
    graph = graph_of(
        [
            "root",
            node("1", "server", name="b"),
            node("2", "server", name="a"),
            node("3", "application", name="z"),
            node("4", "server", name="far"),
            node("5", "server", name="slow"),
            node("6", "business_service", name="mail"),
            node("7", "business_service", name="slow shop"),
        ],
        [
            ("1", "DEPENDS_ON", "root"),
            ("2", "DEPENDS_ON", "root"),
            ("3", "DEPENDS_ON", "root"),
            ("4", "DEPENDS_ON", "1"),
            ("5", "USES", "root"),
            ("6", "DEPENDS_ON", "4"),
            ("7", "USES", "root"),
        ],
    )
    rows = blast_radius(graph, ["root"]).impacted
    assert [row.name for row in rows] == ["mail", "slow shop", "z", "a", "b", "far", "slow"]


def test_a_limit_lists_the_first_rows_and_counts_the_rest() -> None:
    graph = graph_of(
        ["root", *"abcd", node("s", "business_service")],
        [(name, "DEPENDS_ON", "root") for name in "dcba"] + [("s", "DEPENDS_ON", "d")],
    )
    radius = blast_radius(graph, ["root"], limit=3)
    assert [row.id for row in radius.impacted] == ["s", "a", "b"]
    assert (radius.omitted, radius.down) == (2, 5)
    none = blast_radius(graph, ["root"], limit=0)
    assert (none.impacted, none.omitted) == ((), 5)
    every = blast_radius(graph, ["root"], limit=5)
    assert (len(every.impacted), every.omitted) == (5, 0)


def test_degraded_travels_on_but_never_becomes_down() -> None:
    graph = graph_of(
        ["dns", "app", "web", "rack"],
        [("app", "USES", "dns"), ("web", "DEPENDS_ON", "app"), ("app", "LOCATED_IN", "rack")],
    )
    rows = blast_radius(graph, ["dns"]).impacted
    assert [(row.id, row.state, row.because) for row in rows] == [
        ("app", "degraded", "dns is down"),
        ("web", "degraded", "app is degraded"),
    ]
    assert [(row.id, row.state) for row in blast_radius(graph, ["rack"]).impacted] == [("app", "down"), ("web", "down")]


def test_a_failed_part_degrades_the_whole_unless_a_group_says_more() -> None:
    edges = [("fan", "PART_OF", "chassis"), ("psu1", "PART_OF", "chassis"), ("psu2", "PART_OF", "chassis")]
    graph = graph_of(["fan", "psu1", "psu2", "chassis"], edges, [group("chassis", ["psu1", "psu2"], 1)])

    def chassis(*roots: str) -> list[tuple[str, str, str]]:
        return [(row.id, row.state, row.because) for row in blast_radius(graph, roots).impacted]

    assert chassis("fan") == [("chassis", "degraded", "fan is down")]
    assert chassis("psu1") == [("chassis", "degraded", "1 of 2 members down, needs 1")]
    # with the whole down, its parts are: the fan by PART_OF, the supplies not, since theirs is void beside the group
    assert chassis("psu1", "psu2") == [
        ("chassis", "down", "2 of 2 members down, needs 1"),
        ("fan", "down", "chassis is down"),
    ]


def test_a_member_counts_through_the_group_of_its_cluster() -> None:
    edges = [("n1", "MEMBER_OF", "c"), ("n2", "MEMBER_OF", "c"), ("lone", "MEMBER_OF", "d")]
    graph = graph_of(["n1", "n2", "c", "lone", "d"], edges, [group("c", ["n1", "n2"], 2)])
    assert [(row.id, row.state) for row in blast_radius(graph, ["n1"]).impacted] == [("c", "down")]
    assert [(row.id, row.state) for row in blast_radius(graph, ["lone"]).impacted] == [("d", "degraded")]


def test_percentages_are_the_decimals_that_were_written() -> None:
    members = [f"m{number:03}" for number in range(1000)]
    graph = graph_of(["lb", *members], [], [group("lb", members, percent=33.3)])
    # 667 of 1000 may be down: 100·667 = 1000·(100 − 33.3) is not more
    assert blast_radius(graph, members[:667]).impacted[0].state == "degraded"
    (row,) = blast_radius(graph, members[:668]).impacted
    assert (row.state, row.because) == ("down", "668 of 1000 members down, needs 33.3 %")


def test_more_required_than_there_are_members_breaks_at_the_first_failure_only() -> None:
    graph = graph_of(["c", "n1", "n2", "x"], [], [group("c", ["n1", "n2"], 3)])
    assert blast_radius(graph, ["x"]).impacted == ()
    assert [row.state for row in blast_radius(graph, ["n1"]).impacted] == ["down"]


def test_a_group_that_needs_none_is_only_ever_degraded() -> None:
    graph = graph_of(["c", "n1", "n2"], [], [group("c", ["n1", "n2"], 0)])
    assert [row.state for row in blast_radius(graph, ["n1", "n2"]).impacted] == ["degraded"]


def test_any_broken_one_of_several_groups_takes_the_owner_down() -> None:
    graph = graph_of(
        ["c", "p1", "p2", "n1", "n2"],
        [],
        [group("c", ["p1", "p2"], 1, name="power"), group("c", ["n1", "n2", "p1"], 3, name="net")],
    )
    (row,) = blast_radius(graph, ["p1"]).impacted
    assert (row.state, row.because) == ("down", "1 of 3 members down, needs 3")


def test_a_path_through_a_group_takes_the_relationship_beside_it_if_there_is_one() -> None:
    seen = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    graph = graph_of(
        ["c", "n1", "n2"],
        [EdgeRow("n1", "CONNECTED_TO", "c", 0.7, seen)],
        [group("c", ["n1", "n2"], 2)],
    )
    (by_cable,) = blast_radius(graph, ["n1"]).impacted
    assert (by_cable.confidence, by_cable.oldest_seen_at) == (0.7, seen)
    (by_word,) = blast_radius(graph, ["n2"]).impacted
    assert (by_word.confidence, by_word.oldest_seen_at) == (1.0, None)


@pytest.mark.parametrize("lifecycle", ["retired", "planned", "in_stock"])
def test_a_root_out_of_service_warns_and_fails_nothing(lifecycle: str) -> None:
    graph = graph_of(["web", "db"], [("web", "DEPENDS_ON", "db")], lifecycle={"db": lifecycle})
    radius = blast_radius(graph, ["db"])
    assert (radius.impacted, radius.roots) == ((), ("db",))
    assert radius.warnings == (f"db is {lifecycle}: it is not counted and passes nothing on",)


def test_what_is_out_of_service_is_neither_listed_nor_passed_through() -> None:
    graph = graph_of(
        ["web", "app", "db"], [("web", "DEPENDS_ON", "app"), ("app", "DEPENDS_ON", "db")], lifecycle={"app": "retired"}
    )
    assert blast_radius(graph, ["db"]).impacted == ()


def test_maintenance_counts_as_up() -> None:
    graph = graph_of(["c", "n1", "n2"], [], [group("c", ["n1", "n2"], 1)], lifecycle={"n2": "maintenance"})
    assert [row.state for row in blast_radius(graph, ["n1"]).impacted] == ["degraded"]


def test_not_impacted_wins_over_being_a_root() -> None:
    graph = graph_of(["web", "db"], [("web", "DEPENDS_ON", "db")])
    radius = blast_radius(graph, ["db"], not_impacted=["db"])
    assert (radius.roots, radius.impacted) == (("db",), ())
    assert radius.warnings == ("db is declared not impacted, so it stays up",)


def test_already_down_cis_break_a_group_together_with_a_root() -> None:
    graph = graph_of(
        ["web", "c", "n1", "n2", "side"],
        [("web", "DEPENDS_ON", "c"), ("side", "DEPENDS_ON", "n2")],
        [group("c", ["n1", "n2"], 1)],
    )
    radius = blast_radius(graph, ["n1"], already_down=["n2"])
    assert [(row.id, row.path, row.because) for row in radius.impacted] == [
        ("c", ("n1", "c"), "2 of 2 members down, needs 1"),
        ("side", ("n2", "side"), "falls only because of already-down n2"),
        ("web", ("n1", "c", "web"), "c is down"),
    ]


def test_already_down_counts_where_no_root_is_given() -> None:
    graph = graph_of(["web", "db"], [("web", "DEPENDS_ON", "db")])
    (row,) = blast_radius(graph, [], already_down=["db"]).impacted
    assert (row.id, row.because) == ("web", "falls only because of already-down db")


def test_a_cycle_does_not_bring_itself_down() -> None:
    graph = graph_of(["a", "b", "c"], [("a", "DEPENDS_ON", "b"), ("b", "DEPENDS_ON", "a"), ("a", "USES", "c")])
    assert [(row.id, row.state) for row in blast_radius(graph, ["c"]).impacted] == [
        ("a", "degraded"),
        ("b", "degraded"),
    ]


def test_of_equally_short_paths_the_one_through_the_smallest_id_is_told() -> None:
    graph = graph_of(
        ["root", "m2", "m1", "top"],
        [
            ("m2", "DEPENDS_ON", "root"),
            ("m1", "DEPENDS_ON", "root"),
            ("top", "DEPENDS_ON", "m2"),
            edge("top", "DEPENDS_ON", "m1", 0.2),
        ],
    )
    top = next(row for row in blast_radius(graph, ["root"]).impacted if row.id == "top")
    assert (top.path, top.confidence) == (("root", "m1", "top"), 0.2)


def test_between_two_cis_the_most_confident_relationship_is_taken() -> None:
    graph = graph_of(["a", "b"], [edge("a", "DEPENDS_ON", "b", 0.3), edge("a", "RUNS_ON", "b", 0.8)])
    assert blast_radius(graph, ["b"]).impacted[0].confidence == 0.8


def test_relationships_under_the_minimum_are_left_out() -> None:
    graph = graph_of(["a", "b", "c"], [edge("a", "DEPENDS_ON", "c", 0.3), edge("b", "DEPENDS_ON", "c", 0.5)])
    assert [row.id for row in blast_radius(graph, ["c"], min_confidence=0.5).impacted] == ["b"]


def test_hidden_cis_pass_failure_on_and_nothing_else_of_them_shows() -> None:
    graph = graph_of(
        [node("1", name="db"), node("2", name="secret"), node("3", name="web"), node("4", name="secret spare")],
        [("2", "DEPENDS_ON", "1"), ("3", "DEPENDS_ON", "2")],
        [group("3", ["1", "4"], 2)],
    )
    radius = blast_radius(graph, ["1"], hidden={"2", "4"}.__contains__)
    (row,) = radius.impacted
    assert (row.id, row.path, row.because) == ("3", ("1", "3"), "1 of 1 members that you may see down")
    assert (radius.hidden, radius.down, radius.by_class) == (1, 1, {"server": 1})
    assert "secret" not in str(radius.to_document())


def test_a_path_through_a_hidden_ci_has_a_gap() -> None:
    graph = graph_of(["db", "mid", "web"], [("mid", "DEPENDS_ON", "db"), ("web", "DEPENDS_ON", "mid")])
    (row,) = blast_radius(graph, ["db"], hidden={"mid"}.__contains__).impacted
    assert (row.path, row.because) == (("db", None, "web"), "a CI that you may not see is down")


def test_unknown_ids_are_all_named() -> None:
    with pytest.raises(NotFound, match=r"2 of the CIs are not in the graph at revision 1, the first is 'y'") as caught:
        blast_radius(graph_of(["a"], []), ["a", "y", "z"])
    assert caught.value.ids == ("y", "z")


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_minimum_outside_0_to_1_is_refused(confidence: float) -> None:
    with pytest.raises(Invalid, match="the minimum confidence is"):
        blast_radius(graph_of(["a"], []), ["a"], min_confidence=confidence)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(Invalid, match="the limit is -1; give 0 or more"):
        blast_radius(graph_of(["a"], []), ["a"], limit=-1)


def test_two_services_of_one_name_are_ordered_by_id() -> None:
    graph = graph_of(
        ["root", node("b", name="same"), node("a", name="same")],
        [("b", "DEPENDS_ON", "root"), ("a", "DEPENDS_ON", "root")],
    )
    assert [row.id for row in blast_radius(graph, ["root"]).impacted] == ["a", "b"]
