"""Hardware identity from sysfs and from dmidecode, samples written after DSP0134 and dmidecode(8)."""

from __future__ import annotations

from discovery.hosts.dmi import merged, parse_dmidecode, parse_sysfs_dmi
from discovery.hosts.facts import Dmi

DMIDECODE = """\
# dmidecode 3.4
Getting SMBIOS data from sysfs.
SMBIOS 2.8 present.

Handle 0x0000, DMI type 0, 24 bytes
BIOS Information
\tVendor: Example BIOS
\tVersion: 1.2.3
\tCharacteristics:
\t\tPCI is supported

Handle 0x0001, DMI type 1, 27 bytes
System Information
\tManufacturer: Example Computers Inc.
\tProduct Name: Rack 100
\tVersion: Not Specified
\tSerial Number: SN0001
\tUUID: 4c4c4544-0000-2010-8020-80c04f202020

Handle 0x0002, DMI type 2, 15 bytes
Base Board Information
\tManufacturer: Example Boards
\tSerial Number: BB0001

Handle 0x0003, DMI type 3, 22 bytes
Chassis Information
\tType: Rack Mount Chassis
\tSerial Number: CH0001
\tAsset Tag: A-77

Handle 0x0004, DMI type 3, 22 bytes
Chassis Information
\tType: Blade
\tSerial Number: CH0002
"""


def test_dmidecode_gives_the_system_and_the_first_chassis() -> None:
    assert parse_dmidecode(DMIDECODE) == Dmi(
        sys_vendor="Example Computers Inc.",
        product_name="Rack 100",
        product_serial="SN0001",
        product_uuid="4c4c4544-0000-2010-8020-80c04f202020",
        board_vendor="Example Boards",
        board_serial="BB0001",
        chassis_serial="CH0001",
        chassis_type=23,
        chassis_asset_tag="A-77",
        bios_vendor="Example BIOS",
        bios_version="1.2.3",
    )


def test_sysfs_lines_with_and_without_path_are_read_and_the_lock_bit_is_no_type() -> None:
    text = "/sys/class/dmi/id/sys_vendor:Example\nproduct_name: Desk 5 \nchassis_type:131\nproduct_serial:\nuevent:x\n"
    assert parse_sysfs_dmi(text) == Dmi(sys_vendor="Example", product_name="Desk 5", chassis_type=3)


def test_what_sysfs_lacks_comes_from_dmidecode() -> None:
    first, second = Dmi(sys_vendor="A", product_name="B"), Dmi(sys_vendor="X", product_serial="S")
    assert merged(first, second) == Dmi(sys_vendor="A", product_name="B", product_serial="S")


def test_a_colon_inside_a_value_stays() -> None:
    assert parse_sysfs_dmi("product_name:Model: 7\n") == Dmi(product_name="Model: 7")
