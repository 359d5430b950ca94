"""The attributes of a host and of its interfaces, from its facts; blanks and empty lists left out."""

from __future__ import annotations

from cmdb.values import Attributes, Value
from discovery.hosts.facts import Dmi, HostFacts, Interface
from discovery.hosts.interfaces import CONTAINER_BRIDGE


def device_attributes(facts: HostFacts) -> Attributes:
    """Identity and description; addresses of loopback and of container bridges are the interfaces' alone."""
    dmi = facts.dmi
    attributes: dict[str, Value] = {
        "serial_number": dmi.product_serial,
        "chassis_serial": dmi.chassis_serial,
        "board_serial": dmi.board_serial,
        "system_uuid": dmi.product_uuid,
        "asset_tag": dmi.chassis_asset_tag,
        "machine_id": facts.machine_id,
        "fqdn": facts.fqdn,
        "mac_addresses": _mac_addresses(facts),
        "ip_addresses": _ip_addresses(facts),
        "ssh_host_keys": sorted(set(facts.ssh_host_keys)),
        "manufacturer": dmi.sys_vendor,
        "model": _model(dmi),
        "os_name": facts.os_name,
        "os_version": facts.os_version,
        "kernel_name": facts.kernel_name,
        "firmware_version": dmi.bios_version,
        "kernel_version": facts.kernel_version,
        "architecture": facts.architecture,
        "cpu_model": facts.cpu_model,
        "cpu_count": facts.cpu_count,
        "memory_bytes": facts.memory_bytes,
    }
    return {name: value for name, value in attributes.items() if value not in (None, "", [])}


def _model(dmi: Dmi) -> str | None:
    # Lenovo puts the machine type in the product name and the name that it sells by in the version (ThinkPad, ThinkCentre)
    is_lenovo = (dmi.sys_vendor or "").upper().startswith("LENOVO")
    if is_lenovo and dmi.product_version and dmi.product_version.startswith("Think"):
        return dmi.product_version
    return dmi.product_name


def _mac_addresses(facts: HostFacts) -> list[str]:
    return sorted(
        {each.mac_address for each in facts.interfaces if each.mac_address and not CONTAINER_BRIDGE.match(each.name)}
    )


def _ip_addresses(facts: HostFacts) -> list[str]:
    own = {address for each in facts.interfaces if _tells(each) for address in each.addresses}
    if not own and facts.reached_at:
        own = {facts.reached_at}
    return sorted(own)


def _tells(interface: Interface) -> bool:
    return interface.interface_type != "loopback" and not CONTAINER_BRIDGE.match(interface.name)


def interface_attributes(interface: Interface) -> dict[str, Value]:
    """What the interface says of itself."""
    return {
        "mac_address": interface.mac_address,
        "ip_addresses": sorted(interface.addresses) or None,
        "mtu": interface.mtu,
        "speed_bps": interface.speed_bps,
        "interface_type": interface.interface_type,
        "alias": interface.alias,
        "admin_state": _state(is_up=interface.is_up),
        "oper_state": _state(is_up=interface.is_running),
    }


def _state(*, is_up: bool | None) -> str | None:
    return None if is_up is None else "up" if is_up else "down"
