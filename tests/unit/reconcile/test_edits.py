"""What people say: it goes before sources, has a reason and an end, and what it blocks is listed (design §6)."""

from __future__ import annotations

import pytest

from cmdb.amending import Amender
from cmdb.editing.edits import Why
from cmdb.errors import Invalid, NotFound
from cmdb.reconcile.precedence import Policy
from cmdb.repairs.merging import Repair
from cmdb.values import Value
from tests.unit.reconcile.builders import MAC_A, REGISTRY, all_of, day, draft, observation
from tests.unit.reconcile.desk import Desk


def test_an_edit_goes_before_every_source_and_keeps_its_reason() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    desk.edit(one, {"owner": "Ana"})
    desk.see("ssh", 20, draft(serial="S-1", owner="nobody"))
    assert desk.value(one, "owner") == "Ana"
    (edit,) = [claim for claim in desk.world.claims(one) if claim.source == "person:kim"]
    assert edit.values["owner"].edit is not None
    assert edit.values["owner"].edit.reason == "walked there and looked"


def test_of_two_people_the_later_is_right() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1"))
    desk.edit(one, {"owner": "Ana"}, by="kim")
    desk.now = day(11)
    desk.edit(one, {"owner": "Bo"}, by="lee")
    assert desk.value(one, "owner") == "Bo"


def test_an_edit_says_nothing_of_when_the_ci_was_seen() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1"))
    desk.edit(one, {"owner": "Ana"})
    seen = desk.world.store.seen([claim.id for claim in desk.world.claims(one)])
    assert max(found.last_at for found in seen.values()) == day(1)


def test_taking_back_an_edit_lets_sources_speak_again() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    desk.edit(one, {"owner": "Ana", "notes": "kept"}, by="kim")
    desk.edit(one, {}, by="lee", unset=("owner",))
    assert (desk.value(one, "owner"), desk.value(one, "notes")) == ("nobody", "kept")
    desk.edit(one, {}, unset=("notes",))
    assert desk.value(one, "notes") is None
    assert [claim.source for claim in desk.world.claims(one)] == ["ssh"]


def test_what_nobody_edited_cannot_be_taken_back() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    with pytest.raises(NotFound, match="nobody edited owner"):
        desk.edit(one, {}, unset=("owner",))


def test_a_person_may_say_that_there_is_none() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    desk.edit(one, {"owner": None})
    desk.see("ssh", 20, draft(serial="S-1", owner="nobody"))
    assert "owner" not in desk.world.ci(one).attributes


def test_an_edit_that_ran_out_no_longer_speaks() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    desk.edit(one, {"owner": "Ana"}, until=15)
    desk.now = day(15)
    assert desk.value(one, "owner") == "Ana"
    assert desk.editing.end_run_out(by="housekeeping") is not None
    assert desk.value(one, "owner") == "nobody"
    assert desk.editing.end_run_out(by="housekeeping") is None


def test_the_next_look_settles_what_ran_out_as_well() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    desk.edit(one, {"owner": "Ana"}, until=15)
    desk.now = day(16)
    desk.see("ssh", 16, draft(serial="S-1", owner="nobody"))
    assert desk.value(one, "owner") == "nobody"


def test_two_ends_in_one_month_are_both_met() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1"))
    desk.edit(one, {"owner": "Ana"}, until=12)
    desk.edit(one, {"notes": "for now"}, until=14)
    desk.now = day(13)
    desk.editing.end_run_out(by="housekeeping")
    assert (desk.value(one, "owner"), desk.value(one, "notes")) == (None, "for now")
    desk.now = day(200)
    desk.editing.end_run_out(by="housekeeping")
    assert desk.value(one, "notes") is None


def test_a_newer_word_that_differs_is_listed_once_until_they_agree() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    desk.edit(one, {"owner": "Ana"})
    assert desk.world.reviews("blocked_update") == []
    for at in (11, 12):
        done = desk.tell(observation("ssh", at, [draft(serial="S-1", owner="Bo")]))
        assert done.plan.rows[0].flags == ("blocked_update",)
    (item,) = desk.world.reviews("blocked_update")
    assert item.cis == (one,)
    assert item.values == {
        "attribute": "owner",
        "edit": "Ana",
        "by": "person:kim",
        "reason": "walked there and looked",
        "blocked": [{"source": "ssh", "value": "Bo"}],
    }
    desk.see("ssh", 13, draft(serial="S-1", owner="Ana"))
    assert desk.world.reviews("blocked_update") == []


