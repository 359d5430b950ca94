"""Network interfaces from `ip -json -details address`, from plain `ip address`, and from sysfs.

Sources: ip-address(8); Linux if_addr.h for the address flags; net/if_arp.h for the types in /sys/class/net/*/type.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from discovery.hosts.facts import Interface

_ARPHRD: Mapping[str, str] = {
    "1": "ethernet",
    "32": "infiniband",
    "512": "ppp",
    "768": "tunnel",
    "769": "tunnel",
    "772": "loopback",
    "801": "wifi",
}
_KINDS: Mapping[str, str] = {
    "ether": "ethernet",
    "bridge": "bridge",
    "bond": "aggregate",
    "team": "aggregate",
    "vlan": "vlan",
    "vxlan": "tunnel",
    "wireguard": "tunnel",
    "tun": "tunnel",
    "none": "tunnel",
}
"""iproute2's link types and kinds in the words that ifType has for them (IANAifType-MIB)."""
_HEAD = re.compile(r"^\d+: ([^:@\s]+)(?:@\S+)?: <([^>]*)>(?: mtu (\d+))?")
_LINK = re.compile(r"^\s+link/(\S+)(?: ([0-9a-fA-F:]{11,}))?")
_ADDRESS = re.compile(r"^\s+inet6? ([0-9a-fA-F.:]+)(?:/\d+| peer)?(.*)$")
_NULL_MAC = re.compile(r"^[0:]*$")

TRANSIENT = re.compile(
    r"^(veth[0-9a-f]{6,}|cali[0-9a-f]{6,}|lxc[0-9a-f]{6,}|lxc_health|tap[0-9a-f]{6,}|vnet\d+|fwpr\w+|fwln\w+|fwbr\w+|ifb\d+)$"
)
"""Names of interfaces that container engines and hypervisors make and remove as guests come and go, and kernel defaults."""
CONTAINER_BRIDGE = re.compile(
    r"^(docker\d+|br-[0-9a-f]{12}|podman\d+|cni\d+|cni-podman\d+|cbr\d+|virbr\d+|lxcbr\d+|lxdbr\d+|flannel\.\d+|kube-bridge|kube-ipvs\d+|nodelocaldns|cilium_\w+)$"
)
"""Bridges that engines make with the same addresses on every host; they tell nothing about which machine this is."""

IFA_F_TEMPORARY = 0x01
IFA_F_DEPRECATED = 0x20
"""Flags in the fifth column of /proc/net/if_inet6 (linux/if_addr.h): addresses that the host will drop."""


def parse_ip_json(text: str) -> tuple[Interface, ...]:
    """Interfaces in the kernel's order; raises ValueError for text that is not iproute2's JSON."""
    rows = json.loads(text)
    if not isinstance(rows, list):
        raise ValueError("the output of ip is not a list")  # noqa: TRY004 - a value of the wrong form, as for broken JSON
    return tuple(_from_json(row) for row in rows if isinstance(row, dict) and isinstance(row.get("ifname"), str))


def _from_json(row: Mapping[str, Any]) -> Interface:
    flags = [str(flag) for flag in row.get("flags") or ()]
    kind = str(row.get("link_type") or "")
    detail = row.get("linkinfo")
    details = detail if isinstance(detail, dict) else {}
    kind = str(details["info_kind"]) if details.get("info_kind") in _KINDS else kind
    addresses = [
        str(entry["local"])
        for entry in row.get("addr_info") or ()
        if isinstance(entry, dict) and entry.get("local") and not (entry.get("temporary") or entry.get("deprecated"))
    ]
    mtu = row.get("mtu")
    return Interface(
        name=str(row["ifname"]),
        mac_address=_mac(str(row.get("address") or "")),
        addresses=_ordered(addresses),
        mtu=mtu if isinstance(mtu, int) else None,
        interface_type=_KINDS.get(kind, kind) or None,
        is_bridge_port=details.get("info_slave_kind") == "bridge",
        alias=str(row["ifalias"]) if row.get("ifalias") else None,
        is_up="UP" in flags,
        is_running="LOWER_UP" in flags,
    )


