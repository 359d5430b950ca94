"""What the heading of a column is taken for."""

from __future__ import annotations

import pytest

from cmdb.registry import default_registry
from scanners.table_headers import Column, Meaning, guess


def targets(*headings: str) -> list[str]:
    return [column.target for column in guess(headings, default_registry())]


@pytest.mark.parametrize(
    ("heading", "attribute"),
    [
        ("Hostname", "name"),
        ("Computer Name", "name"),
        ("Serial No.", "serial_number"),
        ("S/N", "serial_number"),
        ("Seriennummer", "serial_number"),
        ("IP-Adresse", "ip_addresses"),
        ("MAC Address 1", "mac_addresses"),
        ("serial_number", "serial_number"),
        ("SerialNumber", "serial_number"),
        ("Vendor", "manufacturer"),
        ("Operating System", "os_name"),
        ("Asset Tag", "asset_tag"),
        ("CI Class", "class"),
    ],
)
def test_a_usual_heading_is_understood(heading: str, attribute: str) -> None:
    assert targets(heading) == [attribute]


def test_a_heading_that_nobody_knows_stays_as_an_attribute_of_its_own() -> None:
    assert targets("Leasing Partner (2024)") == ["leasing_partner_2024"]


@pytest.mark.parametrize("heading", ["runs_on", "Runs on", "RUNS ON", "RunsOn"])
def test_a_heading_that_is_a_relationship_type_is_one(heading: str) -> None:
    assert guess([heading], default_registry()) == (Column(heading, Meaning.RELATIONSHIP, "RUNS_ON"),)


def test_several_columns_of_addresses_are_one_list_and_a_second_name_is_not_the_name() -> None:
    assert targets("MAC 1", "MAC 2", "Hostname", "Label") == ["mac_addresses", "mac_addresses", "name", "label"]


def test_columns_of_a_result_file_are_passed_over() -> None:
    assert [column.meaning for column in guess(["cmdb_outcome", "", "Name"], default_registry())] == [
        Meaning.IGNORED,
        Meaning.IGNORED,
        Meaning.ATTRIBUTE,
    ]