def test_what_was_blocked_ends_with_the_edit() -> None:
    for end in ("taken back", "ran out"):
        desk = Desk()
        one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
        desk.edit(one, {"owner": "Ana"}, until=20)
        desk.see("ssh", 11, draft(serial="S-1", owner="Bo"))
        assert len(desk.world.reviews("blocked_update")) == 1
        if end == "taken back":
            desk.edit(one, {}, unset=("owner",))
        else:
            desk.now = day(21)
            desk.editing.end_run_out(by="housekeeping")
        assert (desk.world.reviews("blocked_update"), desk.value(one, "owner")) == ([], "Bo")


def test_a_replayed_look_from_before_the_edit_is_not_blocked() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    desk.edit(one, {"owner": "Ana"})
    revision = desk.world.store.revision()
    desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    assert desk.world.store.revision() == revision
    assert desk.world.reviews() == []


def test_name_class_and_lifecycle_are_edited_like_values() -> None:
    desk = Desk()
    one = desk.see("snmp", 1, draft("switch", serial="S-1", name="sw-1"))
    desk.edit(one, {"name": "core-a", "class": "router", "lifecycle": "maintenance"})
    desk.see("snmp", 20, draft("switch", serial="S-1", name="sw-1"))
    ci = desk.world.ci(one)
    assert (ci.name, ci.class_name, ci.lifecycle) == ("core-a", "router", "maintenance")
    assert {item.values["attribute"] for item in desk.world.reviews("blocked_update")} == {"name", "class"}


def test_a_generic_class_is_no_objection_to_an_edited_one() -> None:
    desk = Desk()
    one = desk.see("nmap", 1, draft("device", macs=[MAC_A], ips=["192.0.2.1"]))
    desk.edit(one, {"class": "printer"})
    desk.see("nmap", 20, draft("device", macs=[MAC_A], ips=["192.0.2.1"]))
    assert desk.world.ci(one).class_name == "printer"
    assert desk.world.reviews("blocked_update") == []


def test_an_edit_keeps_nothing_alive_that_its_sources_no_longer_see() -> None:
    desk = Desk()
    one = desk.see("csv", 1, draft(key="1"))
    desk.edit(one, {"owner": "Ana"})
    for at in (2, 3, 12):
        desk.tell(observation("csv", at, [draft(local_id="other", key="2")], scopes=[all_of("server")]))
    assert (desk.world.ci(one).lifecycle, desk.value(one, "owner")) == ("retired", "Ana")


def test_where_a_ci_stands_by_a_persons_word_is_not_ended_by_absence() -> None:
    desk = Desk()
    one = desk.see("csv", 1, draft(key="1"))
    desk.edit(one, {"lifecycle": "in_stock"})
    for at in (2, 3, 12):
        desk.tell(observation("csv", at, [draft(local_id="other", key="2")], scopes=[all_of("server")]))
    assert desk.world.ci(one).lifecycle == "in_stock"


def test_an_edited_serial_identifies() -> None:
    desk = Desk()
    one = desk.see("nmap", 1, draft("device", ips=["192.0.2.1"]))
    desk.edit(one, {"serial_number": "S-9"})
    assert desk.see("ssh", 20, draft(serial="S-9", name="db1")) == one


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"ownr": "x"}, "no attribute 'ownr'; did you mean owner?"),
        ({"cpu_count": "many"}, "attribute cpu_count: expected a whole number"),
        ({"lifecycle": "gone"}, "'gone' is none of planned"),
        ({"class": "srever"}, "unknown class 'srever'; did you mean server"),
        ({"class": "hardware"}, "only groups other classes"),
        ({"class": "business_service"}, "is identified as"),
        ({"name": " "}, "always called something"),
        ({"mac_addresses": None}, "union"),
        ({"host": "x"}, "cmdb relate"),
        ({}, "nothing to edit"),
    ],
)
def test_what_cannot_be_right_is_refused_and_nothing_is_written(said: dict[str, Value], told: str) -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1"))
    revision = desk.world.store.revision()
    with pytest.raises(Invalid, match=told):
        desk.edit(one, {**said, "notes": "fine"} if said else {})
    assert desk.world.store.revision() == revision


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (Why(by="kim", reason="  "), "needs a reason"),
        (Why(by="kim", reason="late", until=day(9)), "which is past"),
        (Why(by=" ", reason="ghost"), "somebody who makes it"),
    ],
)
def test_an_edit_needs_a_reason_somebody_and_an_end_to_come(why: Why, told: str) -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1"))
    with pytest.raises(Invalid, match=told):
        desk.editing.edit(one, {"owner": "Ana"}, why=why)


