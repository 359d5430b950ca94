"""The ladder rung by rung: design §6, the ladder of the device family."""

from __future__ import annotations

from typing import Any

import pytest

from cmdb.identity.evidence import Evidence, Kind, gather
from cmdb.identity.ladder import compare
from cmdb.values import Value


def evidence(name: str | None = None, **attributes: Any) -> Evidence:
    return gather(name, attributes, "default").evidence


MAC_A, MAC_B = "d8:bb:c1:00:00:0a", "d8:bb:c1:00:00:0b"
U1, U2 = "0a1b2c3d-0000-4000-9000-0000000000aa", "0a1b2c3d-0000-4000-9000-0000000000bb"

# strongest first, as the design lists them; each with a value that meets and one that does not
STRONG_RUNGS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("serial", {"serial_number": "S-1"}, {"serial_number": "S-2"}),
    ("mac", {"mac_addresses": [MAC_A]}, {"mac_addresses": [MAC_B]}),
    ("uuid", {"system_uuid": U1}, {"system_uuid": U2}),
    ("board", {"board_serial": "B-1"}, {"board_serial": "B-2"}),
    ("machine_id", {"machine_id": "8" * 31 + "1"}, {"machine_id": "8" * 31 + "2"}),
    ("host_key", {"ssh_host_keys": ["ssh-ed25519 AAAA1"]}, {"ssh_host_keys": ["ssh-ed25519 AAAA2"]}),
    ("asset_tag", {"asset_tag": "T-1"}, {"asset_tag": "T-2"}),
]
ALL_RUNGS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *STRONG_RUNGS,
    ("fqdn", {"fqdn": "a.example.net"}, {"fqdn": "b.example.net"}),
]


