"""What banners and descriptions are read into; texts after the vendors' own documentation, expectations by hand."""

from __future__ import annotations

import pytest

from cmdb.normalise.fingerprint import UNKNOWN, Part, Spoken
from cmdb.normalise.recognition import TEXT_LIMIT, recognise


@pytest.mark.parametrize(
    ("text", "vendor", "product", "version"),
    [
        (
            "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E4, RELEASE SOFTWARE (fc2)",
            "Cisco",
            "IOS",
            "15.2(7)E4",
        ),
        ("Cisco NX-OS(tm) n9000, Software (n9000-dk9), Version 9.3(8), RELEASE SOFTWARE", "Cisco", "NX-OS", "9.3(8)"),
        ("Arista Networks EOS version 4.24.2F running on an Arista Networks DCS-7280SR", "Arista", "EOS", "4.24.2F"),
        (
            "Juniper Networks, Inc. mx204 internet router, kernel JUNOS 20.4R3.8, Build date: 2021-09-09",
            "Juniper",
            "Junos OS",
            "20.4R3.8",
        ),
        ("RouterOS CCR1009-7G-1C-1S+", "MikroTik", "RouterOS", None),
        ("SunOS core 5.11 11.4.0.15.0 i86pc", "Oracle", "Solaris", "11"),
        ("Linux web01 3.10.0-1160.el7.x86_64 #1 SMP Mon Oct 19 16:18:59 UTC 2020 x86_64", None, "Enterprise Linux", "7"),
        ("Linux web01 5.15.0-91-generic #101-Ubuntu SMP x86_64", None, "Linux", "5.15.0-91-generic"),
    ],
)  # fmt: skip
def test_a_description_names_its_system(text: str, vendor: str | None, product: str, version: str | None) -> None:
    system = recognise(Spoken.SYSDESCR, text).system

    assert (system.vendor, system.product, system.version) == (vendor, product, version)


def test_a_device_of_any_maker_is_read_by_the_common_grammar() -> None:
    found = recognise(Spoken.SYSDESCR, "Lexmark MX711 version NH63.SB.N634 kernel 3.0.0 All-N-1").hardware

    assert found == Part(vendor="Lexmark", product="MX711", version="NH63.SB.N634")


def test_a_windows_is_named_by_version_build_and_role() -> None:
    said = "Hardware: Intel64 Family 6 Model 85 Stepping 7 AT/AT COMPATIBLE - Software: Windows Version 6.3 (Build 17763 Multiprocessor Free)"

    assert recognise(Spoken.SYSDESCR, f"1.3.6.1.4.1.311.1.1.3.1.2 {said}").system.product == "Windows Server 2019"
    assert recognise(Spoken.SYSDESCR, f"1.3.6.1.4.1.311.1.1.3.1.1 {said}").system.product == "Windows 10"


@pytest.mark.parametrize(
    ("text", "name", "pack"),
    [
        ("Windows Server (R) 2008 Standard 6001 Service Pack 1", "Windows Server 2008", "Service Pack 1"),
        ("Windows Vista (TM) Business 6000", "Windows Vista", None),
        ("Windows 8.1 Pro 9600", "Windows 8.1", None),
        ("Windows Server 2022 Standard 20348", "Windows Server 2022", None),
        ("Windows 2000 2195", "Windows 2000", None),
        ("Windows 5.0", "Windows 2000", None),
        ("Windows 6.1", "Windows 7", None),
        ("Windows", None, None),
    ],
)
def test_a_windows_goes_by_its_own_name(text: str, name: str | None, pack: str | None) -> None:
    system = recognise(Spoken.SMB, text).system

    assert (system.product, system.version) == (name, pack)


def test_an_enterprise_number_names_the_maker_where_the_description_says_nothing() -> None:
    assert recognise(Spoken.SYSDESCR, "1.3.6.1.4.1.14988.1").hardware.vendor == "MikroTik"
    assert recognise(Spoken.SYSDESCR, "1.3.6.1.4.1.8072.3.2.10").system.product == "Linux"


@pytest.mark.parametrize(
    ("text", "version", "system", "release"),
    [
        ("OpenSSH_8.9p1 Ubuntu-3ubuntu0.6", "8.9p1", "Ubuntu Linux", "22.04"),
        ("OpenSSH_9.2p1 Debian-2+deb12u2", "9.2p1", "Debian Linux", "12"),
        ("OpenSSH_for_Windows_8.1", "8.1", "Windows", None),
        ("OpenSSH_9.6", "9.6", None, None),
    ],
)
def test_openssh_tells_its_version_and_the_distribution_that_built_it(
    text: str, version: str, system: str | None, release: str | None
) -> None:
    found = recognise(Spoken.SSH, text)

    assert (found.service.product, found.service.version) == ("OpenSSH", version)
    assert (found.system.product, found.system.version) == (system, release)


def test_a_server_header_is_its_product_with_version_and_system() -> None:
    found = recognise(Spoken.HTTP, "Apache/2.4.57 (Debian) OpenSSL/3.0.11")

    assert found.service == Part("Apache", "HTTPD", "HTTPD", "2.4.57")
    assert found.system == Part("Debian", "Linux", "Debian Linux")
    assert [part.product for part in found.components] == ["OpenSSL"]


def test_an_unknown_program_goes_by_the_name_it_gives_itself_and_has_no_maker() -> None:
    assert recognise(Spoken.HTTP, "Frobnicator/2.1").service == Part(None, "Frobnicator", "Frobnicator", "2.1")


@pytest.mark.parametrize("kind", list(Spoken))
@pytest.mark.parametrize("text", ["", "   ", "\x00\x01", "-"])
def test_a_text_that_says_nothing_is_unknown(kind: Spoken, text: str) -> None:
    assert not recognise(kind, text).system
    assert recognise(kind, "") == UNKNOWN


@pytest.mark.parametrize("kind", list(Spoken))
def test_a_hostile_text_is_looked_at_to_a_limit_only(kind: Spoken) -> None:
    for letter in "a(1. /-":
        assert recognise(kind, letter * 20 * TEXT_LIMIT) == recognise(kind, letter * TEXT_LIMIT)
