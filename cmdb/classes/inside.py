"""What is inside a machine and is told apart by name within it: the dependent family."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cmdb.classes.item import RECOMMENDED, REQUIRED, ConfigurationItem, Flag, Number, Text, Texts, Whole
from cmdb.classes.spec import Family, Format, Info


class InsideDevice(ConfigurationItem):
    """Something inside a machine or piece of gear."""

    family: ClassVar[Family] = Family.DEPENDENT
    layer: ClassVar[str] = "Inside machines"
    host_relationship: ClassVar[str | None] = "PART_OF"

    site: Annotated[Text, Info("Site of its host")] = None
    host: Annotated[Text, Info("Machine that it is inside of", weight=REQUIRED, is_identity=True)] = None


class Interface(InsideDevice):
    """A network interface, physical or logical (IF-MIB ifEntry)."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("network_interface", "nic", "network_adapter", "network_port")

    mac_address: Annotated[Text, Info("Its MAC address", format=Format.MAC)] = None
    ip_addresses: Annotated[Texts, Info("Addresses on it", format=Format.IP)] = None
    speed_bps: Annotated[Whole, Info("Nominal speed", unit="bit/s")] = None
    duplex: Annotated[Text, Info("Full or half")] = None
    mtu: Annotated[Whole, Info("Largest packet", unit="By")] = None
    alias: Annotated[Text, Info("What a person called it (IF-MIB ifAlias)")] = None
    interface_type: Annotated[Text, Info("Kind (IANAifType-MIB)")] = None
    interface_index: Annotated[Whole, Info("IF-MIB ifIndex, which may change at a restart")] = None
    admin_state: Annotated[Text, Info("What it is told to be: up or down")] = None
    oper_state: Annotated[Text, Info("What it is: up or down")] = None
    parent: Annotated[Text, Info("Name of the interface that carries it")] = None
    vlan_id: Annotated[Whole, Info("Untagged VLAN, 1–4094")] = None
    tagged_vlans: Annotated[Texts, Info("VLANs that it carries tagged")] = None
    connector: Annotated[Text, Info("Copper, SFP+, …")] = None
    vendor: Annotated[Text, Info("Maker of the adapter")] = None


class FileSystem(InsideDevice):
    """A mounted file system; its name is the mount point."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("filesystem", "mount", "mount_point")

    device: Annotated[Text, Info("Device or export that it lies on")] = None
    file_system_type: Annotated[Text, Info("ext4, xfs, ntfs, nfs …")] = None
    size_bytes: Annotated[Whole, Info("Size", unit="By", weight=RECOMMENDED)] = None
    options: Annotated[Text, Info("Mount options")] = None
    label: Annotated[Text, Info("Label")] = None
    uuid: Annotated[Text, Info("Id of the file system")] = None
    is_encrypted: Annotated[Flag, Info("Whether it is encrypted")] = None


class Volume(InsideDevice):
    """A volume that a machine makes of its disks (LVM, RAID, ZFS)."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("logical_volume", "raid_volume")

    size_bytes: Annotated[Whole, Info("Size", unit="By", weight=RECOMMENDED)] = None
    volume_type: Annotated[Text, Info("LVM, RAID level, ZFS …")] = None
    volume_group: Annotated[Text, Info("Group that it is cut from")] = None
    uuid: Annotated[Text, Info("Id of the volume")] = None


