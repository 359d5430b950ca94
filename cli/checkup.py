"""What `cmdb doctor` looks at: each check says what it found and what to do; none of them raises."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from cli.scanning import credential_book
from cli.settings import Settings
from cli.wiring import make_registry, open_store
from cmdb.entities import Kind
from cmdb.errors import CmdbError
from discovery.scanner import ScannerRegister


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check; what is optional may be missing."""

    check: str
    is_well: bool
    found: str
    remedy: str = ""
    is_optional: bool = False


def examine(settings: Settings, store_url: str) -> list[Finding]:
    """All findings, in the order in which a person would mend them."""
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("classes", lambda: _classes(settings)),
        ("store", lambda: _store(settings, store_url)),
        ("credentials", lambda: _credentials(settings)),
        ("host keys", lambda: _host_keys(settings)),
        ("scanners", _scanners),
        ("nmap", _nmap),
        ("python-nmap", _python_nmap),
        ("raw sockets", _raw_sockets),
        ("numba", _numba),
    )
    return [_guarded(name, check) for name, check in checks]


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except CmdbError as error:
        return Finding(check=name, is_well=False, found=str(error), remedy="mend what the message names")


def _classes(settings: Settings) -> Finding:
    registry = make_registry(settings)
    site = f", with {settings.site_model}" if settings.site_model else ""
    return Finding(check="classes", is_well=True, found=f"{len(registry.classes())} classes{site}")


def _store(settings: Settings, store_url: str) -> Finding:
    store = open_store(store_url, settings, make_registry(settings))
    try:
        cis = sum(store.count(Kind.CI).values())
        return Finding(check="store", is_well=True, found=f"{store_url}: revision {store.revision()}, {cis} CIs")
    finally:
        store.close()


def _credentials(settings: Settings) -> Finding:
    book = credential_book(settings)
    count = len(book.credentials)
    return Finding(
        check="credentials",
        is_well=count > 0,
        found=f"{count} in {settings.credentials_file}" if count else f"none in {settings.credentials_file}",
        remedy="SNMP and SSH need some; see docs/guides/credentials.md",
        is_optional=True,
    )


def _host_keys(settings: Settings) -> Finding:
    path = settings.host_keys_file
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    can_write = os.access(path, os.W_OK) if path.exists() else os.access(folder, os.W_OK)
    return Finding(
        check="host keys",
        is_well=can_write,
        found=f"{path} {'can be written' if can_write else 'cannot be written'}",
        remedy="set CMDB_HOST_KEYS to a file that this user can write",
    )


def _scanners() -> Finding:
    return Finding(check="scanners", is_well=True, found=", ".join(ScannerRegister.from_entry_points().names()))


def _nmap() -> Finding:
    path = shutil.which("nmap")
    remedy = "install nmap (Debian: apt-get install nmap); until then a built-in sweep stands in"
    if path is None:
        return Finding(check="nmap", is_well=False, found="not installed", remedy=remedy, is_optional=True)
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(
            check="nmap", is_well=False, found=f"{path} does not run: {error}", remedy=remedy, is_optional=True
        )
    return Finding(check="nmap", is_well=True, found=f"{path}: {said.splitlines()[0] if said else 'says nothing'}")


def _python_nmap() -> Finding:
    is_there = importlib.util.find_spec("nmap") is not None
    return Finding(
        check="python-nmap",
        is_well=is_there,
        found="installed" if is_there else "not installed; the built-in reader stands in",
        remedy="pip install 'graph-cmdb[nmap]'",
        is_optional=True,
    )


def _raw_sockets() -> Finding:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    except OSError:
        remedy = "run as root, or give nmap the capability: setcap cap_net_raw+eip " + (
            shutil.which("nmap") or "/usr/bin/nmap"
        )
        found = "not permitted; liveness goes by TCP connections"
        return Finding(check="raw sockets", is_well=False, found=found, remedy=remedy, is_optional=True)
    return Finding(check="raw sockets", is_well=True, found="permitted")


def _numba() -> Finding:
    is_there = importlib.util.find_spec("numba") is not None
    return Finding(
        check="numba",
        is_well=is_there,
        found="installed" if is_there else "not installed; impact answers the same, slower",
        remedy="use a platform that numba supports",
        is_optional=True,
    )
