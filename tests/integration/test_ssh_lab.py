"""The lab's hosts by SSH, from the command line into a store: who they are, what runs on them, what depends on what."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.fixture import lab
from tests.lab.lifecycle import Lab
from tests.lab.topology import NODES, SSH_PASSWORD, SSH_USER, Node
from tests.shared import ROOT

__all__ = ["lab"]

pytestmark = pytest.mark.lab

HOSTS = tuple(node for node in NODES.values() if node.hardware is not None and node.ssh is not None)
TARGETS = tuple(address for node in HOSTS for address in node.addresses)
CMDB = Path(sys.executable).with_name("cmdb")
FETCH = "import urllib.request; urllib.request.urlopen('http://10.77.1.11/', timeout=20).read()"
"""One page of the shop opens the connections that are to be seen: web01 to app01 to its database and cache."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What two scans left behind."""

    runs: tuple[dict[str, Any], dict[str, Any]]
    cis: dict[str, dict[str, Any]]
    relationships: tuple[tuple[str, str, str], ...]

    def hosts(self) -> dict[str, dict[str, Any]]:
        """Machines by serial number."""
        found = [ci for ci in self.cis.values() if ci.get("attributes", {}).get("serial_number")]
        return {ci["attributes"]["serial_number"]: ci for ci in found}

    def place(self, ci_id: str) -> str:
        """`host/name` of something inside a host, the name of anything else."""
        ci = self.cis[ci_id]
        host = next(
            (target for source, type_, target in self.relationships if source == ci_id and self._is_host(target)), None
        )
        return f"{self.cis[host]['name']}/{ci['name']}" if host else str(ci["name"])

    def _is_host(self, ci_id: str) -> bool:
        return bool(self.cis[ci_id].get("attributes", {}).get("serial_number"))


@pytest.fixture(scope="module")
def scanned(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """All hosts that have SSH, scanned twice, without file01's password."""
    folder = tmp_path_factory.mktemp("ssh-lab")
    credentials = folder / "credentials.yaml"
    credentials.write_text(
        "credentials:\n"
        f"  lab-password:\n    kind: ssh_password\n    user: {SSH_USER}\n    password: {SSH_PASSWORD}\n"
        f"  lab-key:\n    kind: ssh_key\n    user: {SSH_USER}\n    key_file: {lab.places.key}\n"
    )
    credentials.chmod(0o600)
    settings = [
        f"CMDB_STORE=sqlite:///{folder / 'cmdb.db'}",
        f"CMDB_CREDENTIALS={credentials}",
        f"CMDB_HOST_KEYS={folder / 'host_keys'}",
        f"PYTHONPATH={ROOT}",
    ]

    def cmdb(*words: str) -> str:
        done = lab.run_in_scanner(["env", *settings, CMDB, *words], timeout_s=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    lab.run_in_scanner([sys.executable, "-c", FETCH], timeout_s=30)
    order = ["scan", "ssh", *TARGETS, "--option", "sudo=yes", "--option", "ports=22,2222", "--json"]
    runs = json.loads(cmdb(*order)), json.loads(cmdb(*order))
    lines = [json.loads(line) for line in cmdb("export", "graph").splitlines()]
    return Scanned(
        runs=runs,
        cis={line["ci"]["id"]: line["ci"] for line in lines if "ci" in line},
        relationships=tuple(
            (line["relationship"]["source"], line["relationship"]["type"], line["relationship"]["target"])
            for line in lines
            if "relationship" in line
        ),
    )


def test_every_host_is_read_with_a_credential_that_it_accepts(scanned: Scanned) -> None:
    read = {result["target"]: (result["outcome"], result["credential"]) for result in scanned.runs[0]["results"]}
    expected = {
        address: ("read", "lab-password" if node.ssh is not None and node.ssh.accepts_password else "lab-key")
        for node in HOSTS
        for address in node.addresses
    }
    assert read == expected


@pytest.mark.parametrize("node", HOSTS, ids=lambda node: node.name)
def test_a_host_is_one_ci_with_its_hardware_and_system(scanned: Scanned, node: Node) -> None:
    assert node.hardware is not None
    ci = scanned.hosts()[node.hardware.serial]
    attributes = ci["attributes"]
    assert (ci["name"], ci["class"]) == (node.name, "virtual_machine" if node.name == "cache01" else "server")
    assert (attributes["manufacturer"], attributes["model"]) == (node.hardware.maker, node.hardware.product)
    assert (attributes["os_name"], attributes["os_version"]) == ("Debian GNU/Linux", "12")
    assert (attributes["machine_id"], attributes["fqdn"]) == (node.machine_id, node.fqdn)
    assert set(node.addresses) <= set(attributes["ip_addresses"])
    assert {nic.mac for nic in node.nics} <= set(attributes["mac_addresses"])


def test_the_host_with_two_addresses_is_there_once(scanned: Scanned) -> None:
    assert sorted(ci["name"] for ci in scanned.hosts().values()) == sorted(node.name for node in HOSTS)


@pytest.mark.parametrize(
    ("host", "package"),
    [
        ("web01", "nginx-light"),
        ("app01", "gunicorn"),
        ("db01", "postgresql-15"),
        ("cache01", "redis-server"),
        ("file01", "samba"),
    ],
)
def test_the_software_of_a_host_is_installed_on_it(scanned: Scanned, host: str, package: str) -> None:
    installed = {
        scanned.cis[source]["name"]
        for source, type_, target in scanned.relationships
        if type_ == "INSTALLED_ON" and scanned.cis[target]["name"] == host
    }
    assert package in installed


def test_the_shop_depends_on_what_it_is_connected_to(scanned: Scanned) -> None:
    depends = {
        (scanned.place(source), scanned.place(target))
        for source, type_, target in scanned.relationships
        if type_ == "DEPENDS_ON"
    }
    assert depends == {
        ("web01/nginx", "app01/tcp/8080"),
        ("app01/shop", "db01/tcp/5432"),
        ("app01/shop", "cache01/tcp/6379"),
    }


def test_services_run_on_their_units(scanned: Scanned) -> None:
    runs = {
        (scanned.place(source), scanned.place(target))
        for source, type_, target in scanned.relationships
        if type_ == "RUNS_ON"
    }
    assert {
        ("web01/tcp/80", "web01/nginx"),
        ("app01/tcp/8080", "app01/shop"),
        ("db01/tcp/5432", "db01/postgresql@15-main"),
        ("cache01/tcp/6379", "cache01/redis-server"),
    } <= runs


def test_a_second_scan_changes_nothing(scanned: Scanned) -> None:
    counts = scanned.runs[1]["counts"]
    assert (counts["created"], counts["updated"]) == (0, 0)
    assert counts["unchanged"] > 1000
