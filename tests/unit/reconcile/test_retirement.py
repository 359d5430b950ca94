"""Retirement by people: deleting, coming back, and confirming what a run was stopped from (docs/guides/lifecycle.md)."""

from __future__ import annotations

import pytest

from cmdb.amending import Amender
from cmdb.editing.edits import Editing, Why
from cmdb.errors import Invalid, NotFound
from cmdb.lifecycle.retirement import Retirement
from cmdb.observation import Draft
from cmdb.reconcile.precedence import Policy
from tests.unit.reconcile.builders import MAC_A, REGISTRY, World, all_of, day, draft, observation


def _retirement(world: World, at: float = 20) -> Retirement:
    return Retirement(Amender(world.store, REGISTRY, Policy(), clock=lambda: day(at)))


def _stopped() -> tuple[World, str]:
    """A world whose run at day 9 was stopped from retiring ten of twenty, and the review item."""
    world = World()
    drafts = [draft("virtual_machine", f"v{number}", key=f"v{number}", name=f"v{number}") for number in range(20)]
    world.tell(observation("vcenter", 1, drafts, scopes=[all_of("virtual_machine")]))
    for at in (2, 3, 9):
        world.tell(observation("vcenter", at, drafts[:10], scopes=[all_of("virtual_machine")]))
    return world, world.reviews("unsafe_retirement")[0].id


def test_a_deleted_ci_is_retired_with_what_is_inside_it_and_keeps_its_relationships() -> None:
    world = World()
    host = draft(local_id="h", serial="S-1")
    disk = draft("disk", "d", name="sda", host="h")
    inside = world.tell(observation("ssh", 1, [host, disk])).plan.rows
    before = world.relationships()
    done = _retirement(world).delete(str(inside[0].ci), by="ada", reason="scrapped")
    assert set(done.cis) == {inside[0].ci, inside[1].ci}
    assert {ci.lifecycle for ci in world.cis()} == {"retired"}
    assert world.relationships() == before
    (revision,) = world.store.revisions(after=world.store.revision() - 1)
    assert (revision.by, revision.reason) == ("ada", f"deleted {inside[0].ci}: scrapped")


def test_deleting_twice_is_deleting_once() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1"))
    assert _retirement(world).delete(one, by="ada", reason="scrapped").revision is not None
    assert _retirement(world).delete(one, by="ada", reason="scrapped").revision is None


def test_a_deletion_needs_a_reason() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1"))
    with pytest.raises(Invalid, match="--reason"):
        _retirement(world).delete(one, by="ada", reason=" ")


def test_a_deleted_ci_that_is_seen_again_is_live_with_its_id_and_a_person_is_told() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1"))
    _retirement(world, 20).delete(one, by="ada", reason="scrapped")
    assert world.see("ssh", 21, draft(serial="S-1")) == one
    assert (world.ci(one).lifecycle, world.ci(one).state) == ("live", "present")
    (item,) = world.reviews("deleted_seen_again")
    assert (item.cis, item.values["deleted_by"], item.values["run"]) == ((one,), "person:ada", "ssh-21")
    # told once, however often it is seen
    before = world.store.revision()
    world.see("ssh", 22, draft(serial="S-1"))
    assert world.store.revision() == before
    # and no more once it is deleted again
    _retirement(world, 23).delete(one, by="ada", reason="switched off")
    assert world.reviews("deleted_seen_again") == []


def test_what_people_entered_outlives_a_deletion_but_for_the_lifecycle() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1"))
    amender = Amender(world.store, REGISTRY, Policy(), clock=lambda: day(10))
    Editing(amender).edit(one, {"owner": "Ana", "lifecycle": "live"}, why=Why(by="bob", reason="asked her"))
    _retirement(world, 20).delete(one, by="ada", reason="scrapped")
    assert world.ci(one).lifecycle == "retired"
    world.see("ssh", 21, draft(serial="S-1"))
    assert (world.ci(one).lifecycle, world.ci(one).attributes["owner"]) == ("live", "Ana")


def test_lifecycle_is_said_by_sources_and_people_and_absence_changes_it_to_retired_only() -> None:
    world = World()
    vm = draft("virtual_machine", key="v1", name="v1", lifecycle="maintenance")
    one = world.see("vcenter", 1, vm)
    lives = [world.ci(one).lifecycle]
    for at in (2, 3, 9):
        world.tell(observation("vcenter", at, scopes=[all_of("virtual_machine")]))
        lives.append(world.ci(one).lifecycle)
    world.see("vcenter", 10, vm)
    lives.append(world.ci(one).lifecycle)
    assert lives == ["maintenance", "maintenance", "maintenance", "retired", "maintenance"]


@pytest.mark.parametrize("at", [1, 5, 19])
def test_looks_from_before_the_deletion_do_not_bring_it_back(at: float) -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1"))
    _retirement(world, 20).delete(one, by="ada", reason="scrapped")
    world.see("ssh", at, draft(serial="S-1"))
    assert (world.ci(one).lifecycle, world.reviews()) == ("retired", [])


def test_a_confirmed_stop_retires_what_was_missed() -> None:
    world, item = _stopped()
    done = _retirement(world).confirm(item, by="ada")
    assert len(done.cis) == 10
    assert sorted(ci.lifecycle for ci in world.cis()) == ["live"] * 10 + ["retired"] * 10
    assert world.reviews() == []


def test_a_dry_run_of_a_confirmation_writes_nothing() -> None:
    world, item = _stopped()
    before = world.store.revision()
    assert len(_retirement(world).confirm(item, by="ada", is_dry_run=True).cis) == 10
    assert world.store.revision() == before


def test_what_was_seen_since_the_stop_is_not_retired_by_its_confirmation() -> None:
    world, item = _stopped()
    world.see("vcenter", 10, draft("virtual_machine", key="v15", name="v15"))
    done = _retirement(world).confirm(item, by="ada")
    assert len(done.cis) == 9
    assert next(ci.lifecycle for ci in world.cis() if ci.name == "v15") == "live"


def test_a_confirmed_run_of_many_scopes_retires_what_it_had_given_back_too() -> None:
    world = World()

    def scan(at: float, serial: str, disks: int) -> None:
        drafts: list[Draft] = [draft(local_id="h", serial=serial)]
        drafts += [draft("disk", f"d{number}", name=f"sd{number}", host="h") for number in range(disks)]
        world.tell(observation("ssh", at, drafts, scopes=[all_of("disk", "h")]))

    names = [f"S-{number}" for number in range(12)]
    for serial in names:
        scan(1, serial, 2)
    for at in (2, 3, 9):
        for serial in names:
            scan(at, serial, 1)
    (item,) = world.reviews("unsafe_retirement")
    assert item.values["would_retire"] == 12
    done = _retirement(world).confirm(item.id, by="ada")
    assert len(done.cis) == 12
    assert sorted(ci.lifecycle for ci in world.cis("disk")) == ["live"] * 12 + ["retired"] * 12


def test_only_a_stopped_run_can_be_confirmed() -> None:
    world = World()
    world.see("ssh", 1, draft(serial="To Be Filled By O.E.M.", macs=[MAC_A]))
    (item,) = world.reviews("placeholder_identifier")
    with pytest.raises(Invalid, match="placeholder_identifier"):
        _retirement(world).confirm(item.id, by="ada")
    with pytest.raises(NotFound, match="cmdb review"):
        _retirement(world).confirm("nothing", by="ada")
