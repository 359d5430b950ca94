"""The lab by nmap, SNMP and SSH together: one CI for each node, what runs on it, and what falls if it falls."""

from __future__ import annotations

import json

import pytest

from tests.lab.estate import Estate, wait_until_neighbours_are_heard
from tests.lab.fixture import lab
from tests.lab.lifecycle import Lab
from tests.lab.places import Places
from tests.lab.snmpsim import simulated_devices
from tests.lab.topology import NODES, Node
from tests.shared import fixtures_path

__all__ = ["lab"]

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

CLASSES = {
    "sw1": "switch",
    "sw2": "switch",
    "rtr1": "router",
    "web01": "server",
    "app01": "server",
    "edge01": "server",
    "db01": "server",
    # its SMBIOS image says VMware Virtual Platform
    "cache01": "virtual_machine",
    "file01": "server",
    "old01": "server",
}
NEIGHBOURS = {
    "sw1": {"rtr1", "web01", "app01", "edge01", "db01"},
    "sw2": {"rtr1", "db01", "cache01", "file01", "old01"},
    "rtr1": {"sw1", "sw2"},
    "web01": {"sw1"},
    "db01": {"sw1", "sw2"},
    "old01": {"sw2"},
}
SOFTWARE = {
    "web01": "nginx-light",
    "app01": "gunicorn",
    "db01": "postgresql-15",
    "cache01": "redis-server",
    "file01": "samba",
    "edge01": "fusioninventory-agent",
    "old01": "snmpd",
    "sw1": "lldpd",
    "rtr1": "snmpd",
}


@pytest.fixture(scope="module")
def estate(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """All three networks by all three scanners."""
    fixtures_path("snmp")
    made = Estate(lab, tmp_path_factory.mktemp("estate"))
    made.write_credentials(key=lab.places.key)
    wait_until_neighbours_are_heard(lab, {name: NEIGHBOURS[name] for name in ("sw1", "sw2")})
    runs = {scanner: made.scan(scanner) for scanner in ("nmap", "snmp", "ssh")}
    assert {scanner: run["counts"]["observations_lost"] for scanner, run in runs.items()} == dict.fromkeys(runs, 0)
    return made


def _node_of(addresses: list[str]) -> str | None:
    return next((node.name for node in NODES.values() if set(node.addresses) & set(addresses)), None)


def test_the_ten_nodes_are_ten_cis_of_the_right_classes(estate: Estate) -> None:
    found = [(node, row["class"]) for row in estate.devices() if (node := _node_of(row["attributes"]["ip_addresses"]))]
    assert sorted(found) == sorted(CLASSES.items())


def test_each_recorded_device_is_one_ci(estate: Estate) -> None:
    devices = simulated_devices(Places.from_environment())
    owners: dict[str, list[str]] = {address: [] for address in devices}
    for row in estate.devices():
        for address in set(row["attributes"]["ip_addresses"]) & set(devices):
            owners[address].append(row["id"])
    assert {address: len(ids) for address, ids in owners.items()} == dict.fromkeys(devices, 1)
    assert len({ids[0] for ids in owners.values()}) == len(devices) == 26


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_node_has_its_addresses_hardware_and_system(estate: Estate, name: str) -> None:
    node: Node = NODES[name]
    attributes = estate.show(name)["attributes"]
    assert set(node.addresses) <= set(attributes["ip_addresses"])
    assert attributes["fqdn"] == node.fqdn
    if node.ssh is not None:
        assert (attributes["os_name"], attributes["os_version"]) == ("Debian GNU/Linux", "12")
    if node.hardware is not None and node.ssh is not None:
        hardware = node.hardware
        told = (attributes["serial_number"], attributes["model"], attributes["manufacturer"])
        assert told == (hardware.serial, hardware.product, hardware.maker)


@pytest.mark.parametrize("name", sorted(NEIGHBOURS))
def test_a_node_is_connected_to_its_neighbours(estate: Estate, name: str) -> None:
    links = [row for row in estate.show(name)["relationships"] if row["type"] == "CONNECTED_TO"]
    assert {row["ci"]["name"].split(".")[0] for row in links} == NEIGHBOURS[name]


@pytest.mark.parametrize("name", sorted(SOFTWARE))
def test_a_node_has_its_software(estate: Estate, name: str) -> None:
    installed = {row["ci"]["name"] for row in estate.show(name)["relationships"] if row["type"] == "INSTALLED_ON"}
    assert SOFTWARE[name] in installed
    assert len(installed) > 100


def test_the_radius_of_the_database_reaches_the_shop(estate: Estate) -> None:
    radius = json.loads(estate.cmdb("impact", "db01", "--json"))
    hosts = {row["id"]: row for row in radius["impacted"]}
    shop = next(row for row in radius["impacted"] if row["name"] == "shop")
    web = next(row for row in radius["impacted"] if row["name"] == "tcp/80")
    assert (shop["state"], shop["hops"], web["state"], web["hops"]) == ("down", 2, "down", 5)
    assert [hosts[id_]["name"] for id_ in web["path"][1:]] == ["tcp/5432", "shop", "tcp/8080", "nginx", "tcp/80"]


def test_the_radius_of_the_cache_reaches_the_shop_too(estate: Estate) -> None:
    radius = json.loads(estate.cmdb("impact", "cache01", "--json"))
    assert {"tcp/6379", "shop", "nginx"} <= {row["name"] for row in radius["impacted"]}


def test_a_second_scan_changes_nothing_of_the_graph(estate: Estate) -> None:
    before = set(estate.cmdb("export", "graph").splitlines())
    runs = [estate.scan(scanner) for scanner in ("nmap", "snmp", "ssh")]
    after = set(estate.cmdb("export", "graph").splitlines())
    assert (after - before, before - after) == (set(), set())
    counts = [(run["counts"]["created"], run["counts"]["updated"]) for run in runs]
    assert counts == [(0, 0)] * 3


def test_a_stopped_node_is_unreachable_and_not_retired(estate: Estate) -> None:
    estate.lab.stop("cache01")
    try:
        estate.scan("nmap", "10.77.2.0/24")
        stopped = estate.show("cache01")
    finally:
        estate.lab.start("cache01")
    estate.scan("nmap", "10.77.2.0/24")
    back = estate.show("cache01")
    assert (stopped["state"], stopped["lifecycle"]) == ("unreachable", "live")
    assert (back["state"], back["lifecycle"]) == ("present", "live")


def test_a_refused_password_is_a_reason_and_nothing_is_lost(estate: Estate) -> None:
    before = estate.show("file01")
    estate.write_credentials()
    try:
        run = estate.scan("ssh", "10.77.2.22", "10.77.2.23")
    finally:
        estate.write_credentials(key=estate.lab.places.key)
    results = {result["target"]: result for result in run["results"]}
    after = estate.show("file01")
    assert results["10.77.2.22"]["outcome"] == "read"
    assert results["10.77.2.23"]["outcome"] == "no credential accepted"
    assert results["10.77.2.23"]["reason"]
    assert (after["attributes"], after["lifecycle"]) == (before["attributes"], before["lifecycle"])
    assert {row["ci"]["id"] for row in after["relationships"]} == {row["ci"]["id"] for row in before["relationships"]}
