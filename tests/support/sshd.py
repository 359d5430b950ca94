"""A real OpenSSH server on loopback with keys of its own, for one test."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from discovery.credentials import Credential, CredentialKind
from tests.shared import lack

_START_S = 10.0
_KEY_TYPES = ("ed25519", "ecdsa")


@dataclass(frozen=True, slots=True, kw_only=True)
class SshServer:
    """A running server; `user` may log in with the key, nobody with a password."""

    address: str
    port: int
    user: str
    key_file: Path
    folder: Path
    pid: int

    @property
    def key(self) -> Credential:
        """The credential that opens it."""
        return Credential(
            name="good-key", kind=CredentialKind.SSH_KEY, fields={"user": self.user, "key_file": str(self.key_file)}
        )

    @property
    def password(self) -> Credential:
        """A credential that it refuses."""
        return Credential(
            name="wrong-password",
            kind=CredentialKind.SSH_PASSWORD,
            fields={"user": self.user},
            secrets={"password": "tp-wrong-password"},
        )

    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 fingerprints of its host keys, as ssh-keygen prints them."""
        found = []
        for kind in _KEY_TYPES:
            shown = _run("ssh-keygen", "-l", "-E", "sha256", "-f", str(self.folder / f"host_{kind}.pub"))
            found.append(shown.split()[1])
        return tuple(sorted(found))


def missing() -> str | None:
    """What this machine lacks to run a server, or None."""
    if _program() is None:
        return "sshd (Debian: openssh-server)"
    if shutil.which("ssh-keygen") is None:
        return "ssh-keygen (Debian: openssh-client)"
    return None


@contextmanager
def ssh_server(
    folder: Path, *, forced_command: str | None = None, port: int | None = None, address: str = "127.0.0.1"
) -> Iterator[SshServer]:
    """A server that runs `forced_command` (a shell line) instead of what clients ask for, if one is given.

    Keys already in the folder are used again, so that a server can be started twice with the same ones.
    """
    if (lacking := missing()) is not None:
        lack(lacking)
    folder.mkdir(parents=True, exist_ok=True)
    _make_keys(folder)
    chosen = port or _free_port(address)
    config = _configured(folder, address=address, port=chosen, forced_command=forced_command)
    if os.geteuid() == 0:
        # where sshd separates privileges; made by its unit, which does not run here
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    pid = _started(folder, config)
    try:
        _await_port(address, chosen, folder / "sshd.log")
        yield SshServer(
            address=address,
            port=chosen,
            user=getpass.getuser(),
            key_file=folder / "client_ed25519",
            folder=folder,
            pid=pid,
        )
    finally:
        _stop(pid)


def _started(folder: Path, config: Path) -> int:
    """The id of a server that has left our family: what it starts for clients is no child of the tests."""
    pid_file = folder / "sshd.pid"
    pid_file.unlink(missing_ok=True)
    _run(_program() or "sshd", "-f", str(config), "-E", str(folder / "sshd.log"))
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            return int(pid_file.read_text())
        time.sleep(0.02)
    raise RuntimeError(f"sshd does not start: {(folder / 'sshd.log').read_text(errors='replace')[-500:]}")


def _stop(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        server = psutil.Process(pid)
        family = [server, *server.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        _gone, left = psutil.wait_procs(family, timeout=5)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def _configured(folder: Path, *, address: str, port: int, forced_command: str | None) -> Path:
    lines = [
        f"Port {port}",
        f"ListenAddress {address}",
        *(f"HostKey {folder / f'host_{kind}'}" for kind in _KEY_TYPES),
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        f"PidFile {folder / 'sshd.pid'}",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
        "PasswordAuthentication yes",
        "KbdInteractiveAuthentication no",
        "MaxStartups 100",
        "LogLevel VERBOSE",
    ]
    if forced_command is not None:
        script = folder / "forced.sh"
        script.write_text(forced_command + "\n")
        lines.append(f"ForceCommand /bin/sh {script}")
    config = folder / "sshd_config"
    config.write_text("\n".join(lines) + "\n")
    return config


def _make_keys(folder: Path) -> None:
    for name, kind in (("client_ed25519", "ed25519"), *((f"host_{kind}", kind) for kind in _KEY_TYPES)):
        if not (folder / name).exists():
            _run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "test", "-f", str(folder / name))
    (folder / "authorized_keys").write_text((folder / "client_ed25519.pub").read_text())


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout


def _program() -> str | None:
    # sshd wants to be started by its full path
    return shutil.which("sshd", path=f"/usr/local/sbin:/usr/sbin:/sbin:{os.environ.get('PATH', '')}")


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def _await_port(address: str, port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"sshd does not listen on {address}:{port}: {log.read_text(errors='replace')[-500:]}")
