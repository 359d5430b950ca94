"""Machines and gear: the device family."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict

from cmdb.classes.item import RECOMMENDED, ConfigurationItem, Number, Text, Texts, Whole
from cmdb.classes.spec import Family, Format, Info


class StackMember(BaseModel):
    """One chassis of a stack."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    position: Annotated[Whole, Info("Number in the stack")] = None
    serial_number: Annotated[Text, Info("Serial number of the member", is_identity=True)] = None
    model: Annotated[Text, Info("Model of the member")] = None
    role: Annotated[Text, Info("Active, standby or member")] = None
    mac_address: Annotated[Text, Info("Base MAC address of the member", format=Format.MAC)] = None


class Hardware(ConfigurationItem):
    """Something that can be touched, bought and put into a rack."""

    layer: ClassVar[str] = "Machines"
    is_abstract: ClassVar[bool] = True

    rack: Annotated[Text, Info("Name of the rack it stands in")] = None
    rack_position: Annotated[Whole, Info("Lowest rack unit that it fills, counted from the floor", unit="U")] = None
    height_units: Annotated[Number, Info("Height in the rack", unit="U")] = None
    power_watts: Annotated[Number, Info("Rated electrical power", unit="W")] = None
    purchased_on: Annotated[Text, Info("Date of purchase, ISO 8601")] = None
    purchase_cost: Annotated[Number, Info("Price paid, in the currency of the books")] = None
    warranty_until: Annotated[Text, Info("Last day of the warranty, ISO 8601")] = None
    end_of_support_on: Annotated[Text, Info("Day on which the maker's support ends, ISO 8601")] = None


class Device(ConfigurationItem):
    """A machine or piece of gear whose kind is not known yet."""

    family: ClassVar[Family] = Family.DEVICE
    layer: ClassVar[str] = "Machines"
    is_abstract: ClassVar[bool] = False

    serial_number: Annotated[Text, Info("Serial number of the whole system", weight=RECOMMENDED, is_identity=True)] = (
        None
    )
    chassis_serial: Annotated[
        Text, Info("Serial number of the chassis that it sits in; identifies the chassis only")
    ] = None
    board_serial: Annotated[Text, Info("Serial number of the main board", is_identity=True)] = None
    system_uuid: Annotated[Text, Info("SMBIOS system UUID", is_identity=True, format=Format.UUID)] = None
    machine_id: Annotated[Text, Info("Id of the installed operating system, machine-id(5)", is_identity=True)] = None
    fqdn: Annotated[
        Text, Info("Fully qualified domain name", weight=RECOMMENDED, is_identity=True, format=Format.FQDN)
    ] = None
    mac_addresses: Annotated[Texts, Info("MAC addresses of all interfaces", is_identity=True, format=Format.MAC)] = None
    ip_addresses: Annotated[
        Texts, Info("Addresses of all interfaces", weight=RECOMMENDED, is_identity=True, format=Format.IP)
    ] = None
    asset_tag: Annotated[Text, Info("Number that the owner put on it", is_identity=True)] = None
    ssh_host_keys: Annotated[Texts, Info("Public SSH host keys or their SHA-256 fingerprints", is_identity=True)] = None
    vrf: Annotated[
        Text, Info("Routing table that scopes its addresses; none means the network's default", is_identity=True)
    ] = None
    members: Annotated[tuple[StackMember, ...] | None, Info("Members of the stack", is_identity=True)] = None
    virtual_system: Annotated[
        Text, Info("Name of the virtual system (VDOM, context, routing instance) inside one box", is_identity=True)
    ] = None
    manufacturer: Annotated[Text, Info("Maker", weight=RECOMMENDED, is_identity=True)] = None
    model: Annotated[Text, Info("Product name of the maker", weight=RECOMMENDED)] = None
    part_number: Annotated[Text, Info("Order number of the maker")] = None
    hardware_version: Annotated[Text, Info("Revision of the hardware")] = None
    firmware_version: Annotated[Text, Info("Version of the firmware or BIOS")] = None
    firmware_date: Annotated[Text, Info("Date of the firmware or BIOS")] = None
    os_name: Annotated[Text, Info("Operating system", weight=RECOMMENDED)] = None
    os_version: Annotated[Text, Info("Version of the operating system", weight=RECOMMENDED)] = None
    os_family: Annotated[Text, Info("Linux, Windows, IOS …")] = None
    os_cpe: Annotated[Texts, Info("Operating system as CPE 2.3 or 2.2 names")] = None
    role: Annotated[Text, Info("What it is used for")] = None
    location: Annotated[Text, Info("Where it says that it stands (SNMPv2-MIB sysLocation)")] = None
    contact: Annotated[Text, Info("Whom to ask (SNMPv2-MIB sysContact)")] = None
    architecture: Annotated[Text, Info("Instruction set, as uname -m says")] = None
    kernel_name: Annotated[Text, Info("Kernel")] = None
    kernel_version: Annotated[Text, Info("Kernel release, as uname -r says")] = None
    cpu_count: Annotated[Whole, Info("Logical processors", unit="{processor}")] = None
    cpu_cores: Annotated[Whole, Info("Physical cores", unit="{core}")] = None
    cpu_sockets: Annotated[Whole, Info("Processor packages", unit="{socket}")] = None
    cpu_model: Annotated[Text, Info("Product name of the processor")] = None
    memory_bytes: Annotated[Whole, Info("Installed memory", unit="By")] = None
    swap_bytes: Annotated[Whole, Info("Configured swap space", unit="By")] = None
    domain: Annotated[Text, Info("Directory or DNS domain")] = None
    sys_object_id: Annotated[Text, Info("SNMPv2-MIB sysObjectID, dotted")] = None
    sys_description: Annotated[Text, Info("SNMPv2-MIB sysDescr")] = None
    snmp_engine_id: Annotated[Text, Info("SNMP-FRAMEWORK-MIB snmpEngineID, hexadecimal")] = None
    sys_services: Annotated[Whole, Info("SNMPv2-MIB sysServices, sum of layers")] = None
    device_type: Annotated[Text, Info("Kind in the words of the source")] = None
    mac_vendor: Annotated[Text, Info("Owner of the MAC prefix")] = None


