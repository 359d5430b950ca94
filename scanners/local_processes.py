"""This machine's sockets with the processes behind them, by psutil."""

from __future__ import annotations

import socket as sockets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from discovery.hosts.endpoints import Socket, plain_address
from discovery.hosts.facts import Process
from discovery.hosts.traffic import IANA_EPHEMERAL, Owner, port_range
from discovery.hosts.units import is_session, unit_of

_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_HAS_CGROUPS = Path("/proc/self/cgroup").exists()
_FIRST_PERSON = 500 if sys.platform == "darwin" else 1000
"""Where no cgroup tells a login from a service, the user id does: macOS gives people ids from 501, the BSDs from 1001."""
_KERNEL_NAME_LENGTH = 15
"""TASK_COMM_LEN - 1: psutil gives longer names, other readers of the same host do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketTable:
    """All sockets that this user may see; `is_complete` says whether none is hidden, `hidden` counts those without their process."""

    sockets: tuple[Socket, ...]
    is_complete: bool
    hidden: int


def read_sockets() -> SocketTable:
    """TCP and UDP sockets; where the system shows only a user's own (macOS), those."""
    try:
        rows = psutil.net_connections(kind="inet")
    except (psutil.AccessDenied, OSError):
        return SocketTable(sockets=_own_sockets(), is_complete=False, hidden=0)
    by_place: dict[tuple[str, str, int, str | None, int | None], set[int]] = {}
    for row in rows:
        place = _place(row)
        if place is not None:
            by_place.setdefault(place, set()).update([row.pid] if row.pid else [])
    found = tuple(_socket(place, pids) for place, pids in by_place.items())
    hidden = sum(1 for each in found if each.is_listening and not each.pids)
    return SocketTable(sockets=found, is_complete=True, hidden=hidden)


def _own_sockets() -> tuple[Socket, ...]:
    found: dict[tuple[str, str, int, str | None, int | None], set[int]] = {}
    for process in psutil.process_iter():
        try:
            rows = process.net_connections(kind="inet")
        except (psutil.Error, OSError):
            continue
        for row in rows:
            place = _place(row)
            if place is not None:
                found.setdefault(place, set()).add(process.pid)
    return tuple(_socket(place, pids) for place, pids in found.items())


def _socket(place: tuple[str, str, int, str | None, int | None], pids: set[int]) -> Socket:
    protocol, local_address, local_port, remote_address, remote_port = place
    return Socket(
        protocol=protocol,
        local_address=local_address,
        local_port=local_port,
        remote_address=remote_address,
        remote_port=remote_port,
        pids=tuple(sorted(pids)),
    )


def _place(row: Any) -> tuple[str, str, int, str | None, int | None] | None:
    protocol = "tcp" if row.type == sockets.SOCK_STREAM else "udp"
    if not row.laddr:
        return None
    local = plain_address(row.laddr.ip)
    if local is None:
        return None
    if row.raddr:
        remote = plain_address(row.raddr.ip)
        is_open = row.status in {psutil.CONN_ESTABLISHED, psutil.CONN_NONE}
        return (protocol, local, row.laddr.port, remote, row.raddr.port) if is_open and remote is not None else None
    if row.status == psutil.CONN_LISTEN or protocol == "udp":
        return protocol, local, row.laddr.port, None, None
    return None


def ephemeral_ports() -> range:
    """The ports that this kernel hands out."""
    try:
        return port_range(_PORT_RANGE.read_text())
    except OSError:
        return IANA_EPHEMERAL


class Owners:
    """Processes by id as they were when this was made, each looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, Owner | None] = {}
        self._reader = _family()

    def get(self, pid: int) -> Owner | None:
        """The process, or None where it is gone or hidden."""
        if pid not in self._known:
            self._known[pid] = self._look(pid)
        return self._known[pid]

    def _look(self, pid: int) -> Owner | None:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                name = process.name()[:_KERNEL_NAME_LENGTH]
                terminal = process.terminal() if hasattr(process, "terminal") else None
                user = _user(process)
                command_line = _command_line(process)
                is_person = not _HAS_CGROUPS and process.uids().real >= _FIRST_PERSON
        except (psutil.Error, OSError):
            return None
        cgroup = _cgroup(pid)
        return Owner(
            process=Process(name=name, unit=unit_of(cgroup), user=user),
            is_reader=pid in self._reader,
            is_session=is_session(cgroup) or terminal is not None or is_person,
            command_line=command_line,
        )


def _user(process: psutil.Process) -> str | None:
    try:
        return process.username()
    except (psutil.Error, KeyError, OSError):
        return None


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.Error, OSError):
        return ""


def _cgroup(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cgroup").read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _family() -> frozenset[int]:
    """This process, its descendants, and its ancestors up to but not including the first process."""
    me = psutil.Process()
    try:
        ancestors = [process.pid for process in me.parents() if process.pid > 1]
        descendants = [process.pid for process in me.children(recursive=True)]
    except psutil.Error:
        ancestors, descendants = [], []
    return frozenset({me.pid, *ancestors, *descendants})
