"""The lab's images, made once: a Debian root file system, one overlay per role, and snmpsim in its own environment."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.command import CommandFailed, attempt, run
from tests.lab.places import Places
from tests.lab.topology import ROLE_PACKAGES

SUITE = "bookworm"
BASE_PACKAGES = (
    "openssh-server",
    "snmpd",
    "lldpd",
    "iproute2",
    "procps",
    "iputils-ping",
    "net-tools",
    "hostname",
    "sudo",
    "lsb-release",
    "ca-certificates",
    "python3-minimal",
    "dmidecode",
    "systemd",
    "systemd-sysv",
    "dbus",
    "less",
    "cron",
    "rsyslog",
)
# pysmi is imported by snmpsim and not declared; without cryptography its SNMPv3 privacy fails
SIMULATOR_PACKAGES = ("snmpsim==1.2.2", "pysmi==2.0.0", "cryptography")
TOOLS = ("ip", "mmdebstrap", "nmap", "nsenter", "snmpget", "ssh-keygen", "sshpass", "unshare")
_SOURCES = (
    (Path("/etc/apt/sources.list.d"), re.compile(r"^URIs:\s*(\S+)", re.MULTILINE)),
    (Path("/etc/apt/sources.list.d"), re.compile(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)", re.MULTILINE)),
    (Path("/etc/apt"), re.compile(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)", re.MULTILINE)),
)


def lacks() -> tuple[str, ...]:
    """What this machine lacks to hold the lab, in words; empty when it can."""
    missing = [f"{tool} (program)" for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0:
        missing.append("root")
    if not Path("/etc/debian_version").exists():
        missing.append("a Debian system")
    return tuple(missing)


def is_built(places: Places) -> bool:
    """Whether every image is there."""
    return (
        (places.base / "etc").is_dir()
        and all(_mark(places, role).exists() for role in ROLE_PACKAGES)
        and (places.simulator_venv / "bin" / "snmpsim-command-responder").exists()
    )


def install_needs() -> None:
    """Install the packages of packages.txt when root and a tool is missing; daemons are not started."""
    if os.geteuid() != 0 or all(shutil.which(tool) for tool in TOOLS):
        return
    listed = (Path(__file__).parent / "packages.txt").read_text().splitlines()
    packages = [line.strip() for line in listed if line.strip() and not line.startswith("#")]
    run(["apt-get", "update", "-qq"], timeout_s=300)
    # RUNLEVEL=1 keeps packages from starting their daemons outside the lab
    environment = ["env", "RUNLEVEL=1", "DEBIAN_FRONTEND=noninteractive"]
    run([*environment, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], timeout_s=900)


def build(places: Places) -> None:
    """Make what is missing; about 3 minutes from nothing, nothing when built. Raises `CommandFailed`."""
    places.cache.mkdir(parents=True, exist_ok=True)
    if not (places.base / "etc").is_dir():
        _build_base(places)
    for role, packages in ROLE_PACKAGES.items():
        if not _mark(places, role).exists():
            _build_layer(places, role, packages)
    if not (places.simulator_venv / "bin" / "snmpsim-command-responder").exists():
        _build_simulator(places)


def _mark(places: Places, role: str) -> Path:
    return places.cache / f"{role}.ok"


def _mirror() -> str:
    if given := os.environ.get("CMDB_LAB_MIRROR"):
        return given
    for folder, pattern in _SOURCES:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            found = pattern.search(path.read_text()) if path.suffix in {".list", ".sources"} else None
            if found:
                return found[1]
    raise CommandFailed("apt names no mirror on this machine; set CMDB_LAB_MIRROR")


def _build_base(places: Places) -> None:
    unfinished = places.cache / "base.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    trimmed = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "man", "locale")]
    run(
        [
            "mmdebstrap",
            "--variant=minbase",
            "--mode=root",
            f"--include={','.join(BASE_PACKAGES)}",
            '--aptopt=APT::Install-Recommends "false"',
            *trimmed,
            SUITE,
            unfinished,
            _mirror(),
        ],
        timeout_s=1200,
    )
    unfinished.rename(places.base)


def _build_layer(places: Places, role: str, packages: tuple[str, ...]) -> None:
    with _mounted_layer(places, role) as root:
        policy = root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        resolver = root / "etc/resolv.conf"
        shutil.copy("/etc/resolv.conf", resolver)
        install = "apt-get install -y -qq --no-install-recommends " + " ".join(packages)
        script = f"apt-get update -qq && {install} && apt-get clean && rm -rf /var/lib/apt/lists/*"
        run(["chroot", root, "env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", script], timeout_s=900)
        policy.unlink()
        resolver.unlink()
    _mark(places, role).touch()


@contextmanager
def _mounted_layer(places: Places, role: str) -> Iterator[Path]:
    upper, work, root = places.layer(role), places.cache / ".work", places.cache / ".merged"
    for folder in (upper, work):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (upper, work, root):
        folder.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={places.base},upperdir={upper},workdir={work}"
    run(["mount", "-t", "overlay", "overlay", "-o", options, root])
    try:
        run(["mount", "-t", "proc", "proc", root / "proc"])
        yield root
    finally:
        attempt(["umount", root / "proc"])
        attempt(["umount", root])
        shutil.rmtree(work, ignore_errors=True)
        root.rmdir()


def _build_simulator(places: Places) -> None:
    run([sys.executable, "-m", "venv", places.simulator_venv], timeout_s=120)
    run([places.simulator_venv / "bin/pip", "install", "-q", *SIMULATOR_PACKAGES], timeout_s=600)
