"""Mounted file systems that hold data, from /proc/mounts and df(1)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from discovery.hosts.facts import FileSystem

_NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "afs", "ocfs2", "gfs2"}
)
_NO_DISK = frozenset(
    {
        "squashfs",
        "iso9660",
        "udf",
        "erofs",
        "cramfs",
        "devtmpfs",
        "tmpfs",
        "ramfs",
        "proc",
        "sysfs",
        "autofs",
        "lxcfs",
        "binfmt_misc",
    }
)
_NAMED_POOLS = frozenset({"zfs", "btrfs", "bcachefs", "hammer", "hammer2", "advfs"})
_ENGINE_MOUNTS = re.compile(
    r"^/(run|snap|proc|sys|dev)/|^/var/(lib/(docker|containers|containerd|kubelet|lxc|lxd|snapd)|snap)/"
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def is_network(file_system_type: str) -> bool:
    """Whether asking for its size may wait for another machine."""
    return file_system_type in _NETWORK_TYPES or file_system_type.startswith("fuse.")


def parse_mounts(text: str) -> tuple[FileSystem, ...]:
    """Real file systems of a /proc/mounts text (fstab(5) escapes undone), one per device: its shortest mount point.

    The root is always among them. Images, memory and what engines mount for their guests are left out.
    """
    found: list[FileSystem] = []
    for line in text.splitlines():
        fields = [_OCTAL.sub(lambda match: chr(int(match.group(1), 8)), field) for field in line.split()]
        if len(fields) >= 3:
            found.append(FileSystem(device=fields[0], mount_point=fields[1], file_system_type=fields[2]))
    return real_ones(found)


def real_ones(mounted: Iterable[FileSystem]) -> tuple[FileSystem, ...]:
    """The file systems that hold data, by mount point; of several mounts of one device the shortest."""
    by_device: dict[str, FileSystem] = {}
    root: FileSystem | None = None
    for file_system in mounted:
        if file_system.mount_point == "/":
            root = file_system
        if not _is_real(file_system):
            continue
        known = by_device.get(file_system.device)
        if known is None or (len(file_system.mount_point), file_system.mount_point) < (
            len(known.mount_point),
            known.mount_point,
        ):
            by_device[file_system.device] = file_system
    kept = {file_system.mount_point: file_system for file_system in by_device.values()}
    if root is not None:
        kept["/"] = root
    return tuple(kept[mount_point] for mount_point in sorted(kept))


def _is_real(file_system: FileSystem) -> bool:
    kind, device = file_system.file_system_type, file_system.device
    if kind in _NO_DISK or _ENGINE_MOUNTS.match(file_system.mount_point):
        return False
    if device.startswith("/dev/loop"):
        return False
    return device.startswith("/dev/") or kind in _NETWORK_TYPES or kind in _NAMED_POOLS


def has_fixed_size(file_system: FileSystem) -> bool:
    """Whether its size is its own: of a pool or a server's share, the size moves as others fill it."""
    return file_system.file_system_type not in {"zfs", *_NETWORK_TYPES} and not is_network(file_system.file_system_type)


def with_sizes(file_systems: Iterable[FileSystem], df: str) -> tuple[FileSystem, ...]:
    """The file systems, completed with sizes from `df -kP` (POSIX format: size in 1024-byte blocks, mount point last)."""
    sizes: dict[str, int] = {}
    for line in df.splitlines():
        fields = line.split(None, 5)
        if len(fields) == 6 and fields[1].isdecimal() and int(fields[1]) > 0:
            sizes[fields[5]] = int(fields[1]) * 1024
    return tuple(
        dataclasses.replace(file_system, size_bytes=sizes.get(file_system.mount_point))
        if has_fixed_size(file_system)
        else file_system
        for file_system in file_systems
    )
