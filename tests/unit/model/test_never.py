"""Values that never identify: each from the document that its list names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.normalise import forms
from cmdb.normalise.never import Reason, never_identifies


@pytest.mark.parametrize(
    ("mac", "reason"),
    [
        ("00:00:00:00:00:00", Reason.NULL_MAC),
        ("ff:ff:ff:ff:ff:ff", Reason.NULL_MAC),
        ("01:00:5e:00:00:01", Reason.NULL_MAC),
        ("33:33:00:00:00:01", Reason.NULL_MAC),
        ("00:00:5e:00:01:2a", Reason.VIRTUAL_MAC),
        ("00:00:5e:00:02:01", Reason.VIRTUAL_MAC),
        ("00:00:5e:00:03:01", None),
        ("00:00:0c:07:ac:05", Reason.VIRTUAL_MAC),
        ("00:00:0c:07:ad:05", None),
        ("00:00:0c:9f:f0:00", Reason.VIRTUAL_MAC),
        ("00:00:0c:9f:ff:ff", Reason.VIRTUAL_MAC),
        ("00:00:0c:9f:e0:01", None),
        ("00:05:73:a0:00:01", Reason.VIRTUAL_MAC),
        ("00:05:73:a0:0f:ff", Reason.VIRTUAL_MAC),
        ("00:05:73:a0:10:00", None),
        ("00:07:b4:00:01:02", Reason.VIRTUAL_MAC),
        ("00:07:b4:03:ff:01", Reason.VIRTUAL_MAC),
        ("00:07:b4:04:00:01", None),
        ("02:42:ac:11:00:02", Reason.CONTAINER_BRIDGE),
        ("00:50:56:c0:00:08", Reason.CONTAINER_BRIDGE),
        ("02:77:a0:00:00:01", Reason.RANDOM_MAC),
        ("da:a1:19:00:00:01", Reason.RANDOM_MAC),
        ("52:54:00:12:34:56", None),
        ("fa:16:3e:00:00:01", None),
        ("00:16:3e:00:00:01", None),
        ("00:50:56:00:00:01", None),
        ("d8:bb:c1:00:00:0a", None),
    ],
)
def test_mac_addresses_that_never_identify(mac: str, reason: Reason | None) -> None:
    assert never_identifies("mac", mac) is reason


@pytest.mark.parametrize(
    "text",
    [
        "To Be Filled By O.E.M.",
        "to be filled by o.e.m",
        "System Serial Number",
        "system serial number ",
        "Default string",
        "Default_string",
        "Not Specified",
        "None",
        "N/A",
        "0",
        "00000000",
        "XXXXXXXX",
        "........",
        "-",
        "0123456789",
        "123456789",
        "1234567890",
        "Base Board Serial Number",
        "System manufacturer",
    ],
)
def test_fillers_are_no_serial_numbers(text: str) -> None:
    serial = forms.serial(text)
    assert serial is not None
    assert [never_identifies(kind, serial) for kind in ("serial", "board", "asset_tag")] == [Reason.PLACEHOLDER] * 3


@pytest.mark.parametrize(
    "serial", ["WK-1", "GV-10001", "STK0001", "CZC1234567", "1", "12345", "TEST-1", "98765432", "FOC1111AAAA", "AAA"]
)
def test_plain_serial_numbers_identify(serial: str) -> None:
    assert never_identifies("serial", serial) is None


@pytest.mark.parametrize("tag", ["No Asset Tag", "7783-7084-3265-9085-8269-3286-77", "AMAZON EC2"])
def test_the_asset_tag_of_a_whole_cloud_identifies_no_machine(tag: str) -> None:
    assert never_identifies("asset_tag", tag.upper()) is Reason.PLACEHOLDER


@pytest.mark.parametrize(
    "text",
    [
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
        "12345678-1234-5678-90AB-CDDEEFAABBCC",
    ],
)
def test_uuids_of_a_whole_series_identify_in_neither_byte_order(text: str) -> None:
    assert {never_identifies("uuid", form) for form in forms.uuid_forms(text)} == {Reason.PLACEHOLDER}


@given(st.uuids(version=4))
def test_a_random_uuid_identifies(value: object) -> None:
    assert never_identifies("uuid", str(value)) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", Reason.LOOPBACK),
        ("127.1.2.3", Reason.LOOPBACK),
        ("::1", Reason.LOOPBACK),
        ("169.254.1.1", Reason.LINK_LOCAL),
        ("fe80::1", Reason.LINK_LOCAL),
        ("febf::1", Reason.LINK_LOCAL),
        ("fec0::1", None),
        ("fe8::1", None),
        ("0.0.0.0", Reason.NO_HOST),
        ("::", Reason.NO_HOST),
        ("224.0.0.1", Reason.NO_HOST),
        ("239.255.255.255", Reason.NO_HOST),
        ("255.255.255.255", Reason.NO_HOST),
        ("ff02::1", Reason.NO_HOST),
        ("172.17.0.1", Reason.CONTAINER_BRIDGE),
        ("10.0.3.1", Reason.CONTAINER_BRIDGE),
        ("192.168.122.1", Reason.CONTAINER_BRIDGE),
        ("172.17.0.2", None),
        ("192.0.2.10", None),
        ("10.0.0.1", None),
        ("2001:db8::1", None),
    ],
)
def test_addresses_that_never_identify(address: str, reason: Reason | None) -> None:
    assert never_identifies("address", address) is reason


@pytest.mark.parametrize(
    "name", ["localhost", "LOCALHOST", "localhost.localdomain", "localhost4", "ip6-localhost", "x.localhost", "(none)"]
)
def test_names_that_every_machine_has_never_identify(name: str) -> None:
    assert never_identifies("name", name) is Reason.LOCAL_NAME
    assert never_identifies("fqdn", name) is Reason.LOCAL_NAME


@pytest.mark.parametrize("name", ["web", "local", "localhost1.example.com", "mylocalhost", "nonesuch"])
def test_other_names_identify(name: str) -> None:
    assert never_identifies("name", name) is None


def test_machine_ids_of_images_that_were_never_booted_do_not_identify() -> None:
    assert never_identifies("machine_id", "uninitialized") is Reason.PLACEHOLDER
    assert never_identifies("machine_id", "0" * 32) is Reason.PLACEHOLDER
    assert never_identifies("machine_id", "b08dfa6083e7567a1921a715000001fb") is None


def test_kinds_without_a_list_always_may_identify() -> None:
    assert never_identifies("host_key", "0") is None
