"""Values that never identify a machine, however often they are said (design §6); the lists are data in `cmdb/data`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from cmdb.data.lists import table
from cmdb.normalise.forms import uuid_forms


class Reason(StrEnum):
    """Why a value says nothing about who a machine is."""

    PLACEHOLDER = "placeholder"
    """Firmware's filler where a number was never written."""
    VIRTUAL_MAC = "virtual_mac"
    """A first-hop-redundancy address, which moves between routers."""
    RANDOM_MAC = "random_mac"
    """Locally administered, and not from a prefix that a hypervisor hands out."""
    NULL_MAC = "null_mac"
    """All zeros, broadcast or multicast."""
    CONTAINER_BRIDGE = "container_bridge"
    """Given by software to its own bridge or adapter, the same on every host."""
    LOOPBACK = "loopback"
    LINK_LOCAL = "link_local"
    NO_HOST = "no_host"
    """Unspecified, multicast or broadcast address."""
    LOCAL_NAME = "local_name"
    """`localhost` and its like."""


_REPEATED_AT_LEAST = 4
_ASCENDING_AT_LEAST = 8
_FILLERS = frozenset("0XF")


@dataclass(frozen=True, slots=True)
class Fillers:
    """What a site adds to the shipped lists; texts are folded, UUIDs in either reading, prefixes hex without separators."""

    texts: frozenset[tuple[str, str]] = frozenset()
    """(kind, folded text) of placeholders of a serial, board, asset_tag or machine_id."""
    uuids: frozenset[str] = frozenset()
    virtual_macs: tuple[str, ...] = ()
    macs_on_every_host: tuple[str, ...] = ()
    hypervisor_macs: tuple[str, ...] = ()
    """Locally administered prefixes that identify here."""
    addresses: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


NO_FILLERS = Fillers()


def never_identifies(kind: str, value: str, fillers: Fillers = NO_FILLERS) -> Reason | None:
    """Why `value`, in the spelling of `cmdb.normalise`, identifies nothing; None when it may identify.

    `kind`: serial, board, asset_tag, uuid, machine_id, mac, address, fqdn or name; any other kind always may. `fillers` are the
    site's own, beside the shipped ones.
    """
    judge = _JUDGES.get(kind)
    if judge is None:
        return None
    reason = judge(value)
    if fillers is NO_FILLERS:
        return reason
    if reason is Reason.RANDOM_MAC and value.replace(":", "").startswith(fillers.hypervisor_macs):
        return None
    return reason or _at_this_site(kind, value, fillers)


def _at_this_site(kind: str, value: str, fillers: Fillers) -> Reason | None:
    if kind == "mac":
        digits = value.replace(":", "")
        if digits.startswith(fillers.virtual_macs):
            return Reason.VIRTUAL_MAC
        return Reason.CONTAINER_BRIDGE if digits.startswith(fillers.macs_on_every_host) else None
    if kind == "address":
        return Reason.CONTAINER_BRIDGE if value in fillers.addresses else None
    if kind in ("fqdn", "name"):
        return Reason.LOCAL_NAME if value.casefold().rstrip(".") in fillers.names else None
    if kind == "uuid":
        return Reason.PLACEHOLDER if value in fillers.uuids else None
    return Reason.PLACEHOLDER if (kind, folded(value)) in fillers.texts else None


def is_placeholder(value: str) -> bool:
    """Whether a serial number is filler: a known text, punctuation only, one character repeated, or ascending digits."""
    text = folded(value)
    return text in _placeholders("serial") or _is_filler(text)


def folded(value: str) -> str:
    """A filler text as it is compared: capitals and digits only."""
    return "".join(character for character in value.upper() if character.isalnum())


def _is_filler(folded: str) -> bool:
    if not folded:
        return True
    if folded == folded[0] * len(folded):
        return len(folded) >= _REPEATED_AT_LEAST or folded[0] in _FILLERS
    if len(folded) >= _ASCENDING_AT_LEAST and folded.isascii() and folded.isdigit():
        return all((int(after) - int(before)) % 10 == 1 for before, after in itertools.pairwise(folded))
    return False


