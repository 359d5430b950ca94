"""Ranges of addresses: which of many hold an address."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def network_of(text: str) -> Network | None:
    """The network that a text names, a lone address being one of its own; None for a host name or anything else."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def address_of(text: str) -> Address | None:
    """The address that a text is, None for anything else."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


class Ranges:
    """Networks that are looked up by address: one question for each length of prefix, however many networks there are."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._by_prefix: dict[tuple[int, int], dict[int, Network]] = {}
        for network in networks:
            key = (network.version, network.prefixlen)
            self._by_prefix.setdefault(key, {})[int(network.network_address)] = network

    def holding(self, address: Address) -> Iterator[Network]:
        """The networks that hold the address."""
        number, bits = int(address), address.max_prefixlen
        for (version, length), networks in self._by_prefix.items():
            if version == address.version:
                found = networks.get(number >> (bits - length) << (bits - length))
                if found is not None:
                    yield found

    def has(self, address: Address) -> bool:
        """Whether one of the networks holds the address."""
        return next(self.holding(address), None) is not None


def overlap(networks: Iterable[Network], inside: Network) -> int:
    """How many addresses of `inside` these networks cover, each once."""
    covered = 0
    end = int(inside.network_address) - 1
    spans = sorted(
        (max(int(one.network_address), int(inside.network_address)), min(int(one[-1]), int(inside[-1])))
        for one in networks
        if one.version == inside.version
    )
    for first, last in spans:
        covered += max(0, last - max(first - 1, end))
        end = max(end, last)
    return covered
