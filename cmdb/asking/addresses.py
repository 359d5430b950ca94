"""Which addresses lie in a network, in a form that every store computes alike."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
"""A dotted quad without leading zeros, as a regular expression for Python and Java alike."""
_GROUP = "[0-9a-f]{1,4}"
IPV6 = "|".join(
    (
        rf"(?:{_GROUP}:){{7}}{_GROUP}",
        rf"::(?:{_GROUP}(?::{_GROUP}){{0,6}})?",
        *(rf"{_GROUP}(?::{_GROUP}){{{left - 1}}}::(?:{_GROUP}(?::{_GROUP}){{0,{6 - left}}})?" for left in range(1, 7)),
        rf"{_GROUP}(?::{_GROUP}){{6}}::",
    )
)
"""Lower-case groups with at most one `::` (RFC 5952 §4), as a regular expression for Python and Java alike."""
_IPV4 = re.compile(IPV4)
_IPV6 = re.compile(IPV6)

Range = tuple[int, str, str]
"""Version, first and last address, both as `address_key` writes them."""


def address_key(text: str) -> str | None:
    """The address in hexadecimal, 8 digits or 32, so that addresses of one family compare as texts; None for any other text."""
    if _IPV4.fullmatch(text):
        return f"{int(ipaddress.IPv4Address(text)):08x}"
    if ":" in text and _IPV6.fullmatch(text):
        return f"{int(ipaddress.IPv6Address(text)):032x}"
    return None


@lru_cache(maxsize=1024)
def network_range(network: str) -> Range:
    """First and last address of a network such as 10.1.0.0/16; raises `ValueError` for what is none."""
    found = ipaddress.ip_network(network, strict=False)
    digits = 8 if found.version == 4 else 32
    return found.version, f"{int(found[0]):0{digits}x}", f"{int(found[-1]):0{digits}x}"


def is_inside(text: str, network: str) -> bool:
    """Whether the text is an address of this network."""
    key = address_key(text)
    _, first, last = network_range(network)
    return key is not None and len(key) == len(first) and first <= key <= last
