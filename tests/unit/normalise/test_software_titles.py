"""Titles of installed software, as installers are known to write them; parts by hand."""

from __future__ import annotations

import pytest

from cmdb.normalise.software_titles import SoftwareTitle, software_title


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        (
            "Microsoft Visual C++ 2015-2022 Redistributable (x64) - 14.38.33135",
            SoftwareTitle(
                "Microsoft Visual C++ 2015-2022 Redistributable", "14.38.33135", "x86_64", vendor="Microsoft"
            ),
        ),
        (
            "Microsoft Visual C++ 2010  x64 Redistributable - 10.0.40219",
            SoftwareTitle("Microsoft Visual C++ 2010 Redistributable", "10.0.40219", "x86_64", vendor="Microsoft"),
        ),
        (
            "Microsoft Visual C++ 2013 Redistributable (x86) - 12.0.30501",
            SoftwareTitle("Microsoft Visual C++ 2013 Redistributable", "12.0.30501", "x86", vendor="Microsoft"),
        ),
        (
            "Mozilla Firefox 115.0.2 (x64 en-US)",
            SoftwareTitle("Mozilla Firefox", "115.0.2", "x86_64", "en-US", "Mozilla"),
        ),
        ("Mozilla Firefox ESR (x64 de)", SoftwareTitle("Mozilla Firefox ESR", None, "x86_64", "de", "Mozilla")),
        ("7-Zip 22.01 (x64)", SoftwareTitle("7-Zip", "22.01", "x86_64")),
        ("7-Zip 19.00 (x64 edition)", SoftwareTitle("7-Zip", "19.00", "x86_64")),
        ("Notepad++ (64-bit x64)", SoftwareTitle("Notepad++", None, "x86_64")),
        ("Python 3.11.4 (64-bit)", SoftwareTitle("Python", "3.11.4", "x86_64")),
        ("Git version 2.41.0", SoftwareTitle("Git", "2.41.0")),
        ("PuTTY release 0.78 (64-bit)", SoftwareTitle("PuTTY", "0.78", "x86_64")),
        ("Java 8 Update 351 (64-bit)", SoftwareTitle("Java 8", "8u351", "x86_64")),
        (
            "Microsoft .NET Runtime - 6.0.20 (x64)",
            SoftwareTitle("Microsoft .NET Runtime", "6.0.20", "x86_64", vendor="Microsoft"),
        ),
        ("Adobe Acrobat Reader DC - Deutsch", SoftwareTitle("Adobe Acrobat Reader DC", None, None, "de", "Adobe")),
        (
            "Microsoft Office Professional Plus 2019 - en-us",
            SoftwareTitle("Microsoft Office 2019", None, None, "en-US", "Microsoft", "Professional Plus"),
        ),
        (
            "Microsoft Visual Studio Code (User)",
            SoftwareTitle("Microsoft Visual Studio Code", vendor="Microsoft"),
        ),
        ("Visual Studio Community 2022", SoftwareTitle("Visual Studio 2022", edition="Community")),
        ("Red Hat Enterprise Linux", SoftwareTitle("Red Hat Enterprise Linux", vendor="Red Hat")),
        ("Intel(R) Wireless Bluetooth(R)", SoftwareTitle("Intel Wireless Bluetooth", vendor="Intel")),
        ("AutoCAD 2021", SoftwareTitle("AutoCAD 2021")),
        ("x64", SoftwareTitle("x64")),
        ("Tool (made by us)", SoftwareTitle("Tool (made by us)")),
    ],
)
def test_a_title_is_parted(title: str, parts: SoftwareTitle) -> None:
    assert software_title(title) == parts


@pytest.mark.parametrize("title", ["7-Zip 22.01 (x64)", "7-Zip 22.01 (x64 edition)", "7-Zip (64-bit)", "7-Zip 21.07"])
def test_spellings_of_one_product_have_one_name(title: str) -> None:
    parted = software_title(title)

    assert parted is not None
    assert parted.name == "7-Zip"


def test_a_name_is_its_own_title() -> None:
    parted = software_title("Microsoft Visual C++ 2015-2022 Redistributable (x64) - 14.38.33135")

    assert parted is not None
    again = software_title(parted.name)
    assert again is not None
    assert again.name == parted.name


def test_the_version_of_the_source_wins_and_leaves_the_name() -> None:
    parted = software_title("Zoom Workplace 6", publisher="Zoom Video Communications, Inc.", version="6")

    assert parted == SoftwareTitle("Zoom Workplace", "6", vendor="Zoom Video Communications")


def test_the_publisher_has_one_spelling() -> None:
    parted = software_title("Chrome", publisher="Google LLC", version="115.0.5790.110")

    assert parted == SoftwareTitle("Chrome", "115.0.5790.110", vendor="Google")


@pytest.mark.parametrize("title", ["", "  ", "\x00"])
def test_a_blank_is_no_title(title: str) -> None:
    assert software_title(title) is None
