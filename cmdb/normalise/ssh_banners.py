"""What an SSH server says of itself: OpenSSH with its distribution's revision, or the product's own spelling."""

from __future__ import annotations

import re

from cmdb.data.lists import table
from cmdb.normalise.fingerprint import NOTHING, Fingerprint, Part
from cmdb.normalise.makers import maker_at_head, makes_gear_only

_OPENSSH = re.compile(r"^OpenSSH(?:_for_Windows)?[_ -]?(?P<version>\d[\w.]*)?(?P<rest>.*)$", re.DOTALL)
_VERSION = re.compile(r"^(?P<version>\d+(?:\.\d+)*(?:p\d+)?)")
_PACKAGE = re.compile(r"(?P<name>Debian|Ubuntu|Raspbian)[- ](?P<revision>\S+)")
_DEB = re.compile(r"[+~]deb(?P<release>\d+)u")
_FREEBSD = re.compile(r"FreeBSD(?:[- ]openssh-portable)?(?:-| localisations )?(?P<date>\d{8})?")
_MODEL = re.compile(r"[A-Za-z]+\d[\w-]*")
_CODENAME = re.compile(r"[+~.](?P<name>[a-z]+)")


def read_openssh(text: str) -> Fingerprint | None:
    """OpenSSH's version, and the system whose package it is; None for another program."""
    match = _OPENSSH.match(text)
    if match is None:
        return None
    version = _VERSION.match(match["version"] or "")
    said = version["version"] if version else None
    service = Part("OpenBSD", "OpenSSH", "OpenSSH", said)
    return Fingerprint(service=service, system=_system(text, said, match["rest"]))


def read_maker(text: str) -> Fingerprint | None:
    """A server that names its maker first, as in `Maker-1.2` or `Maker Model`; None where the first words name none."""
    maker = maker_at_head(text)
    if maker is None:
        return None
    rest = text[maker.length :].strip(" -_/")
    version = _VERSION.match(rest)
    model = _MODEL.match(rest) if version is None else None
    return Fingerprint(
        service=Part(maker.name, "SSH", "SSH", version["version"] if version else None),
        hardware=Part(maker.name, None, model[0] if model else None) if makes_gear_only(maker.name) else NOTHING,
    )


def _system(text: str, version: str | None, rest: str) -> Part:
    if "for_Windows" in text:
        return Part("Microsoft", "Windows", "Windows")
    package = _PACKAGE.search(rest)
    if package is not None:
        return _distribution(package["name"], version or "", package["revision"])
    if "FreeBSD" in rest:
        date = _FREEBSD.search(rest)
        key = f"{version} {date['date']}" if date is not None else ""
        return Part("FreeBSD", "FreeBSD", "FreeBSD", _release("freebsd_openssh", key))
    if "NetBSD" in rest:
        return Part("NetBSD", "NetBSD", "NetBSD")
    return NOTHING


def _distribution(name: str, version: str, revision: str) -> Part:
    if name == "Ubuntu" or "ubuntu" in revision:
        head = revision.partition("ubuntu")[0]
        number = re.match(r"\d+", revision)
        release = (
            _release("ubuntu_openssh", f"{version} {revision.partition('.')[0]}")
            or _release("ubuntu_openssh", f"{version} {number[0] if number else head}")
            or _release("ubuntu_openssh", version)
        )
        return Part("Ubuntu", "Linux", "Ubuntu Linux", release)
    product = "Debian Linux" if name == "Debian" else "Raspbian"
    deb = _DEB.search(revision)
    if deb is not None:
        return Part(name, "Linux", product, deb["release"])
    if "bpo" in revision:
        return Part(name, "Linux", product)
    for codename in _CODENAME.finditer(revision):
        release = _release("debian_codenames", codename["name"])
        if release is not None:
            return Part(name, "Linux", product, release)
    return Part(name, "Linux", product, _release("debian_openssh", version) if name == "Debian" else None)


def _release(section: str, key: str) -> str | None:
    found = table("releases")[section].get(key)
    return found[0] if found else None
