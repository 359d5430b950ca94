"""Mounted file systems that hold data."""

from __future__ import annotations

from discovery.hosts.facts import FileSystem
from discovery.hosts.file_systems import parse_mounts, with_sizes

MOUNTS = """\
/dev/sda2 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/sda1 /boot/efi vfat rw 0 0
/dev/mapper/vg-data /srv/my\\040data xfs rw 0 0
/dev/mapper/vg-data /srv/my\\040data/bind/deeper xfs rw 0 0
/dev/loop3 /snap/core/1 squashfs ro 0 0
overlay /var/lib/docker/overlay2/abc/merged overlay rw 0 0
filer:/export /mnt/filer nfs4 rw 0 0
tank/home /home zfs rw 0 0
cgroup2 /sys/fs/cgroup cgroup2 rw 0 0
"""


def test_data_is_kept_and_memory_images_and_guests_are_not() -> None:
    assert [(each.mount_point, each.file_system_type) for each in parse_mounts(MOUNTS)] == [
        ("/", "ext4"),
        ("/boot/efi", "vfat"),
        ("/home", "zfs"),
        ("/mnt/filer", "nfs4"),
        ("/srv/my data", "xfs"),
    ]


def test_the_root_is_kept_whatever_it_is() -> None:
    assert parse_mounts("overlay / overlay rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n") == (
        FileSystem(mount_point="/", device="overlay", file_system_type="overlay"),
    )


def test_sizes_come_from_df_but_not_for_what_others_fill() -> None:
    df = (
        "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
        "/dev/sda2         20511312  9000000  10446404      47% /\n"
        "/dev/mapper/vg-data  1000     10       990       1% /srv/my data\n"
        "filer:/export    99999999      1  99999998       1% /mnt/filer\n"
        "tank/home        55555555      1  55555554       1% /home\n"
    )
    sizes = {each.mount_point: each.size_bytes for each in with_sizes(parse_mounts(MOUNTS), df)}
    assert sizes == {"/": 21003583488, "/boot/efi": None, "/home": None, "/mnt/filer": None, "/srv/my data": 1024000}
