"""The lab as `cmdb` sees it: commands run where the scanner stands, answers as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.lifecycle import Lab
from tests.lab.topology import (
    LEGACY_COMMUNITY,
    NODES,
    SCANNER_ADDRESS,
    SNMP_AUTH_KEY,
    SNMP_AUTH_PROTOCOL,
    SNMP_COMMUNITY,
    SNMP_PRIV_KEY,
    SNMP_PRIV_PROTOCOL,
    SNMP_USER,
    SSH_PASSWORD,
    SSH_USER,
)
from tests.shared import ROOT

NETWORKS = ("10.77.1.0/24", "10.77.2.0/24", "10.77.3.0/24")
OPTIONS = {"ssh": ("--option", "sudo=yes", "--option", "ports=22,2222"), "snmp": (), "nmap": ()}
FETCH = "import urllib.request; urllib.request.urlopen('http://10.77.1.11/', timeout=20).read()"
"""One page of the shop opens the connections that are to be seen: web01 to app01 to its database and cache."""
CMDB = Path(sys.executable).with_name("cmdb")

Document = dict[str, Any]


NEIGHBOUR_NAMES = "1.0.8802.1.1.2.1.4.1.1.9"
"""LLDP-MIB lldpRemSysName: what a switch has heard of its neighbours."""
SETTLE_S = 60.0


def wait_until_neighbours_are_heard(lab: Lab, expected: Mapping[str, set[str]]) -> None:
    """Return once each switch names all its neighbours by LLDP: nodes that were just started take a few seconds."""
    deadline = time.monotonic() + SETTLE_S
    for name, neighbours in expected.items():
        walk = [
            "snmpwalk",
            "-v2c",
            "-c",
            SNMP_COMMUNITY,
            "-t2",
            "-r1",
            "-Oqv",
            NODES[name].addresses[0],
            NEIGHBOUR_NAMES,
        ]
        heard: set[str] = set()
        while heard != neighbours:
            assert time.monotonic() < deadline, f"{name} hears {sorted(heard)}, not {sorted(neighbours)}"
            said = lab.run_in_scanner(walk, timeout_s=30).stdout.splitlines()
            heard = {line.strip().strip('"').split(".")[0] for line in said if line.strip()}
            time.sleep(0.5)


@dataclass(frozen=True, slots=True)
class Estate:
    """One store, filled from the scanner's place in the lab."""

    lab: Lab
    folder: Path

    def cmdb(self, *words: str, timeout_s: float = 240.0) -> str:
        """Standard output of a command that must succeed."""
        settings = [
            f"CMDB_STORE=sqlite:///{self.folder / 'cmdb.db'}",
            f"CMDB_CREDENTIALS={self.folder / 'credentials.yaml'}",
            f"CMDB_HOST_KEYS={self.folder / 'host_keys'}",
            f"PYTHONPATH={ROOT}",
        ]
        done = self.lab.run_in_scanner(["env", *settings, CMDB, *words], timeout_s=timeout_s)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write_credentials(self, *, ssh_password: str = SSH_PASSWORD, key: Path | None = None) -> None:
        """The credentials file; file01 takes the key alone."""
        path = self.folder / "credentials.yaml"
        path.write_text(
            "credentials:\n"
            "  mistaken: {kind: snmp_v2c, community: mistaken}\n"
            f"  public: {{kind: snmp_v2c, community: {SNMP_COMMUNITY}}}\n"
            f"  legacy: {{kind: snmp_v2c, community: {LEGACY_COMMUNITY}}}\n"
            f"  v3: {{kind: snmp_v3, user: {SNMP_USER}, auth_protocol: {SNMP_AUTH_PROTOCOL}, auth_key: {SNMP_AUTH_KEY}, "
            f"priv_protocol: {SNMP_PRIV_PROTOCOL}, priv_key: {SNMP_PRIV_KEY}}}\n"
            f"  password: {{kind: ssh_password, user: {SSH_USER}, password: {ssh_password}}}\n"
            + (f"  key: {{kind: ssh_key, user: {SSH_USER}, key_file: {key}}}\n" if key else ""),
            encoding="utf-8",
        )
        path.chmod(0o600)

    def scan(self, scanner: str, *targets: str) -> Document:
        """One run over the lab's networks, or over these targets."""
        self.lab.run_in_scanner([sys.executable, "-c", FETCH], timeout_s=30)
        words = ("scan", scanner, *(targets or NETWORKS), "--exclude", SCANNER_ADDRESS, *OPTIONS[scanner], "--json")
        document: Document = json.loads(self.cmdb(*words))
        return document

    def lines(self, *words: str) -> list[Document]:
        """A command's JSON lines."""
        return [json.loads(line) for line in self.cmdb(*words, "--json").splitlines()]

    def show(self, name: str) -> Document:
        """One CI."""
        document: Document = json.loads(self.cmdb("show", name, "--json"))
        return document

    def devices(self) -> list[Document]:
        """Everything of the device family that has an address."""
        return [row for row in self.lines("list", "device") if row["attributes"].get("ip_addresses")]