def test_a_reason_cannot_steer_the_terminal() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1"))
    desk.editing.edit(one, {"owner": "Ana"}, why=Why(by="kim", reason="\x1b[2Jasked\x07 her"))
    (edit,) = [claim for claim in desk.world.claims(one) if claim.source == "person:kim"]
    assert edit.values["owner"].edit is not None
    assert edit.values["owner"].edit.reason.isprintable()


def test_text_becomes_the_type_of_its_attribute() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1"))
    desk.edit(one, {"cpu_count": "8", "tags": ["a", "b"]})
    assert (desk.value(one, "cpu_count"), desk.value(one, "tags")) == (8, ["a", "b"])


def test_saying_the_same_again_is_a_later_word() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1"))
    desk.edit(one, {"owner": "Ana"})
    desk.see("ssh", 11, draft(serial="S-1", owner="Bo"))
    desk.now = day(12)
    desk.edit(one, {"owner": "Ana"})
    # the newer edit has seen what it overrules
    assert desk.world.reviews("blocked_update") == []


def test_edits_follow_a_join_and_its_undoing() -> None:
    desk = Desk()
    one, two = desk.see("csv", 1, draft(key="1")), desk.see("csv", 11, draft(key="2"))
    desk.edit(two, {"owner": "Ana"})
    repair = Repair(Amender(desk.world.store, REGISTRY, Policy(), clock=desk.clock))
    repair.merge(one, two, by="kim")
    assert desk.value(one, "owner") == "Ana"
    desk.now = day(12)
    desk.edit(one, {"notes": "one machine"})
    repair.unmerge(two, by="kim")
    assert (desk.value(one, "owner"), desk.value(two, "owner")) == (None, "Ana")
    assert desk.value(one, "notes") == "one machine"


def test_a_source_goes_on_knowing_a_service_that_a_person_renamed_moved_and_classed_anew() -> None:
    desk = Desk()
    one = desk.see("csv", 1, draft("application", name="shop", site="paris"))
    desk.edit(one, {"name": "Shop EU", "class": "application_service", "site": "lyon"})
    assert desk.see("csv", 20, draft("application", name="shop", site="paris")) == one
    ci = desk.world.ci(one)
    assert (ci.name, ci.class_name, ci.attributes["site"]) == ("Shop EU", "application_service", "lyon")


def test_a_source_goes_on_knowing_what_is_inside_a_host_by_its_own_name() -> None:
    desk = Desk()

    def look(at: float) -> list[str | None]:
        drafts = [draft(local_id="h", serial="S-1", name="db1"), draft("interface", "i", name="eth0", host="h")]
        return [row.ci for row in desk.tell(observation("ssh", at, drafts)).plan.rows]

    host, interface = look(1)
    assert interface is not None
    desk.edit(interface, {"name": "uplink"})
    assert look(20) == [host, interface]
    assert desk.world.ci(interface).name == "uplink"


def test_a_source_goes_on_knowing_a_product_by_its_content() -> None:
    desk = Desk()
    one = desk.see("csv", 1, draft("software_product", name="nginx", version="1.2"))
    desk.edit(one, {"name": "NGINX", "version": "1.3"})
    assert desk.see("csv", 20, draft("software_product", name="nginx", version="1.2")) == one


def test_a_corrected_serial_identifies_beside_the_wrong_one() -> None:
    desk = Desk()
    one = desk.see("csv", 1, draft(key="1", name="db1", serial="WRONG-1"))
    desk.edit(one, {"serial_number": "RIGHT-1"})
    assert desk.see("csv", 20, draft(key="1", name="db1", serial="WRONG-1")) == one
    assert desk.see("ssh", 21, draft(name="db1", serial="RIGHT-1")) == one
    assert desk.value(one, "serial_number") == "RIGHT-1"


def test_an_observation_of_a_person_blocks_as_an_edit_does() -> None:
    desk = Desk()
    one = desk.see("person:kim", 1, draft(serial="S-1", owner="Ana"))
    desk.see("ssh", 2, draft(serial="S-1", owner="Bo"))
    (item,) = desk.world.reviews("blocked_update")
    assert (item.values["by"], desk.value(one, "owner")) == ("person:kim", "Ana")
    assert "cmdb withdraw person:kim" in item.remedy
