"""ENTITY-MIB and HOST-RESOURCES-MIB → parts, file systems and installed software of the device."""

from __future__ import annotations

import re
from collections import Counter

from scanners.snmp_families import Noise
from scanners.snmp_mapping_device import HOSTS, chassis_of, members_of
from scanners.snmp_mapping_rows import DEVICE, Rows, by_number, matches, said
from scanners.snmp_numbers import ENTITY_CLASSES, STORAGE_FIXED_DISK
from scanners.snmp_reading import Reading
from scanners.snmp_tables import ENTITIES, SOFTWARE, STORAGE

_DPKG = re.compile(r"([a-z0-9][a-z0-9+.-]+)_([0-9][^_\s]*)_([a-z][a-z0-9-]*)")
"""net-snmp on Debian: `package_version_architecture`; names and versions as deb-control(5) and deb-version(7) allow them."""
_RPM = re.compile(r"([^\s/]+)-([^-\s]+-[^-\s]+?)(?:\.(noarch|x86_64|i[3-6]86|aarch64|armv7hl|ppc64le|s390x))?")
"""net-snmp on RPM systems: `name-version-release`, with or without architecture (rpm(8), NVRA)."""
_MAX_UINT32 = 2**32


def add_components(rows: Rows, reading: Reading) -> None:
    """Parts that have a serial number of their own, except the chassis that is the device."""
    entities = reading.rows(ENTITIES)
    whole = chassis_of(reading) if not members_of(reading) else {}
    parts = {
        index: row
        for index, row in ((index, entities[index]) for index in sorted(entities, key=by_number))
        if said(row.get("serial_number")) and row is not whole
    }
    labels = {index: said(row.get("name")) or said(row.get("descr")) or f"part {index}" for index, row in parts.items()}
    count = Counter(labels.values())
    for index, row in parts.items():
        kind, position = row.get("class"), row.get("position")
        parent = entities.get(str(row.get("contained_in")), {})
        rows.draft(
            f"component:{index}",
            "hardware_component",
            name=labels[index] if count[labels[index]] == 1 else f"{labels[index]} #{index}",
            attributes={
                "host": DEVICE,
                "component_class": ENTITY_CLASSES.get(kind) if isinstance(kind, int) else None,
                "serial_number": said(row.get("serial_number")),
                "model": said(row.get("model")),
                "manufacturer": said(row.get("manufacturer")),
                "description": descr if (descr := said(row.get("descr"))) != labels[index] else None,
                "position": str(position) if isinstance(position, int) and position >= 0 else None,
                "parent": said(parent.get("name")) or said(parent.get("descr")),
                "firmware_version": said(row.get("firmware_revision")),
            },
        )
    if parts and reading.is_complete(ENTITIES):
        rows.saw_all("hardware_component")


def add_storage(rows: Rows, reading: Reading, noise: Noise, class_name: str) -> None:
    """Fixed disks that are mounted: name and size, never what is used."""
    if class_name not in HOSTS:
        return
    found = False
    for index in sorted(reading.rows(STORAGE), key=by_number):
        row = reading.rows(STORAGE)[index]
        name, unit, units = said(row.get("descr")), row.get("unit_bytes"), row.get("units")
        if (
            row.get("type") != STORAGE_FIXED_DISK
            or name is None
            or not isinstance(unit, int)
            or not isinstance(units, int)
        ):
            continue
        # Windows: "C:\ Label:System  Serial Number 1a2b3c4d"
        mount = match.group(1) if (match := re.match(r"([A-Z]:)\\", name)) else name
        if matches(noise.passing_storage, mount) or not re.match(r"/|[A-Z]:?$", mount):
            continue
        size = (units % _MAX_UINT32) * unit  # RFC 2790 gives Integer32; agents wrap it for large disks
        if size:
            rows.draft(
                f"file_system:{mount}", "file_system", name=mount, attributes={"host": DEVICE, "size_bytes": size}
            )
            found = True
    if found and reading.is_complete(STORAGE):
        rows.saw_all("file_system")


def add_software(rows: Rows, reading: Reading) -> None:
    """(:SoftwareProduct)-[:INSTALLED_ON]->(:Device), in the names and versions that dpkg-query and rpm give."""
    listed = reading.rows(SOFTWARE)
    for text in sorted({text for row in listed.values() if (text := said(row.get("name")))}):
        product = product_of(text)
        if product is None:
            continue
        name, version, package_type = product
        local_id = rows.draft(
            f"product:{package_type}:{name}:{version}",
            "software_product",
            name=name,
            attributes={"version": version, "package_type": package_type},
        )
        rows.link(local_id, "INSTALLED_ON", DEVICE)
    if listed and reading.is_complete(SOFTWARE):
        rows.saw_all_links("INSTALLED_ON")


def product_of(text: str) -> tuple[str, str | None, str | None] | None:
    """Name, version and package type out of hrSWInstalledName; None for what is no product (the keys that rpm keeps)."""
    if found := _DPKG.fullmatch(text):
        return found.group(1), found.group(2), "dpkg"
    if found := _RPM.fullmatch(text):
        return None if found.group(1) == "gpg-pubkey" else (found.group(1), found.group(2), "rpm")
    if found := re.fullmatch(r"(.+?) \[([\d.A-Z-]+)\]", text):  # Junos
        return found.group(1), found.group(2), None
    if found := re.fullmatch(
        r"(.+?)(?: -)? v?(\d+(?:\.\d+)+)", text
    ):  # Windows: the version that the display name ends in
        return found.group(1), found.group(2), None
    return text, None, None
