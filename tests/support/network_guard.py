"""Keeps a test's packets inside the lab: who scans lab addresses must stand in the scanner's namespace."""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Iterable

from tests.lab.places import namespace
from tests.lab.topology import GUARDED_NETWORK, SCANNER


class OutsideTheLab(AssertionError):
    """A test was about to send packets for the lab from another namespace."""


def current_namespace() -> str:
    """Name that `ip netns` gives to this process's network namespace; empty for the root namespace."""
    done = subprocess.run(["ip", "netns", "identify"], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


def require_scanner_namespace(targets: Iterable[str]) -> None:
    """Raise `OutsideTheLab` unless every target is loopback, or a lab address seen from the scanner's namespace."""
    lab = ipaddress.ip_network(GUARDED_NETWORK)
    for target in targets:
        network = ipaddress.ip_network(target, strict=False)
        if network.is_loopback:
            continue
        if not (network[0] in lab and network[-1] in lab):
            raise OutsideTheLab(f"{target} is neither loopback nor in the lab ({GUARDED_NETWORK})")
        if current_namespace() != namespace(SCANNER):
            raise OutsideTheLab(f"{target} may only be scanned from the network namespace {namespace(SCANNER)}")
