"""The command lines of the stages."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

import pytest

from cmdb.errors import Invalid
from scanners.nmap_order import NmapOptions
from scanners.nmap_stages import Call, StagePlanner


def planner(*, is_raw: bool = True, exclude: tuple[str, ...] = (), **options: str) -> StagePlanner:
    return StagePlanner(options=NmapOptions.read(options), exclude=exclude, is_raw=is_raw, host_timeout_s=60)


def value(call: Call, option: str) -> str:
    return next(after for before, after in pairwise(call.arguments) if before == option)


def calls(plan: StagePlanner) -> list[Call]:
    networks = [ipaddress.ip_network("10.0.0.0/24")]
    hosts = ["10.0.0.1", "10.0.0.2"]
    return [
        plan.ping(networks),
        plan.knock(networks),
        plan.port_scan(hosts),
        plan.versions(hosts, {22}),
        plan.operating_systems(hosts, {22}),
    ]


def test_every_stage_leaves_out_what_is_excluded_and_never_asks_for_names() -> None:
    for call in calls(planner(exclude=("10.0.0.9/32", "fd00::/64"))):
        assert value(call, "--exclude") == "10.0.0.9/32"
        assert "-n" in call.arguments


def test_the_second_question_leaves_out_who_answered_the_first() -> None:
    call = planner(exclude=("10.0.0.9/32",)).knock([ipaddress.ip_network("10.0.0.0/24")], besides=("10.0.0.7",))
    assert value(call, "--exclude") == "10.0.0.9/32,10.0.0.7"


def test_a_run_sends_no_more_than_its_rate_and_no_more_than_200_packets_a_second_to_one_host() -> None:
    wide, narrow = planner(max_rate="3000"), planner()
    assert value(wide.ping([ipaddress.ip_network("10.0.0.0/20")]), "--max-rate") == "3000"
    assert value(narrow.port_scan(["10.0.0.1"]), "--max-rate") == "200"
    assert value(narrow.versions(["10.0.0.1", "10.0.0.2"], {22}), "--max-rate") == "400"


def test_versions_and_systems_have_time_limits_of_their_own() -> None:
    plan = planner(version_timeout_s="12", os_timeout_s="7")
    assert value(plan.versions(["10.0.0.1"], {22}), "--host-timeout") == "12000ms"
    assert value(plan.operating_systems(["10.0.0.1"], {22}), "--host-timeout") == "7000ms"


def test_without_raw_packets_only_tcp_connections_are_made() -> None:
    plan = planner(is_raw=False)
    knock, ports = plan.knock([ipaddress.ip_network("10.0.0.0/24")]), plan.port_scan(["10.0.0.1"])
    assert "-sT" in ports.arguments
    assert not {"-sS", "-sU", "-PE", "--privileged"} & {*knock.arguments, *ports.arguments}
    with pytest.raises(Invalid, match="run as root"):
        plan.operating_systems(["10.0.0.1"], {22})


def test_six_is_asked_with_its_own_switch_and_exclusions() -> None:
    call = planner(exclude=("10.0.0.9/32", "fd00::9/128")).ping([ipaddress.ip_network("fd00::/120")])
    assert "-6" in call.arguments
    assert value(call, "--exclude") == "fd00::9/128"


def test_the_limit_grows_with_what_is_asked() -> None:
    plan = planner()
    small, large = plan.ping([ipaddress.ip_network("10.0.0.1")]), plan.ping([ipaddress.ip_network("10.0.0.0/20")])
    # 4,096 addresses, two tries each, three times the time that 6,000 packets a second take
    assert large.limit_s == pytest.approx(60 + 3 * 4096 * 2 / 6000)
    assert small.limit_s < large.limit_s
