"""The MIB objects that are read, as data: OID, columns, how a value is to be understood, and the document that defines it.

Only columns that hold for longer than a reading are named: no counters, ages, uptimes or use of space.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Syntax(StrEnum):
    """How the bytes of a value are read."""

    INTEGER = "integer"
    TEXT = "text"
    MAC = "mac"
    BYTES = "bytes"
    DOTTED = "dotted"
    """OBJECT IDENTIFIER or IpAddress."""


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column: its name here and its number below the table's entry."""

    name: str
    number: int
    syntax: Syntax


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """One table. The first column is read first, and where it is empty the rest is not asked for."""

    name: str
    entry: str
    columns: tuple[ColumnSpec, ...]
    source: str


@dataclass(frozen=True, slots=True)
class ScalarSpec:
    """One instance `oid`, the final `.0` included."""

    name: str
    oid: str
    syntax: Syntax
    source: str


_I, _T, _M, _B, _D = Syntax.INTEGER, Syntax.TEXT, Syntax.MAC, Syntax.BYTES, Syntax.DOTTED

SYSTEM = (
    ScalarSpec("sys_descr", "1.3.6.1.2.1.1.1.0", _T, "RFC 3418 sysDescr"),
    ScalarSpec("sys_object_id", "1.3.6.1.2.1.1.2.0", _D, "RFC 3418 sysObjectID"),
    ScalarSpec("sys_contact", "1.3.6.1.2.1.1.4.0", _T, "RFC 3418 sysContact"),
    ScalarSpec("sys_name", "1.3.6.1.2.1.1.5.0", _T, "RFC 3418 sysName"),
    ScalarSpec("sys_location", "1.3.6.1.2.1.1.6.0", _T, "RFC 3418 sysLocation"),
    ScalarSpec("sys_services", "1.3.6.1.2.1.1.7.0", _I, "RFC 3418 sysServices"),
)
"""Asked first; any of the six proves that the credential is accepted."""

SCALARS = (
    ScalarSpec("ip_forwarding", "1.3.6.1.2.1.4.1.0", _I, "RFC 4293 ipForwarding"),
    ScalarSpec("bridge_address", "1.3.6.1.2.1.17.1.1.0", _M, "RFC 4188 dot1dBaseBridgeAddress"),
    ScalarSpec("bridge_ports", "1.3.6.1.2.1.17.1.2.0", _I, "RFC 4188 dot1dBaseNumPorts"),
    ScalarSpec("memory_kib", "1.3.6.1.2.1.25.2.2.0", _I, "RFC 2790 hrMemorySize"),
    ScalarSpec("lldp_chassis_subtype", "1.0.8802.1.1.2.1.3.1.0", _I, "IEEE 802.1AB lldpLocChassisIdSubtype"),
    ScalarSpec("lldp_chassis", "1.0.8802.1.1.2.1.3.2.0", _B, "IEEE 802.1AB lldpLocChassisId"),
    ScalarSpec("lldp_name", "1.0.8802.1.1.2.1.3.3.0", _T, "IEEE 802.1AB lldpLocSysName"),
    ScalarSpec("lldp_enabled", "1.0.8802.1.1.2.1.3.6.0", _B, "IEEE 802.1AB lldpLocSysCapEnabled"),
)

