"""What may be scanned, and what needs a yes."""

from __future__ import annotations

import pytest

from cmdb.errors import Denied, Invalid, NotFound
from discovery.safety import check_scan

NAMES = {"inside.lab.test": ("10.1.2.3",), "outside.example": ("8.8.8.8",), "both.example": ("10.0.0.1", "1.1.1.1")}


def resolve(name: str) -> tuple[str, ...]:
    if name not in NAMES:
        raise NotFound(f"the name {name!r} does not resolve")
    return NAMES[name]


@pytest.mark.parametrize(
    "target",
    [
        "10.0.0.0/16",
        "192.168.1.1",
        "172.31.255.255",
        "127.0.0.1",
        "169.254.1.1",
        "100.64.0.0/24",
        "fd00::1",
        "fe80::/120",
        "::1",
    ],
)
def test_private_targets_need_no_yes(target: str) -> None:
    assert check_scan([target]).targets == (target,)


@pytest.mark.parametrize("target", ["8.8.8.8", "172.32.0.0/24", "100.128.0.0/24", "2600::/120", "10.0.0.0/7"])
def test_public_ranges_are_denied_without_a_yes(target: str) -> None:
    with pytest.raises(Denied, match="--yes"):
        check_scan([target])


def test_a_yes_opens_public_ranges() -> None:
    assert check_scan(["8.8.8.8"], is_confirmed=True).targets == ("8.8.8.8",)


def test_more_than_a_16_is_denied_without_a_yes() -> None:
    with pytest.raises(Denied, match="131072 addresses"):
        check_scan(["10.0.0.0/15"])
    assert check_scan(["10.0.0.0/15"], is_confirmed=True).address_count == 131_072


def test_two_halves_of_more_than_a_16_are_counted_together_and_doubles_once() -> None:
    with pytest.raises(Denied, match="65537 addresses"):
        check_scan(["10.0.0.0/17", "10.0.128.0/17", "10.1.0.0"])
    assert check_scan(["10.0.0.0/16", "10.0.5.0/24"]).address_count == 65_536


def test_more_than_2_to_the_24_is_never_scanned() -> None:
    with pytest.raises(Invalid, match="split the run"):
        check_scan(["fd00::/64"], is_confirmed=True)


@pytest.mark.parametrize(
    "target",
    [
        "224.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "ff02::1",
        "10.0.0.1-20",
        "10.0.0.256",
        "1.2.3",
        "-oN",
        "a b",
        "",
        "x" * 300,
    ],
)
def test_what_is_no_target_is_invalid(target: str) -> None:
    with pytest.raises(Invalid, match=r"."):
        check_scan([target], is_confirmed=True, resolve=resolve)


def test_no_target_is_invalid() -> None:
    with pytest.raises(Invalid, match="no target"):
        check_scan([])


def test_host_bits_are_cleared_and_doubles_dropped() -> None:
    assert check_scan(["10.1.2.3/24", "10.1.2.0/24", "10.1.2.3"]).targets == ("10.1.2.0/24", "10.1.2.3")


def test_a_name_is_judged_by_its_addresses() -> None:
    assert check_scan(["inside.lab.test"], resolve=resolve).targets == ("inside.lab.test",)
    for name in ("outside.example", "both.example"):
        with pytest.raises(Denied, match=name):
            check_scan([name], resolve=resolve)
    with pytest.raises(NotFound):
        check_scan(["nowhere.example"], resolve=resolve)


def test_excluded_targets_are_dropped_and_exclusions_collapse() -> None:
    scan = check_scan(["10.0.0.1", "10.0.1.0/24"], ["10.0.0.0/31", "10.0.1.7", "inside.lab.test"], resolve=resolve)
    assert scan.targets == ("10.0.1.0/24",)
    assert scan.exclude == ("10.0.0.0/31", "10.0.1.7/32", "10.1.2.3/32")


def test_nothing_left_after_exclusion_is_invalid() -> None:
    with pytest.raises(Invalid, match="nothing is left"):
        check_scan(["10.0.0.1"], ["10.0.0.0/8"])
