"""The device itself: what it is, who made it, what it is called, and by what it can be recognised."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from cmdb.values import Value
from scanners.snmp_families import Families, Place
from scanners.snmp_mapping_addresses import interface_addresses, is_reachable
from scanners.snmp_mapping_rows import DEVICE, Rows, by_number, matches, said
from scanners.snmp_numbers import CHASSIS, DEVICE_PRINTER, DEVICE_PROCESSOR, STACK
from scanners.snmp_reading import Reading, Row, as_mac
from scanners.snmp_tables import BRIDGE_PORTS, ENTITIES, HOST_DEVICES, INTERFACES, PRINTERS

HOSTS = frozenset({"server", "computer", "hypervisor", "virtual_machine", "host", "storage_array"})
_PORT_TYPES = frozenset({6, 7, 26, 62, 69, 71, 117, 161, 209})
"""IANAifType-MIB: the kinds of Ethernet and wireless ports, aggregates and bridges; other addresses are not MACs of the box."""
_FORWARDING = 1
"""RFC 4293 ipForwarding."""
_LAYER_2, _LAYER_3, _LAYER_7 = 0x02, 0x04, 0x40
"""RFC 3418 sysServices: 2 to the power of the layer less one."""
_CHASSIS_IS_MAC = 4
"""IEEE 802.1AB LldpChassisIdSubtype."""
_HOST_NAME = re.compile(r"(?=.{4,253}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z][A-Za-z0-9-]{0,62}")
"""RFC 1123 §2.1 names of at least two labels, underscores allowed; the last label is not a number."""


def add_device(rows: Rows, reading: Reading, families: Families, names: Mapping[str, str], address: str | None) -> None:
    """The draft `device`; `address` is where it was read, None when it was a name or a recording."""
    family = reading.family
    chassis = chassis_of(reading)
    model = _fact(reading, chassis, family.model) or said(chassis.get("model"))
    serial = (
        _fact(reading, chassis, family.serial_number) or said(chassis.get("serial_number")) or _printer_serial(reading)
    )
    version = _fact(reading, chassis, family.os_version) or (
        said(chassis.get("software_revision")) if not family.os_version else None
    )
    class_name = class_of(reading, families, names, model)
    name, fqdn = names_of(reading.text("sys_name") or reading.text("lldp_name"))
    attributes: dict[str, Value] = {
        "serial_number": serial,
        "chassis_serial": _fact(reading, chassis, family.chassis_serial),
        "system_uuid": _fact(reading, chassis, family.system_uuid),
        "part_number": _fact(reading, chassis, family.part_number),
        "hardware_version": _fact(reading, chassis, family.hardware_version),
        "asset_tag": _fact(reading, chassis, family.asset_tag),
        "fqdn": fqdn,
        "mac_addresses": mac_addresses(reading, names),
        "ip_addresses": ip_addresses(reading, address),
        "members": members_of(reading),
        "manufacturer": family.manufacturer
        or _fact(reading, chassis, family.manufacturers)
        or said(chassis.get("manufacturer"))
        or families.manufacturer(reading.text("sys_object_id")),
        "model": model,
        "os_name": _fact(reading, chassis, family.os_names) or family.os_name,
        "os_version": version,
        "kernel_version": _fact(reading, chassis, family.kernel_version),
        "architecture": _fact(reading, chassis, family.architecture),
        "location": said(reading.text("sys_location")),
        "contact": said(reading.text("sys_contact")),
        "sys_description": said(reading.text("sys_descr")),
        "sys_object_id": said(reading.text("sys_object_id")),
        "sys_services": reading.scalars.get("sys_services")
        if isinstance(reading.scalars.get("sys_services"), int)
        else None,
    }
    if class_name in HOSTS:
        memory_kib = reading.scalars.get("memory_kib")
        attributes["memory_bytes"] = memory_kib * 1024 if isinstance(memory_kib, int) and memory_kib > 0 else None
        attributes["cpu_count"] = (
            sum(row.get("type") == DEVICE_PROCESSOR for row in reading.rows(HOST_DEVICES).values()) or None
        )
    rows.draft(DEVICE, class_name, name=name, attributes=attributes)


def class_of(reading: Reading, families: Families, names: Mapping[str, str], model: str | None) -> str:
    """What the family's data say of the model, else what they say of the family, else what the device does."""
    family = reading.family
    for rule in family.classes:
        if model and re.search(rule.model, model):
            return rule.class_name
    if family.class_name is not None:
        return family.class_name
    if reading.rows(PRINTERS) and any(row.get("type") == DEVICE_PRINTER for row in reading.rows(HOST_DEVICES).values()):
        return "printer"
    services = reading.scalars.get("sys_services", 0)
    layers = services if isinstance(services, int) else 0
    bridges = len(reading.rows(BRIDGE_PORTS)) > 1
    routes = reading.scalars.get("ip_forwarding") == _FORWARDING
    if family.os_name == "Linux":
        if bridges:
            return "switch"
        return "router" if routes and _routed_interfaces(reading, families, names) > 1 else "server"
    if bridges or (layers & _LAYER_2 and not layers & _LAYER_7):
        return "switch"
    if routes or (layers & _LAYER_3 and not layers & _LAYER_7):
        return "router"
    if family.manufacturer is not None or layers & (_LAYER_2 | _LAYER_3):
        return "network_device"
    return "server" if layers & _LAYER_7 and reading.rows(HOST_DEVICES) else "device"


