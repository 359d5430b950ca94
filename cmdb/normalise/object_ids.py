"""Who made the agent behind a sysObjectID, by IANA's register of private enterprise numbers."""

from __future__ import annotations

import re

from cmdb.data.lists import table
from cmdb.normalise.fingerprint import Fingerprint, Part

_ENTERPRISE = re.compile(r"^\.?1\.3\.6\.1\.4\.1\.(?P<number>\d+)(?:\.(?P<rest>[\d.]+))?$")
_NET_SNMP = "8072"
_WITHOUT_GEAR = frozenset({"Unix", "UCD-SNMP", "Net-SNMP", "Microsoft", "Linux", "FreeBSD", "OpenBSD", "VMware"})
"""Holders whose number says whose agent or system it is, and nothing of the machine."""


def read_object_id(oid: str) -> Fingerprint | None:
    """The maker of the machine, or agent and system where the number is a program's; None for an unknown number."""
    match = _ENTERPRISE.match(oid.strip())
    holder = table("enterprise_numbers")["holders"].get(match["number"]) if match is not None else None
    if match is None or holder is None:
        return None
    name = holder[0]
    if match["number"] == _NET_SNMP:
        built = re.match(r"3\.2\.(\d+)", match["rest"] or "")
        system = table("enterprise_numbers")["net_snmp_systems"].get(built[1]) if built is not None else None
        part = Part(system[0], system[1], system[1]) if system is not None else Part()
        return Fingerprint(service=Part("Net-SNMP", "SNMP Agent", "SNMP Agent"), system=part)
    if name in _WITHOUT_GEAR:
        return Fingerprint(system=Part("Microsoft", "Windows", "Windows")) if name == "Microsoft" else None
    return Fingerprint(hardware=Part(name))