INTERFACES = TableSpec(
    name="interfaces",
    entry="1.3.6.1.2.1.2.2.1",
    columns=(
        ColumnSpec("descr", 2, _T),
        ColumnSpec("type", 3, _I),
        ColumnSpec("mtu", 4, _I),
        ColumnSpec("speed_bps", 5, _I),
        ColumnSpec("mac", 6, _M),
        ColumnSpec("admin", 7, _I),
        ColumnSpec("oper", 8, _I),
    ),
    source="RFC 2863 ifTable",
)
INTERFACES_X = TableSpec(
    name="interfaces_x",
    entry="1.3.6.1.2.1.31.1.1.1",
    columns=(ColumnSpec("name", 1, _T), ColumnSpec("speed_mbps", 15, _I), ColumnSpec("alias", 18, _T)),
    source="RFC 2863 ifXTable",
)
IP_ADDRESSES = TableSpec(
    name="ip_addresses",
    entry="1.3.6.1.2.1.4.20.1",
    columns=(ColumnSpec("if_index", 2, _I), ColumnSpec("netmask", 3, _D)),
    source="RFC 1213 ipAddrTable",
)
INET_ADDRESSES = TableSpec(
    name="inet_addresses",
    entry="1.3.6.1.2.1.4.34.1",
    columns=(ColumnSpec("if_index", 3, _I), ColumnSpec("type", 4, _I)),
    source="RFC 4293 ipAddressTable",
)
ARP = TableSpec(
    name="arp",
    entry="1.3.6.1.2.1.4.22.1",
    columns=(ColumnSpec("mac", 2, _M),),
    source="RFC 1213 ipNetToMediaTable",
)
INET_NEIGHBOURS = TableSpec(
    name="inet_neighbours",
    entry="1.3.6.1.2.1.4.35.1",
    columns=(ColumnSpec("mac", 4, _M),),
    source="RFC 4293 ipNetToPhysicalTable",
)
ENTITIES = TableSpec(
    name="entities",
    entry="1.3.6.1.2.1.47.1.1.1.1",
    columns=(
        ColumnSpec("class", 5, _I),
        ColumnSpec("descr", 2, _T),
        ColumnSpec("contained_in", 4, _I),
        ColumnSpec("position", 6, _I),
        ColumnSpec("name", 7, _T),
        ColumnSpec("hardware_revision", 8, _T),
        ColumnSpec("firmware_revision", 9, _T),
        ColumnSpec("software_revision", 10, _T),
        ColumnSpec("serial_number", 11, _T),
        ColumnSpec("manufacturer", 12, _T),
        ColumnSpec("model", 13, _T),
    ),
    source="RFC 6933 entPhysicalTable",
)
STORAGE = TableSpec(
    name="storage",
    entry="1.3.6.1.2.1.25.2.3.1",
    columns=(
        ColumnSpec("type", 2, _D),
        ColumnSpec("descr", 3, _T),
        ColumnSpec("unit_bytes", 4, _I),
        ColumnSpec("units", 5, _I),
    ),
    source="RFC 2790 hrStorageTable",
)
HOST_DEVICES = TableSpec(
    name="host_devices",
    entry="1.3.6.1.2.1.25.3.2.1",
    columns=(ColumnSpec("type", 2, _D), ColumnSpec("descr", 3, _T)),
    source="RFC 2790 hrDeviceTable",
)
SOFTWARE = TableSpec(
    name="software",
    entry="1.3.6.1.2.1.25.6.3.1",
    columns=(ColumnSpec("name", 2, _T),),
    source="RFC 2790 hrSWInstalledTable",
)
PROCESSES = TableSpec(
    name="processes",
    entry="1.3.6.1.2.1.25.4.2.1",
    columns=(ColumnSpec("name", 2, _T),),
    source="RFC 2790 hrSWRunTable",
)
PRINTERS = TableSpec(
    name="printers",
    entry="1.3.6.1.2.1.43.5.1.1",
    columns=(ColumnSpec("serial_number", 17, _T), ColumnSpec("name", 16, _T)),
    source="RFC 3805 prtGeneralTable",
)
LLDP_PORTS = TableSpec(
    name="lldp_ports",
    entry="1.0.8802.1.1.2.1.3.7.1",
    columns=(ColumnSpec("subtype", 2, _I), ColumnSpec("id", 3, _B), ColumnSpec("descr", 4, _T)),
    source="IEEE 802.1AB lldpLocPortTable",
)
LLDP_NEIGHBOURS = TableSpec(
    name="lldp_neighbours",
    entry="1.0.8802.1.1.2.1.4.1.1",
    columns=(
        ColumnSpec("chassis_subtype", 4, _I),
        ColumnSpec("chassis", 5, _B),
        ColumnSpec("port_subtype", 6, _I),
        ColumnSpec("port", 7, _B),
        ColumnSpec("port_descr", 8, _T),
        ColumnSpec("name", 9, _T),
    ),
    source="IEEE 802.1AB lldpRemTable",
)
LLDP_ADDRESSES = TableSpec(
    name="lldp_addresses",
    entry="1.0.8802.1.1.2.1.4.2.1",
    columns=(ColumnSpec("if_subtype", 3, _I),),
    source="IEEE 802.1AB lldpRemManAddrTable",
)
LLDP_V2_NEIGHBOURS = TableSpec(
    name="lldp_v2_neighbours",
    entry="1.3.111.2.802.1.1.13.1.4.1.1",
    columns=(
        ColumnSpec("chassis_subtype", 5, _I),
        ColumnSpec("chassis", 6, _B),
        ColumnSpec("port_subtype", 7, _I),
        ColumnSpec("port", 8, _B),
        ColumnSpec("port_descr", 9, _T),
        ColumnSpec("name", 10, _T),
    ),
    source="IEEE 802.1AB-2016 lldpV2RemTable",
)
LLDP_V2_ADDRESSES = TableSpec(
    name="lldp_v2_addresses",
    entry="1.3.111.2.802.1.1.13.1.4.2.1",
    columns=(ColumnSpec("if_subtype", 3, _I),),
    source="IEEE 802.1AB-2016 lldpV2RemManAddrTable",
)
CDP_NEIGHBOURS = TableSpec(
    name="cdp_neighbours",
    entry="1.3.6.1.4.1.9.9.23.1.2.1.1",
    columns=(
        ColumnSpec("device_id", 6, _T),
        ColumnSpec("address_type", 3, _I),
        ColumnSpec("address", 4, _B),
        ColumnSpec("port", 7, _T),
        ColumnSpec("platform", 8, _T),
    ),
    source="CISCO-CDP-MIB cdpCacheTable",
)
BRIDGE_PORTS = TableSpec(
    name="bridge_ports",
    entry="1.3.6.1.2.1.17.1.4.1",
    columns=(ColumnSpec("if_index", 2, _I),),
    source="RFC 4188 dot1dBasePortTable",
)
FORWARDING = TableSpec(
    name="forwarding",
    entry="1.3.6.1.2.1.17.4.3.1",
    columns=(ColumnSpec("port", 2, _I), ColumnSpec("status", 3, _I)),
    source="RFC 4188 dot1dTpFdbTable",
)
VLAN_FORWARDING = TableSpec(
    name="vlan_forwarding",
    entry="1.3.6.1.2.1.17.7.1.2.2.1",
    columns=(ColumnSpec("port", 2, _I), ColumnSpec("status", 3, _I)),
    source="RFC 4363 dot1qTpFdbTable",
)
TCP_LISTENERS = TableSpec(
    name="tcp_listeners",
    entry="1.3.6.1.2.1.6.20.1",
    columns=(ColumnSpec("process", 4, _I),),
    source="RFC 4022 tcpListenerTable",
)
TCP_CONNECTIONS = TableSpec(
    name="tcp_connections",
    entry="1.3.6.1.2.1.6.19.1",
    columns=(ColumnSpec("state", 7, _I), ColumnSpec("process", 8, _I)),
    source="RFC 4022 tcpConnectionTable",
)
TCP_OLD = TableSpec(
    name="tcp_old",
    entry="1.3.6.1.2.1.6.13.1",
    columns=(ColumnSpec("state", 1, _I),),
    source="RFC 1213 tcpConnTable",
)
UDP_ENDPOINTS = TableSpec(
    name="udp_endpoints",
    entry="1.3.6.1.2.1.7.7.1",
    columns=(ColumnSpec("process", 8, _I),),
    source="RFC 4113 udpEndpointTable",
)
UDP_OLD = TableSpec(
    name="udp_old",
    entry="1.3.6.1.2.1.7.5.1",
    columns=(ColumnSpec("port", 2, _I),),
    source="RFC 1213 udpTable",
)

