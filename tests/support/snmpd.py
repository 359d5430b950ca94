"""A real snmpd (net-snmp) on a free loopback port, with a v2c community and SNMPv3 users of every kind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from discovery.credentials import Credential, CredentialKind
from tests.shared import lack

_PROGRAMS = ("/usr/sbin/snmpd", "/usr/local/sbin/snmpd")
COMMUNITY = "contract-reader"
START_LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class V3User:
    """One user of the daemon."""

    name: str
    auth: str
    auth_key: str
    priv: str = ""
    priv_key: str = ""

    @property
    def credential(self) -> Credential:
        """The same user as the product takes it."""
        fields = {"user": self.name, "auth_protocol": self.auth}
        secrets = {"auth_key": self.auth_key}
        if self.priv:
            fields["priv_protocol"] = self.priv
            secrets["priv_key"] = self.priv_key
        return Credential(name=self.name, kind=CredentialKind.SNMP_V3, fields=fields, secrets=secrets)


USERS = (
    V3User("md5des", "MD5", "auth-md5-phrase", "DES", "priv-md5-phrase"),
    V3User("shaaes", "SHA", "auth-sha-phrase", "AES", "priv-sha-phrase"),
    V3User("sha224aes192", "SHA-224", "auth-224-phrase", "AES-192", "priv-224-phrase"),
    V3User("sha256aes256", "SHA-256", "auth-256-phrase", "AES-256", "priv-256-phrase"),
    V3User("sha384auth", "SHA-384", "auth-384-phrase"),
    V3User("sha512aes", "SHA-512", "auth-512-phrase", "AES", "priv-512-phrase"),
    V3User("shaaes256", "SHA", "auth-short-phrase", "AES-256", "priv-short-phrase"),
)
V2C = Credential(name="reader", kind=CredentialKind.SNMP_V2C, secrets={"community": COMMUNITY})


@dataclass(frozen=True, slots=True)
class Snmpd:
    """A running daemon."""

    address: str
    port: int
    pid: int


def require_snmpd() -> str:
    """The program's path; skips the test without it, or fails in CI."""
    found = next((path for path in _PROGRAMS if Path(path).exists()), None) or shutil.which("snmpd")
    if found is None:
        lack("snmpd")
    return str(found)


@contextmanager
def running_snmpd(folder: Path, *, address: str = "127.0.0.1", view: str = "") -> Iterator[Snmpd]:
    """The daemon with its files in `folder`, ended by its process id; `view` limits what the community sees to one subtree."""
    program = require_snmpd()
    port = free_port(address)
    conf = folder / "snmpd.conf"
    lines = [
        f"agentaddress udp:{address}:{port}",
        f"rocommunity {COMMUNITY} 127.0.0.0/8 {view}".rstrip(),
        "sysservices 72",
        "syslocation Contract rack 1",
        "syscontact reader@contract.test",
        "sysname host.contract.test",
    ]
    for user in USERS:
        lines.append(
            f'createUser {user.name} {user.auth} "{user.auth_key}"'
            + (f' {user.priv} "{user.priv_key}"' if user.priv else "")
        )
        lines.append(f"rouser {user.name} {'priv' if user.priv else 'auth'}")
    conf.write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "state").mkdir(exist_ok=True)
    log = folder / "snmpd.log"
    process = subprocess.Popen(
        [program, "-C", "-c", str(conf), "-f", "-Lf", str(log), "-I", "-smux,agentx"],
        env={**os.environ, "SNMP_PERSISTENT_DIR": str(folder / "state"), "MIBS": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, log)
        yield Snmpd(address, port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def free_port(address: str) -> int:
    """A UDP port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(
                f"snmpd ended with {process.returncode}: {log.read_text('utf-8', errors='replace')[-500:]}"
            )
        if log.exists() and "NET-SNMP version" in log.read_text("utf-8", errors="replace"):
            return
        time.sleep(0.05)
    raise RuntimeError(f"snmpd was not ready after {START_LIMIT_S:g} s")
