"""Numbers that MIBs give a meaning, by name."""

from __future__ import annotations

CHASSIS, STACK = 3, 11
"""RFC 6933 IANAPhysicalClass."""

ENTITY_CLASSES = {
    1: "other",
    2: "unknown",
    3: "chassis",
    4: "backplane",
    5: "container",
    6: "power_supply",
    7: "fan",
    8: "sensor",
    9: "module",
    10: "port",
    11: "stack",
    12: "cpu",
    13: "energy_object",
    14: "battery",
    15: "storage_drive",
}
"""RFC 6933 IANAPhysicalClass."""

INTERFACE_STATES = {
    1: "up",
    2: "down",
    3: "testing",
    4: "unknown",
    5: "dormant",
    6: "not_present",
    7: "lower_layer_down",
}
"""RFC 2863 ifOperStatus; ifAdminStatus uses the first three."""

INTERFACE_TYPES = {
    1: "other",
    6: "ethernet",
    22: "serial",
    23: "ppp",
    24: "loopback",
    32: "frame_relay",
    37: "atm",
    53: "virtual",
    71: "wifi",
    94: "adsl",
    131: "tunnel",
    135: "vlan",
    136: "routed_vlan",
    142: "ip_forward",
    150: "mpls_tunnel",
    161: "aggregate",
    209: "bridge",
}
"""The IANAifType-MIB values that are common; others are given by number."""

STORAGE_FIXED_DISK = "1.3.6.1.2.1.25.2.1.4"
DEVICE_PROCESSOR = "1.3.6.1.2.1.25.3.1.3"
DEVICE_PRINTER = "1.3.6.1.2.1.25.3.1.5"
"""RFC 2790 HOST-RESOURCES-TYPES."""

TCP_ESTABLISHED, TCP_LISTEN = 5, 2
"""RFC 4022 tcpConnectionState."""
