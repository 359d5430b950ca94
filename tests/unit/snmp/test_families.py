"""Vendor knowledge as data: well-formed, chosen by the best fit, and refused when it cannot be right."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cmdb.registry import default_registry
from scanners.snmp_families import Family, Place, known_families

NET_SNMP = "1.3.6.1.4.1.8072.3.2.10"


def test_every_family_has_a_name_of_its_own_and_a_source() -> None:
    families = known_families().families
    assert len({family.name for family in families}) == len(families)
    assert [family.name for family in families if not family.source] == []


def test_every_class_that_the_data_name_is_a_class_of_the_model() -> None:
    families = known_families().families
    named = {rule.class_name for family in families for rule in family.classes} | {
        family.class_name for family in families if family.class_name
    }
    known = {spec.name for spec in default_registry().classes()}
    assert named - known == set()


@pytest.mark.parametrize(
    ("sys_object_id", "sys_descr", "expected"),
    [
        ("1.3.6.1.4.1.9.1.1208", "Cisco IOS Software, C2960X Software", "cisco_ios"),
        (
            "1.3.6.1.4.1.9.1.2494",
            "Cisco IOS Software [Everest], Catalyst L3 Switch Software (CAT9K_IOSXE)",
            "cisco_ios_xe",
        ),
        ("1.3.6.1.4.1.9.1.1709", "Cisco IOS XR Software (Cisco ASR9K Series),  Version 6.1.4", "cisco_ios_xr"),
        ("1.3.6.1.4.1.9.12.3.1.3.1", "Cisco NX-OS(tm) n5000", "cisco_nx_os"),
        ("1.3.6.1.4.1.9.6.1.83.28.1", "SG300-28", "cisco_small_business"),
        ("1.3.6.1.4.1.2636.1.1.1.2.29", "Juniper Networks, Inc. mx240", "juniper_junos"),
        ("1.3.6.1.4.1.26361.1", "another maker whose number begins alike", "generic"),
        (NET_SNMP, "Linux host", "linux"),
        ("", "", "generic"),
    ],
)
def test_the_narrowest_family_wins(sys_object_id: str, sys_descr: str, expected: str) -> None:
    assert known_families().choose(sys_object_id, sys_descr, {}).name == expected


def test_a_probe_that_answers_beats_the_operating_system_under_it() -> None:
    families = known_families()
    probe = "1.3.6.1.4.1.6574.1.5.1.0"
    assert probe in families.probes(NET_SNMP, "Linux nas")
    assert families.choose(NET_SNMP, "Linux nas", {probe: b"DS214se"}).name == "synology_dsm"
    assert families.choose(NET_SNMP, "Linux nas", {}).name == "linux"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"object": "1.3.6.1", "text": "sys_descr"},
        {"text": "sys_descr", "pattern": "(unclosed"},
        {"object": "not.an.oid"},
        {"text": "no_such_scalar"},
        {"text": "sys_descr", "colour": "blue"},
    ],
)
def test_a_place_that_cannot_be_right_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Place.model_validate(fields)


def test_a_place_takes_a_group_builds_from_groups_translates_and_prefixes() -> None:
    assert Place(text="sys_descr", pattern=r"Version (\S+)").read("Cisco, Version 15.2") == "15.2"
    assert (
        Place(text="sys_descr", pattern=r"Version (\S+) \((V\w+)\)", form="{0} ({1})").read("Version 5.1 (V200)")
        == "5.1 (V200)"
    )
    assert Place(entity="model", pattern=r"^FGT_(\S+)$", prefix="FortiGate ").read("FGT_60F") == "FortiGate 60F"
    assert Place(text="sys_object_id", pattern=r"(\d+)$", values={"54": "PA-440"}).read("1.3.54") == "PA-440"
    assert Place(text="sys_object_id", pattern=r"(\d+)$", values={"54": "PA-440"}).read("1.3.55") == ""
    assert Place(text="sys_descr", pattern="no such").read("anything") == ""


def test_a_family_without_a_source_is_refused() -> None:
    with pytest.raises(ValidationError):
        Family.model_validate({"name": "x"})
