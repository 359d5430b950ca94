"""Interfaces from iproute2 (JSON and text), from ifconfig and from sysfs."""

from __future__ import annotations

import json

import pytest

from discovery.hosts.facts import Interface
from discovery.hosts.interfaces import (
    CONTAINER_BRIDGE,
    TRANSIENT,
    parse_ifconfig,
    parse_ip_json,
    parse_ip_text,
    passing_addresses,
    with_sysfs,
)

TEXT = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 52:54:00:AB:cd:01 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 192.0.2.7/24 brd 192.0.2.255 scope global dynamic eth0
       valid_lft 3000sec preferred_lft 3000sec
    inet6 2001:db8::7/64 scope global
    inet6 2001:db8::f00/64 scope global temporary dynamic
"""
ETH0 = Interface(
    name="eth0",
    mac_address="52:54:00:ab:cd:01",
    addresses=("192.0.2.7", "2001:db8::7"),
    mtu=1500,
    interface_type="ethernet",
    is_up=True,
    is_running=True,
)


def test_the_text_of_ip_address_gives_interfaces_without_temporary_addresses() -> None:
    loopback = Interface(
        name="lo", addresses=("127.0.0.1",), mtu=65536, interface_type="loopback", is_up=True, is_running=True
    )
    assert parse_ip_text(TEXT) == (loopback, ETH0)


def test_json_gives_the_same_as_the_text() -> None:
    row = {
        "ifname": "eth0",
        "flags": ["BROADCAST", "UP", "LOWER_UP"],
        "mtu": 1500,
        "link_type": "ether",
        "address": "52:54:00:ab:cd:01",
        "addr_info": [
            {"family": "inet", "local": "192.0.2.7", "prefixlen": 24, "dynamic": True, "valid_life_time": 3000},
            {"family": "inet6", "local": "2001:db8::7", "prefixlen": 64},
            {"family": "inet6", "local": "2001:db8::f00", "prefixlen": 64, "temporary": True},
            {"family": "inet6", "local": "2001:db8::f01", "prefixlen": 64, "deprecated": True},
        ],
    }
    assert parse_ip_json(json.dumps([row])) == (ETH0,)


def test_kinds_of_links_and_bridge_ports_are_told() -> None:
    rows = [
        {"ifname": "bond0", "link_type": "ether", "linkinfo": {"info_kind": "bond"}},
        {"ifname": "swp1", "link_type": "ether", "linkinfo": {"info_slave_kind": "bridge"}},
        {"ifname": "wg0", "link_type": "none", "linkinfo": {"info_kind": "wireguard"}},
    ]
    found = parse_ip_json(json.dumps(rows))
    assert [(each.interface_type, each.is_bridge_port) for each in found] == [
        ("aggregate", False),
        ("ethernet", True),
        ("tunnel", False),
    ]


@pytest.mark.parametrize("text", ["", "{}", "not json", "[1, 2"])
def test_what_is_not_the_json_of_ip_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_ip_json(text)


def test_ifconfig_of_bsd_is_read() -> None:
    text = (
        "em0: flags=8863<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500\n"
        "\tether 00:11:22:33:44:55\n\tinet 192.0.2.9 netmask 0xffffff00 broadcast 192.0.2.255\n"
        "\tinet6 fe80::1%em0 prefixlen 64 scopeid 0x1\n"
    )
    (found,) = parse_ifconfig(text)
    assert found == Interface(
        name="em0",
        mac_address="00:11:22:33:44:55",
        addresses=("192.0.2.9", "fe80::1"),
        mtu=1500,
        interface_type="ethernet",
        is_up=True,
        is_running=True,
    )


def test_sysfs_gives_speed_in_bits_but_not_of_radios() -> None:
    lines = "/sys/class/net/eth0/speed:1000\n/sys/class/net/wlan0/speed:300\n/sys/class/net/wlan0/wireless:\n/sys/class/net/eth1/speed:-1\n"
    found = with_sysfs([Interface(name=name, interface_type="ethernet") for name in ("eth0", "wlan0", "eth1")], lines)
    assert [(each.speed_bps, each.interface_type) for each in found] == [
        (1_000_000_000, "ethernet"),
        (None, "wifi"),
        (None, "ethernet"),
    ]


def test_temporary_and_deprecated_addresses_are_known_by_their_flags() -> None:
    text = (
        "20010db8000000000000000000000007 02 40 00 80     eth0\n"
        "20010db8000000000000000000000f00 02 40 00 01     eth0\n"
        "20010db8000000000000000000000f01 02 40 00 20     eth0\n"
    )
    assert passing_addresses(text) == {"2001:db8::f00", "2001:db8::f01"}


@pytest.mark.parametrize("name", ["veth12ab34f", "cali0123456789a", "vnet0", "ifb0"])
def test_interfaces_of_guests_come_and_go(name: str) -> None:
    assert TRANSIENT.match(name)


@pytest.mark.parametrize("name", ["eth0", "enp3s0", "swp1", "br0", "bond0", "tap0"])
def test_interfaces_of_the_machine_stay(name: str) -> None:
    assert not TRANSIENT.match(name)
    assert not CONTAINER_BRIDGE.match(name)


@pytest.mark.parametrize("name", ["docker0", "br-0123456789ab", "virbr0", "cni0"])
def test_bridges_of_engines_are_known(name: str) -> None:
    assert CONTAINER_BRIDGE.match(name)
