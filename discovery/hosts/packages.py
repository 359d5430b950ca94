"""Installed packages from the outputs of dpkg-query(1) and rpm(8) and from Alpine's database."""

from __future__ import annotations

from collections.abc import Iterable

from discovery.hosts.facts import Package, PackageType

DPKG_FORMAT = r"${db:Status-Abbrev}\t${Package}\t${Version}\n"
"""For `dpkg-query -W -f`; the status letters are wanted, selected and error (dpkg-query(1))."""
RPM_FORMAT = r"%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{VENDOR}\n"
"""For `rpm -qa --qf`."""


def parse_dpkg(text: str) -> tuple[Package, ...]:
    """Packages whose files are on disk (state i, t or W), by name; removed ones with files of configuration are not."""
    found: set[Package] = set()
    for line in text.splitlines():
        status, *rest = line.split("\t")
        if len(rest) == 2 and status[1:2] in {"i", "t", "W"} and all(rest):
            found.add(Package(name=rest[0], version=rest[1].strip(), package_type=PackageType.DPKG))
    return _sorted(found)


def parse_rpm(text: str) -> tuple[Package, ...]:
    """Packages by name; the public keys that rpm keeps as packages are left out."""
    found: set[Package] = set()
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) != 3 or fields[0] == "gpg-pubkey" or not fields[0]:
            continue
        vendor = fields[2].strip()
        version = fields[1].strip().removeprefix("0:")
        found.add(
            Package(
                name=fields[0],
                version=version,
                package_type=PackageType.RPM,
                vendor=None if vendor in {"", "(none)"} else vendor,
            )
        )
    return _sorted(found)


def parse_apk(text: str) -> tuple[Package, ...]:
    """Packages of /lib/apk/db/installed, blocks of `P:` name and `V:` version (apk-tools, *apk-db* format)."""
    found: set[Package] = set()
    name = ""
    for line in text.splitlines():
        if line.startswith("P:"):
            name = line[2:].strip()
        elif line.startswith("V:") and name:
            found.add(Package(name=name, version=line[2:].strip(), package_type=PackageType.APK))
        elif not line.strip():
            name = ""
    return _sorted(found)


def _sorted(packages: Iterable[Package]) -> tuple[Package, ...]:
    return tuple(sorted(packages, key=lambda package: (package.name, package.version)))
