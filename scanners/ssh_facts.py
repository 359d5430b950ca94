"""Sections of a report → facts of the host; what a host lacks is left out and named."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass

from discovery.host_keys import fingerprint_of
from discovery.hosts.dmi import merged, parse_dmidecode, parse_sysfs_dmi
from discovery.hosts.endpoints import Socket
from discovery.hosts.facts import HostFacts, Interface, Package, Part, Process
from discovery.hosts.file_systems import parse_mounts, with_sizes
from discovery.hosts.interfaces import TRANSIENT, parse_ifconfig, parse_ip_json, parse_ip_text, with_sysfs
from discovery.hosts.names import full_name, short_name
from discovery.hosts.os_release import OperatingSystem, parse_os_release
from discovery.hosts.packages import parse_apk, parse_dpkg, parse_rpm
from discovery.hosts.sockets import parse_fd_listing, parse_netstat, parse_proc_net, parse_ss
from discovery.hosts.traffic import Owner, connections_of, listeners_of, port_range
from discovery.hosts.units import is_session, parse_units, unit_of
from discovery.hosts.virtualization import Traces, class_of, container_id
from scanners.ssh_report import Report

_PROC_LINE = re.compile(r"^(\d+)/\w+:(.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Facts, what essential was not seen (`gaps`), and what only more rights would show (`hidden`)."""

    facts: HostFacts
    gaps: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def facts_of(report: Report, *, address: str, session_key: str | None) -> Reading | None:
    """The host as its report tells, or None where not even its name arrived.

    `session_key` is the fingerprint of the key that the server showed; a report that is not whole completes no part.
    """
    names = report.text("names").splitlines()
    if not names or not names[0].strip():
        return None
    interfaces = _interfaces(report)
    sockets, owners = _sockets(report), _owners(report)
    values = _values(report.text("traces"))
    ephemeral = port_range(values.get("ports", ""))
    dmi = merged(parse_sysfs_dmi(report.text("dmi")), parse_dmidecode(report.text("dmidecode")))
    traces = Traces(
        dmi=dmi,
        container_marker=values.get("container", ""),
        init_cgroup=values.get("init", ""),
        sees_kernel_threads=values.get("second", "") == "kthreadd",
        interfaces=interfaces,
        forwards_packets=values.get("forward", "") == "1",
        has_hypervisor_flag="hypervisor" in values.get("flags", "").split(),
    )
    class_name = class_of(traces)
    system = _operating_system(report, names)
    complete = _complete(report, interfaces)
    facts = HostFacts(
        class_name=class_name,
        hostname=short_name(names[0]),
        fqdn=full_name(names[0], report.text("hosts")),
        native_key=container_id(traces.init_cgroup) if class_name == "container" else None,
        machine_id=_machine_id(report.text("identity")),
        dmi=dmi,
        os_name=system.name,
        os_version=system.version,
        kernel_name=_line(names, 1),
        kernel_version=_line(names, 2),
        architecture=_line(names, 3),
        cpu_model=" ".join(values.get("model name", "").split()) or None,
        cpu_count=_number(values.get("processors", "")),
        memory_bytes=_memory(values.get("MemTotal", "")),
        ssh_host_keys=_host_keys(report.text("keys"), session_key),
        reached_at=address,
        interfaces=interfaces,
        file_systems=with_sizes(parse_mounts(report.text("mounts")), report.text("sizes")),
        packages=_packages(report),
        units=parse_units(report.text("units")),
        listeners=listeners_of(sockets, owner_of=owners.get, ephemeral=ephemeral),
        connections=connections_of(
            sockets,
            owner_of=owners.get,
            own_addresses=[own for interface in interfaces for own in interface.addresses],
            ephemeral=ephemeral,
        ),
        complete=complete if report.is_whole else frozenset(),
    )
    return Reading(facts=facts, gaps=_gaps(facts, complete), hidden=_hidden(facts, sockets))


def _gaps(facts: HostFacts, complete: frozenset[Part]) -> tuple[str, ...]:
    gaps = [part.value for part in (Part.INTERFACES, Part.SOCKETS, Part.PACKAGES) if part not in complete]
    return (*gaps, *(["operating system"] if facts.os_name is None else []))


def _hidden(facts: HostFacts, sockets: tuple[Socket, ...]) -> tuple[str, ...]:
    hidden: list[str] = []
    if facts.class_name != "container" and facts.dmi.product_name is not None and facts.dmi.product_serial is None:
        hidden.append("serial number")
    if any(not socket.pids for socket in sockets if socket.is_listening):
        hidden.append("processes of other users' sockets")
    return tuple(hidden)


