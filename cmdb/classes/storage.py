"""Storage outside machines."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cmdb.classes.devices import Device, Hardware
from cmdb.classes.item import RECOMMENDED, ConfigurationItem, Flag, Text, Texts, Whole
from cmdb.classes.spec import Info


class StorageDevice(Device, Hardware):
    """A device that keeps other machines' data."""

    layer: ClassVar[str] = "Storage"

    capacity_bytes: Annotated[Whole, Info("Raw capacity", unit="By", weight=RECOMMENDED)] = None


class StorageArray(StorageDevice):
    """A device that presents volumes or shares made of many disks."""

    aliases: ClassVar[tuple[str, ...]] = ("nas", "san", "storage_system", "storage")

    world_wide_name: Annotated[Text, Info("Name in the storage network")] = None


class TapeLibrary(StorageDevice):
    """A device that writes and keeps tapes."""


class StorageObject(ConfigurationItem):
    """Space that a storage system presents; inside that system when it names one."""

    layer: ClassVar[str] = "Storage"
    is_abstract: ClassVar[bool] = True
    host_relationship: ClassVar[str | None] = "PART_OF"
    is_dependent_with_host: ClassVar[bool] = True

    host: Annotated[Text, Info("Storage system that it is inside of", is_identity=True)] = None
    size_bytes: Annotated[Whole, Info("Provisioned size", unit="By", weight=RECOMMENDED)] = None


class StoragePool(StorageObject):
    """Disks from which volumes are cut."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("aggregate", "disk_pool")

    raid_level: Annotated[Text, Info("RAID level")] = None


class StorageVolume(StorageObject):
    """A volume that a storage system presents to machines."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("lun", "san_volume")

    identifier: Annotated[Text, Info("World wide name or serial number of the volume")] = None
    is_thin: Annotated[Flag, Info("Whether space is taken only when written")] = None


class FileShare(StorageObject):
    """A directory that is shared over the network."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("network_share", "nfs_export", "smb_share")

    path: Annotated[Text, Info("Path that is shared")] = None
    protocol: Annotated[Text, Info("NFS, SMB …")] = None


class Datastore(ConfigurationItem):
    """A place where a virtualization platform keeps virtual disks."""

    layer: ClassVar[str] = "Storage"
    is_abstract: ClassVar[bool] = False

    size_bytes: Annotated[Whole, Info("Size", unit="By", weight=RECOMMENDED)] = None
    datastore_type: Annotated[Text, Info("VMFS, NFS, vSAN …")] = None
    url: Annotated[Text, Info("Where the platform finds it")] = None


class Backup(ConfigurationItem):
    """A regular copy of something, and where it goes."""

    layer: ClassVar[str] = "Storage"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("backup_job",)

    schedule: Annotated[Text, Info("When it runs")] = None
    targets: Annotated[Texts, Info("Where copies go")] = None