@cache
def _placeholders(kind: str) -> frozenset[str]:
    return frozenset(folded(value) for value in table("placeholders")[kind]["values"])


@cache
def _uuid_placeholders() -> frozenset[str]:
    return frozenset(form for value in table("placeholders")["uuid"]["values"] for form in uuid_forms(value))


@cache
def _prefixes(section: str) -> tuple[str, ...]:
    return tuple(prefix for prefixes in table("mac_prefixes")[section].values() for prefix in prefixes)


@cache
def _bridges() -> frozenset[str]:
    return frozenset(address for addresses in table("container_addresses")["bridges"].values() for address in addresses)


@cache
def _local_names() -> tuple[frozenset[str], tuple[str, ...]]:
    data = table("local_names")
    suffixes = tuple(suffix for group in data["suffixes"].values() for suffix in group)
    names = {name.casefold() for group in data["names"].values() for name in group}
    return frozenset({*names, *suffixes}), tuple(f".{suffix}" for suffix in suffixes)


def _serial(value: str) -> Reason | None:
    return Reason.PLACEHOLDER if is_placeholder(value) else None


def _asset_tag(value: str) -> Reason | None:
    return Reason.PLACEHOLDER if is_placeholder(value) or folded(value) in _placeholders("asset_tag") else None


def _uuid(value: str) -> Reason | None:
    digits = value.replace("-", "")
    is_filler = len(set(digits)) == 1 or value in _uuid_placeholders()
    return Reason.PLACEHOLDER if is_filler else None


def _machine_id(value: str) -> Reason | None:
    return Reason.PLACEHOLDER if _is_filler(folded(value)) or folded(value) in _placeholders("machine_id") else None


def _mac(value: str) -> Reason | None:
    digits = value.replace(":", "")
    first = int(digits[:2], 16)
    if digits == "0" * 12 or first & 0b01:
        return Reason.NULL_MAC
    if digits.startswith(_prefixes("first_hop_redundancy")):
        return Reason.VIRTUAL_MAC
    if digits.startswith(_prefixes("same_on_every_host")):
        return Reason.CONTAINER_BRIDGE
    # the second lowest bit of the first octet: IEEE 802-2014 §8.2.2
    if first & 0b10 and not digits.startswith(_prefixes("locally_administered_by_hypervisor")):
        return Reason.RANDOM_MAC
    return None


def _address(value: str) -> Reason | None:
    if ":" in value:
        return _address_6(value)
    first = int(value.partition(".")[0])
    # RFC 6890 table of special-purpose addresses, and RFC 5771 for multicast
    if first == 127:
        return Reason.LOOPBACK
    if value.startswith("169.254."):
        return Reason.LINK_LOCAL
    if first == 0 or 224 <= first <= 239 or value == "255.255.255.255":
        return Reason.NO_HOST
    return Reason.CONTAINER_BRIDGE if value in _bridges() else None


def _address_6(value: str) -> Reason | None:
    if value == "::1":
        return Reason.LOOPBACK
    # fe80::/10 (RFC 4291 §2.5.6); a group of four digits, since leading zeros are left out
    if value.startswith(("fe8", "fe9", "fea", "feb")) and value.find(":") == 4:
        return Reason.LINK_LOCAL
    if value == "::" or (value.startswith("ff") and value.find(":") == 4):
        return Reason.NO_HOST
    return None


def _name(value: str) -> Reason | None:
    names, suffixes = _local_names()
    folded = value.casefold().rstrip(".")
    return Reason.LOCAL_NAME if folded in names or folded.endswith(suffixes) or not folded else None


_JUDGES: dict[str, Callable[[str], Reason | None]] = {
    "serial": _serial,
    "board": _serial,
    "asset_tag": _asset_tag,
    "uuid": _uuid,
    "machine_id": _machine_id,
    "mac": _mac,
    "address": _address,
    "fqdn": _name,
    "name": _name,
}
