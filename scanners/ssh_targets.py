"""The addresses of a request, one by one, without those that are excluded."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cmdb.errors import Invalid, Unavailable

MAX_ADDRESSES = 65_536
RESOLVE_S = 10.0

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Target:
    """One address or name to read; `network` is the range of the order that it comes from, None where it was named itself."""

    text: str
    network: str | None = None


class Exclusion:
    """What must not be contacted: addresses, networks and names."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._networks: list[Network] = []
        self._names: set[str] = set()
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._names.add(entry.lower().rstrip("."))

    def holds(self, text: str) -> bool:
        """Whether this address (also written as a range of one) or name is excluded."""
        try:
            address = ipaddress.ip_address(text.partition("/")[0])
        except ValueError:
            return text.lower().rstrip(".") in self._names
        return any(address in network for network in self._networks)


def expand(targets: Sequence[str], exclusion: Exclusion) -> Iterator[Target]:
    """Every target once, in the order given; a range of more than 65,536 addresses is passed over (`is_too_large` says so)."""
    seen: set[str] = set()
    # what is named itself has an end of its own, also where a range holds it too
    named = {text for text in targets if network_of(text) is None}
    for text in targets:
        network = network_of(text)
        if network is None:
            found: Iterator[Target] = iter((Target(text),))
        elif network.num_addresses > MAX_ADDRESSES:
            continue
        else:
            found = (Target(str(address), text) for address in network.hosts() if str(address) not in named)
        for target in found:
            if target.text not in seen and not exclusion.holds(target.text):
                seen.add(target.text)
                yield target


def network_of(text: str) -> Network | None:
    """The range that a target of several addresses means, None for one address or a name."""
    if "/" not in text:
        return None
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return network if network.num_addresses > 1 else None


def is_too_large(text: str) -> bool:
    """Whether the target is a range that no run looks through."""
    network = network_of(text)
    return network is not None and network.num_addresses > MAX_ADDRESSES


async def address_of(text: str, exclusion: Exclusion) -> str:
    """The address of a target; raises `Unavailable` for a name without one and `Invalid` for one that is excluded."""
    bare = text.partition("/")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    try:
        async with asyncio.timeout(RESOLVE_S):
            rows = await asyncio.get_running_loop().getaddrinfo(bare, None, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise Unavailable(f"the name server did not answer within {RESOLVE_S:g} s") from None
    except (OSError, UnicodeError):
        raise Unavailable("the name has no address") from None
    addresses = [str(row[4][0]).partition("%")[0] for row in rows]
    allowed = [address for address in addresses if not exclusion.holds(address)]
    if not allowed:
        raise Invalid("the name's addresses are excluded")
    return allowed[0]
