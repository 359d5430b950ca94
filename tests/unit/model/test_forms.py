"""Spelling of identifying values: laws, and examples from the documents that define them."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.normalise import forms, naming

OCTETS = st.lists(st.integers(0, 255), min_size=6, max_size=6)


def _short(octets: list[int]) -> str:
    return ":".join(f"{octet:x}" for octet in octets)


def _groups(octets: list[int], size: int, separator: str) -> str:
    digits = "".join(f"{octet:02x}" for octet in octets)
    return separator.join(digits[start : start + size] for start in range(0, 12, size))


MAC_SPELLINGS: tuple[Callable[[list[int]], str], ...] = (
    lambda octets: _groups(octets, 2, ":"),
    lambda octets: _groups(octets, 2, ":").upper(),
    lambda octets: _groups(octets, 2, "-"),
    lambda octets: _groups(octets, 2, " "),
    lambda octets: _groups(octets, 4, "."),
    lambda octets: _groups(octets, 6, "-"),
    lambda octets: _groups(octets, 12, ""),
    lambda octets: "0x" + _groups(octets, 12, ""),
    _short,
    lambda octets: f"  {_groups(octets, 2, ':')}\n",
)


@given(OCTETS)
def test_all_spellings_of_a_mac_address_meet(octets: list[int]) -> None:
    assert {forms.mac(spell(octets)) for spell in MAC_SPELLINGS} == {":".join(f"{octet:02x}" for octet in octets)}


@pytest.mark.parametrize(
    "text", ["", "00:11:22:33:44", "00:11:22:33:44:55:66", "0g:11:22:33:44:55", "0011.2233:4455", "unknown"]
)
def test_what_is_no_mac_address_has_no_spelling(text: str) -> None:
    assert forms.mac(text) is None


@given(st.uuids())
def test_both_byte_orders_of_a_uuid_meet(value: uuid.UUID) -> None:
    swapped = str(uuid.UUID(bytes=value.bytes_le))
    assert forms.uuid_forms(str(value)) == forms.uuid_forms(swapped)
    assert set(forms.uuid_forms(str(value))) == {str(value), swapped}


@given(st.uuids())
def test_all_spellings_of_a_uuid_meet(value: uuid.UUID) -> None:
    spellings = [str(value), str(value).upper(), value.hex, f"{{{value}}}", value.urn, f" {value} "]
    assert {forms.uuid_forms(text) for text in spellings} == {forms.uuid_forms(str(value))}


def test_a_uuid_of_vmware_is_shown_in_the_order_that_the_hypervisor_shows() -> None:
    assert forms.uuid_shown("0B0A4D56-1D1C-2F2E-8081-828384858687") == "564d0a0b-1c1d-2e2f-8081-828384858687"


def test_a_uuid_that_may_be_either_order_is_shown_as_said() -> None:
    assert forms.uuid_shown("AABBCCDD-0000-0000-0000-000000000001") == "aabbccdd-0000-0000-0000-000000000001"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RFC 5952 §4: leading zeros, shortening, longest run, first run, lower case
        ("2001:0db8::0001", "2001:db8::1"),
        ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:DB8::ABCD", "2001:db8::abcd"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2", None),
        ("192.0.2.256", None),
        ("192.0.2.01", None),
        ("192.0.2.1\n", "192.0.2.1"),
        ("host", None),
        ("", None),
    ],
)
def test_an_address_has_one_spelling(text: str, expected: str | None) -> None:
    assert forms.ip(text) == expected


@given(
    st.ip_addresses(v=6).filter(
        lambda address: isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None
    )
)
def test_long_and_short_ipv6_meet(address: ipaddress.IPv6Address) -> None:
    assert forms.ip(address.exploded) == forms.ip(address.compressed) == address.compressed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("2001:DB8::1/64", "2001:db8::/64"),
        ("192.0.2.0/33", None),
        ("nonsense/24", None),
    ],
)
def test_a_network_has_one_spelling(text: str, expected: str | None) -> None:
    assert forms.cidr(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" ab12\x00c ", "AB12C"), ("ab\n12", "AB12"), ("\x00 \x07", None), ("", None), ("wk-1", "WK-1")],
)
def test_a_serial_loses_control_characters_blanks_and_case(text: str, expected: str | None) -> None:
    assert forms.serial(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b", "ab"),
        ("one\r\ntwo\tthree", "one two three"),
        (" \x85 ", None),
        ("x\x9fy", "xy"),
        ("é", "é"),
        ("a\ud800", "a\ufffd"),
    ],
)
def test_text_has_no_control_characters(text: str, expected: str | None) -> None:
    assert forms.text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Web.Example.COM.", "web.example.com"),
        ("web", "web"),
        ("_ldap._tcp.example.com", "_ldap._tcp.example.com"),
        ("münchen.example", "münchen.example"),
        ("192.0.2.1", None),
        ("Release 1.2", None),
        ("v1.2", None),
        ("a..b", None),
        ("a" * 64 + ".example", None),
        ("", None),
    ],
)
def test_a_host_name_is_lower_case_without_its_final_dot(text: str, expected: str | None) -> None:
    assert naming.fqdn(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Web.example.com", "Web"),
        ("web", "web"),
        ("Main switch 1.2", "Main switch 1.2"),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        (" ", None),
    ],
)
def test_a_short_name_is_the_first_label(text: str, expected: str | None) -> None:
    assert naming.short_name(text) == expected


@pytest.mark.parametrize(
    "spellings",
    [
        ("HP", "Hewlett-Packard", "Hewlett Packard", "HPE", "Hewlett Packard Enterprise", "HP Inc."),
        ("Dell Inc.", "DELL", "Dell Computer Corporation", "dell, inc"),
        ("Cisco", "Cisco Systems, Inc.", "cisco systems"),
        ("Super Micro Computer, Inc.", "Supermicro", "SuperMicro"),
        ("Acme Widgets GmbH", "Acme Widgets", "Acme  Widgets Co., Ltd."),
    ],
)
def test_a_maker_is_one_whatever_its_legal_suffix(spellings: tuple[str, ...]) -> None:
    assert len({naming.manufacturer(text) for text in spellings}) == 1


@pytest.mark.parametrize("text", ["System manufacturer", "To Be Filled By O.E.M.", "Not Specified", " ", "\x00"])
def test_a_filler_is_no_maker(text: str) -> None:
    assert naming.manufacturer(text) is None


def test_two_makers_stay_two() -> None:
    assert naming.manufacturer("Dell Inc.") != naming.manufacturer("HP Inc.")


@pytest.mark.parametrize(
    "normalise",
    [
        forms.text,
        forms.serial,
        forms.mac,
        forms.ip,
        forms.cidr,
        forms.uuid_shown,
        naming.fqdn,
        naming.short_name,
        naming.manufacturer,
    ],
)
def test_normalising_twice_is_normalising_once(normalise: Callable[[str], str | None]) -> None:
    @given(
        st.one_of(
            st.text(max_size=40),
            st.ip_addresses().map(str),
            st.uuids().map(str),
            st.from_regex(r"[0-9a-fA-F:.\-]{12,17}"),
        )
    )
    def law(text: str) -> None:
        once = normalise(text)
        assert once is None or normalise(once) == once

    law()
