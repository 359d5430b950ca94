"""This machine's hardware, system and network, from psutil and from its own files; needs no privileges."""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import re
import socket
from collections.abc import Iterable
from pathlib import Path

import psutil

from discovery.hosts.dmi import dmi_from
from discovery.hosts.facts import Dmi, FileSystem, Interface
from discovery.hosts.file_systems import has_fixed_size, parse_mounts, real_ones
from discovery.hosts.interfaces import TRANSIENT, passing_addresses, with_sysfs
from discovery.hosts.os_release import OperatingSystem, parse_os_release
from discovery.hosts.virtualization import Traces

DMI_FOLDER = Path("/sys/class/dmi/id")
_DMI_NAMES = (
    "sys_vendor", "product_name", "product_version", "product_serial", "product_uuid", "board_vendor", "board_serial",
    "chassis_serial", "chassis_type", "chassis_asset_tag", "bios_vendor", "bios_version",
)  # fmt: skip
_MARKERS = (Path("/.dockerenv"), Path("/run/.containerenv"))
MAX_FILE_BYTES = 4 * 1024 * 1024


def read_text(path: str | Path) -> str:
    """The file, or nothing where it is not there or not ours to read; at most 4 MiB."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def read_dmi() -> tuple[Dmi, tuple[str, ...]]:
    """SMBIOS strings, and the names of those that exist but are readable by root only."""
    values: dict[str, str] = {}
    locked: list[str] = []
    for name in _DMI_NAMES:
        path = DMI_FOLDER / name
        try:
            values[name] = path.read_text(errors="replace")
        except PermissionError:
            locked.append(name)
        except OSError:
            continue
    return dmi_from(values), tuple(locked)


def read_traces(dmi: Dmi, interfaces: tuple[Interface, ...]) -> Traces:
    """What tells a guest or a container."""
    marker = read_text("/run/systemd/container").strip()
    if not marker:
        marker = next((path.name for path in _MARKERS if path.exists()), "")
    return Traces(
        dmi=dmi,
        container_marker=marker,
        interfaces=interfaces,
        forwards_packets=read_text("/proc/sys/net/ipv4/ip_forward").strip() == "1",
        init_cgroup=read_text("/proc/1/cgroup"),
        sees_kernel_threads=read_text("/proc/2/comm").strip() == "kthreadd",
        has_hypervisor_flag=re.search(r"^flags\s*:.*\bhypervisor\b", read_text("/proc/cpuinfo"), re.MULTILINE)
        is not None,
    )


def read_operating_system() -> OperatingSystem:
    """From os-release where there is one (os-release(5) names both places), else as Python names the platform."""
    text = read_text("/etc/os-release") or read_text("/usr/lib/os-release")
    if text:
        return parse_os_release(text)
    if platform.system() == "Darwin":
        return OperatingSystem(name="macOS", version=platform.mac_ver()[0] or None)
    return OperatingSystem(name=platform.system() or None, version=platform.release() or None)


def read_machine_id() -> str | None:
    """/etc/machine-id, or D-Bus's where that is missing (machine-id(5))."""
    text = (read_text("/etc/machine-id") or read_text("/var/lib/dbus/machine-id")).strip()
    return text if re.fullmatch(r"[0-9a-f]{32}", text) else None


def read_cpu_model() -> str | None:
    """The processor's brand string, or the machine type of a device tree."""
    found = re.search(r"^model name\s*:\s*(.+)$", read_text("/proc/cpuinfo"), re.MULTILINE)
    return " ".join(found.group(1).split()) if found else read_text("/proc/device-tree/model").strip("\0\n ") or None


def read_host_keys() -> tuple[str, ...]:
    """Fingerprints of the SSH server's public keys, where one is installed."""
    found: list[str] = []
    for path in sorted(Path("/etc/ssh").glob("ssh_host_*_key.pub")):
        fields = read_text(path).split()
        if len(fields) >= 2:
            try:
                blob = base64.b64decode(fields[1], validate=True)
            except ValueError:
                continue
            found.append("SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("="))
    return tuple(found)


def read_interfaces() -> tuple[Interface, ...]:
    """Interfaces that stay; those that engines make for their guests are left out, and so are privacy addresses."""
    passing = passing_addresses(read_text("/proc/net/if_inet6"))
    stats = psutil.net_if_stats()
    found: list[Interface] = []
    for name, rows in psutil.net_if_addrs().items():
        if TRANSIENT.match(name):
            continue
        mac = next((row.address for row in rows if row.family == psutil.AF_LINK), "").lower().replace("-", ":")
        addresses = (row.address.partition("%")[0] for row in rows if row.family in {socket.AF_INET, socket.AF_INET6})
        state = stats.get(name)
        flags = set(state.flags.split(",")) if state and state.flags else set()
        found.append(
            Interface(
                name=name,
                mac_address=mac if re.fullmatch(r"(?!(?:00:){5}00)[0-9a-f]{2}(:[0-9a-f]{2}){5,}", mac) else None,
                addresses=tuple(dict.fromkeys(address for address in addresses if address not in passing)),
                mtu=state.mtu if state else None,
                speed_bps=state.speed * 1_000_000
                if state and 0 < state.speed < 10_000_000 and not name.startswith("wl")
                else None,
                interface_type="loopback" if "loopback" in flags else None,
                is_up="up" in flags if flags else state.isup if state else None,
                is_running=state.isup if state else None,
            )
        )
    return with_sysfs(found, _sysfs_types(interface.name for interface in found))


def _sysfs_types(names: Iterable[str]) -> str:
    lines: list[str] = []
    for name in names:
        folder = Path("/sys/class/net") / name
        lines.append(f"{folder}/type:{read_text(folder / 'type').strip()}")
        lines += [f"{folder}/{name}:" for name in ("wireless", "brport") if (folder / name).exists()]
    return "\n".join(lines)


def read_file_systems() -> tuple[FileSystem, ...]:
    """Mounted file systems that hold data; the size of those on other machines is not asked, since it may never come."""
    mounts = read_text("/proc/self/mounts")
    if mounts:
        found = parse_mounts(mounts)
    else:
        found = real_ones(
            FileSystem(device=part.device, mount_point=part.mountpoint, file_system_type=part.fstype)
            for part in psutil.disk_partitions(all=False)
        )
    return tuple(_sized(file_system) for file_system in found if mounts == "" or Path(file_system.mount_point).is_dir())


def _sized(file_system: FileSystem) -> FileSystem:
    if not has_fixed_size(file_system):
        return file_system
    try:
        state = os.statvfs(file_system.mount_point)
    except OSError:
        return file_system
    return FileSystem(
        mount_point=file_system.mount_point,
        device=file_system.device,
        file_system_type=file_system.file_system_type,
        size_bytes=state.f_blocks * state.f_frsize,
    )
