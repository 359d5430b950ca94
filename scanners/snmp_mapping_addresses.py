"""Addresses out of MIB indexes and byte strings."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from scanners.snmp_reading import Reading
from scanners.snmp_tables import INET_ADDRESSES, IP_ADDRESSES

_UNICAST = 1
"""RFC 4293 ipAddressType."""


def interface_addresses(reading: Reading) -> dict[str, list[str]]:
    """Unicast addresses by ifIndex, in order, each once; from both generations of the IP-MIB, loopback included."""
    found: dict[str, list[str]] = {}
    for index, row in reading.rows(IP_ADDRESSES).items():
        _add(found, row.get("if_index"), _plain(index))
    for index, row in reading.rows(INET_ADDRESSES).items():
        address, _ = inet_address([int(part) for part in index.split(".")])
        if row.get("type", _UNICAST) == _UNICAST:
            _add(found, row.get("if_index"), address)
    return found


def _add(found: dict[str, list[str]], if_index: object, address: str | None) -> None:
    if address is None or not isinstance(if_index, int):
        return
    parsed = ipaddress.ip_address(address)
    if parsed.is_unspecified or parsed.is_multicast:
        return
    listed = found.setdefault(str(if_index), [])
    if address not in listed:
        listed.append(address)


def inet_address(parts: Sequence[int]) -> tuple[str | None, Sequence[int]]:
    """InetAddressType, length and bytes at the front of an index (RFC 4001 §4.2), and what follows them.

    The address is `::` for the empty one of type 0, and None where the bytes are no address; zone indexes are dropped.
    """
    if len(parts) < 2 or len(parts) < 2 + parts[1]:
        return None, ()
    size = parts[1]
    return from_bytes(bytes(part & 0xFF for part in parts[2 : 2 + size])) if size else "::", parts[2 + size :]


def from_bytes(raw: bytes) -> str | None:
    """4 or 16 bytes, or 8 or 20 with a zone, as text in RFC 5952 form; IPv4 mapped into IPv6 is IPv4."""
    try:
        address = ipaddress.ip_address(raw[:4] if len(raw) in (4, 8) else raw[:16])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _plain(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def is_reachable(address: str) -> bool:
    """Whether others could reach the address: neither loopback, link-local nor unspecified."""
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified or parsed.is_multicast)
