"""Network gear, and what it carries: addresses, networks, circuits."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cmdb.classes.devices import Device, Hardware
from cmdb.classes.item import RECOMMENDED, REQUIRED, ConfigurationItem, Text, Texts, Whole
from cmdb.classes.spec import Family, Format, Info


class NetworkDevice(Device, Hardware):
    """A device that forwards other devices' traffic."""

    layer: ClassVar[str] = "Network"
    aliases: ClassVar[tuple[str, ...]] = ("network_equipment", "networkequipment", "network_gear")

    interface_count: Annotated[Whole, Info("Interfaces (IF-MIB ifNumber)", unit="{interface}")] = None
    bridge_address: Annotated[Text, Info("BRIDGE-MIB dot1dBaseBridgeAddress", format=Format.MAC)] = None
    chassis_id: Annotated[Text, Info("LLDP chassis id that it announces")] = None
    routing_protocols: Annotated[Texts, Info("Protocols by which it learns routes")] = None


class Switch(NetworkDevice):
    """A device that forwards frames (layer 2), and packets where it can (layer 3)."""

    aliases: ClassVar[tuple[str, ...]] = ("network_switch", "bridge", "l3_switch")


class StorageSwitch(Switch):
    """A switch of a storage network (Fibre Channel, InfiniBand)."""

    aliases: ClassVar[tuple[str, ...]] = ("fibre_channel_switch", "fc_switch", "san_switch")

    world_wide_name: Annotated[Text, Info("Fibre Channel name of the switch")] = None


class Router(NetworkDevice):
    """A device that forwards packets between networks."""

    aliases: ClassVar[tuple[str, ...]] = ("gateway", "network_router")


class Firewall(NetworkDevice):
    """A device that lets only permitted traffic through."""

    aliases: ClassVar[tuple[str, ...]] = ("network_firewall", "security_appliance")


class LoadBalancer(NetworkDevice):
    """A device that spreads requests over several servers."""

    aliases: ClassVar[tuple[str, ...]] = ("application_delivery_controller", "adc")


class WirelessAccessPoint(NetworkDevice):
    """A radio that connects wireless clients to the network."""

    aliases: ClassVar[tuple[str, ...]] = ("access_point", "ap", "wap", "wireless_ap")


class WirelessController(NetworkDevice):
    """A device that steers wireless access points."""

    aliases: ClassVar[tuple[str, ...]] = ("wlc", "wireless_lan_controller")


class VpnGateway(NetworkDevice):
    """A device that ends encrypted tunnels."""

    aliases: ClassVar[tuple[str, ...]] = ("vpn_concentrator",)


class Modem(NetworkDevice):
    """A device that ends a provider's line."""

    aliases: ClassVar[tuple[str, ...]] = ("network_terminator", "ont")


class ConsoleServer(NetworkDevice):
    """A device that reaches other devices' serial consoles or screens."""

    aliases: ClassVar[tuple[str, ...]] = ("terminal_server", "kvm_switch")


class NetworkObject(ConfigurationItem):
    """Something that exists by configuration of a network."""

    layer: ClassVar[str] = "Network"
    is_abstract: ClassVar[bool] = True


class Subnet(NetworkObject):
    """A range of addresses that are reached without a router."""

    family: ClassVar[Family] = Family.CATALOGUE
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("network", "prefix", "ip_network")

    name: Annotated[Text, Info("What it is called")] = None
    site: Annotated[Text, Info("Site that uses it")] = None
    cidr: Annotated[Text, Info("Network and prefix length", weight=REQUIRED, is_identity=True, format=Format.CIDR)] = (
        None
    )
    vrf: Annotated[Text, Info("Routing table that it belongs to", is_identity=True)] = None
    gateway: Annotated[Text, Info("Address of its router", format=Format.IP)] = None
    vlan_id: Annotated[Whole, Info("VLAN that carries it (IEEE 802.1Q), 1–4094")] = None


class IpAddress(NetworkObject):
    """One address in its network."""

    family: ClassVar[Family] = Family.CATALOGUE
    is_abstract: ClassVar[bool] = False

    name: Annotated[Text, Info("What it is called")] = None
    site: Annotated[Text, Info("Site that uses it")] = None
    address: Annotated[Text, Info("The address", weight=REQUIRED, is_identity=True, format=Format.IP)] = None
    vrf: Annotated[Text, Info("Routing table that it belongs to", is_identity=True)] = None
    prefix_length: Annotated[Whole, Info("Prefix length of its network", unit="bit")] = None
    dns_name: Annotated[Text, Info("Name that it resolves to", format=Format.FQDN)] = None
    assignment: Annotated[Text, Info("Static, DHCP, reserved …")] = None