def parse_ip_text(text: str) -> tuple[Interface, ...]:
    """Interfaces from `ip address` without JSON (iproute2 before 4.13, busybox)."""
    found: list[Interface] = []
    for line in text.splitlines():
        if head := _HEAD.match(line):
            flags = head.group(2).split(",")
            mtu = int(head.group(3)) if head.group(3) else None
            found.append(Interface(name=head.group(1), mtu=mtu, is_up="UP" in flags, is_running="LOWER_UP" in flags))
        elif found and (link := _LINK.match(line)):
            found[-1] = dataclasses.replace(
                found[-1],
                interface_type=_KINDS.get(link.group(1), link.group(1)),
                mac_address=_mac(link.group(2) or ""),
            )
        elif (
            found
            and (address := _ADDRESS.match(line))
            and not re.search(r"\b(temporary|deprecated)\b", address.group(2))
        ):
            found[-1] = dataclasses.replace(found[-1], addresses=_ordered([*found[-1].addresses, address.group(1)]))
    return tuple(found)


def parse_ifconfig(text: str) -> tuple[Interface, ...]:
    """Interfaces from BSD's and net-tools' `ifconfig -a`, whose blocks begin at the left margin."""
    found: list[Interface] = []
    for line in text.splitlines():
        if line and not line[0].isspace():
            name = line.split()[0].rstrip(":")
            flags = re.search(r"<([^>]*)>", line)
            mtu = re.search(r"\bmtu (\d+)", line)
            words = flags.group(1).split(",") if flags else []
            found.append(
                Interface(
                    name=name,
                    mtu=int(mtu.group(1)) if mtu else None,
                    is_up="UP" in words,
                    is_running="RUNNING" in words,
                )
            )
        elif found and (mac := re.match(r"\s+(?:ether|lladdr|HWaddr) ([0-9a-fA-F:]{17})", line)):
            found[-1] = dataclasses.replace(found[-1], mac_address=_mac(mac.group(1)), interface_type="ethernet")
        elif found and (address := _lasting_address(line)):
            found[-1] = dataclasses.replace(found[-1], addresses=_ordered([*found[-1].addresses, address]))
    return tuple(found)


def _lasting_address(line: str) -> str | None:
    match = re.match(r"\s+inet6? (?:addr:)?([0-9a-fA-F.:]+)(.*)$", line)
    return match.group(1) if match and not re.search(r"\b(temporary|deprecated)\b", match.group(2)) else None


def with_sysfs(interfaces: Iterable[Interface], text: str) -> tuple[Interface, ...]:
    """The interfaces, completed with `path:value` lines of /sys/class/net/*/{speed,type,brport} as grep prints them.

    Speeds are in Mbit/s there, -1 for unknown; a radio's speed changes by itself and is left out.
    """
    values: dict[tuple[str, str], str] = {}
    for line in text.splitlines():
        path, colon, value = line.partition(":")
        parts = path.split("/")
        if colon and len(parts) > 1:
            values[parts[-2], parts[-1]] = value.strip()
    return tuple(_completed(interface, values) for interface in interfaces)


def _completed(interface: Interface, values: Mapping[tuple[str, str], str]) -> Interface:
    raw = values.get((interface.name, "speed"), "")
    is_radio = (interface.name, "wireless") in values or interface.name.startswith("wl")
    speed = int(raw) * 1_000_000 if raw.isdecimal() and not is_radio and 0 < int(raw) < 10_000_000 else None
    kind = "wifi" if is_radio else interface.interface_type or _ARPHRD.get(values.get((interface.name, "type"), ""))
    return dataclasses.replace(
        interface,
        speed_bps=interface.speed_bps or speed,
        interface_type=kind,
        is_bridge_port=interface.is_bridge_port or (interface.name, "brport") in values,
    )


def passing_addresses(if_inet6: str) -> frozenset[str]:
    """Temporary (RFC 8981) and deprecated addresses in a /proc/net/if_inet6 text, in RFC 5952 form."""
    found: set[str] = set()
    for line in if_inet6.splitlines():
        fields = line.split()
        if len(fields) >= 5 and len(fields[0]) == 32 and int(fields[4], 16) & (IFA_F_TEMPORARY | IFA_F_DEPRECATED):
            found.add(str(ipaddress.IPv6Address(int(fields[0], 16))))
    return frozenset(found)


def _mac(text: str) -> str | None:
    return None if _NULL_MAC.match(text) or len(text) < 17 else text.lower().replace("-", ":")


def _ordered(addresses: Sequence[str]) -> tuple[str, ...]:
    known: dict[str, None] = {}
    for text in addresses:
        try:
            known[str(ipaddress.ip_address(text.partition("%")[0]))] = None
        except ValueError:
            continue
    return tuple(known)
