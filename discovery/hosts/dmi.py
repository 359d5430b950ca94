"""Hardware identity from the kernel's /sys/class/dmi/id and from dmidecode(8).

Serial numbers and the UUID are readable by root alone, so a reader often has the rest without them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from discovery.hosts.facts import Dmi

CHASSIS_TYPES: Mapping[str, int] = {
    "other": 1, "unknown": 2, "desktop": 3, "low profile desktop": 4, "pizza box": 5, "mini tower": 6, "tower": 7,
    "portable": 8, "laptop": 9, "notebook": 10, "hand held": 11, "docking station": 12, "all in one": 13, "sub notebook": 14,
    "space-saving": 15, "lunch box": 16, "main server chassis": 17, "expansion chassis": 18, "sub chassis": 19,
    "bus expansion chassis": 20, "peripheral chassis": 21, "raid chassis": 22, "rack mount chassis": 23,
    "sealed-case pc": 24, "multi-system": 25, "compactpci": 26, "advancedtca": 27, "blade": 28, "blade enclosing": 29,
    "tablet": 30, "convertible": 31, "detachable": 32, "iot gateway": 33, "embedded pc": 34, "mini pc": 35, "stick pc": 36,
}  # fmt: skip
"""Words that dmidecode prints for SMBIOS chassis types (DSP0134 table 17), lower-case."""

_DMIDECODE_FIELDS: Mapping[tuple[str, str], str] = {
    ("bios information", "vendor"): "bios_vendor",
    ("bios information", "version"): "bios_version",
    ("system information", "manufacturer"): "sys_vendor",
    ("system information", "product name"): "product_name",
    ("system information", "version"): "product_version",
    ("system information", "serial number"): "product_serial",
    ("system information", "uuid"): "product_uuid",
    ("base board information", "manufacturer"): "board_vendor",
    ("base board information", "serial number"): "board_serial",
    ("chassis information", "type"): "chassis_type",
    ("chassis information", "serial number"): "chassis_serial",
    ("chassis information", "asset tag"): "chassis_asset_tag",
}
_UNSAID = frozenset({"", "not specified", "not present", "<bad index>", "<out of spec>"})
"""What dmidecode prints where the table holds no string (dmidecode.c, dmi_string)."""


def parse_sysfs_dmi(text: str) -> Dmi:
    """Reads `name:value` lines of /sys/class/dmi/id as grep prints them, with or without a path before the name."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        path, colon, value = line.partition(":")
        if colon:
            values[path.rpartition("/")[2]] = value
    return dmi_from(values)


def parse_dmidecode(text: str) -> Dmi:
    """Reads the output of `dmidecode -t 0,1,2,3`; of several boards or chassis the first counts (the main one)."""
    values: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        if not line.startswith((" ", "\t")):
            section = line.strip().lower()
            continue
        key, colon, value = line.strip().partition(":")
        name = _DMIDECODE_FIELDS.get((section, key.lower()))
        if colon and name is not None:
            values.setdefault(name, value)
    return dmi_from(values)


def dmi_from(values: Mapping[str, str]) -> Dmi:
    """The strings by their sysfs names; unknown names are passed over."""
    known = {field.name for field in dataclasses.fields(Dmi)} - {"chassis_type"}
    texts = {name: text for name, raw in values.items() if name in known and (text := _said(raw)) is not None}
    return dataclasses.replace(Dmi(), chassis_type=_chassis_type(values.get("chassis_type", "")), **texts)


def merged(first: Dmi, second: Dmi) -> Dmi:
    """`first`, and what it lacks from `second`."""
    missing = {
        field.name: getattr(second, field.name)
        for field in dataclasses.fields(Dmi)
        if getattr(first, field.name) is None
    }
    return dataclasses.replace(first, **missing)


def _said(raw: str) -> str | None:
    text = raw.strip()
    return None if text.lower() in _UNSAID else text


def _chassis_type(raw: str) -> int | None:
    text = raw.strip().lower()
    if text.isdecimal():
        # the top bit tells of a lock, not of a type (DSP0134 §7.4.1)
        return int(text) & 0x7F if int(text) < 256 else None
    return CHASSIS_TYPES.get(text)
