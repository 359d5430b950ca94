"""This machine, seen from inside: hardware, system, interfaces, software, services and what they depend on.

Needs no root; what only root may read is named in a notice.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import os
import platform
import socket
import time
from collections.abc import AsyncIterator
from typing import ClassVar

import psutil

from discovery.hosts.endpoints import is_loopback
from discovery.hosts.facts import HostFacts, Package, Part, Unit
from discovery.hosts.mapping import Stamp, observations
from discovery.hosts.names import full_name, short_name
from discovery.hosts.packages import DPKG_FORMAT, RPM_FORMAT, parse_apk, parse_dpkg, parse_rpm
from discovery.hosts.traffic import connections_of, listeners_of
from discovery.hosts.units import SHOW_ARGUMENTS, parse_units
from discovery.hosts.virtualization import class_of, container_id
from discovery.scanner import Notice, Observed, Outcome, ScanEvent, ScanRequest, TargetDone
from scanners import local_machine as machine
from scanners.local_commands import find_program, output_of
from scanners.local_greetings import greetings
from scanners.local_processes import Owners, ephemeral_ports, read_sockets

COMMAND_TIMEOUT_S = 30.0
TARGET = "this machine"


class LocalScanner:
    """Reads the machine that it runs on."""

    name: ClassVar[str] = "local"
    needs_targets: ClassVar[bool] = False
    credential_kinds: ClassVar[frozenset[str]] = frozenset()

    async def scan(self, request: ScanRequest) -> AsyncIterator[ScanEvent]:
        """Notices of what is hidden from this user, then the machine, then that it is done; targets are not looked at."""
        started = time.monotonic()
        limit = min(request.limits.target_timeout_s, request.limits.run_timeout_s)
        try:
            async with asyncio.timeout(limit):
                facts, notices = await _read()
        except TimeoutError:
            yield TargetDone(
                target=TARGET,
                outcome=Outcome.TIMED_OUT,
                reason=f"timed out after {limit:g} s",
                seconds=time.monotonic() - started,
            )
            return
        for text in notices:
            yield Notice(text)
        stamp = Stamp(source=self.name, run_id=request.run_id, at=dt.datetime.now(dt.UTC), network=request.network)
        for observation in observations(facts, stamp):
            yield Observed(observation)
        yield TargetDone(
            target=TARGET,
            outcome=Outcome.READ,
            seconds=time.monotonic() - started,
            found=_summary(facts),
        )


async def _read() -> tuple[HostFacts, tuple[str, ...]]:
    packages, units = await _packages(), await _units()
    # hundreds of small files: the loop serves others meanwhile
    facts, notices = await asyncio.to_thread(_facts, packages, units)
    return dataclasses.replace(facts, greetings=await greetings(facts.listeners)), notices


def _facts(packages: tuple[Package, ...], units: tuple[Unit, ...] | None) -> tuple[HostFacts, tuple[str, ...]]:
    notices: list[str] = []
    dmi, locked = machine.read_dmi()
    if locked:
        notices.append(f"readable by root only, so left out: {', '.join(locked)}")
    interfaces = machine.read_interfaces()
    table = read_sockets()
    if not table.is_complete:
        notices.append("this system shows a user only their own sockets: run as root to see every service")
    elif table.hidden:
        remedy = (
            "they run outside this process namespace"
            if os.geteuid() == 0
            else "run as root to see those of other users"
        )
        notices.append(f"listening sockets whose process is hidden: {table.hidden}; {remedy}")
    owners, ephemeral = Owners(), ephemeral_ports()
    listeners = listeners_of(table.sockets, owner_of=owners.get, ephemeral=ephemeral)
    own = [address for interface in interfaces for address in interface.addresses]
    traces = machine.read_traces(dmi, interfaces)
    hostname = socket.gethostname()
    system = machine.read_operating_system()
    class_name = class_of(traces)
    complete = {Part.INTERFACES, Part.FILE_SYSTEMS}
    complete |= {Part.PACKAGES} if packages else set()
    complete |= {Part.UNITS} if units is not None else set()
    complete |= {Part.SOCKETS} if table.is_complete else set()
    return HostFacts(
        class_name=class_name,
        hostname=short_name(hostname),
        fqdn=full_name(hostname, machine.read_text("/etc/hosts")),
        native_key=container_id(traces.init_cgroup) if class_name == "container" else None,
        machine_id=machine.read_machine_id(),
        dmi=dmi,
        os_name=system.name,
        os_version=system.version,
        kernel_name=platform.system() or None,
        kernel_version=platform.release() or None,
        architecture=platform.machine() or None,
        cpu_model=machine.read_cpu_model(),
        cpu_count=psutil.cpu_count(logical=True),
        memory_bytes=psutil.virtual_memory().total,
        ssh_host_keys=machine.read_host_keys(),
        interfaces=interfaces,
        file_systems=machine.read_file_systems(),
        packages=packages,
        units=units or (),
        listeners=listeners,
        connections=connections_of(table.sockets, owner_of=owners.get, own_addresses=own, ephemeral=ephemeral),
        complete=frozenset(complete),
    ), tuple(notices)


async def _packages() -> tuple[Package, ...]:
    found: list[Package] = []
    if (text := await output_of("dpkg-query", ("-W", f"-f={DPKG_FORMAT}"), timeout_s=COMMAND_TIMEOUT_S)) is not None:
        found += parse_dpkg(text)
    if (text := await output_of("rpm", ("-qa", "--qf", RPM_FORMAT), timeout_s=COMMAND_TIMEOUT_S)) is not None:
        found += parse_rpm(text)
    found += parse_apk(machine.read_text("/lib/apk/db/installed"))
    return tuple(found)


async def _units() -> tuple[Unit, ...] | None:
    """Running services, or None where systemd does not manage this machine."""
    if find_program("systemctl") is None or not machine.read_text("/proc/1/comm").startswith("systemd"):
        return None
    text = await output_of("systemctl", SHOW_ARGUMENTS, timeout_s=COMMAND_TIMEOUT_S)
    return None if text is None else parse_units(text)


def _summary(facts: HostFacts) -> str:
    listening = sum(
        1 for listener in facts.listeners if not all(is_loopback(address) for address in listener.addresses)
    )
    return (
        f"{facts.os_name or 'unknown system'} {facts.os_version or ''}".strip()
        + f", {len(facts.packages)} packages, {len(facts.listeners)} services ({listening} beyond loopback)"
    )
