"""Rows with a native key: never joined by less, never leaving their CI (design §6)."""

from __future__ import annotations

from typing import Any

from tests.unit.reconcile.builders import MAC_A, MAC_B, World, draft, observation


def test_a_known_native_key_stays_with_its_ci_whatever_else_changes() -> None:
    world = World()
    one = world.see("vcenter", 1, draft("virtual_machine", key="vm-1", name="a", macs=[MAC_A]))
    other = world.see("vcenter", 1, draft("virtual_machine", key="vm-2", name="b", macs=[MAC_B]))
    assert world.see("vcenter", 2, draft("virtual_machine", key="vm-1", name="b", macs=[MAC_B])) == one
    assert world.ci(other).id == other


def test_native_keys_are_scoped_by_source_and_network() -> None:
    world = World()
    keyed = draft(key="42")
    found = {
        world.tell(observation(source, 1, [keyed], network=network)).plan.rows[0].ci
        for source, network in (("a", "default"), ("b", "default"), ("a", "lab"))
    }
    assert len(found) == 3


def test_native_keys_are_verbatim() -> None:
    world = World()
    assert len({world.see("a", 1, draft(key=key)) for key in ("VM-1", "vm-1", "vm-1 ")}) == 3


def test_a_new_native_key_of_a_known_source_is_judged_by_the_other_rungs() -> None:
    world = World()
    one = world.see("vcenter", 1, draft("virtual_machine", key="vm-1", macs=[MAC_A]))
    # registered anew: the MAC tells
    assert world.see("vcenter", 2, draft("virtual_machine", key="vm-9", macs=[MAC_A])) == one
    assert {claim.native_key for claim in world.claims(one)} == {"vm-1", "vm-9"}


def test_neither_name_nor_address_joins_two_native_keys_of_one_source() -> None:
    cases: list[dict[str, Any]] = [
        {"fqdn": "web.example.net"},
        {"name": "web"},
        {"ips": ["192.0.2.1"]},
        {"name": "web", "ips": ["192.0.2.1"]},
    ]
    for said in cases:
        world = World()
        one = world.see("vcenter", 1, draft("virtual_machine", key="vm-1", **said))
        other = world.see("vcenter", 2, draft("virtual_machine", key="vm-2", **said))
        assert one != other, said
        assert world.flags() == {"shared_identifier"}, said


def test_no_rung_joins_two_native_keys_of_one_run() -> None:
    world = World()
    rows = world.tell(
        observation(
            "vcenter",
            1,
            [
                draft("virtual_machine", "p", key="vm-1", serial="S-1", macs=[MAC_A]),
                draft("virtual_machine", "q", key="vm-2", serial="S-1", macs=[MAC_A]),
            ],
        )
    ).plan.rows
    assert len({row.ci for row in rows}) == 2
    assert world.flags() == {"shared_identifier"}


def test_a_third_row_does_not_join_two_native_keys_of_one_run() -> None:
    world = World()
    rows = world.tell(
        observation(
            "vcenter",
            1,
            [
                draft("virtual_machine", "p", key="vm-1", macs=[MAC_A]),
                draft("virtual_machine", "q", key="vm-2", macs=[MAC_B]),
            ],
        )
    ).plan.rows
    third = world.see("ssh", 2, draft(macs=[MAC_A, MAC_B]))
    assert len({rows[0].ci, rows[1].ci, third}) == 3
    assert world.flags() == {"conflicting_evidence"}


def test_a_third_row_does_not_join_two_native_keys_of_one_source_by_address() -> None:
    world = World()
    one = world.see("vcenter", 1, draft("virtual_machine", key="vm-1", ips=["192.0.2.1"]))
    other = world.see("vcenter", 2, draft("virtual_machine", key="vm-2", ips=["192.0.2.2"]))
    third = world.see("nmap", 3, draft("device", ips=["192.0.2.1", "192.0.2.2"]))
    assert len({one, other, third}) == 3
    assert world.flags() == {"ambiguous_match"}


def test_a_value_that_a_known_native_key_brings_to_a_second_ci_is_told() -> None:
    world = World()
    one = world.see("vcenter", 1, draft("virtual_machine", key="vm-1", name="a"))
    other = world.see("ssh", 2, draft(macs=[MAC_A]))
    assert world.see("vcenter", 3, draft("virtual_machine", key="vm-1", name="a", macs=[MAC_A])) == one
    (told,) = world.reviews("shared_identifier")
    assert set(told.cis) == {one, other}


def test_a_native_key_of_another_source_meets_by_the_ladder() -> None:
    world = World()
    one = world.see("vcenter", 1, draft("virtual_machine", key="vm-1", macs=[MAC_A]))
    assert world.see("glpi", 2, draft(key="7", macs=[MAC_A])) == one


def test_a_native_key_is_enough_alone() -> None:
    world = World()
    one = world.see("csv", 1, draft(key="7"))
    assert world.ci(one).name == "7"
    assert world.see("csv", 2, draft(key="7")) == one
