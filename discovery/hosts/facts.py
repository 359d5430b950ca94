"""What can be known of one machine from inside it, whoever read it and however.

Only what is the same on the next look: no uptime, load, used bytes, process ids or passing ports.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Part(StrEnum):
    """The parts of a host that a reader tries to see in full; absence counts only in a part that it did."""

    INTERFACES = "interfaces"
    FILE_SYSTEMS = "file systems"
    PACKAGES = "packages"
    UNITS = "units"
    SOCKETS = "sockets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dmi:
    """SMBIOS strings as the firmware gives them (DMTF DSP0134), blanks stripped, None where absent or not readable."""

    sys_vendor: str | None = None
    product_name: str | None = None
    product_version: str | None = None
    product_serial: str | None = None
    product_uuid: str | None = None
    board_vendor: str | None = None
    board_serial: str | None = None
    chassis_serial: str | None = None
    chassis_type: int | None = None
    """SMBIOS type 3, *Chassis Types*, DSP0134 table 17; the lock bit (0x80) removed."""
    chassis_asset_tag: str | None = None
    bios_vendor: str | None = None
    bios_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One network interface; `addresses` without prefix length, privacy addresses (RFC 8981) left out."""

    name: str
    mac_address: str | None = None
    addresses: tuple[str, ...] = ()
    mtu: int | None = None
    speed_bps: int | None = None
    interface_type: str | None = None
    alias: str | None = None
    is_bridge_port: bool = False
    is_up: bool | None = None
    """What the administrator asked for (IFF_UP)."""
    is_running: bool | None = None
    """Whether a carrier is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystem:
    """One mounted file system."""

    mount_point: str
    device: str
    file_system_type: str
    size_bytes: int | None = None


class PackageType(StrEnum):
    """The package database that a product was found in."""

    DPKG = "dpkg"
    RPM = "rpm"
    APK = "apk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package; `version` as its database spells it, a zero epoch left out."""

    name: str
    version: str
    package_type: PackageType
    vendor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running process by what outlives it; `name` is the kernel's (at most 15 characters on Linux)."""

    name: str
    unit: str | None = None
    """systemd unit with its suffix; None where no service unit runs it."""
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A listening TCP or bound UDP port; `process` is None where the reader may not see it."""

    protocol: str
    port: int
    addresses: tuple[str, ...]
    process: Process | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An established outgoing connection to a service at `remote_address`, of any of the machine's own addresses."""

    protocol: str
    remote_address: str
    remote_port: int
    process: Process | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A systemd service unit that runs and is meant to; `name` without `.service`."""

    name: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What a listening service is, as far as its greeting or its package tells."""

    service: str | None = None
    product: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """One machine as seen from inside; every collection sorted by its reader or not, the mapping sorts."""

    class_name: str
    hostname: str | None = None
    fqdn: str | None = None
    native_key: str | None = None
    machine_id: str | None = None
    dmi: Dmi = field(default_factory=Dmi)
    os_name: str | None = None
    os_version: str | None = None
    kernel_name: str | None = None
    kernel_version: str | None = None
    architecture: str | None = None
    cpu_model: str | None = None
    cpu_count: int | None = None
    memory_bytes: int | None = None
    ssh_host_keys: tuple[str, ...] = ()
    """`SHA256:…` fingerprints (RFC 4255 blobs, base64 without padding, as OpenSSH prints them)."""
    reached_at: str | None = None
    """The address that the reader connected to, where it did."""
    interfaces: tuple[Interface, ...] = ()
    file_systems: tuple[FileSystem, ...] = ()
    packages: tuple[Package, ...] = ()
    units: tuple[Unit, ...] = ()
    listeners: tuple[Listener, ...] = ()
    connections: tuple[Connection, ...] = ()
    greetings: tuple[tuple[str, int, Product], ...] = ()
    """Protocol, port and what the greeting said, for listeners that greet."""
    complete: frozenset[Part] = frozenset()
