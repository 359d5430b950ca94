"""A person's merge and unmerge: everything goes back, later work of others stays, and the verdict is obeyed."""

from __future__ import annotations

import itertools

import pytest

from cmdb.amending import Amender
from cmdb.editing.edits import Editing, Why
from cmdb.entities import CI, Kind, Relationship
from cmdb.observation import Observation, RedundancyDraft
from cmdb.reconcile.precedence import Policy
from cmdb.repairs.merging import Repair
from tests.unit.reconcile.builders import MAC_A, MAC_B, MAC_C, MAC_D, REGISTRY, World, day, draft, observation
from tests.unit.reconcile.picture import Picture, check_same, picture

WHY = Why(by="lee", reason="read the label")


def amender(world: World) -> Amender:
    return Amender(world.store, REGISTRY, Policy(registry=REGISTRY), clock=lambda: day(500))


def merge(world: World, one: str, other: str) -> None:
    Repair(amender(world)).merge(one, other, by="kim")


def unmerge(world: World, merged: str) -> None:
    Repair(amender(world)).unmerge(merged, by="kim")


def but_verdicts(found: Picture) -> Picture:
    """A picture without what people said is the same or apart."""
    return {
        name: {key: value for key, value in one.items() if key not in ("kept_apart_from", "same_as")}
        if name.startswith("ci ") and isinstance(one, dict)
        else one
        for name, one in found.items()
    }


def estate(*, has_links_between: bool) -> Observation:
    """Three servers with two interfaces each, one called alike; services on two of them, and groups of them."""
    drafts = []
    for name, mac in (("a", MAC_A), ("b", MAC_B), ("c", MAC_C)):
        drafts += [
            draft(local_id=name, name=f"host-{name}", key=name, macs=[mac], serial=f"SN-{name}"),
            draft("interface", f"i{name}", name="eth0", host=name, mac_address=mac),
            draft("interface", f"j{name}", name=f"eth-{name}", host=name),
        ]
    drafts += [draft("business_service", "s", name="shop"), draft("application", "t", name="till")]
    return observation(
        "graph",
        1,
        drafts,
        links=[
            ("s", "DEPENDS_ON", "a"),
            ("s", "DEPENDS_ON", "b"),
            ("t", "DEPENDS_ON", "b"),
            *(
                [("a", "DEPENDS_ON", "b"), ("b", "DEPENDS_ON", "c"), ("a", "DEPENDS_ON", "c")]
                if has_links_between
                else []
            ),
        ],
        groups=[
            RedundancyDraft(of="s", members=("a", "b"), min_up=1, name="pair"),
            RedundancyDraft(of="t", members=("a", "c"), min_up=1),
            *([RedundancyDraft(of="a", members=("b", "c"), min_up=1, name="uplinks")] if has_links_between else []),
        ],
    )


def _built(*, has_links_between: bool = True) -> tuple[World, dict[str, str]]:
    world = World()
    ids = dict(world.tell(estate(has_links_between=has_links_between)).plan.resolved)
    world.tell(
        observation(
            "csv",
            2,
            [
                draft(local_id="a", serial="SN-a", location="hall 1"),
                draft(local_id="b", serial="SN-b", location="hall 2"),
                draft("application", "t", name="till"),
            ],
            links=[("t", "RUNS_ON", "a"), *([("a", "DEPENDS_ON", "b")] if has_links_between else [])],
        )
    )
    return world, ids


def _gone(world: World, *ids: str) -> str:
    found = world.store.get_many(Kind.CI, ids)
    (merged,) = (id_ for id_, ci in found.items() if isinstance(ci, CI) and ci.merged_into is not None)
    return merged


def test_merge_and_unmerge_leave_everything_as_it_was_but_for_the_verdict() -> None:
    for one, other in itertools.combinations("abc", 2):
        world, ids = _built()
        before = picture(world.store)
        merge(world, ids[one], ids[other])
        gone = _gone(world, ids[one], ids[other])
        kept = ids[one] if gone == ids[other] else ids[other]
        assert world.ci(kept).same_as == (gone,)
        unmerge(world, gone)
        check_same(but_verdicts(picture(world.store)), but_verdicts(before))
        assert (world.ci(kept).same_as, world.ci(kept).kept_apart_from) == ((), (gone,))
        assert world.ci(gone).kept_apart_from == (kept,)


@pytest.mark.parametrize("has_links_between", [True, False])
@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_a_chain_of_merges_is_undone_in_any_order(order: tuple[int, ...], *, has_links_between: bool) -> None:
    for first, second in itertools.permutations(itertools.combinations("abc", 2), 2):
        world, ids = _built(has_links_between=has_links_between)
        before = picture(world.store)
        gone: list[str] = []
        for one, other in (first, second):
            merge(world, ids[one], ids[other])
            found = world.store.get_many(Kind.CI, [ids[letter] for letter in "abc"])
            merged = {id_ for id_, ci in found.items() if isinstance(ci, CI) and ci.merged_into is not None}
            gone += sorted(merged - set(gone))
        assert len(gone) == 2
        for index in order:
            unmerge(world, gone[index])
        check_same(but_verdicts(picture(world.store)), but_verdicts(before))


def test_what_others_did_between_stays() -> None:
    world, ids = _built()
    merge(world, ids["a"], ids["b"])
    gone = _gone(world, ids["a"], ids["b"])
    kept = ids["a"] if gone == ids["b"] else ids["b"]
    letter = "b" if gone == ids["b"] else "a"
    Editing(amender(world)).edit(kept, {"owner": "Ana"}, why=WHY)
    world.see("graph", 5, draft(name="renamed", key=letter, macs=[MAC_D], serial=f"SN-{letter}"))
    world.tell(
        observation(
            "graph",
            5,
            [draft(local_id="x", key=letter, name="renamed"), draft("application", "n", name="new")],
            links=[("n", "DEPENDS_ON", "x")],
        )
    )
    unmerge(world, gone)
    assert world.ci(kept).attributes["owner"] == "Ana"
    assert "owner" not in world.ci(gone).attributes
    assert (world.ci(gone).name, world.ci(gone).attributes["mac_addresses"]) == ("renamed", [MAC_D])
    assert world.ci(kept).name != "renamed"


