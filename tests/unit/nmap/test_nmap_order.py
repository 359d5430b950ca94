"""Options and targets of a run."""

from __future__ import annotations

import ipaddress

import pytest

from cmdb.errors import Invalid
from discovery.safety import parse_target
from scanners.nmap_order import FAST_PORTS, NmapOptions, chunks, parse_ports, port_list


def test_a_list_of_ports_is_read_and_spelled_shortest() -> None:
    assert parse_ports("443, 22,80-82") == {22, 80, 81, 82, 443}
    assert port_list({443, 22, 82, 80, 81}) == "22,80-82,443"


@pytest.mark.parametrize("text", ["", "0", "65536", "80-79", "http", "1-", "-5", "22,,80", "22 80"])
def test_what_is_no_list_of_ports_is_invalid(text: str) -> None:
    with pytest.raises(Invalid, match="no port or range"):
        parse_ports(text)


@pytest.mark.parametrize(
    "options",
    [
        {"colour": "red"},
        {"versions": "perhaps"},
        {"max_rate": "0"},
        {"max_rate": "1000000"},
        {"max_rate": "fast"},
        {"os_timeout_s": "nan"},
        {"method": "masscan"},
        {"known_ports": "[1]"},
        {"known_ports": '{"10.0.0.1": ["ssh"]}'},
        {"known_ports": '{"somewhere": ["tcp/22"]}'},
        {"ports": "-iL /etc/passwd"},
    ],
)
def test_an_option_that_cannot_be_is_invalid_and_named(options: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        NmapOptions.read(options)
    assert next(iter(options)).split("_")[0][:4] in refusal.value.message


def test_ports_known_from_earlier_runs_are_added_for_the_hosts_they_belong_to() -> None:
    options = NmapOptions.read({"known_ports": '{"10.0.0.1": ["tcp/33333", "udp/500"], "10.0.0.2": ["tcp/44444"]}'})
    assert options.tcp_ports(["10.0.0.1"]) == FAST_PORTS | {33333}


def test_the_fast_list_holds_what_the_lab_and_most_networks_offer() -> None:
    assert {21, 22, 80, 139, 443, 445, 2222, 3306, 5432, 6379, 8080, 8443, 9200} <= FAST_PORTS
    assert len(FAST_PORTS) < 200


def test_large_networks_are_cut_into_chunks_and_excluded_parts_are_dropped() -> None:
    excluded = [ipaddress.ip_network("10.0.16.0/20"), ipaddress.ip_network("10.0.32.1/32")]
    found = list(chunks([parse_target("10.0.0.0/18"), parse_target("10.9.0.1")], excluded))
    assert [[str(network) for network in chunk] for chunk in found] == [
        ["10.0.0.0/20"],
        ["10.0.32.0/20"],
        ["10.0.48.0/20"],
        ["10.9.0.1/32"],
    ]


def test_single_addresses_share_a_chunk_and_versions_do_not() -> None:
    targets = [parse_target(text) for text in ("10.0.0.2", "fd00::1", "10.0.0.1")]
    assert [[str(network) for network in chunk] for chunk in chunks(targets, [])] == [
        ["10.0.0.1/32", "10.0.0.2/32"],
        ["fd00::1/128"],
    ]
