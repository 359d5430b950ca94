"""A small SMBIOS 2.8 image for `dmidecode --from-dump`: the machine that holds the lab may have no DMI of its own.

Structures and offsets after DMTF DSP0134 (System Management BIOS), §5.2.1 entry point and §7.1–7.4.
"""

from __future__ import annotations

import struct
import uuid

from tests.lab.topology import Hardware

_ENTRY_LENGTH = 0x1F
_IMAGE_OFFSET = 32
_RACK_MOUNT_CHASSIS = 0x17


def smbios_image(hardware: Hardware, system_uuid: uuid.UUID) -> bytes:
    """The image as dmidecode dumps it: the entry point, padded to 32 bytes, and five structures."""
    board = (hardware.vendor, f"{hardware.product} board", f"BB{hardware.serial}")
    structures = (
        # BIOS information, type 0
        _structure(
            0,
            bytes([1, 2, 0, 0xF0, 3, 0xFF]) + bytes(8) + bytes([0, 0, 2, 8, 255, 255]),
            ("Lab BIOS Inc.", "1.2.3", "05/01/2024"),
        ),
        # system information, type 1; the first three fields of the UUID are little-endian
        _structure(
            1,
            bytes([1, 2, 0, 3]) + system_uuid.bytes_le + bytes([6, 0, 0]),
            (hardware.vendor, hardware.product, hardware.serial),
        ),
        # baseboard, type 2
        _structure(2, bytes([1, 2, 0, 3]), board),
        # chassis, type 3
        _structure(
            3,
            bytes([1, _RACK_MOUNT_CHASSIS, 0, 2, 0, 3, 3, 3, 2]) + bytes(8),
            (hardware.vendor, f"CH{hardware.serial}"),
        ),
        # end of table, type 127
        _structure(127, b"", ()),
    )
    table = b"".join(structures)
    return _entry_point(len(table), len(structures)).ljust(_IMAGE_OFFSET, b"\0") + table


def _structure(kind: int, body: bytes, strings: tuple[str, ...]) -> bytes:
    handle = kind
    header = struct.pack("<BBH", kind, 4 + len(body), handle)
    texts = b"".join(text.encode() + b"\0" for text in strings) or b"\0"
    return header + body + texts + b"\0"


def _entry_point(table_length: int, count: int) -> bytes:
    entry = bytearray(
        b"_SM_\0"
        + bytes([_ENTRY_LENGTH, 2, 8])
        + struct.pack("<H", 64)
        + bytes(6)
        + b"_DMI_\0"
        + struct.pack("<HIHB", table_length, _IMAGE_OFFSET, count, 0x28)
    )
    # both checksums make their part sum to zero, modulo 256; the outer one covers the inner
    entry[0x15] = -sum(entry[0x10:]) & 0xFF
    entry[0x04] = -sum(entry) & 0xFF
    return bytes(entry)