class HardwareComponent(InsideDevice):
    """A part of a machine (ENTITY-MIB entPhysicalEntry)."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("physical_entity", "line_card")

    component_class: Annotated[Text, Info("Kind (ENTITY-MIB PhysicalClass)")] = None
    serial_number: Annotated[Text, Info("Serial number of the part")] = None
    manufacturer: Annotated[Text, Info("Maker of the part")] = None
    model: Annotated[Text, Info("Product name of the part")] = None
    part_number: Annotated[Text, Info("Order number of the part")] = None
    position: Annotated[Text, Info("Slot, bay or socket")] = None
    parent: Annotated[Text, Info("Name of the part that contains it")] = None
    hardware_version: Annotated[Text, Info("Revision of the hardware")] = None
    firmware_version: Annotated[Text, Info("Revision of the firmware")] = None
    software_version: Annotated[Text, Info("Revision of the software")] = None


class Disk(HardwareComponent):
    """A drive or virtual drive."""

    aliases: ClassVar[tuple[str, ...]] = ("physical_disk", "drive", "virtual_disk")

    size_bytes: Annotated[Whole, Info("Size", unit="By", weight=RECOMMENDED)] = None
    disk_type: Annotated[Text, Info("HDD, SSD, NVMe …")] = None
    bus: Annotated[Text, Info("SATA, SAS, NVMe, virtio …")] = None
    world_wide_name: Annotated[Text, Info("World wide name")] = None
    is_removable: Annotated[Flag, Info("Whether it can be taken out while running")] = None


class MemoryModule(HardwareComponent):
    """A memory module in its socket."""

    aliases: ClassVar[tuple[str, ...]] = ("memory", "dimm")

    size_bytes: Annotated[Whole, Info("Capacity", unit="By", weight=RECOMMENDED)] = None
    memory_type: Annotated[Text, Info("DDR4, DDR5 …")] = None
    speed_hz: Annotated[Whole, Info("Clock", unit="Hz")] = None


class Processor(HardwareComponent):
    """A processor package."""

    aliases: ClassVar[tuple[str, ...]] = ("cpu",)

    cores: Annotated[Whole, Info("Cores", unit="{core}", weight=RECOMMENDED)] = None
    threads: Annotated[Whole, Info("Hardware threads", unit="{thread}")] = None
    speed_hz: Annotated[Whole, Info("Nominal clock", unit="Hz")] = None
    architecture: Annotated[Text, Info("Instruction set")] = None
    stepping: Annotated[Text, Info("Stepping")] = None


class GraphicsCard(HardwareComponent):
    """A graphics or compute accelerator."""

    aliases: ClassVar[tuple[str, ...]] = ("gpu", "video_card")

    memory_bytes: Annotated[Whole, Info("Memory of its own", unit="By")] = None


class PowerSupply(HardwareComponent):
    """A power supply unit of a machine."""

    aliases: ClassVar[tuple[str, ...]] = ("psu",)

    power_watts: Annotated[Number, Info("Rated power", unit="W")] = None


class Battery(HardwareComponent):
    """A battery of a machine."""

    capacity_wh: Annotated[Number, Info("Rated capacity", unit="W.h")] = None
    chemistry: Annotated[Text, Info("Li-ion, NiMH …")] = None


class SoftwareInstance(InsideDevice):
    """A running program of a host; its name is the unit of the service manager, else the process."""

    layer: ClassVar[str] = "Software"
    host_relationship: ClassVar[str | None] = "RUNS_ON"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("process", "service_unit", "daemon", "running_software")

    unit: Annotated[Text, Info("Unit of the service manager")] = None
    process: Annotated[Text, Info("Name of its main process")] = None
    command: Annotated[Text, Info("Command line without secrets")] = None
    executable: Annotated[Text, Info("Path of its program")] = None
    user: Annotated[Text, Info("User it runs as")] = None
    version: Annotated[Text, Info("Version", weight=RECOMMENDED)] = None
    product: Annotated[Text, Info("Product that it is an instance of", weight=RECOMMENDED)] = None
    vendor: Annotated[Text, Info("Maker of the product")] = None
    package: Annotated[Text, Info("Package that it came in")] = None
    start_mode: Annotated[Text, Info("Automatic, manual or disabled")] = None
    edition: Annotated[Text, Info("Edition of the product")] = None
    config_path: Annotated[Text, Info("Path of its configuration")] = None


class NetworkService(InsideDevice):
    """A port that a machine listens on; its name is protocol and port, such as tcp/5432."""

    layer: ClassVar[str] = "Software"
    host_relationship: ClassVar[str | None] = "RUNS_ON"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("listening_port", "open_port", "listening_service")

    port: Annotated[Whole, Info("Port, 0–65535", weight=RECOMMENDED)] = None
    protocol: Annotated[Text, Info("tcp, udp, sctp", weight=RECOMMENDED)] = None
    service: Annotated[Text, Info("Service in IANA's words, such as http")] = None
    process: Annotated[Text, Info("Process that listens")] = None
    user: Annotated[Text, Info("User that the process runs as")] = None
    product: Annotated[Text, Info("Product that answers")] = None
    version: Annotated[Text, Info("Version of the product")] = None
    extra_info: Annotated[Text, Info("What else it says of itself")] = None
    banner: Annotated[Text, Info("What it says first")] = None
    cpe: Annotated[Texts, Info("Product as CPE names")] = None
    bind_addresses: Annotated[Texts, Info("Addresses that it listens on", format=Format.IP)] = None
    is_tls: Annotated[Flag, Info("Whether it speaks TLS")] = None
    tls_versions: Annotated[Texts, Info("TLS versions that it accepts")] = None
    title: Annotated[Text, Info("Title of its page")] = None
    state: Annotated[Text, Info("open, filtered …")] = None
    accepts_from: Annotated[Text, Info("Whom it accepts: this machine only, or others")] = None