class Host(Device):
    """A machine that runs an operating system, physical or virtual."""

    aliases: ClassVar[tuple[str, ...]] = ("machine",)

    cpu_count: Annotated[Whole, Info("Logical processors", unit="{processor}", weight=RECOMMENDED)] = None
    memory_bytes: Annotated[Whole, Info("Installed memory", unit="By", weight=RECOMMENDED)] = None
    virtualization: Annotated[Text, Info("Hypervisor or container technology it runs under; none on bare metal")] = None
    timezone: Annotated[Text, Info("Name in the IANA time zone database")] = None
    dns_servers: Annotated[Texts, Info("Addresses of its resolvers", format=Format.IP)] = None
    default_gateway: Annotated[Text, Info("Address of its default router", format=Format.IP)] = None
    workgroup: Annotated[Text, Info("Windows domain or workgroup")] = None


class Server(Host, Hardware):
    """A physical machine that serves others."""

    aliases: ClassVar[tuple[str, ...]] = ("physical_server", "blade")


class Mainframe(Server):
    """A large partitioned machine such as IBM Z."""


class Hypervisor(Server):
    """A physical machine that runs virtual machines."""

    aliases: ClassVar[tuple[str, ...]] = ("esxi_host", "esx_host", "virtualization_host", "vmhost")

    hypervisor_type: Annotated[Text, Info("ESXi, KVM, Hyper-V, Xen …")] = None
    hypervisor_version: Annotated[Text, Info("Version of the hypervisor")] = None


class Computer(Host, Hardware):
    """A physical machine that a person works at."""

    aliases: ClassVar[tuple[str, ...]] = ("workstation", "desktop", "pc", "personal_computer")

    user: Annotated[Text, Info("Person it is given to")] = None


class Laptop(Computer):
    """A portable computer."""

    aliases: ClassVar[tuple[str, ...]] = ("notebook",)


class VirtualMachine(Host):
    """A machine that a hypervisor makes."""

    aliases: ClassVar[tuple[str, ...]] = ("vm", "guest", "virtual_server", "virtual_computer")

    power_state: Annotated[Text, Info("On, off or suspended, as its hypervisor is told to keep it")] = None
    vm_tools_version: Annotated[Text, Info("Version of the guest tools")] = None
    hypervisor_version: Annotated[Text, Info("Version of the virtual hardware")] = None
    disk_bytes: Annotated[Whole, Info("Size of its virtual disks", unit="By")] = None


class Container(Device):
    """A process group with its own file system and network, run by a container engine."""

    host_relationship: ClassVar[str | None] = "RUNS_ON"
    aliases: ClassVar[tuple[str, ...]] = ("docker_container", "lxc_container", "podman_container")

    host: Annotated[Text, Info("Machine that it runs on", is_identity=True)] = None
    container_id: Annotated[Text, Info("Id that the engine gave it")] = None
    image: Annotated[Text, Info("Image it was started from, with tag")] = None
    image_digest: Annotated[Text, Info("Digest of the image")] = None
    engine: Annotated[Text, Info("Docker, containerd, podman, LXC …")] = None
    command: Annotated[Text, Info("What it runs")] = None
    ports: Annotated[Texts, Info("Published ports, host:container/protocol")] = None


class ManagementController(Device, Hardware):
    """A processor beside a machine that powers and watches it."""

    host_relationship: ClassVar[str | None] = "PART_OF"
    aliases: ClassVar[tuple[str, ...]] = (
        "bmc",
        "ilo",
        "idrac",
        "ipmi",
        "ipmi_controller",
        "baseboard_management_controller",
    )

    host: Annotated[Text, Info("Machine that it manages", is_identity=True)] = None
    protocol: Annotated[Text, Info("IPMI, Redfish …")] = None


class MobileDevice(Device, Hardware):
    """A telephone or tablet."""

    aliases: ClassVar[tuple[str, ...]] = ("phone", "smartphone", "tablet")

    imei: Annotated[Text, Info("International mobile equipment identity")] = None
    phone_number: Annotated[Text, Info("Number in E.164 form")] = None


class Printer(Device, Hardware):
    """A machine that prints."""

    aliases: ClassVar[tuple[str, ...]] = ("network_printer", "multifunction_printer", "mfp")

    page_technology: Annotated[Text, Info("Laser, ink …")] = None


class Monitor(Device, Hardware):
    """A screen."""

    aliases: ClassVar[tuple[str, ...]] = ("display",)


class Peripheral(Device, Hardware):
    """A piece of equipment attached to a computer."""


class IpPhone(Device, Hardware):
    """A telephone on the data network."""

    aliases: ClassVar[tuple[str, ...]] = ("voip_phone",)

    extension: Annotated[Text, Info("Internal number")] = None


class IpCamera(Device, Hardware):
    """A camera on the data network."""

    aliases: ClassVar[tuple[str, ...]] = ("camera",)


class Sensor(Device, Hardware):
    """A device that measures its surroundings."""

    aliases: ClassVar[tuple[str, ...]] = ("environmental_sensor", "iot_device")

    measures: Annotated[Text, Info("Temperature, humidity, smoke …")] = None


class IndustrialController(Device, Hardware):
    """A programmable controller of machinery."""

    aliases: ClassVar[tuple[str, ...]] = ("plc", "programmable_logic_controller")
