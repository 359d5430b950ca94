"""Operating systems whose name and version follow from what is told of a kernel, a build or a package's revision."""

from __future__ import annotations

import re

from cmdb.data.lists import table
from cmdb.normalise.fingerprint import NOTHING, Fingerprint, Part

_SUNOS = re.compile(
    r"SunOS (?:release:|\S+ )??5\.(?P<minor>\d+)(?: \S+)?.*?(?P<arch>sun4\w|i86pc)(?:.*?SUNW,(?P<model>[\w-]+))?"
)
_SUN_AGENT = re.compile(r"^Sun SNMP Agent, (?P<model>\S+)")
_AIX = re.compile(r"Base Operating System Runtime (?P<name>AIX|VIOS) version\s?: 0*(?P<major>\d+)\.0*(?P<minor>\d+)\.")
_DARWIN = re.compile(
    r"^Darwin (?P<host>\S+) (?P<major>\d+)\.(?P<minor>\d+)\.\d+ .*?RELEASE_\w+ (?P<arch>.+)$", re.DOTALL
)
_LINUX = re.compile(
    r"Linux (?:(?P<host>\S+) )?(?P<kernel>\d+\.\d+\.\d+\S*)(?: .*?(?P<arch>x86_64|i[3-6]86|aarch64|armv\w+|ppc\w*|mips\w*|s390x?|ia64))?"
)
_TAG = re.compile(r"\.(?P<tag>el|fc|amzn|mga|mdv|mdk)(?P<number>\d+)")
_WINDOWS_SNMP = re.compile(
    r"Hardware: (?P<arch>\S+) .*?Software: Windows (?:\S+ )?Version (?P<nt>\d+\.\d+) \(Build (?P<build>\d+)"
)
_WINDOWS_NT = re.compile(
    r"^Windows(?:_NT)? (?:\S+ )??(?:Microsoft (?P<name>Windows[\w ]*?) )?(?P<nt>\d+\.\d)(?:\.(?P<dotted>\d+)| (?P<build>\d{3,}))(?P<rest>.*)",
    re.DOTALL,
)
_WINDOWS_NAME = re.compile(
    r"^Windows (?:(?P<pre>Web |Storage |MultiPoint |Embedded )?(?P<server>Server) )?(?P<name>\d{4}(?: R2)?|NT \d\.\d+|XP|Vista|7|8\.1|8|10|11|ME|95|98)?\b ?(?P<edition>(?:\S+ )*?)??(?P<build>\d{4,5})?(?:[ ,]*Service Pack (?P<pack>\d+))?(?:,.*)?$"
)
_MARKS = re.compile(r"\((?:R|TM)\)|[®™]", re.IGNORECASE)
_WINDOWS_VERSION = re.compile(r"^Windows (?P<nt>\d\.\d)$")
_ROLE = re.compile(r"1\.3\.6\.1\.4\.1\.311\.1\.1\.3\.1\.(?P<role>[123])\b")
_ARCHITECTURES = {"amd64": "x86_64", "intel64": "x86_64", "em64t": "x86_64", "ia64": "ia64", "x86": "x86"}
_FIRST_OF_10 = 10_240
_PACKS = {"6001": "SP1", "6002": "SP2", "7601": "SP1"}


def read_release(text: str) -> Fingerprint | None:
    """The system behind a uname, an AIX, Solaris or Windows description; None for anything else."""
    for reader in (_read_windows, _read_sun, _read_aix, _read_darwin, read_linux):
        found = reader(text)
        if found is not None:
            return found
    return None


def read_linux(text: str) -> Fingerprint | None:
    """A Linux from its uname: the distribution where the kernel's package names it, else the kernel's version."""
    match = _LINUX.search(text)
    if match is None:
        return None
    system = distribution_of_kernel(match["kernel"]) or Part(None, "Linux", "Linux", match["kernel"])
    return Fingerprint(system=system, architecture=match["arch"])


def distribution_of_kernel(kernel: str) -> Part | None:
    """The distribution whose kernel package this is, such as 2.6.18-53.el5 → Enterprise Linux 5; None where it does not say.

    Red Hat's kernels are rebuilt by others under the same tag, so that one names no vendor.
    """
    data = table("releases")
    tag = _TAG.search(kernel)
    if tag is not None:
        vendor, product = data["kernel_tags"][tag["tag"]]
        return Part(vendor or None, "Linux", product, tag["number"])
    for head, (version,) in data["kernel_releases"].items():
        if kernel.startswith(head) and (".EL" in kernel or head.endswith("-e")):
            return Part("Red Hat", "Linux", "Enterprise Linux", version)
    return None


