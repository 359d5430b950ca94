"""Completeness by hand count: 60 % for what is required, 40 % for what is recommended."""

from __future__ import annotations

import datetime as dt

import pytest

from cmdb.entities import CI
from cmdb.health.completeness import Tally, completeness, overall
from cmdb.registry import default_registry

SERVER = default_registry().get("server")
RECOMMENDED = (
    "serial_number",
    "fqdn",
    "ip_addresses",
    "manufacturer",
    "model",
    "os_name",
    "os_version",
    "cpu_count",
    "memory_bytes",
)
"""What `cmdb classes server` lists as recommended; required is the name alone."""


@pytest.mark.parametrize("count", range(len(RECOMMENDED) + 1))
def test_each_recommended_attribute_adds_its_share_of_forty_percent(count: int) -> None:
    assert completeness(SERVER, {"name", *RECOMMENDED[:count]}) == pytest.approx(0.6 + 0.4 * count / 9)


def test_what_no_class_asks_for_adds_nothing() -> None:
    assert completeness(SERVER, {"name", "notes", "favourite_colour"}) == pytest.approx(0.6)


def test_a_required_attribute_is_worth_more_than_all_recommended_ones() -> None:
    assert completeness(SERVER, set(RECOMMENDED)) == pytest.approx(0.4)


def test_the_mean_is_over_cis_and_not_over_classes() -> None:
    def ci(**attributes: object) -> CI:
        made = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        return CI(id="x", class_name="server", name="x", attributes=attributes, created_at=made)  # type: ignore[arg-type]

    servers, printers = Tally(), Tally()
    servers.add(ci(), SERVER)
    servers.add(ci(serial_number="A"), SERVER)
    printers.add(ci(**dict.fromkeys(RECOMMENDED, "x")), default_registry().get("printer"))
    assert servers.missing["serial_number"] == 1
    assert servers.missing["fqdn"] == 2
    assert servers.mean == pytest.approx((0.6 + 0.6 + 0.4 / 9) / 2)
    assert overall({"server": servers, "printer": printers}) == pytest.approx((0.6 + 0.6 + 0.4 / 9 + printers.mean) / 3)


def test_nothing_at_all_is_complete() -> None:
    assert overall({}) == 1.0


def test_a_part_has_its_host_by_a_relationship() -> None:
    made = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    parts = Tally()
    parts.add(
        CI(id="x", class_name="interface", name="eth0", attributes={}, created_at=made),
        default_registry().get("interface"),
    )
    assert "host" not in parts.missing
