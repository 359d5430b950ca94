"""One SSH conversation by asyncssh: a pinned host key, one credential, one command. The only place that imports asyncssh."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

from cmdb.errors import CmdbError, Denied, Invalid, Unavailable
from discovery.credentials import Credential, CredentialKind
from discovery.host_keys import HostKey, HostKeyFile, fingerprint_of

CLOSE_S = 2.0
READ_BYTES = 1 << 16
_KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}
"""RFC 8332 §3: an RSA key signs by these, whatever its own name."""


class CredentialRefused(Denied):
    """The host does not take this credential."""


class ConnectionClosed(Unavailable):
    """The host ended the conversation."""


class _Client(asyncssh.SSHClient):
    """Compares the host's key with its pin; keeps what was wrong, since the library reports only that something was."""

    def __init__(self, keys: HostKeyFile, host: str, port: int) -> None:
        self._keys = keys
        self._server = host, port
        self.refusal: CmdbError | None = None
        self.fingerprint: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002 - the library's signature
        """Whether the server is the one that was seen before, or new."""
        blob = key.public_data
        self.fingerprint = fingerprint_of(blob)
        try:
            self._keys.check(*self._server, HostKey.from_blob(key.get_algorithm(), blob))
        except CmdbError as error:
            self.refusal = error
            return False
        return True


@asynccontextmanager
async def session(
    opened: socket.socket, *, host: str, port: int, credential: Credential, keys: HostKeyFile
) -> AsyncIterator[Session]:
    """A conversation over this socket, which it closes.

    Raises `CredentialRefused`, `HostKeyChanged`, `ConnectionClosed`, and `Invalid` or `Denied` for a key file that
    cannot be used. The caller bounds the time.
    """
    client = _Client(keys, host, port)
    connection = None
    try:
        secrets = await asyncio.to_thread(_secrets, credential)
        try:
            connection = await asyncssh.connect(
                host,
                port,
                sock=opened,
                client_factory=lambda: client,
                username=credential.fields["user"],
                # an empty list of trusted keys, so that every key is asked of the client
                known_hosts=([], [], []),
                server_host_key_algs=_algorithms(keys.pinned(host, port)),
                config=None,
                agent_path=None,
                gss_host=None,
                x509_trusted_certs=None,
                compression_algs=None,
                connect_timeout=None,
                login_timeout=None,
                **secrets,
            )
        except (asyncssh.Error, OSError, EOFError) as error:
            raise client.refusal or _translated(error) from error
        yield Session(connection, fingerprint=client.fingerprint)
    finally:
        if connection is not None:
            connection.abort()
            with contextlib.suppress(asyncssh.Error, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await connection.wait_closed()
        opened.close()


class Session:
    """An open conversation."""

    def __init__(self, connection: asyncssh.SSHClientConnection, *, fingerprint: str | None) -> None:
        self._connection = connection
        self.fingerprint = fingerprint
        """Of the host key that the server showed."""

    async def run(self, command: str, text: str, take: Callable[[bytes], bool]) -> None:
        """Send the text to the command and give what it prints to `take` until it ends or `take` says no.

        Raises `ConnectionClosed` where the host breaks off or opens no session.
        """
        try:
            process: asyncssh.SSHClientProcess[bytes] = await self._connection.create_process(
                command, encoding=None, stderr=asyncssh.DEVNULL, send_eof=True, request_pty=False
            )
            try:
                process.stdin.write(text.encode())
                process.stdin.write_eof()
                while data := await process.stdout.read(READ_BYTES):
                    if not take(data):
                        break
            finally:
                process.close()
        except (asyncssh.Error, OSError) as error:
            raise _translated(error) from error


def _algorithms(pinned: HostKey | None) -> list[str]:
    """Signature algorithms to ask for, those of the pinned key first, so that a server with several keys shows the same one."""
    types = [*([pinned.algorithm] if pinned and pinned.algorithm in _KEY_TYPES else []), *_KEY_TYPES]
    return list(dict.fromkeys(name for key_type in types for name in _SIGNATURES.get(key_type, (key_type,))))


def _secrets(credential: Credential) -> dict[str, Any]:
    """The arguments for the library that carry the credential, and nothing else to try."""
    if credential.kind is CredentialKind.SSH_PASSWORD:
        return {
            "password": credential.secrets["password"],
            "client_keys": None,
            "preferred_auth": ("password", "keyboard-interactive"),
        }
    path = Path(credential.fields["key_file"])
    try:
        state = path.stat()
        if state.st_mode & 0o077:
            raise Denied(
                f"key file {path} has mode {stat.S_IMODE(state.st_mode):o} and is open to others; run: chmod 600 {path}"
            )
        if state.st_uid not in {os.geteuid(), 0}:
            raise Denied(f"key file {path} belongs to another user")
        key = asyncssh.read_private_key(path, credential.secrets.get("passphrase"))
    except OSError as error:
        raise Invalid(f"key file {path} cannot be read: {error.strerror}") from error
    except asyncssh.KeyEncryptionError:
        raise Invalid(f"key file {path} needs its passphrase, and none or a wrong one was given") from None
    except (asyncssh.KeyImportError, ValueError):
        raise Invalid(f"key file {path} holds no private key that is known here") from None
    return {"client_keys": [key], "password": None, "preferred_auth": ("publickey",)}


def _translated(error: Exception) -> CmdbError:
    if isinstance(error, asyncssh.PermissionDenied):
        return CredentialRefused("the host refused the credential")
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return Unavailable("no key exchange, cipher or host key algorithm in common with the host")
    if isinstance(error, asyncssh.ChannelOpenError):
        return ConnectionClosed("the host opens no session for this user")
    if isinstance(error, asyncssh.ProtocolError | asyncssh.ProtocolNotSupported):
        return Unavailable("what answers does not speak SSH 2")
    return ConnectionClosed("connection closed by the host")
