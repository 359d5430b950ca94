"""What a filter means, one rule a test."""

from __future__ import annotations

import pytest

from cmdb.asking.addresses import address_key, is_inside
from tests.unit.asking.estate import Estate, of_one


def test_what_is_absent_makes_every_comparison_false() -> None:
    assert not of_one('os_name == "Linux"')
    assert not of_one('os_name != "Linux"')
    assert not of_one("cpu_count < 4")
    assert not of_one('"a" in tags')
    assert not of_one("size(tags) == 0")


def test_not_turns_an_absent_comparison_into_true() -> None:
    assert of_one('!(os_name == "Linux")')
    assert of_one("!has(os_name)")


def test_text_is_compared_with_ascii_letters_in_lower_case() -> None:
    assert of_one('os_name == "LINUX"', os_name="Linux")
    assert of_one('owner != "ÄRZTE"', owner="ärzte")
    assert of_one('name.startsWith("WEB")')


def test_text_looks_for_parts_at_the_beginning_anywhere_and_at_the_end() -> None:
    assert of_one('os_name.startsWith("deb")', os_name="Debian GNU/Linux")
    assert of_one('os_name.contains("gnu/")', os_name="Debian GNU/Linux")
    assert of_one('os_name.endsWith("linux")', os_name="Debian GNU/Linux")
    assert not of_one('os_name.endsWith("gnu")', os_name="Debian GNU/Linux")


def test_numbers_are_compared_by_value_whether_whole_or_not() -> None:
    assert of_one("cpu_count == 4.0", cpu_count=4)
    assert of_one("cpu_count in [2, 4]", cpu_count=4)
    assert of_one("memory_bytes > 8 * 1024 * 1024 * 1024", memory_bytes=8589934593)
    assert not of_one("memory_bytes > 8 * 1024 * 1024 * 1024", memory_bytes=8589934592)


def test_a_value_of_another_type_than_the_registry_says_counts_as_absent() -> None:
    assert not of_one("has(cpu_count)", cpu_count="four")
    assert not of_one("has(os_name)", os_name=7)
    assert not of_one("has(tags)", tags=["a", 1])


def test_a_list_is_asked_for_an_element() -> None:
    addresses = ["10.1.0.7", "192.0.2.1"]
    assert of_one('"10.1.0.7" in ip_addresses', ip_addresses=addresses)
    assert of_one('ip_addresses.exists(a, a.startsWith("192."))', ip_addresses=addresses)
    assert not of_one('ip_addresses.all(a, a.startsWith("192."))', ip_addresses=addresses)
    assert of_one("size(ip_addresses) == 2", ip_addresses=addresses)
    assert of_one("ip_addresses.exists(a, tags.exists(t, a == t))", ip_addresses=addresses, tags=["x", "192.0.2.1"])


def test_a_mac_is_found_in_any_spelling() -> None:
    assert of_one('"00-1B-21-AA-BB-CC" in mac_addresses', mac_addresses=["00:1b:21:aa:bb:cc"])
    assert of_one('"001b.21aa.bbcc" in mac_addresses', mac_addresses=["00:1b:21:aa:bb:cc"])


@pytest.mark.parametrize(
    ("address", "network", "expected"),
    [
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.0.0", "10.1.0.0/16", False),
        ("10.1.255.255", "10.1.0.0/16", True),
        ("2001:db8::7", "2001:db8::/32", True),
        ("2001:db9::7", "2001:db8::/32", False),
        ("::", "::/0", True),
        ("10.1.2.3", "::/0", False),
        ("10.1.2.03", "10.0.0.0/8", False),
        ("10.1.2.300", "0.0.0.0/0", False),
        ("1::2::3", "::/0", False),
        ("1:2:3:4:5:6:7::", "::/0", True),
        ("::2:3:4:5:6:7:8", "::/0", True),
        ("1:2:3:4:5:6:7:8:9", "::/0", False),
        ("fe80::1%eth0", "::/0", False),
        ("web01", "0.0.0.0/0", False),
    ],
)
def test_addresses_lie_in_networks_of_their_own_family(address: str, network: str, *, expected: bool) -> None:
    assert is_inside(address, network) is expected
    assert of_one(f'inside(ip_addresses, "{network}")', ip_addresses=["x", address]) is expected


def test_addresses_compare_as_hexadecimal_of_one_length() -> None:
    assert address_key("10.1.2.3") == "0a010203"
    assert address_key("2001:db8::1") == "20010db8000000000000000000000001"
    assert address_key("::ffff:10.1.2.3") is None


def test_times_are_compared_with_now_and_with_durations() -> None:
    estate = Estate(seen_days_ago={"old": 40, "new": 2})
    for id_ in ("old", "new", "never"):
        estate.add(id_)
    assert estate.fitting('last_seen_at < now - duration("720h")') == {"old"}
    assert estate.fitting('now - last_seen_at > duration("30d")') == {"old"}
    assert estate.fitting('duration("30d") > now - last_seen_at') == {"new"}
    assert estate.fitting("!has(last_seen_at)") == {"never"}
    assert estate.fitting('created_at == timestamp("2026-03-31T14:00:00+02:00")') == {"old", "new", "never"}


def test_days_in_attributes_are_compared_as_texts() -> None:
    assert of_one('warranty_until < date(now + duration("90d"))', warranty_until="2026-06-28")
    assert not of_one('warranty_until < date(now + duration("90d"))', warranty_until="2026-06-29")


def test_is_a_is_true_of_subclasses() -> None:
    estate = Estate()
    estate.add("s", "server")
    estate.add("v", "virtual_machine")
    assert estate.fitting('is_a(class, "hardware")') == {"s"}
    assert estate.fitting('class == "vm"') == {"v"}
    assert estate.fitting('class != "Server"') == {"v"}
    assert estate.fitting('class in ["server", "vm"]') == {"s", "v"}


def _chain() -> Estate:
    """app -RUNS_ON-> vm -RUNS_ON-> hv -RUNS_ON-> app: a circle, and a rack beside."""
    estate = Estate()
    estate.add("app", "application")
    estate.add("vm", "virtual_machine")
    estate.add("hv", "hypervisor")
    estate.add("rack", "rack")
    estate.arrows = [
        ("app", "RUNS_ON", "vm"),
        ("vm", "RUNS_ON", "hv"),
        ("hv", "RUNS_ON", "app"),
        ("hv", "LOCATED_IN", "rack"),
    ]
    return estate


def test_related_goes_one_hop_along_the_arrow() -> None:
    assert _chain().fitting('related("RUNS_ON", class == "hypervisor")') == {"vm"}
    assert _chain().fitting('related("RUNS_ON", "in", class == "hypervisor")') == {"app"}
    assert _chain().fitting('related("RUNS_ON", "any", class == "hypervisor")') == {"vm", "app"}
    assert _chain().fitting('related("LOCATED_IN")') == {"hv"}


def test_related_goes_as_far_as_its_hops_and_never_back_to_where_it_began() -> None:
    assert _chain().fitting('related("RUNS_ON", 2, class == "hypervisor")') == {"vm", "app"}
    assert _chain().fitting('related("RUNS_ON", 3, class == "hypervisor")') == {"vm", "app"}
    assert _chain().fitting('related(["RUNS_ON", "LOCATED_IN"], 3, class == "rack")') == {"app", "vm", "hv"}


def test_related_is_nested() -> None:
    nested = 'related("RUNS_ON", class == "hypervisor" && related("LOCATED_IN", name == "rack"))'
    assert _chain().fitting(nested) == {"vm"}