TABLES = (
    INTERFACES,
    INTERFACES_X,
    IP_ADDRESSES,
    INET_ADDRESSES,
    ENTITIES,
    LLDP_NEIGHBOURS,
    LLDP_PORTS,
    LLDP_ADDRESSES,
    LLDP_V2_NEIGHBOURS,
    LLDP_V2_ADDRESSES,
    CDP_NEIGHBOURS,
    BRIDGE_PORTS,
    FORWARDING,
    VLAN_FORWARDING,
    ARP,
    INET_NEIGHBOURS,
    HOST_DEVICES,
    PRINTERS,
    STORAGE,
    SOFTWARE,
    TCP_LISTENERS,
    TCP_CONNECTIONS,
    TCP_OLD,
    UDP_ENDPOINTS,
    UDP_OLD,
    PROCESSES,
)
"""In the order of reading."""

ONLY_WITH = {
    "lldp_ports": "lldp_neighbours",
    "lldp_addresses": "lldp_neighbours",
    "lldp_v2_addresses": "lldp_v2_neighbours",
    "forwarding": "bridge_ports",
    "vlan_forwarding": "bridge_ports",
    "storage": "host_devices",
    "processes": "host_devices",
}
"""A table that says nothing without rows in another one."""

ONLY_WITHOUT = {
    "lldp_v2_neighbours": "lldp_neighbours",
    "inet_neighbours": "arp",
    "tcp_old": "tcp_listeners",
    "udp_old": "udp_endpoints",
}
"""An older or newer table that repeats what another one already gave."""
