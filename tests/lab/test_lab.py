"""The lab is what its topology says, keeps its packets to itself, and can be disturbed and repaired."""

from __future__ import annotations

import subprocess
import uuid

import pytest

from tests.lab.lifecycle import Lab
from tests.lab.topology import NODES, SSH_PASSWORD, SSH_USER, Node

pytestmark = pytest.mark.lab
HOSTS = [node for node in NODES.values() if node.hardware]
SSH_OPTIONS = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5")


def opens_by_password(lab: Lab, address: str) -> bool:
    words = [
        "sshpass",
        "-p",
        SSH_PASSWORD,
        "ssh",
        *SSH_OPTIONS,
        "-o",
        "PubkeyAuthentication=no",
        f"{SSH_USER}@{address}",
        "true",
    ]
    return lab.run_in_scanner(words, timeout_s=20).returncode == 0


def opens_by_key(lab: Lab, address: str) -> bool:
    key = ["-i", str(lab.places.key), "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"]
    return (
        lab.run_in_scanner(["ssh", *SSH_OPTIONS, *key, f"{SSH_USER}@{address}", "true"], timeout_s=20).returncode == 0
    )


@pytest.mark.parametrize("node", HOSTS, ids=lambda node: node.name)
def test_every_host_tells_the_identity_that_the_topology_gives_it(lab: Lab, node: Node) -> None:
    assert node.hardware is not None
    assert lab.run_in_node(node.name, ["cat", "/etc/machine-id"]).strip() == node.machine_id
    assert lab.run_in_node(node.name, ["dmidecode", "-s", "system-serial-number"]).strip() == node.hardware.serial
    assert uuid.UUID(lab.run_in_node(node.name, ["dmidecode", "-s", "system-uuid"]).strip()) == node.system_uuid


def test_no_packet_for_the_lab_leaves_the_machine(lab: Lab) -> None:
    route = subprocess.run(["ip", "route", "get", "10.77.1.11"], capture_output=True, text=True, check=False)
    assert lab.is_up
    assert route.returncode != 0
    assert "unreachable" in route.stderr.lower() or "no route" in route.stderr.lower()


def test_nothing_in_the_lab_reaches_the_outside(lab: Lab) -> None:
    # RFC 5737: documentation, so that even a leak would reach nobody
    ping = lab.run_in_scanner(["ping", "-c1", "-W1", "192.0.2.1"], timeout_s=10)
    assert ping.returncode != 0


def test_the_shop_works_through_all_its_machines(lab: Lab) -> None:
    request = r"exec 3<>/dev/tcp/10.77.1.11/80; printf 'GET / HTTP/1.0\r\nHost: shop\r\n\r\n' >&3; cat <&3"
    answer = lab.run_in_scanner(["bash", "-c", request], timeout_s=10).stdout
    assert "orders 2, visits" in answer


def test_file01_takes_keys_and_no_password_until_told_otherwise(lab: Lab) -> None:
    address = NODES["file01"].addresses[0]
    assert (opens_by_password(lab, address), opens_by_key(lab, address)) == (False, True)
    lab.set_password_login("file01", accepts_password=True)
    lab.set_authorized_keys("file01", [])
    try:
        assert (opens_by_password(lab, address), opens_by_key(lab, address)) == (True, False)
    finally:
        lab.set_password_login("file01", accepts_password=False)
        lab.restore_authorized_keys("file01")
    assert (opens_by_password(lab, address), opens_by_key(lab, address)) == (False, True)


def test_a_node_that_was_stopped_answers_nothing_and_comes_back_as_itself(lab: Lab) -> None:
    key = lab.run_in_node("cache01", ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"])
    lab.stop("cache01")
    try:
        is_silent = lab.run_in_scanner(["ping", "-c1", "-W1", "10.77.2.22"], timeout_s=10).returncode != 0
    finally:
        lab.start("cache01")
    assert is_silent
    assert lab.run_in_node("cache01", ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]) == key
