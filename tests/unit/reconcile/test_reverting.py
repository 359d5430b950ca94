"""Revisions undone: everything as it was before, refused where later work depends on them."""

from __future__ import annotations

import pytest

from cmdb.amending import Amender
from cmdb.editing.edits import Editing, Why
from cmdb.errors import Conflict, NotFound
from cmdb.history.compaction import Compaction
from cmdb.observation import RedundancyDraft
from cmdb.reconcile.precedence import Policy
from cmdb.repairs.merging import Repair
from cmdb.repairs.reverting import Reverting, changed_cis
from tests.unit.reconcile.builders import MAC_A, MAC_B, REGISTRY, World, day, draft, observation
from tests.unit.reconcile.picture import check_same, picture
from tests.unit.reconcile.test_withdrawal import withdraw


def _amender(world: World) -> Amender:
    return Amender(world.store, REGISTRY, Policy(registry=REGISTRY), clock=lambda: day(500))


def _revert(world: World, number: int | None = None) -> tuple[int, ...]:
    wanted = world.store.revision() if number is None else number
    return Reverting(_amender(world)).revert(wanted, by="kim", reason="a mistake").revisions


def _estate(world: World) -> dict[str, str]:
    """Two servers with an interface each, a service on both, and a group of them."""
    group = RedundancyDraft(of="s", members=("a", "b"), min_up=1, name="pair")
    drafts = [
        draft(local_id="a", name="alpha", key="a", macs=[MAC_A], serial="SN-1"),
        draft("interface", "ia", name="eth0", host="a", mac_address=MAC_A),
        draft(local_id="b", name="beta", key="b", macs=[MAC_B]),
        draft("interface", "ib", name="eth0", host="b", mac_address=MAC_B),
        draft("business_service", "s", name="shop"),
    ]
    links = [("s", "DEPENDS_ON", "a"), ("s", "DEPENDS_ON", "b")]
    return dict(world.tell(observation("graph", 1, drafts, links=links, groups=[group])).plan.resolved)


def test_an_observation_reverted_leaves_no_trace_of_what_it_made() -> None:
    world = World()
    world.see("csv", 1, draft(serial="SN-1", location="hall 1"))
    before = picture(world.store)
    _estate(world)
    _revert(world)
    check_same(picture(world.store), before)


def test_values_relationships_and_last_sightings_come_back() -> None:
    world = World()
    ids = _estate(world)
    before = picture(world.store)
    world.tell(
        observation(
            "graph",
            9,
            [
                draft(local_id="a", name="gamma", key="a", macs=[MAC_A], location="hall 9", serial="SN-9"),
                draft(local_id="b", name="delta", key="b", macs=[MAC_B]),
            ],
            links=[("a", "DEPENDS_ON", "b")],
        )
    )
    assert world.ci(ids["a"]).name == "gamma"
    _revert(world)
    check_same(picture(world.store), before)


def test_a_revert_can_be_reverted() -> None:
    world = World()
    world.see("csv", 1, draft(serial="SN-1", location="hall 1"))
    _estate(world)
    after = picture(world.store)
    _revert(world)
    _revert(world)
    check_same(picture(world.store), after)


def test_a_merge_and_an_unmerge_can_be_reverted() -> None:
    world = World()
    ids = _estate(world)
    before = picture(world.store)
    repair = Repair(_amender(world))
    repair.merge(ids["a"], ids["b"], by="kim")
    merged = picture(world.store)
    _revert(world)
    check_same(picture(world.store), before)
    _revert(world)
    check_same(picture(world.store), merged)
    repair.unmerge(max(ids["a"], ids["b"]), by="kim")
    _revert(world)
    check_same(picture(world.store), merged)


def test_what_was_changed_since_refuses_and_names_the_revision_and_the_ci() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", name="db1", location="hall 1"))
    world.see("csv", 2, draft(serial="SN-1", name="db1", location="hall 2"))
    world.see("csv", 3, draft(serial="SN-1", name="db1", location="hall 3"))
    with pytest.raises(
        Conflict, match=rf"the claim of csv on server 'db1' \({ci}\) was changed by revision 3; revert 3"
    ):
        _revert(world, 2)
    assert world.ci(ci).attributes["location"] == "hall 3"


def test_a_ci_that_others_spoke_of_since_is_not_unmade() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", name="db1"))
    world.see("ssh", 2, draft(serial="SN-1", name="db1"))
    with pytest.raises(Conflict, match=r"server 'db1' .* which it made, was changed by revision 2"):
        _revert(world, 1)
    assert world.ci(ci).lifecycle == "live"


def test_other_peoples_later_edits_survive() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", location="hall 1", model="R640"))
    world.see("csv", 2, draft(serial="SN-1", location="hall 2", model="R640"))
    Editing(_amender(world)).edit(ci, {"model": "R650"}, why=Why(by="lee", reason="read the label"))
    _revert(world, 2)
    assert (world.ci(ci).attributes["location"], world.ci(ci).attributes["model"]) == ("hall 1", "R650")


def test_the_plan_says_what_would_change_and_changes_nothing() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", location="hall 1"))
    world.see("csv", 2, draft(serial="SN-1", location="hall 2"))
    planned = Reverting(_amender(world)).plan(2)
    ((before, after),) = changed_cis(planned)
    assert before is not None
    assert after is not None
    assert (before.id, before.attributes["location"], after.attributes["location"]) == (ci, "hall 2", "hall 1")
    assert (planned.undone, planned.revisions, world.store.revision()) == ((2,), (), 2)


def test_a_revision_that_is_not_there_is_named() -> None:
    world = World()
    for number in (0, 1, 7):
        with pytest.raises(NotFound, match=f"no revision {number}"):
            _revert(world, number)


def test_a_withdrawal_reverted_is_as_if_it_had_not_been() -> None:
    world = World()
    _estate(world)
    world.see("csv", 2, draft(serial="SN-1", location="hall 1"))
    world.tell(observation("graph", 3, [draft("interface", name="eth1", host="unknown")]))
    before = picture(world.store)
    done = withdraw(world, "graph")
    assert done.revisions[0] < done.revisions[-1]
    _revert(world, done.revisions[0])
    check_same(picture(world.store), before)


def test_a_withdrawal_reverted_keeps_what_was_said_since() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", key="k", location="hall 1", model="R640", os_version="9"))
    other = world.see("csv", 1, draft(serial="SN-2", key="l", location="hall 1"))
    done = withdraw(world, "csv")
    world.see("csv", 5, draft(serial="SN-1", key="k", location="hall 5"))
    world.see("ssh", 5, draft(serial="SN-1", os_version="10"))
    Editing(_amender(world)).edit(ci, {"model": "R650"}, why=Why(by="lee", reason="read the label"))
    _revert(world, done.revisions[0])
    found = world.ci(ci).attributes
    assert (found["location"], found["model"], found["os_version"]) == ("hall 5", "R650", "10")
    assert (world.ci(other).lifecycle, world.ci(other).attributes["location"]) == ("live", "hall 1")


def test_what_was_thinned_out_is_not_reverted() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", location="hall 1"))
    compaction = Compaction(world.store, clock=lambda: day(900))
    retention = compaction.plan(30)
    assert retention is not None
    assert sum(compaction.steps(retention)) >= 0
    with pytest.raises(Conflict, match="only daily states are kept"):
        _revert(world, 1)
    assert world.ci(ci).attributes["location"] == "hall 1"
