"""The SNMP scanner against the lab: real daemons behind a real router, and the recorded devices over the wire."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.fixture import lab
from tests.lab.lifecycle import Lab
from tests.lab.places import Places
from tests.lab.snmpsim import simulated_devices
from tests.lab.topology import NODES, SERVICE_PORTS, SNMP_PRIV_PROTOCOL
from tests.shared import lack
from tests.support.snmp_recordings import expected

__all__ = ["lab"]

pytestmark = pytest.mark.lab

_SHOP = "import urllib.request; urllib.request.urlopen('http://10.77.1.11/', timeout=20).read()"
"""One page of the shop opens the connections that are to be seen."""

_CLASSES = {"sw1": "switch", "sw2": "switch", "rtr1": "router"}
_NEIGHBOURS = {
    "sw1": {"rtr1", "web01", "app01", "edge01", "db01"},
    "sw2": {"rtr1", "db01", "cache01", "file01", "old01"},
    "rtr1": {"sw1", "sw2"},
    "db01": {"sw1", "sw2"},
    "web01": {"sw1"},
    "app01": {"sw1"},
    "edge01": {"sw1"},
    "cache01": {"sw2"},
    "old01": {"sw2"},
}
"""The cables that `tests/lab/topology.py` lays."""


@dataclass(frozen=True)
class Device:
    """One observation, by what it says of its device."""

    observation: dict[str, Any]

    @property
    def drafts(self) -> dict[str, dict[str, Any]]:
        return {draft["local_id"]: draft for draft in self.observation["drafts"]}

    @property
    def itself(self) -> dict[str, Any]:
        return self.drafts["device"]

    def named(self, class_name: str) -> list[str]:
        """Names of what is inside the device itself."""
        inside = (draft for draft in self.drafts.values() if draft["attributes"].get("host") == "device")
        return sorted(draft["name"] for draft in inside if draft["class_name"] == class_name)

    def links(self, type_: str) -> set[tuple[str, str]]:
        """Pairs of local ids."""
        return {(link["source"], link["target"]) for link in self.observation["links"] if link["type"] == type_}


class Said:
    """The events of one run."""

    def __init__(self, lines: str) -> None:
        events = [json.loads(line) for line in lines.splitlines()]
        self.done = {item["event"]["target"]: item["event"] for item in events if item["kind"] == "TargetDone"}
        self.observations = [item["event"]["observation"] for item in events if item["kind"] == "Observed"]
        self.by_address: dict[str, Device] = {}
        for observation in self.observations:
            device = Device(observation)
            for address in device.itself["attributes"].get("ip_addresses", ()):
                self.by_address.setdefault(address, device)


def run(lab: Lab, *targets: str) -> Said:
    done = lab.run_in_scanner([sys.executable, "-m", "tests.integration.snmp_lab_scan", *targets], timeout_s=240)
    assert done.returncode == 0, done.stderr
    return Said(done.stdout)


@pytest.fixture(scope="module")
def nodes(lab: Lab) -> Said:
    """Every node by its main address, asked once for all tests."""
    lab.run_in_scanner([sys.executable, "-c", _SHOP], timeout_s=60)
    return run(lab, *(node.addresses[0] for node in NODES.values()))


def test_each_node_that_speaks_snmp_is_read_and_the_others_have_a_reason(nodes: Said) -> None:
    outcomes = {node.name: nodes.done[node.addresses[0]]["outcome"] for node in NODES.values()}
    assert outcomes == {node.name: "read" if node.snmp else "refused" for node in NODES.values()}
    assert "nothing listens" in nodes.done[NODES["file01"].addresses[0]]["reason"]


def test_the_credential_that_worked_is_named(nodes: Said) -> None:
    used = {name: nodes.done[NODES[name].addresses[0]]["credential"] for name in ("web01", "old01", "edge01")}
    assert SNMP_PRIV_PROTOCOL.startswith("AES")
    assert used == {"web01": "public", "old01": "legacy", "edge01": "v3"}


@pytest.mark.parametrize("name", sorted(_NEIGHBOURS))
def test_a_node_has_its_class_name_addresses_and_macs(nodes: Said, name: str) -> None:
    node = NODES[name]
    draft = nodes.by_address[node.addresses[0]].itself
    assert draft["class_name"] == _CLASSES.get(name, "server")
    assert (draft["name"], draft["attributes"]["fqdn"]) == (name, node.fqdn)
    assert set(node.addresses) <= set(draft["attributes"]["ip_addresses"])
    assert {nic.mac for nic in node.nics} <= set(draft["attributes"]["mac_addresses"])
    assert draft["attributes"]["os_name"] == "Linux"


@pytest.mark.parametrize("name", sorted(_NEIGHBOURS))
def test_a_node_is_connected_to_what_its_cables_lead_to(nodes: Said, name: str) -> None:
    device = nodes.by_address[NODES[name].addresses[0]]
    found = {device.drafts[target]["name"] for source, target in device.links("CONNECTED_TO") if source == "device"}
    assert found == _NEIGHBOURS[name]


def test_a_cable_names_the_ports_at_both_ends(nodes: Said) -> None:
    device = nodes.by_address[NODES["sw1"].addresses[0]]
    (link,) = [
        link
        for link in device.observation["links"]
        if link["type"] == "CONNECTED_TO" and device.drafts[link["target"]]["name"] == "rtr1"
    ]
    assert link["attributes"] == {"source_port": "swp1", "target_port": "eth0", "protocol": "lldp"}


@pytest.mark.parametrize("name", ["web01", "app01", "edge01", "db01", "cache01"])
def test_a_host_has_the_services_that_it_listens_on(nodes: Said, name: str) -> None:
    listed = nodes.by_address[NODES[name].addresses[0]].named("network_service")
    assert {f"tcp/{port}" for port in SERVICE_PORTS[name]} | {"udp/161"} <= set(listed)


@pytest.mark.parametrize(
    ("name", "process", "target", "port"),
    [("web01", "nginx", "app01", 8080), ("app01", "gunicorn", "db01", 5432), ("app01", "gunicorn", "cache01", 6379)],
)
def test_a_program_depends_on_the_service_that_it_talks_to(
    nodes: Said, name: str, process: str, target: str, port: int
) -> None:
    device = nodes.by_address[NODES[name].addresses[0]]
    remotes = {
        (device.drafts[source]["name"], remote)
        for source, service in device.links("DEPENDS_ON")
        for remote in device.drafts[device.drafts[service]["attributes"]["host"]]["attributes"]["ip_addresses"]
        if device.drafts[service]["name"] == f"tcp/{port}"
    }
    assert (process, NODES[target].addresses[0]) in remotes


def test_a_hosts_packages_are_what_dpkg_says_there(lab: Lab, nodes: Said) -> None:
    device = nodes.by_address[NODES["cache01"].addresses[0]]
    found = {
        (draft["name"], draft["attributes"]["version"])
        for draft in device.drafts.values()
        if draft["class_name"] == "software_product"
    }
    listing = lab.run_in_node("cache01", ["dpkg-query", "-W", "-f", r"${db:Status-Abbrev}\t${Package}\t${Version}\n"])
    rows = [line.split("\t") for line in listing.splitlines()]
    assert found == {(name, version) for status, name, version in rows if status.startswith("ii")}


def test_a_second_scan_says_the_same(lab: Lab, nodes: Said) -> None:
    address = NODES["db01"].addresses[0]
    again = run(lab, address).by_address[address]
    assert again.observation["drafts"] == nodes.by_address[address].observation["drafts"]
    assert again.observation["links"] == nodes.by_address[address].observation["links"]


def test_a_stopped_node_is_a_reason_and_the_others_are_read(lab: Lab) -> None:
    stopped, other = NODES["cache01"].addresses[0], NODES["web01"].addresses[0]
    lab.stop("cache01")
    try:
        said = run(lab, stopped, other)
    finally:
        lab.start("cache01")
    assert said.done[stopped]["outcome"] == "no answer"
    assert "no answer to SNMP with 4 credentials" in said.done[stopped]["reason"]
    assert said.done[other]["outcome"] == "read"


def test_the_recorded_devices_over_the_wire_are_one_device_each_with_their_facts(lab: Lab) -> None:
    devices = simulated_devices(Places.from_environment())
    if not devices:
        lack("the shared recordings")
    said = run(lab, *devices)
    assert {target: done["outcome"] for target, done in said.done.items()} == dict.fromkeys(devices, "read")
    found, wanted = {}, {}
    for address, recording in devices.items():
        facts = expected(recording)
        device = said.by_address[address]
        attributes = device.itself["attributes"]
        told = {
            "class_name": device.itself["class_name"],
            "serial_number": attributes.get("serial_number"),
            "model": attributes.get("model"),
            "os_version": attributes.get("os_version"),
            "interfaces": len(device.named("interface")),
        }
        judged = facts.is_judged | {"class_name"}
        found[recording.stem] = {key: value for key, value in told.items() if key in judged}
        wanted[recording.stem] = {key: getattr(facts, key) for key in told if key in judged}
    assert found == wanted