def test_a_record_that_was_first_heard_of_between_goes_to_the_one_that_it_fits() -> None:
    world, ids = _built()
    merge(world, ids["a"], ids["b"])
    gone = _gone(world, ids["a"], ids["b"])
    kept = ids["a"] if gone == ids["b"] else ids["b"]
    letters = {ids["a"]: "a", ids["b"]: "b"}
    drafts = [
        draft(local_id="x", key="vm-1", serial=f"SN-{letters[gone]}", model="R640"),
        draft("disk", "d", name="sda", host="x"),
        draft("application", "n", name="new"),
    ]
    resolved = world.tell(observation("vcenter", 5, drafts, links=[("n", "DEPENDS_ON", "x")])).plan.resolved
    assert resolved["x"] == kept
    unmerge(world, gone)
    assert (world.ci(gone).attributes.get("model"), world.ci(kept).attributes.get("model")) == ("R640", None)
    assert (resolved["n"], "DEPENDS_ON", gone) in world.relationships()
    assert world.see("vcenter", 6, draft(key="vm-1", serial=f"SN-{letters[gone]}")) == gone
    again = world.tell(observation("vcenter", 6, drafts, links=[("n", "DEPENDS_ON", "x")])).plan.resolved
    assert (again["x"], again["d"]) == (gone, resolved["d"])
    assert not [edge for edge in world.relationships() if edge[0] == resolved["n"] and edge[2] == kept]


def test_a_source_that_lists_both_under_two_keys_does_not_part_what_a_person_merged() -> None:
    world, ids = _built()
    merge(world, ids["a"], ids["b"])
    drafts = [draft(local_id="x", key="vm-1", serial="SN-a"), draft(local_id="y", key="vm-2", serial="SN-b")]
    resolved = world.tell(observation("vcenter", 5, drafts)).plan.resolved
    assert {world.ci(one).id for one in resolved.values()} == {world.ci(ids["a"]).id}
    assert len(world.cis("server")) == 2
    drafts = [draft(local_id="x", serial="SN-a", macs=[MAC_D]), draft(local_id="y", serial="SN-b", name="other")]
    resolved = world.tell(observation("ssh", 6, drafts)).plan.resolved
    assert {world.ci(one).id for one in resolved.values()} == {world.ci(ids["a"]).id}


def test_the_verdict_joins_no_third_that_a_source_keeps_apart() -> None:
    world, ids = _built()
    merge(world, ids["a"], ids["b"])
    world.see("vcenter", 5, draft(key="vm-1", serial="SN-a", ips=["192.0.2.1"]))
    third = world.see("vcenter", 5, draft(key="vm-3", ips=["192.0.2.1"]))
    assert world.ci(third).id != world.ci(ids["a"]).id


def test_services_that_were_merged_stay_one_under_either_name() -> None:
    world = World()
    one = world.see("csv", 1, draft("business_service", name="shop"))
    other = world.see("graph", 2, draft("business_service", name="Shop EU"))
    merge(world, one, other)
    assert world.see("graph", 3, draft("business_service", name="Shop EU")) == one
    assert world.see("csv", 3, draft("business_service", name="shop")) == one
    unmerge(world, other)
    assert world.see("graph", 4, draft("business_service", name="Shop EU")) == other
    assert world.see("csv", 4, draft("business_service", name="shop")) == one


def test_what_was_asked_about_the_two_is_answered_and_asked_again_when_they_part() -> None:
    world = World()
    one = world.see("csv", 1, draft("business_service", name="shop"))
    other = world.see("graph", 2, draft("business_service", name="shop"))
    assert one != other
    assert world.flags() == {"possible_duplicate"}
    before = picture(world.store)
    merge(world, one, other)
    assert world.flags() == set()
    unmerge(world, other)
    check_same(but_verdicts(picture(world.store)), but_verdicts(before))


def test_a_value_that_the_two_shared_identifies_the_one_and_is_shared_again_when_they_part() -> None:
    world = World()
    uuid = "4c4c4544-0035-3010-8052-b4c04f4d3132"
    one = world.see("csv", 1, draft(serial="SN-1", uuid=uuid))
    other = world.see("csv", 2, draft(serial="SN-2", uuid=uuid))
    assert one != other
    before = picture(world.store)
    merge(world, one, other)
    assert world.see("nmap", 3, draft("device", uuid=uuid)) == one
    unmerge(world, other)
    now = picture(world.store)
    keys = [name for name in before if name.startswith("key uuid|")]
    assert keys
    assert [now[name] for name in keys] == [before[name] for name in keys]
    assert world.flags() == {"shared_identifier"}


def test_two_sources_of_one_relationship_get_theirs_back() -> None:
    world, ids = _built()
    merge(world, ids["a"], ids["b"])
    gone = _gone(world, ids["a"], ids["b"])
    unmerge(world, gone)
    found = [one for one in world.store.scan(Kind.RELATIONSHIP) if isinstance(one, Relationship)]
    claimed = {(one.source, one.target): set(one.claimed) for one in found if one.type == "DEPENDS_ON"}
    assert claimed[ids["a"], ids["b"]] == {"graph", "csv"}
    assert claimed[ids["s"], ids["a"]] == claimed[ids["s"], ids["b"]] == {"graph"}
