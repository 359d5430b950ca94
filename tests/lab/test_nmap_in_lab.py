"""nmap against real daemons behind a real router."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.lab.lifecycle import Lab
from tests.lab.topology import NODES, SERVICE_PORTS
from tests.support.network_guard import OutsideTheLab, require_scanner_namespace

pytestmark = pytest.mark.lab
NETWORKS = ("10.77.1.0/24", "10.77.2.0/24")
PORTS_ONLY = "versions=no"


class Said:
    """The events of one run, by kind."""

    def __init__(self, lines: str) -> None:
        events = [json.loads(line) for line in lines.splitlines()]
        self.observations = [item["event"]["observation"] for item in events if item["kind"] == "Observed"]
        self.done = {item["event"]["target"]: item["event"] for item in events if item["kind"] == "TargetDone"}
        self.notices = [item["event"]["text"] for item in events if item["kind"] == "Notice"]

    @property
    def drafts(self) -> list[dict[str, Any]]:
        return [draft for observation in self.observations for draft in observation["drafts"]]

    def tcp_ports(self) -> dict[str, set[int]]:
        """Open TCP ports by address."""
        found: dict[str, set[int]] = {}
        for draft in self.drafts:
            if draft["class_name"] == "device":
                found.setdefault(draft["local_id"], set())
            elif draft["attributes"]["protocol"] == "tcp":
                found[draft["attributes"]["host"]].add(draft["attributes"]["port"])
        return found

    def scopes(self) -> set[str]:
        return {scope["cidr"] for observation in self.observations for scope in observation["scopes"] if scope["cidr"]}


def run(lab: Lab, *words: str) -> Said:
    done = lab.run_in_scanner([sys.executable, "-m", "tests.lab.scan", "nmap", *words], timeout_s=150)
    assert done.returncode == 0, done.stderr
    return Said(done.stdout)


def test_every_node_is_found_with_exactly_its_open_ports(lab: Lab) -> None:
    said = run(lab, *NETWORKS, PORTS_ONLY)
    expected = {address: set(SERVICE_PORTS[node.name]) for node in NODES.values() for address in node.addresses}
    assert said.tcp_ports() == expected


def test_snmp_is_seen_on_every_node_that_speaks_it_and_on_no_other(lab: Lab) -> None:
    said = run(lab, *NETWORKS, PORTS_ONLY)
    seen = {draft["attributes"]["host"] for draft in said.drafts if draft["name"] == "udp/161"}
    assert seen == {address for node in NODES.values() if node.snmp for address in node.addresses}


def test_macs_are_told_on_the_scanners_own_subnet_only(lab: Lab) -> None:
    said = run(lab, *NETWORKS, PORTS_ONLY, "ports=22")
    macs = {
        draft["local_id"]: draft["attributes"].get("mac_addresses") for draft in said.drafts if draft["name"] is None
    }
    expected = {
        nic.address: [nic.mac] if nic.address.startswith("10.77.1.") else None
        for node in NODES.values()
        if node.name != "rtr1"
        for nic in node.nics
    }
    assert {address: macs[address] for address in expected} == expected


def test_products_and_versions_of_services_are_told(lab: Lab) -> None:
    said = run(lab, "10.77.1.11", "10.77.2.22")
    services = {
        draft["local_id"]: draft["attributes"] for draft in said.drafts if draft["class_name"] == "network_service"
    }
    assert services["10.77.1.11/tcp/80"]["product"] == "nginx"
    assert services["10.77.2.22/tcp/6379"]["product"] == "Redis key-value store"
    assert services["10.77.2.22/tcp/6379"]["version"] == "7.0.15"


def test_a_network_that_was_asked_in_full_is_claimed_without_what_was_excluded(lab: Lab) -> None:
    said = run(lab, "10.77.2.0/24", PORTS_ONLY, "ports=22", "--exclude=10.77.2.24")
    (scope,) = [scope for observation in said.observations for scope in observation["scopes"]]
    assert (scope["kind"], scope["cidr"], scope["excluded"]) == ("subnet", "10.77.2.0/24", ["10.77.2.24/32"])
    assert "10.77.2.24" not in said.tcp_ports()


def test_the_scanner_leaves_its_own_machine_to_the_local_scan(lab: Lab) -> None:
    said = run(lab, "10.77.1.0/29", PORTS_ONLY, "ports=22")
    assert set(said.tcp_ports()) == {"10.77.1.1", "10.77.1.2"}
    assert any("10.77.1.5 is this machine" in notice for notice in said.notices)


def test_a_stopped_node_is_unreachable_and_the_others_are_read(lab: Lab) -> None:
    lab.stop("web01")
    try:
        said = run(lab, "10.77.1.11", "10.77.1.12", PORTS_ONLY, "ports=22")
    finally:
        lab.start("web01")
    unreachable = [item["address"] for observation in said.observations for item in observation["unreachable"]]
    assert unreachable == ["10.77.1.11"]
    assert said.done["10.77.1.11"]["outcome"] == "no answer"
    assert said.done["10.77.1.12"]["outcome"] == "read"
    assert said.scopes() == set()


def test_known_ports_are_asked_again_and_then_absence_counts(lab: Lab) -> None:
    known = json.dumps({"10.77.1.13": ["tcp/2222", "tcp/9999"], "10.77.1.12": ["tcp/22", "udp/514"]})
    said = run(lab, "10.77.1.12", "10.77.1.13", PORTS_ONLY, "ports=22", f"known_ports={known}")
    assert said.tcp_ports() == {"10.77.1.12": {22}, "10.77.1.13": {2222}}
    scopes = [scope for observation in said.observations for scope in observation["scopes"]]
    assert [(scope["class_name"], scope["within"]) for scope in scopes] == [("network_service", "10.77.1.13")]


def test_lab_addresses_may_not_be_scanned_from_outside_the_lab() -> None:
    with pytest.raises(OutsideTheLab, match="lab-scanner"):
        require_scanner_namespace(["10.77.1.0/24"])


def test_addresses_outside_the_lab_may_not_be_scanned_at_all() -> None:
    with pytest.raises(OutsideTheLab, match="neither loopback nor in the lab"):
        require_scanner_namespace(["127.0.0.1", "192.0.2.1"])
