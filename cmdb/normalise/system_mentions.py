"""Operating systems that a text mentions in passing: `(Ubuntu)`, `Debian GNU/Linux 11 (bullseye)`, `Windows_7-x86-6.1`."""

from __future__ import annotations

import re

from cmdb.data.lists import table
from cmdb.normalise.fingerprint import Part
from cmdb.normalise.releases import windows

_VERSION = r"(?:[ /-]*(?P<version>\d+(?:\.\w+)*))?"
_CODENAME = r"(?:[ /-]*(?P<codename>[a-z]{4,9})(?:/sid)?\b)?"
_MENTIONS: tuple[tuple[re.Pattern[str], tuple[str, str, str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), part)
    for pattern, part in (
        (rf"\bUbuntu(?: Linux)?{_VERSION}{_CODENAME}", ("Ubuntu", "Linux", "Ubuntu Linux")),
        (rf"\bDebian(?: GNU/Linux)?{_VERSION}{_CODENAME}", ("Debian", "Linux", "Debian Linux")),
        (rf"\bRaspbian(?: GNU/Linux)?{_VERSION}", ("Raspbian", "Linux", "Raspbian")),
        (rf"\bCentOS(?: Linux)?(?: release)?{_VERSION}", ("CentOS", "Linux", "CentOS Linux")),
        (rf"\bRocky Linux{_VERSION}", ("Rocky", "Linux", "Rocky Linux")),
        (rf"\bAlmaLinux{_VERSION}", ("AlmaLinux", "Linux", "AlmaLinux")),
        (rf"\bOracle Linux(?: Server)?{_VERSION}", ("Oracle", "Linux", "Oracle Linux")),
        (rf"\bRed[ -]?Hat Enterprise Linux(?: \w+)??(?: release)?{_VERSION}", ("Red Hat", "Linux", "Enterprise Linux")),
        (rf"\bRed[ -]?Hat(?:[ /]Linux)?{_VERSION}", ("Red Hat", "Linux", "Linux")),
        (rf"\bFedora ?Core{_VERSION}", ("Fedora Project", "Linux", "Fedora Core")),
        (rf"\bFedora(?: Linux| release)?{_VERSION}", ("Fedora Project", "Linux", "Fedora")),
        (
            rf"\b(?:SUSE LINUX|openSUSE|SLES|Linux/SuSE)(?: Enterprise Server)?{_VERSION}",
            ("SUSE", "Linux", "SUSE Linux"),
        ),
        (rf"\bMandrake(?: Linux)?{_VERSION}", ("Mandrake", "Linux", "Mandrake Linux")),
        (rf"\bMandriva(?: Linux)?{_VERSION}", ("Mandriva", "Linux", "Mandriva Linux")),
        (rf"\bGentoo{_VERSION}", ("Gentoo", "Linux", "Gentoo Linux")),
        (rf"\bAmazon Linux(?: AMI)?(?: release)?{_VERSION}", ("Amazon", "Linux", "Amazon Linux")),
        (rf"\bTurbolinux{_VERSION}", ("Turbolinux", "Linux", "Turbolinux")),
        (rf"\bAlpine(?: Linux)?{_VERSION}", ("Alpine", "Linux", "Alpine Linux")),
        (rf"\bOpenWrt{_VERSION}", ("OpenWrt", "Linux", "OpenWrt")),
        (rf"\bDD-WRT(?: v)?{_VERSION}", ("DD-WRT", "Linux", "DD-WRT")),
        (rf"\bAsusWRT{_VERSION}", ("Asus", "Linux", "AsusWRT")),
        (rf"\bSmoothWall(?: Express)?{_VERSION}", ("SmoothWall", "Linux", "SmoothWall")),
        (rf"freebsd{_VERSION}", ("FreeBSD", "FreeBSD", "FreeBSD")),
        (rf"\bOpenBSD{_VERSION}", ("OpenBSD", "OpenBSD", "OpenBSD")),
        (rf"\bNetBSD{_VERSION}", ("NetBSD", "NetBSD", "NetBSD")),
        (r"\b(?:Mac ?OS ?X|MacOSX)(?: Server)?(?:[/ ](?P<version>\d+(?:\.\d+)*))?", ("Apple", "Mac OS X", "Mac OS X")),
        (rf"\bDarwin{_VERSION}", ("Apple", "Mac OS X", "Darwin")),
        (r"\b(?:SunOS|Solaris)(?:[/ -](?:5\.)?(?P<version>\d+))?", ("Sun", "Solaris", "Solaris")),
        (rf"\bNetWare{_VERSION}", ("Novell", "NetWare", "NetWare")),
        (rf"\bVxWorks{_VERSION}", ("Wind River", "VxWorks", "VxWorks")),
    )
)
_WINDOWS = re.compile(
    r"\bWindows[ _](?P<name>Server[ _]\d{4}(?:[ _]R2)?|NT|2000|XP|Vista|7|8\.1|8|10|11|CE)\b(?:-x(?:86|64))?(?:[-/ ](?P<nt>\d+\.\d+))?"
    r"|\bWin(?:32|64|dows)\b|\bWindows/(?P<only>\d+\.\d+)",
    re.IGNORECASE,
)
_LINUX = re.compile(
    r"\bLinux(?:[ /-](?:(?:x86_64|i\d86|arm\w*|mips\w*)-)?(?P<version>\d+\.\d+[^\s,;)]*))?", re.IGNORECASE
)


def mentioned_system(text: str) -> Part | None:
    """The operating system that a text names, the most exact name first; None when it names none."""
    for pattern, (vendor, family, product) in _MENTIONS:
        match = pattern.search(text)
        if match is not None:
            return Part(vendor, family, product, _version(vendor, match.groupdict()))
    match = _WINDOWS.search(text)
    if match is not None:
        return _windows(match)
    match = _LINUX.search(text)
    return Part("Linux", "Linux", "Linux", match["version"]) if match is not None else None


def _version(vendor: str, said: dict[str, str | None]) -> str | None:
    version, codename = said.get("version"), said.get("codename")
    if version is None and codename is not None and vendor in ("Ubuntu", "Debian"):
        found = table("releases")[f"{vendor.lower()}_codenames"].get(codename.lower())
        return found[0] if found else None
    return version


def _windows(match: re.Match[str]) -> Part:
    if match["only"]:
        return Part("Microsoft", "Windows", windows(match["only"], is_server=False) or "Windows", match["only"])
    name = f"Windows {match['name'].replace('_', ' ')}" if match["name"] else "Windows"
    return Part("Microsoft", "Windows", name, match["nt"])
