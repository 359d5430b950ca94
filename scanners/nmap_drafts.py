"""From a host's report to drafts: the device and the services that it offers to the network."""

from __future__ import annotations

import ipaddress

from cmdb.observation import Draft
from cmdb.values import Value
from scanners.nmap_report import HostReport, PortReport

MIN_OS_ACCURACY = 90
"""Percent below which nmap's guess of the operating system is not worth a claim."""


def host_drafts(host: HostReport, *, local_id: str) -> list[Draft]:
    """`(:NetworkService)-[:RUNS_ON]->(:Device)`: the device first, then its open ports in the order of the report."""
    attributes: dict[str, Value] = {"ip_addresses": list(dict.fromkeys((*host.ipv4, *host.ipv6)))}
    if host.macs:
        attributes["mac_addresses"] = list(dict.fromkeys(host.macs))
    if host.mac_vendor:
        attributes["mac_vendor"] = host.mac_vendor
    name = _name(host)
    if name and "." in name:
        attributes["fqdn"] = name
    match = host.best_os_match
    if match is not None and match.accuracy >= MIN_OS_ACCURACY:
        attributes["os_name"] = match.name
        if match.family:
            attributes["os_family"] = match.family
    short = name.split(".", 1)[0] if name else None
    device = Draft(local_id=local_id, class_name="device", name=short, attributes=attributes, line=host.line)
    services = {(port.protocol, port.port): port for port in host.open_ports}
    return [device, *(_service(port, local_id, host.line) for port in services.values())]


def service_name(protocol: str, port: int) -> str:
    """Name of a network service within its host, such as `tcp/22`."""
    return f"{protocol}/{port}"


def _service(port: PortReport, host: str, line: int | None) -> Draft:
    name = service_name(port.protocol, port.port)
    attributes: dict[str, Value] = {"host": host, "port": port.port, "protocol": port.protocol}
    said = {"service": port.service, "product": port.product, "version": port.version}
    attributes |= {key: value.strip() for key, value in said.items() if value and value.strip()}
    if port.cpes:
        attributes["cpe"] = list(port.cpes)
    return Draft(local_id=f"{host}/{name}", class_name="network_service", name=name, attributes=attributes, line=line)


def _name(host: HostReport) -> str | None:
    """The name by reverse DNS, else the one that was typed; a name that is an address says nothing."""
    ranked = sorted(host.names, key=lambda name: name.kind != "PTR")
    return next((name.name.rstrip(".") for name in ranked if not _is_address(name.name)), None)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
