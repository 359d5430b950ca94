"""From raw sockets to the services that a host offers and those that it depends on.

What is left out, so that a second look finds the same: ports that the kernel handed out (unless registered with IANA
in that range, or written on the command line), the reader's own connections, what a person's session does, and what a
hidden process does on the public Internet.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from discovery.hosts.endpoints import ANY, Socket, is_loopback
from discovery.hosts.facts import Connection, Listener, Process

DEFAULT_EPHEMERAL = range(32768, 61000)
"""Linux's net.ipv4.ip_local_port_range where it cannot be read (Documentation/networking/ip-sysctl.rst)."""
IANA_EPHEMERAL = range(49152, 65536)
"""RFC 6335 §6, *Dynamic Ports*: what BSD, macOS and Windows hand out."""
_REGISTERED_HIGH = frozenset(
    {
        ("tcp", 44818),
        ("udp", 44818),
        ("udp", 47808),
        ("tcp", 48080),
        ("udp", 41641),
        ("udp", 51820),
        ("tcp", 50000),
        ("tcp", 33060),
        ("tcp", 45000),
    }
)
"""Ports of services inside the usual ephemeral range: EtherNet/IP, BACnet, WireGuard, Tailscale, DB2, MySQL X, and others that a person sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process behind a socket, with what decides whether it counts."""

    process: Process
    is_reader: bool = False
    """It is the reading program, or an ancestor or descendant of it."""
    is_session: bool = False
    """It belongs to a person's login."""
    command_line: str = ""


def port_range(text: str) -> range:
    """The range in /proc/sys/net/ipv4/ip_local_port_range, or the kernel's default."""
    fields = text.split()
    if len(fields) == 2 and all(field.isdecimal() for field in fields):
        return range(int(fields[0]), int(fields[1]) + 1)
    return DEFAULT_EPHEMERAL


def listeners_of(
    sockets: Iterable[Socket], *, owner_of: Callable[[int], Owner | None], ephemeral: range = DEFAULT_EPHEMERAL
) -> tuple[Listener, ...]:
    """One listener per protocol and port, by both; its process is the first that is not systemd holding the socket for it."""
    addresses: dict[tuple[str, int], set[str]] = {}
    processes: dict[tuple[str, int], Process] = {}
    for socket in sockets:
        if not socket.is_listening:
            continue
        owners = [owner for pid in socket.pids if (owner := owner_of(pid)) is not None]
        if not _is_lasting(socket, owners, ephemeral):
            continue
        key = socket.protocol, socket.local_port
        addresses.setdefault(key, set()).add(socket.local_address)
        best = _best(owners)
        if best is not None and (key not in processes or processes[key].name == "systemd"):
            processes[key] = best
    return tuple(
        Listener(protocol=key[0], port=key[1], addresses=tuple(sorted(addresses[key])), process=processes.get(key))
        for key in sorted(addresses)
    )


def connections_of(
    sockets: Iterable[Socket],
    *,
    owner_of: Callable[[int], Owner | None],
    own_addresses: Iterable[str] = (),
    ephemeral: range = DEFAULT_EPHEMERAL,
) -> tuple[Connection, ...]:
    """Outgoing connections to services, one per process, address and port.

    Incoming ones (their local port is listened on) are skipped; a connection to one of the host's own addresses counts
    only towards a port that is listened on here, and has a loopback address as remote.
    """
    everything = tuple(sockets)
    listening = {(socket.protocol, socket.local_port) for socket in everything if socket.is_listening}
    own = {*own_addresses, *ANY}
    found: dict[tuple[str, str, int, str], Connection] = {}
    for socket in everything:
        # UDP has no connections; what looks like one is a question to a name or time server, gone in a moment
        if (
            socket.protocol != "tcp"
            or socket.remote_address is None
            or socket.remote_port is None
            or (socket.protocol, socket.local_port) in listening
        ):
            continue
        is_local = socket.remote_address in own or is_loopback(socket.remote_address)
        if is_local and (socket.protocol, socket.remote_port) not in listening:
            continue
        if (
            socket.remote_port in ephemeral
            and (socket.protocol, socket.remote_port) not in _REGISTERED_HIGH
            and not is_local
        ):
            continue
        owners = [owner for pid in socket.pids if (owner := owner_of(pid)) is not None]
        if any(owner.is_reader or owner.is_session for owner in owners):
            continue
        process = _best(owners)
        # a browser's connections look the same as a service's when neither's process may be seen
        if process is None and not is_local and ipaddress.ip_address(socket.remote_address).is_global:
            continue
        remote = "127.0.0.1" if is_local else socket.remote_address
        key = socket.protocol, remote, socket.remote_port, repr(process)
        found[key] = Connection(
            protocol=socket.protocol, remote_address=remote, remote_port=socket.remote_port, process=process
        )
    return tuple(found[key] for key in sorted(found))


def _is_lasting(socket: Socket, owners: list[Owner], ephemeral: range) -> bool:
    if socket.local_port not in ephemeral or (socket.protocol, socket.local_port) in _REGISTERED_HIGH:
        return True
    if any(owner.is_reader for owner in owners):
        return False
    port = str(socket.local_port)
    return any(port in _words(owner.command_line) for owner in owners)


def _words(command_line: str) -> set[str]:
    for mark in ":=,/[]'\"":
        command_line = command_line.replace(mark, " ")
    return set(command_line.split())


def _best(owners: list[Owner]) -> Process | None:
    # systemd holds the sockets of units that it starts on demand; a master and its workers hold one socket together
    processes = sorted(
        (owner.process for owner in owners),
        key=lambda process: (process.name == "systemd", process.unit is None, process.name, process.user or ""),
    )
    return processes[0] if processes else None