@pytest.mark.parametrize(("name", "one", "other"), ALL_RUNGS)
def test_a_rung_alone_says_equal_and_different(name: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    equal, different = compare(evidence(**one), evidence(**one)), compare(evidence(**one), evidence(**other))
    assert (equal.is_equal, equal.name) == (True, name)
    assert (different.is_equal, different.name) == (False, name)


@pytest.mark.parametrize("index", range(len(ALL_RUNGS) - 1))
def test_a_rung_that_agrees_outweighs_all_below_it_that_differ(index: int) -> None:
    below: dict[str, Any] = {}
    other_below: dict[str, Any] = {}
    for _, one, other in ALL_RUNGS[index + 1 :]:
        below |= one
        other_below |= other
    verdict = compare(evidence(**ALL_RUNGS[index][1], **below), evidence(**ALL_RUNGS[index][1], **other_below))
    assert (verdict.is_equal, verdict.name) == (True, ALL_RUNGS[index][0])
    # each strong rung below that differs is an identifier that changed
    assert [kind.value for kind, _ in verdict.below] == [name for name, _, _ in STRONG_RUNGS[index + 1 :]]


@pytest.mark.parametrize("index", range(len(ALL_RUNGS) - 1))
def test_a_rung_that_differs_outweighs_all_below_it_that_agree(index: int) -> None:
    below: dict[str, Any] = {}
    for _, one, _ in ALL_RUNGS[index + 1 :]:
        below |= one
    verdict = compare(evidence(**ALL_RUNGS[index][1], **below), evidence(**ALL_RUNGS[index][2], **below))
    assert (verdict.is_equal, verdict.name) == (False, ALL_RUNGS[index][0])
    # each strong rung below that agrees is shared
    assert [kind.value for kind, _ in verdict.below] == [name for name, _, _ in STRONG_RUNGS[index + 1 :]]


def test_mac_sets_that_meet_are_equal_and_sets_with_nothing_in_common_differ() -> None:
    both = evidence(mac_addresses=[MAC_A, MAC_B])
    assert compare(both, evidence(mac_addresses=[MAC_B, "d8:bb:c1:00:00:0c"])).is_equal is True
    assert compare(both, evidence(mac_addresses=["d8:bb:c1:00:00:0c"])).is_equal is False


def test_a_kind_that_only_one_side_has_does_not_speak() -> None:
    assert compare(evidence(serial_number="S-1"), evidence(mac_addresses=[MAC_A])).is_equal is None


@pytest.mark.parametrize(
    ("one", "other", "is_equal"),
    [
        ("Dell Inc.", "HP", False),
        ("Dell Inc.", "DELL", True),
        ("Hewlett-Packard", "HP", True),
        ("Dell Inc.", None, True),
        (None, None, True),
    ],
)
def test_a_serial_is_compared_within_its_maker_where_both_are_known(
    one: str | None, other: str | None, is_equal: bool
) -> None:
    left, right = (
        evidence(serial_number="12345", **({"manufacturer": maker} if maker else {})) for maker in (one, other)
    )
    assert compare(left, right).is_equal is is_equal


def test_serials_ignore_case_blanks_and_control_characters() -> None:
    assert compare(evidence(serial_number=" ab-1\x00\n"), evidence(serial_number="AB-1")).name == "serial"


def test_a_uuid_meets_itself_in_the_other_byte_order() -> None:
    smbios, vmware = "0B0A4D56-1D1C-2F2E-8081-828384858687", "564d0a0b-1c1d-2e2f-8081-828384858687"
    assert compare(evidence(system_uuid=smbios), evidence(system_uuid=vmware)).is_equal is True


def test_a_chassis_serial_identifies_no_device() -> None:
    assert evidence(chassis_serial="C-1") == {}


def test_two_sites_that_differ_forbid_the_rungs_from_fqdn_down() -> None:
    north, south = {"site": "north"}, {"site": "south"}
    for said in ({"fqdn": "a.example.net"}, {"ip_addresses": ["192.0.2.1"]}):
        assert compare(evidence(**said, **north), evidence(**said, **south)).is_equal is False
    named = {"ip_addresses": ["192.0.2.1"]}
    assert compare(evidence("a", **named, **north), evidence("a", **named, **south)).is_equal is False
    tag = {"asset_tag": "T-1"}
    assert compare(evidence(**tag, **north), evidence(**tag, **south)).is_equal is True


def test_one_unknown_site_forbids_nothing() -> None:
    assert compare(evidence(fqdn="a.example.net", site="north"), evidence(fqdn="a.example.net")).is_equal is True


def test_a_short_name_together_with_an_address_is_equal_and_ignores_case() -> None:
    verdict = compare(evidence("Web1", ip_addresses=["192.0.2.1"]), evidence("web1", ip_addresses=["192.0.2.1"]))
    assert (verdict.is_equal, verdict.name) == (True, "name_and_address")


def test_a_short_name_equals_the_first_label_of_an_fqdn() -> None:
    verdict = compare(
        evidence("web1", ip_addresses=["192.0.2.1"]), evidence(fqdn="web1.example.net", ip_addresses=["192.0.2.1"])
    )
    assert (verdict.is_equal, verdict.name) == (True, "name_and_address")


def test_an_address_alone_is_equal_unless_both_have_names_that_differ() -> None:
    bare, web, app = (evidence(name, ip_addresses=["192.0.2.1"]) for name in (None, "web1", "app1"))
    assert (compare(bare, web).is_equal, compare(bare, web).name) == (True, "address")
    assert compare(web, app).is_equal is not True


def test_a_short_name_alone_decides_nothing() -> None:
    assert compare(evidence("web1"), evidence("web1")).is_equal is None


def test_virtual_systems_of_different_names_differ_whatever_else_agrees() -> None:
    box: dict[str, Any] = {"serial_number": "S-1", "mac_addresses": [MAC_A]}
    assert compare(evidence(virtual_system="red", **box), evidence(virtual_system="blue", **box)).is_equal is False
    assert compare(evidence(virtual_system="red", **box), evidence(virtual_system="RED", **box)).is_equal is True


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("serial_number", "To Be Filled By O.E.M."),
        ("serial_number", "0"),
        ("system_uuid", "00000000-0000-0000-0000-000000000000"),
        ("system_uuid", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ("mac_addresses", ["00:00:00:00:00:00"]),
        ("mac_addresses", ["ff:ff:ff:ff:ff:ff"]),
        ("mac_addresses", ["01:00:5e:00:00:01"]),
        ("mac_addresses", ["00:00:5e:00:01:33"]),
        ("mac_addresses", ["00:00:5e:00:02:33"]),
        ("mac_addresses", ["00:00:0c:07:ac:01"]),
        ("mac_addresses", ["00:00:0c:9f:f0:01"]),
        ("mac_addresses", ["00:07:b4:00:01:01"]),
        ("mac_addresses", ["02:42:ac:11:00:02"]),
        ("mac_addresses", ["a6:12:34:56:78:9a"]),
        ("ip_addresses", ["127.0.0.1"]),
        ("ip_addresses", ["::1"]),
        ("ip_addresses", ["169.254.1.1"]),
        ("ip_addresses", ["fe80::1"]),
        ("fqdn", "localhost.localdomain"),
    ],
)
def test_values_that_never_identify_are_set_aside(attribute: str, value: Value) -> None:
    gathered = gather(None, {attribute: value}, "default")
    assert gathered.evidence == {}
    assert len(gathered.set_aside) >= 1


def test_prefixes_that_hypervisors_hand_out_identify() -> None:
    assert evidence(mac_addresses=["52:54:00:12:34:56"]) == {Kind.MAC: frozenset({"52:54:00:12:34:56"})}


def test_a_name_that_is_an_address_identifies_nothing() -> None:
    assert evidence("192.0.2.7") == {}