def _routed_interfaces(reading: Reading, families: Families, names: Mapping[str, str]) -> int:
    return sum(
        any(is_reachable(address) for address in addresses)
        for index, addresses in interface_addresses(reading).items()
        if index in names and not matches(families.noise.virtual_interfaces, names[index])
    )


def chassis_of(reading: Reading) -> Row:
    """The ENTITY-MIB row of the whole: the first chassis that says something, else the first row that nothing contains."""
    entities = reading.rows(ENTITIES)
    order = sorted(entities, key=by_number)
    chassis = [entities[index] for index in order if entities[index].get("class") == CHASSIS]
    for row in chassis:
        if said(row.get("serial_number")) or said(row.get("model")):
            return row
    if chassis:
        return chassis[0]
    return next((entities[index] for index in order if entities[index].get("contained_in") == 0), {})


def members_of(reading: Reading) -> list[Mapping[str, Value]]:
    """The chassis inside a stack with their serials, where there are at least two."""
    entities = reading.rows(ENTITIES)
    found: list[Mapping[str, Value]] = []
    for index in sorted(entities, key=by_number):
        row = entities[index]
        parent = entities.get(str(row.get("contained_in")), {})
        serial, position = said(row.get("serial_number")), _position(row)
        if row.get("class") == CHASSIS and parent.get("class") == STACK and serial:
            member: dict[str, Value] = {
                "position": position if position is not None else len(found) + 1,
                "serial_number": serial,
            }
            if model := said(row.get("model")):
                member["model"] = model
            found.append(member)
    return found if len(found) > 1 else []


def _position(row: Row) -> int | None:
    """Cisco names stack members by number and counts entPhysicalParentRelPos from 0 or 1 as it likes."""
    name, position = row.get("name"), row.get("position")
    if isinstance(name, str) and name.isdecimal():
        return int(name)
    return position if isinstance(position, int) else None


def names_of(sys_name: str) -> tuple[str | None, str | None]:
    """Short name and FQDN; sysName is by convention the FQDN (RFC 3418)."""
    name = said(sys_name)
    if name is None or _is_address(name):
        return None, None
    bare = name.rstrip(".")
    if _HOST_NAME.fullmatch(bare):
        return bare.partition(".")[0], bare.lower()
    return bare, None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def mac_addresses(reading: Reading, names: Mapping[str, str]) -> list[str]:
    """Of the ports, the bridge and the LLDP chassis; in order, each once."""
    found: dict[str, None] = {}
    for index, row in reading.rows(INTERFACES).items():
        mac = row.get("mac")
        if index in names and isinstance(mac, str) and row.get("type") in _PORT_TYPES:
            found[mac] = None
    for scalar in (reading.scalars.get("bridge_address"), _lldp_mac(reading)):
        if isinstance(scalar, str):
            found[scalar] = None
    return list(found)


def _lldp_mac(reading: Reading) -> str | None:
    chassis = reading.scalars.get("lldp_chassis")
    if reading.scalars.get("lldp_chassis_subtype") == _CHASSIS_IS_MAC and isinstance(chassis, bytes):
        return as_mac(chassis)
    return None


def ip_addresses(reading: Reading, address: str | None) -> list[str]:
    """Those that others could reach, and the one that answered; in order of number, each once."""
    found = {each for listed in interface_addresses(reading).values() for each in listed if is_reachable(each)}
    if address is not None and is_reachable(address):
        found.add(address)
    return sorted(found, key=lambda each: (ipaddress.ip_address(each).version, int(ipaddress.ip_address(each))))


def _printer_serial(reading: Reading) -> str | None:
    return next((serial for row in reading.rows(PRINTERS).values() if (serial := said(row.get("serial_number")))), None)


def _fact(reading: Reading, chassis: Row, places: tuple[Place, ...]) -> str | None:
    for place in places:
        if (value := said(place.read(_raw(reading, chassis, place)))) is not None:
            return value
    return None


def _raw(reading: Reading, chassis: Row, place: Place) -> str:
    if place.object is not None or place.column is not None:
        return said(reading.objects.get(place.object or place.column or "")) or ""
    if place.entity is not None:
        return said(chassis.get(place.entity)) or ""
    if place.text == "device_descr":
        return next((text for row in reading.rows(HOST_DEVICES).values() if (text := said(row.get("descr")))), "")
    if place.text == "printer_name":
        return next((text for row in reading.rows(PRINTERS).values() if (text := said(row.get("name")))), "")
    return reading.text(place.text or "")
