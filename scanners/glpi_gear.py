"""A switch, printer or other gear as an agent inventories it over SNMP: the device, its ports, its parts, what it hears."""

from __future__ import annotations

from collections.abc import Callable

from cmdb.normalise import forms, naming
from cmdb.observation import Scope, ScopeKind
from cmdb.values import Value
from discovery.drafting import Drafting
from scanners.glpi_computer import DEVICE, MIB, addresses_of, mac_of
from scanners.glpi_document import Fields, Inventory, flag, text, texts, whole

_CLASSES = {
    "computer": "host",
    "networkequipment": "network_device",
    "networking": "network_device",
    "printer": "printer",
    "storage": "storage_array",
    "phone": "ip_phone",
    "power": "ups",
}
_STATES = {"1": "up", "2": "down", "3": "testing"}
"""IF-MIB ifAdminStatus and ifOperStatus (RFC 2863)."""


class Gear:
    """Drafts of one device; `refuse` is told of sections that cannot be read, `warn` of values that are left out."""

    def __init__(self, inventory: Inventory, refuse: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self._inventory = inventory
        self._refuse = refuse
        self._warn = warn
        self.rows = Drafting()
        self.scopes: list[Scope] = []

    def draft(self) -> Drafting:
        """Everything that the inventory says; raises `Invalid` when the device itself is not readable."""
        info = self._inventory.section("network_device") or {}
        ports = self._inventory.rows("network_ports", self._refuse)
        components = self._inventory.rows("network_components", self._refuse)
        self._device(info, ports or [], components or [])
        if ports is not None:
            self._interfaces(ports)
        if components is not None:
            self._components(components)
        return self.rows

    def _device(self, info: Fields, ports: list[Fields], components: list[Fields]) -> None:
        kind = (text(info, "type") or self._inventory.item_type or "").casefold()
        said = text(info, "mac")
        mac = forms.mac(said) if said else None
        if said and mac is None:
            self._warn(f"the MAC address {said[:40]!r} of the device is none; it is left out")
        macs = [mac, *(mac_of(port) for port in ports)]
        addresses = [*addresses_of(info), *(address for port in ports for address in addresses_of(port))]
        name = text(info, "name", "snmphostname", "netbiosname", "dnshostname")
        if name is not None and forms.ip(name) is not None:
            name = None
        members: list[Value] = [
            {
                key: value
                for key, value in {
                    "position": whole(part, "index"),
                    "serial_number": text(part, "serial"),
                    "model": text(part, "model"),
                }.items()
                if value is not None
            }
            for part in components
            if (text(part, "type") or "").casefold() == "chassis" and text(part, "serial")
        ]
        self.rows.draft(
            DEVICE,
            _CLASSES.get(kind, "device"),
            name=name,
            attributes={
                "fqdn": name if name and "." in name else None,
                "serial_number": text(info, "serial"),
                "manufacturer": text(info, "manufacturer"),
                "model": text(info, "model"),
                "os_version": text(info, "firmware"),
                "mac_addresses": list(dict.fromkeys(one for one in macs if one)),
                "ip_addresses": list(dict.fromkeys(addresses)),
                "location": text(info, "location"),
                "contact": text(info, "contact"),
                "sys_description": text(info, "description", "comments"),
                "memory_bytes": whole(info, "ram", times=MIB),
                "device_type": text(info, "type"),
                "members": members if len(members) > 1 else [],
                "chassis_serial": _chassis_serial(members),
            },
        )

    def _interfaces(self, ports: list[Fields]) -> None:
        taken: set[str] = set()
        for number, port in enumerate(ports, 1):
            index = whole(port, "ifnumber")
            called = text(port, "ifname", "ifdescr") or f"#{index if index is not None else number}"
            name = called if called not in taken else f"{called} #{index if index is not None else number}"
            taken.add(name)
            self.rows.draft(
                f"interface:{name}",
                "interface",
                name=name,
                attributes={
                    "host": DEVICE,
                    "interface_index": index,
                    "mac_address": mac_of(port),
                    "ip_addresses": addresses_of(port),
                    "alias": text(port, "ifalias"),
                    "description": text(port, "ifdescr") if text(port, "ifdescr") != name else None,
                    "mtu": whole(port, "ifmtu"),
                    "speed_bps": whole(port, "ifspeed"),
                    "interface_type": text(port, "iftype"),
                    "admin_state": _STATES.get(text(port, "ifinternalstatus") or ""),
                    "oper_state": _STATES.get(text(port, "ifstatus") or ""),
                },
            )
            self._neighbours(port, name, number)
        self.scopes.append(Scope(kind=ScopeKind.CI_CLASS, class_name="interface", within=DEVICE))

    def _neighbours(self, port: Fields, local_port: str, number: int) -> None:
        """What is heard by LLDP or CDP; MAC addresses that a bridge learned name no neighbour by themselves."""
        said = port.get("connections")
        is_heard = flag(port, "lldp")
        if isinstance(said, dict):
            is_heard = flag(said, "cdp") or flag(said, "lldp")
            said = said.get("connection")
        if not is_heard:
            return
        for place, heard in enumerate(said if isinstance(said, list) else [said], 1):
            if not isinstance(heard, dict):
                continue
            name = text(heard, "sysname")
            full = naming.fqdn(name) if name else None
            mac = forms.mac(text(heard, "sysmac") or "")
            remote = self.rows.draft(
                f"neighbour:{number}:{place}",
                "device",
                name=name,
                attributes={
                    "fqdn": full if full and "." in full else None,
                    "mac_addresses": [mac] if mac else [],
                    "ip_addresses": [one for address in texts(heard.get("ip")) if (one := forms.ip(address))],
                    "model": text(heard, "model"),
                },
                is_reference=True,
                is_known_or_waits=True,
            )
            attributes = {"source_port": local_port, "target_port": text(heard, "ifdescr"), "protocol": "lldp"}
            self.rows.link(
                DEVICE, "CONNECTED_TO", remote, attributes={key: value for key, value in attributes.items() if value}
            )

    def _components(self, components: list[Fields]) -> None:
        taken: set[str] = set()
        for number, part in enumerate(components, 1):
            name = text(part, "name", "description", "model")
            if name is None:
                continue
            if name in taken:
                name = f"{name} #{whole(part, 'index') or number}"
            taken.add(name)
            self.rows.draft(
                f"component:{name}",
                "hardware_component",
                name=name,
                attributes={
                    "host": DEVICE,
                    "component_class": text(part, "type"),
                    "serial_number": text(part, "serial"),
                    "manufacturer": text(part, "manufacturer"),
                    "model": text(part, "model"),
                    "firmware_version": text(part, "firmware"),
                    "software_version": text(part, "version"),
                },
            )
        self.scopes.append(Scope(kind=ScopeKind.CI_CLASS, class_name="hardware_component", within=DEVICE))


def _chassis_serial(members: list[Value]) -> Value:
    only = members[0] if len(members) == 1 else None
    return only.get("serial_number") if isinstance(only, dict) else None
