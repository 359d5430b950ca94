"""What may be scanned: targets are parsed, and public or very large ranges need a person's *yes*.

Nothing is sent to a target here; host names are resolved, because a name may hide a public address.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cmdb.errors import Denied, Invalid, NotFound

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str], Sequence[str]]
"""Addresses of a host name; raises `NotFound` when it has none."""

MAX_UNCONFIRMED_ADDRESSES = 2**16
"""Addresses of a /16, the most that is scanned without a person's yes."""
MAX_ADDRESSES = 2**24
"""The most that is ever scanned in one run: sweeping an IPv6 /64 would not end."""
MAX_TARGETS = 10_000

# who owns what: RFC 1918, 1122 §3.2.1.3, 3927, 6598, 5737, 2544, 4193, 4291 §2.5.3 and §2.5.6, 3849
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(cidr)
    for cidr in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "198.18.0.0/15",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
        "2001:db8::/32",
    )
)
# a label of RFC 1123 §2.1, underscores tolerated; never starts with a hyphen, so it is no option of a program
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?\Z")
_LOOKS_NUMERIC = re.compile(r"[0-9./:-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target as it was asked for, and the networks that it stands for (a single address is a /32 or /128)."""

    text: str
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What may be scanned. `targets` in the order asked for, without doubles and without those that are wholly excluded."""

    targets: tuple[str, ...]
    exclude: tuple[str, ...]
    address_count: int
    """Addresses of all targets, counted once, excluded ones included."""


def check_scan(
    targets: Iterable[str], exclude: Iterable[str] = (), *, is_confirmed: bool = False, resolve: Resolver | None = None
) -> Scan:
    """The targets that may be scanned: addresses, CIDR networks and host names.

    Raises `Invalid` for a target that is none of these, that can never be scanned (multicast, unspecified, more than
    2²⁴ addresses) or when exclusion leaves nothing; `NotFound` for a name without an address; `Denied` for a public
    range or more than a /16 unless `is_confirmed`.
    """
    resolver = resolve or resolve_host
    asked = _parsed(targets, resolver)
    if not asked:
        raise Invalid("no target was given; name an address, a network such as 10.1.0.0/24, or a host")
    if len(asked) > MAX_TARGETS:
        raise Invalid(f"{len(asked)} targets are more than {MAX_TARGETS}; give networks instead of single addresses")
    kept_out = _parsed(exclude, resolver)
    for target in asked:
        for network in target.networks:
            _check_kind(target.text, network, is_confirmed=is_confirmed)
    count = _count(network for target in asked for network in target.networks)
    if count > MAX_ADDRESSES:
        raise Invalid(f"the targets hold {count} addresses, more than {MAX_ADDRESSES}; split the run")
    if count > MAX_UNCONFIRMED_ADDRESSES and not is_confirmed:
        raise Denied(
            f"the targets hold {count} addresses, more than a /16 ({MAX_UNCONFIRMED_ADDRESSES}); confirm with --yes"
        )
    out = [network for target in kept_out for network in target.networks]
    left = tuple(target.text for target in asked if not all(is_inside(network, out) for network in target.networks))
    if not left:
        raise Invalid("every target is excluded; nothing is left to scan")
    return Scan(targets=left, exclude=tuple(str(network) for network in _collapsed(out)), address_count=count)


def parse_target(text: str, *, resolve: Resolver | None = None) -> Target:
    """One target; host bits of a network are cleared. Raises `Invalid` or, for a name, `NotFound`."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        if _LOOKS_NUMERIC.match(text) or not _HOST_NAME.match(text):
            message = f"{text[:80]!r} is no address, network or host name; write 10.1.2.3, 10.1.2.0/24 or host.example"
            raise Invalid(message) from None
    else:
        # a single address keeps its spelling free of a prefix length
        return Target(text=str(network[0]) if network.num_addresses == 1 else str(network), networks=(network,))
    addresses = (resolve or resolve_host)(text)
    return Target(text=text, networks=tuple(ipaddress.ip_network(address) for address in dict.fromkeys(addresses)))


def is_range(text: str) -> bool:
    """Whether a target is an address or a network rather than a name."""
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True


def resolve_host(name: str) -> tuple[str, ...]:
    """Addresses of a name by the system's resolver, IPv4 first; raises `NotFound`."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotFound(f"the name {name!r} does not resolve ({error.strerror or error}); give an address") from error
    addresses = {str(entry[4][0]).partition("%")[0] for entry in found}
    return tuple(sorted(addresses, key=lambda address: (":" in address, address)))


def is_public(network: Network) -> bool:
    """Whether any address of the network may belong to somebody on the internet."""
    return not is_inside(network, _NOT_PUBLIC)


def is_inside(network: Network, others: Iterable[Network]) -> bool:
    """Whether one of the others holds the whole network."""
    return any(network.version == other.version and network[0] in other and network[-1] in other for other in others)


def _parsed(texts: Iterable[str], resolve: Resolver) -> list[Target]:
    found = (parse_target(text, resolve=resolve) for text in dict.fromkeys(text.strip() for text in texts))
    return list({target.text: target for target in found}.values())


def _check_kind(text: str, network: Network, *, is_confirmed: bool) -> None:
    # IPv6 calls ::/8 reserved, loopback included
    if network.is_multicast or network.is_unspecified or (network.version == 4 and network.is_reserved):
        raise Invalid(f"{text} is multicast, unspecified or reserved; no single machine answers there")
    if is_public(network) and not is_confirmed:
        raise Denied(f"{text} is public address space ({network}); confirm with --yes that you may scan it")


def _collapsed(networks: Iterable[Network]) -> list[Network]:
    listed = list(networks)
    old = [network for network in listed if isinstance(network, ipaddress.IPv4Network)]
    new = [network for network in listed if isinstance(network, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(old), *ipaddress.collapse_addresses(new)]


def _count(networks: Iterable[Network]) -> int:
    return sum(network.num_addresses for network in _collapsed(networks))