def _complete(report: Report, interfaces: tuple[Interface, ...]) -> frozenset[Part]:
    complete: set[Part] = set()
    if interfaces and any(report.succeeded(name) for name in ("addresses", "addresses-text", "ifconfig")):
        complete.add(Part.INTERFACES)
    if report.succeeded("mounts"):
        complete.add(Part.FILE_SYSTEMS)
    managers = [name for name in ("dpkg", "rpm", "apk") if name in report.sections]
    if managers and all(report.succeeded(name) for name in managers):
        complete.add(Part.PACKAGES)
    if report.succeeded("units"):
        complete.add(Part.UNITS)
    if (
        report.succeeded("sockets")
        or (report.succeeded("tcp") and report.succeeded("udp"))
        or report.succeeded("netstat")
    ):
        complete.add(Part.SOCKETS)
    return frozenset(complete)


def _interfaces(report: Report) -> tuple[Interface, ...]:
    found: tuple[Interface, ...] = ()
    if report.text("addresses").strip():
        try:
            found = parse_ip_json(report.text("addresses").strip())
        except ValueError:
            found = ()
    found = found or parse_ip_text(report.text("addresses-text")) or parse_ifconfig(report.text("ifconfig"))
    return with_sysfs((each for each in found if not TRANSIENT.match(each.name)), report.text("speeds"))


def _sockets(report: Report) -> tuple[Socket, ...]:
    if "sockets" in report.sections:
        return parse_ss(report.text("sockets") + "\n" + report.text("connections"))
    if "tcp" in report.sections:
        owners = parse_fd_listing(report.text("descriptors"))
        return tuple(
            socket
            for name in ("tcp", "tcp6", "udp", "udp6")
            for socket in parse_proc_net(report.text(name), protocol=name[:3], owners=owners)
        )
    return parse_netstat(report.text("netstat"))


def _owners(report: Report) -> dict[int, Owner]:
    users = {
        fields[2]: fields[0]
        for line in report.text("users").splitlines()
        if len(fields := line.split(":")) > 3 and fields[2].isdecimal()
    }
    names: dict[int, str] = {}
    owner_ids: dict[int, str] = {}
    for pid, content in _by_process(report.text("processes")):
        key, _, value = content.partition(":")
        fields = value.split()
        if key == "Name" and fields:
            names[pid] = value.strip()
        elif key == "Uid" and fields:
            owner_ids[pid] = fields[0]
    cgroups: dict[int, str] = {}
    for pid, content in _by_process(report.text("cgroups")):
        cgroups[pid] = cgroups.get(pid, "") + content + "\n"
    return {
        pid: Owner(
            process=Process(
                name=name,
                unit=unit_of(cgroups.get(pid, "")),
                user=users.get(owner_ids.get(pid, ""), owner_ids.get(pid)),
            ),
            is_session=is_session(cgroups.get(pid, "")),
        )
        for pid, name in names.items()
    }


def _by_process(text: str) -> list[tuple[int, str]]:
    return [(int(match.group(1)), match.group(2)) for line in text.splitlines() if (match := _PROC_LINE.match(line))]


def _packages(report: Report) -> tuple[Package, ...]:
    return (*parse_dpkg(report.text("dpkg")), *parse_rpm(report.text("rpm")), *parse_apk(report.text("apk")))


def _host_keys(text: str, session_key: str | None) -> tuple[str, ...]:
    found = {session_key} if session_key else set()
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 2:
            try:
                found.add(fingerprint_of(b64decode(fields[1], validate=True)))
            except (binascii.Error, ValueError):
                continue
    return tuple(sorted(found))


def _operating_system(report: Report, names: list[str]) -> OperatingSystem:
    system = parse_os_release(report.text("release"))
    kernel = _line(names, 1)
    if system.name is None and kernel not in {None, "Linux"}:
        return OperatingSystem(name=kernel, version=_line(names, 2))
    return system


def _values(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            name = key.strip()
            values[name] = f"{values[name]}\n{value.strip()}" if name in values else value.strip()
    return values


def _machine_id(text: str) -> str | None:
    return text.strip() if re.fullmatch(r"[0-9a-f]{32}", text.strip()) else None


def _line(lines: list[str], number: int) -> str | None:
    return (lines[number].strip() or None) if len(lines) > number else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and 0 < int(text) < 1_000_000 else None


def _memory(text: str) -> int | None:
    match = re.fullmatch(r"(\d{1,15}) kB", text)
    return int(match.group(1)) * 1024 if match else None
