"""What a CI knows because its source's own words tell it, and how makers are spelled."""

from __future__ import annotations

import pytest

from cmdb.explaining import explain
from cmdb.normalise.cpe import cpe_of
from cmdb.normalise.described import described_device, described_service
from cmdb.normalise.fingerprint import Part
from cmdb.normalise.spelling import one_spelling
from cmdb.reconcile.precedence import Policy
from tests.unit.reconcile.builders import World, day, draft

IOS = "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E4, RELEASE SOFTWARE (fc2)"
CATALYST = "1.3.6.1.4.1.9.1.1208"


def test_a_description_tells_maker_and_system_where_the_source_said_none() -> None:
    told = described_device({"sys_description": IOS, "sys_object_id": CATALYST})

    assert told == {
        "manufacturer": "Cisco",
        "os_name": "IOS",
        "os_version": "15.2(7)E4",
        "os_cpe": ["cpe:2.3:o:cisco:ios:15.2\\(7\\)e4:*:*:*:*:*:*:*"],
    }


def test_what_the_source_said_itself_is_left_alone() -> None:
    said = {"sys_description": IOS, "manufacturer": "Cisco Systems", "os_name": "IOS-XE", "os_version": "3"}

    assert described_device(said) == {}


def test_a_version_of_one_system_is_not_given_to_another() -> None:
    assert "os_version" not in described_device({"sys_description": IOS, "os_name": "CatOS"})


def test_an_object_id_alone_tells_the_maker() -> None:
    assert described_device({"sys_object_id": "1.3.6.1.4.1.318.1.3.4.5"}) == {"manufacturer": "APC"}


def test_a_banner_tells_product_and_version_of_a_service() -> None:
    assert described_service({"banner": "SSH-2.0-OpenSSH_9.6", "service": "ssh"}) == {
        "product": "OpenSSH",
        "version": "9.6",
        "cpe": ["cpe:2.3:a:openbsd:openssh:9.6:*:*:*:*:*:*:*"],
    }
    assert described_service({"banner": "SSH-2.0-OpenSSH_9.6", "product": "OpenSSH for z/OS"}) == {}
    assert described_service({"banner": "hello", "service": "unknown"}) == {}


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (Part("OpenBSD", "OpenSSH", "OpenSSH", "8.9p1"), "cpe:2.3:a:openbsd:openssh:8.9:p1:*:*:*:*:*:*"),
        (Part("Apache", "HTTPD", "HTTPD", "2.4.57"), "cpe:2.3:a:apache:http_server:2.4.57:*:*:*:*:*:*:*"),
        (Part("Apache", "HTTPD", "HTTPD"), None),
        (Part(None, "Frobnicator", "Frobnicator", "2.1"), None),
    ],
)
def test_a_product_has_a_cpe_where_name_and_version_are_sure(part: Part, name: str | None) -> None:
    assert cpe_of(part, is_system=False) == name


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        ("Cisco Systems, Inc.", "Cisco"),
        ("CISCO", "Cisco"),
        ("Dell Inc.", "Dell"),
        ("Hewlett-Packard", "HP"),
        ("Hewlett Packard Enterprise", "HPE"),
        ("LENOVO", "Lenovo"),
        ("Intel(R) Corporation", "Intel"),
        ("Realtek Semiconductor Co., Ltd.", "Realtek Semiconductor"),
        ("Realtek Semiconductor Corp.", "Realtek Semiconductor"),
        ("SAMSUNG ELECTRONICS CO., LTD", "Samsung"),
        ("Frobnicators of Ghent", "Frobnicators of Ghent"),
        ("Inc.", "Inc."),
    ],
)
def test_a_maker_has_one_spelling(said: str, spelled: str) -> None:
    assert one_spelling(said) == spelled
    assert one_spelling(spelled) == spelled


def test_the_claim_keeps_the_words_of_its_source_and_the_ci_has_the_one_spelling() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1", manufacturer="Cisco Systems, Inc."))

    (claim,) = world.claims(one)
    assert claim.values["manufacturer"].value == "Cisco Systems, Inc."
    assert world.ci(one).attributes["manufacturer"] == "Cisco"


def test_another_spelling_of_the_same_maker_changes_nothing() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1", manufacturer="Dell Inc."))
    before = world.ci(one)
    world.see("glpi", 2, draft(serial="S-1", manufacturer="DELL"))

    assert world.ci(one).attributes == before.attributes


def test_the_one_spelling_said_by_the_source_itself_writes_no_revision() -> None:
    world = World()
    one = world.see("csv", 1, draft(key="1", manufacturer="Dell Inc."))
    revision = world.store.revision()
    world.see("csv", 2, draft(key="1", manufacturer="Dell"))

    (claim,) = world.claims(one)
    assert world.store.revision() == revision
    assert claim.values["manufacturer"].value == "Dell Inc."


def test_another_maker_replaces_the_one_before() -> None:
    world = World()
    one = world.see("csv", 1, draft(key="1", manufacturer="Dell Inc."))
    world.see("csv", 2, draft(key="1", manufacturer="Lenovo"))

    assert world.ci(one).attributes["manufacturer"] == "Lenovo"


def test_a_person_is_shown_as_they_spelled_it() -> None:
    world = World()
    one = world.see("person:kim", 1, draft(serial="S-1", manufacturer="Cisco Systems, Inc."))

    assert world.ci(one).attributes["manufacturer"] == "Cisco Systems, Inc."


def test_the_same_scan_again_writes_no_revision() -> None:
    world = World()
    seen = draft(serial="S-1", sys_description=IOS, sys_object_id=CATALYST)
    world.see("snmp", 1, seen)
    revision = world.store.revision()
    one = world.see("snmp", 2, seen)

    assert world.store.revision() == revision
    assert world.ci(one).attributes["os_name"] == "IOS"


def test_explain_shows_the_words_of_the_source_beside_the_one_spelling() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1", manufacturer="Cisco Systems, Inc."))

    told = str(explain(world.store, world.ci(one), Policy(), "manufacturer", now=day(1))["attributes"])

    assert "'value': 'Cisco'" in told
    assert "it spells it 'Cisco Systems, Inc.'" in told
