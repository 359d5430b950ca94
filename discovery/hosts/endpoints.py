"""Sockets as a host lists them, before it is decided what they mean."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

ANY = frozenset({"0.0.0.0", "::"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """One TCP or UDP socket; a listening one has no remote end. `pid` is None where the reader may not see it."""

    protocol: str
    local_address: str
    local_port: int
    remote_address: str | None = None
    remote_port: int | None = None
    pids: tuple[int, ...] = ()

    @property
    def is_listening(self) -> bool:
        """Whether it waits for others."""
        return self.remote_port is None


def plain_address(text: str) -> str | None:
    """An address without brackets, zone or IPv4-in-IPv6 mapping (RFC 4291 §2.5.5.2); `*` is `::`; None for anything else."""
    bare = text.strip("[]").partition("%")[0]
    if bare in {"*", ""}:
        return "::"
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def is_loopback(address: str) -> bool:
    """Whether the address never leaves the host (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3)."""
    return ipaddress.ip_address(address).is_loopback
