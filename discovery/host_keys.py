"""SSH host keys as they were first seen, one line a server, in OpenSSH's known_hosts format (sshd(8))."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cmdb.errors import Conflict, Denied, Unavailable

DEFAULT_PORT = 22
LOCK_ATTEMPTS = 100
LOCK_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key: its algorithm's name and its blob in base64 (RFC 4253 §6.6)."""

    algorithm: str
    blob: str

    @classmethod
    def from_blob(cls, algorithm: str, blob: bytes) -> HostKey:
        """The key of this wire form."""
        return cls(algorithm, base64.b64encode(blob).decode())

    @property
    def fingerprint(self) -> str:
        """`SHA256:` and the digest in base64 without padding, as OpenSSH prints it."""
        return fingerprint_of(base64.b64decode(self.blob))


def fingerprint_of(blob: bytes) -> str:
    """The fingerprint of a public key's wire form."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


class HostKeyChanged(Conflict):
    """A server shows another key than the one that was pinned."""

    def __init__(self, *, server: str, pinned: HostKey, shown: HostKey, place: str) -> None:
        super().__init__(
            f"host key changed: {server} had {pinned.algorithm} {pinned.fingerprint} and now shows {shown.algorithm} "
            f"{shown.fingerprint}; if that is expected, remove the line of the old key",
            place=place,
        )


class HostKeyFile:
    """Pins of one file of mode 600, made when the first key is pinned; without a path they last as long as this object."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._pins: dict[str, tuple[HostKey, int]] = {}
        self._load()

    def pinned(self, host: str, port: int) -> HostKey | None:
        """The key that this server had, if it was seen."""
        known = self._pins.get(_server(host, port))
        return known[0] if known else None

    def check(self, host: str, port: int, shown: HostKey) -> bool:
        """Pin the key of a server seen for the first time (True) or compare it (False); raises `HostKeyChanged`."""
        server = _server(host, port)
        known = self._pins.get(server)
        if known is None:
            known = self._pin(server, shown)
            if known is None:
                return True
        pinned, line = known
        if pinned == shown:
            return False
        raise HostKeyChanged(server=server, pinned=pinned, shown=shown, place=f"{self._path or 'this run'}:{line}")

    def _pin(self, server: str, shown: HostKey) -> tuple[HostKey, int] | None:
        """None when it was written; the pin that another process wrote meanwhile, otherwise."""
        if self._path is None:
            self._pins[server] = (shown, len(self._pins) + 1)
            return None
        with _locked(self._path) as descriptor:
            self._read(descriptor)
            if server in self._pins:
                return self._pins[server]
            size = os.fstat(descriptor).st_size
            ends_open = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            line = f"{server} {shown.algorithm} {shown.blob}\n"
            os.pwrite(descriptor, (("\n" if ends_open else "") + line).encode(), size)
            os.fsync(descriptor)
            self._read(descriptor)
        return None

    def _load(self) -> None:
        if self._path is None:
            return
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unavailable(
                f"the file of host keys cannot be read: {error.strerror}", place=str(self._path)
            ) from error
        try:
            self._read(descriptor)
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> None:
        state = os.fstat(descriptor)
        if state.st_mode & 0o022 or state.st_uid != os.geteuid():
            raise Denied(
                f"the file of host keys (mode {stat.S_IMODE(state.st_mode):o}) can be written by others; run: chmod 600 {self._path}",
                place=str(self._path),
            )
        data = os.pread(descriptor, state.st_size, 0)
        self._pins = {}
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            fields = line.split()
            if len(fields) < 3 or fields[0].startswith(("#", "@", "|")):
                continue
            for server in fields[0].split(","):
                self._pins.setdefault(server, (HostKey(fields[1], fields[2]), number))


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The file opened for writing under an exclusive lock; made with mode 600, its folder with 700."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"the file of host keys cannot be written: {error.strerror}", place=str(path)) from error
    try:
        _lock(descriptor, path)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    for _ in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE_S)
        else:
            return
    raise Unavailable("another process holds the file of host keys; try again", place=str(path))


def _server(host: str, port: int) -> str:
    """How known_hosts writes a server: brackets and port where it is not 22 (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
    name = host.lower()
    return name if port == DEFAULT_PORT else f"[{name}]:{port}"