def windows(nt: str, build: str | None = None, *, is_server: bool) -> str | None:
    """The name of a Windows by NT version and build, such as ("6.1", "7601"); None when there is none such."""
    names = table("releases")["windows_server" if is_server else "windows_workstation"]
    found = names.get(f"{nt} {build}") or names.get(nt)
    if found is None and nt == "5.1":
        found = table("releases")["windows_workstation"].get(nt)
    return found[0] if found else None


def read_windows_name(text: str) -> Fingerprint | None:
    """A Windows by its own name, with edition, build and service pack, as SMB and programs that list systems spell it."""
    bare = " ".join(_MARKS.sub(" ", text).split())
    version = _WINDOWS_VERSION.match(bare)
    if version is not None:
        name = windows(version["nt"], is_server=False)
        return _windows(name) if name else None
    match = _WINDOWS_NAME.match(bare)
    if match is None or not match["name"]:
        return None
    server = "Server " if match["server"] or (match["name"].startswith("20") and match["name"] != "2000") else ""
    pack = match["pack"]
    return _windows(f"Windows {server}{match['name']}", f"Service Pack {pack}" if pack else None)


def _windows(name: str | None, version: str | None = None, architecture: str | None = None) -> Fingerprint:
    return Fingerprint(
        system=Part("Microsoft", "Windows", name or "Windows", version),
        architecture=_ARCHITECTURES.get((architecture or "").lower(), architecture),
    )


def _read_windows(text: str) -> Fingerprint | None:
    match = _WINDOWS_SNMP.search(text)
    if match is not None:
        role = _ROLE.search(text)
        is_server = role is not None and role["role"] != "1"
        # programs without a manifest are told 6.3 from Windows 10 on (Microsoft, "Targeting your application for Windows")
        nt = "10.0" if match["nt"] == "6.3" and int(match["build"]) >= _FIRST_OF_10 else match["nt"]
        name = windows(nt, match["build"], is_server=is_server or match["nt"] == "5.2")
        return _windows(name, _PACKS.get(match["build"]), match["arch"])
    match = _WINDOWS_NT.match(text)
    if match is None:
        return None
    build = match["dotted"] or match["build"]
    architecture = re.search(r"\b(x86|AMD64|Intel64|EM64T)\b", match["rest"])
    name = (match["name"] or "").strip() or windows(match["nt"], build, is_server="Server" in match["rest"])
    return _windows(name, f"{match['nt']}.{build}", architecture[1] if architecture else None)


def _read_sun(text: str) -> Fingerprint | None:
    agent = _SUN_AGENT.match(text)
    if agent is not None:
        return Fingerprint(system=Part("Sun", "Solaris", "Solaris"), hardware=Part("Sun", None, agent["model"]))
    match = _SUNOS.search(text)
    if match is None:
        return None
    minor = int(match["minor"])
    # Oracle bought Sun in 2010 and released Solaris 11 in 2011; SunOS 5.x is Solaris x from 5.7 on
    vendor = "Oracle" if minor >= 11 else "Sun"
    version = str(minor) if minor >= 7 else f"2.{minor}"
    hardware = Part("Sun", None, match["model"]) if match["model"] else NOTHING
    return Fingerprint(
        system=Part(vendor, "Solaris", "Solaris", version), hardware=hardware, architecture=match["arch"]
    )


def _read_aix(text: str) -> Fingerprint | None:
    match = _AIX.search(text)
    if match is None:
        return None
    return Fingerprint(system=Part("IBM", match["name"], match["name"], f"{match['major']}.{match['minor']}"))


def _read_darwin(text: str) -> Fingerprint | None:
    match = _DARWIN.match(text)
    if match is None:
        return None
    major = int(match["major"])
    # Darwin 5 to 19 are Mac OS X 10.1 to macOS 10.15, 20 is macOS 11 (Apple's release notes)
    version = f"10.{major - 4}" if major < 20 else str(major - 9)
    product = "Mac OS X" if major < 16 else "macOS"
    return Fingerprint(system=Part("Apple", "Mac OS X", product, version), architecture=match["arch"].strip())