class VirtualIp(NetworkObject):
    """An address that moves between machines, or that a load balancer answers."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("vip", "virtual_address", "virtual_ip_address")

    address: Annotated[Text, Info("The address", weight=REQUIRED, format=Format.IP)] = None
    vrf: Annotated[Text, Info("Routing table that it belongs to")] = None
    protocol: Annotated[Text, Info("VRRP, HSRP, GLBP, CARP, keepalived, load balancer …")] = None
    group_id: Annotated[Whole, Info("Redundancy group (VRRP virtual router id)")] = None
    mac_address: Annotated[Text, Info("Virtual MAC address", format=Format.MAC)] = None
    port: Annotated[Whole, Info("Port that a load balancer listens on")] = None


class Vlan(NetworkObject):
    """A virtual local network (IEEE 802.1Q)."""

    family: ClassVar[Family] = Family.CATALOGUE
    is_abstract: ClassVar[bool] = False

    vlan_id: Annotated[Whole, Info("VLAN id, 1–4094", weight=REQUIRED, is_identity=True)] = None
    domain: Annotated[Text, Info("Management domain (VTP or site) inside which the id holds", is_identity=True)] = None


class Vrf(NetworkObject):
    """A routing table of its own."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("routing_instance",)

    route_distinguisher: Annotated[Text, Info("RFC 4364 route distinguisher")] = None


class WirelessNetwork(NetworkObject):
    """A network that access points announce."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("ssid", "wlan")

    ssid: Annotated[Text, Info("Name that is announced", weight=REQUIRED)] = None
    security: Annotated[Text, Info("WPA2, WPA3, open …")] = None


class DnsName(NetworkObject):
    """A name that resolves to something."""

    family: ClassVar[Family] = Family.CATALOGUE
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("dns_record", "hostname")

    name: Annotated[Text, Info("What it is called")] = None
    site: Annotated[Text, Info("Site that uses it")] = None
    fqdn: Annotated[Text, Info("The name", weight=REQUIRED, is_identity=True, format=Format.FQDN)] = None
    record_type: Annotated[Text, Info("A, AAAA, CNAME, MX …", is_identity=True)] = None
    values: Annotated[Texts, Info("What it resolves to")] = None


class DnsZone(NetworkObject):
    """A part of the name space that is administered together."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("hosted_zone",)

    fqdn: Annotated[Text, Info("Name of the zone", weight=REQUIRED, format=Format.FQDN)] = None
    is_private: Annotated[bool | None, Info("Whether it resolves inside a network only")] = None


class Circuit(NetworkObject):
    """A line rented from a provider."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("wan_link", "leased_line", "network_circuit")

    circuit_id: Annotated[Text, Info("Number that the provider gave it", weight=REQUIRED)] = None
    provider: Annotated[Text, Info("Who provides it", weight=RECOMMENDED)] = None
    bandwidth_bps: Annotated[Whole, Info("Rated bandwidth", unit="bit/s", weight=RECOMMENDED)] = None


class VpnTunnel(NetworkObject):
    """An encrypted connection between two networks."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("tunnel", "vpn_connection")

    protocol: Annotated[Text, Info("IPsec, WireGuard, GRE …")] = None
    local_address: Annotated[Text, Info("Near end", format=Format.IP)] = None
    remote_address: Annotated[Text, Info("Far end", format=Format.IP)] = None


class LoadBalancerPool(NetworkObject):
    """Servers among which a load balancer chooses."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("server_pool", "pool", "target_group", "backend_pool")

    method: Annotated[Text, Info("Round robin, least connections …")] = None
    port: Annotated[Whole, Info("Port of the members")] = None
    protocol: Annotated[Text, Info("TCP, HTTP …")] = None


class Certificate(ConfigurationItem):
    """An X.509 certificate (RFC 5280)."""

    family: ClassVar[Family] = Family.CATALOGUE
    layer: ClassVar[str] = "Software"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("tls_certificate", "x509_certificate")

    name: Annotated[Text, Info("What it is called")] = None
    site: Annotated[Text, Info("Site that uses it")] = None
    fingerprint_sha256: Annotated[
        Text, Info("SHA-256 of the DER encoding, lower-case hexadecimal", weight=REQUIRED, is_identity=True)
    ] = None
    serial_number: Annotated[Text, Info("Serial number given by the issuer, hexadecimal")] = None
    subject: Annotated[Text, Info("Distinguished name of the subject", weight=RECOMMENDED)] = None
    issuer: Annotated[Text, Info("Distinguished name of the issuer", weight=RECOMMENDED)] = None
    subject_alternative_names: Annotated[Texts, Info("Names and addresses that it is valid for")] = None
    valid_from: Annotated[Text, Info("Start of validity, ISO 8601")] = None
    valid_until: Annotated[Text, Info("End of validity, ISO 8601", weight=RECOMMENDED)] = None
    key_type: Annotated[Text, Info("RSA, EC …")] = None
    key_bits: Annotated[Whole, Info("Length of the key", unit="bit")] = None
    signature_algorithm: Annotated[Text, Info("Algorithm of the signature")] = None
    is_self_signed: Annotated[bool | None, Info("Whether issuer and subject are one")] = None
