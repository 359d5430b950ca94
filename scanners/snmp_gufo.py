"""SNMP over gufo-snmp: the fast transport, the only home of that library.

It drives the library's non-blocking sockets itself: the library's session has no retry, adds and removes a reader for every
request and hands out single rows, while its cursor moves only when a reply was taken, which is what resending needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

from gufo.snmp import _fast, user
from gufo.snmp.utils import format_sock_addr

from cmdb.errors import Invalid
from discovery.credentials import Credential, CredentialKind
from scanners.snmp_client import (
    Batch,
    Cursor,
    SnmpClosed,
    SnmpDenied,
    SnmpGarbled,
    SnmpNoAnswer,
    SnmpTooBig,
    SnmpValue,
)
from scanners.snmp_credential import AuthProtocol, PrivProtocol, V3Keys, v3_keys

T = TypeVar("T")

_AUTH: dict[AuthProtocol, type[user.BaseAuthKey]] = {
    AuthProtocol.MD5: user.Md5Key,
    AuthProtocol.SHA1: user.Sha1Key,
    AuthProtocol.SHA224: user.Sha224Key,
    AuthProtocol.SHA256: user.Sha256Key,
    AuthProtocol.SHA384: user.Sha384Key,
    AuthProtocol.SHA512: user.Sha512Key,
}
_PRIV: dict[PrivProtocol, type[user.BasePrivKey]] = {
    PrivProtocol.DES: user.DesKey,
    PrivProtocol.AES128: user.Aes128Key,
    PrivProtocol.AES192: user.Aes192Key,
    PrivProtocol.AES256: user.Aes256Key,
    PrivProtocol.AES192_CISCO: user.Aes192Key,
    PrivProtocol.AES256_CISCO: user.Aes256Key,
}
_SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
_CISCO = frozenset({PrivProtocol.AES192_CISCO, PrivProtocol.AES256_CISCO})


class GufoCursor:
    """The library's own cursor; it remembers its base and cannot be set onto an OID inside it."""

    def __init__(self, base: str, max_repetitions: int) -> None:
        self.state = _fast.GetIter(base, max_repetitions)
        self.is_too_big = False


class GufoTransport:
    """`Transport` over one connected UDP socket, one request at a time."""

    def __init__(self, address: str, port: int, credential: Credential) -> None:
        self._user: user.User | None = None
        endpoint = format_sock_addr(address, port)
        self._socket: _fast.SnmpV2cClientSocket | _fast.SnmpV3ClientSocket
        try:
            if credential.kind is CredentialKind.SNMP_V3:
                self._user = _v3_user(v3_keys(credential))
                nobody = user.User.default()
                self._socket = _fast.SnmpV3ClientSocket(
                    endpoint,
                    b"",
                    nobody.name,
                    nobody.get_auth_alg(),
                    nobody.get_auth_key(),
                    nobody.get_priv_alg(),
                    nobody.get_priv_key(),
                    0,
                    0,
                    0,
                    0,
                )
            else:
                self._socket = _fast.SnmpV2cClientSocket(endpoint, credential.secrets["community"], 0, 0, 0, 0)
        except OSError as error:
            raise SnmpNoAnswer(f"no way to {address}: {error}") from error
        except ValueError as error:
            raise Invalid(f"{address} is no address to connect to: {error}") from error
        self._descriptor = self._socket.get_fd()
        self._is_reading = False
        self._is_closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._poll: Callable[[], None] | None = None

    async def start(self, timeout_s: float) -> None:
        """For v3: engine id, then boots and time under the user's keys (RFC 3414 §4)."""
        socket = self._socket
        if self._user is None or not isinstance(socket, _fast.SnmpV3ClientSocket):
            return
        await self._exchange(socket.send_refresh, socket.recv_refresh, timeout_s)
        who = self._user
        socket.set_keys(who.name, who.get_auth_alg(), who.get_auth_key(), who.get_priv_alg(), who.get_priv_key())
        if who.require_auth():
            await self._exchange(socket.send_refresh, socket.recv_refresh, timeout_s)

    async def get(self, oids: Sequence[str], timeout_s: float) -> dict[str, SnmpValue]:
        """One GET. The library reports an error status as an empty answer: sysObjectID, which every agent has, rides along to tell."""
        wanted = [*oids, _SYS_OBJECT_ID] if len(oids) > 1 and _SYS_OBJECT_ID not in oids else list(oids)
        try:
            reply = await self._exchange(
                lambda: self._socket.send_get_many(wanted), self._socket.recv_get_many, timeout_s
            )
        except _Stopped:
            reply = {}
        if len(wanted) > 1 and _SYS_OBJECT_ID not in reply:
            raise SnmpTooBig("the agent answered a GET of several objects with none of them")
        return {oid: value for oid, value in reply.items() if value is not None and oid in oids}

    def cursor(self, base: str, *, after: str | None, max_repetitions: int) -> Cursor:
        """From the start of `base` always: the library cannot do otherwise, and the guard skips what repeats."""
        del after
        return GufoCursor(base, max_repetitions)

    async def get_bulk(self, cursor: Cursor, timeout_s: float) -> Batch:
        """One GETBULK."""
        if not isinstance(cursor, GufoCursor):
            raise TypeError("a cursor of another transport")
        if cursor.is_too_big:
            raise SnmpTooBig("the agent refuses as many rows as were asked, and gives one")
        state = cursor.state
        try:
            rows = await self._exchange(
                lambda: self._socket.send_get_bulk(state), lambda: self._socket.recv_get_bulk(state), timeout_s
            )
        except _Stopped:
            return await self._one_row(cursor, timeout_s)
        is_end = not rows or rows[-1] is None
        return Batch([row for row in rows if row is not None and row[1] is not None], is_end)  # type: ignore[misc]

    async def _one_row(self, cursor: GufoCursor, timeout_s: float) -> Batch:
        """Tell an end of the agent's view from tooBig, which the library reports alike: only after tooBig GETNEXT gives a row."""
        state = cursor.state
        try:
            row = await self._exchange(
                lambda: self._socket.send_get_next(state), lambda: self._socket.recv_get_next(state), timeout_s
            )
        except _Stopped:
            return Batch((), is_end=True, is_doubtful=True)
        cursor.is_too_big = True
        return Batch([row] if row[1] is not None else [], is_end=False)  # type: ignore[list-item]

    def close(self) -> None:
        """Stop listening and let go of the socket, which the library closes with its object."""
        if not self._is_closed:
            self._is_closed = True
            self._stop_reading()
            del self._socket

    async def _exchange(self, send: Callable[[], None], receive: Callable[[], T], timeout_s: float) -> T:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        results: list[T] = []
        # not in the waiter: an exception there keeps this frame through its traceback, a ring that would hold the socket open
        errors: list[Exception] = []

        def end(error: Exception | None = None) -> None:
            if not waiter.done():
                if error is not None:
                    errors.append(error)
                waiter.set_result(None)

        def poll() -> None:
            try:
                results.append(receive())
            except BlockingIOError:
                return  # a late reply to an earlier request, which the library dropped
            except Exception as error:
                end(_translated(error))
            else:
                end()

        self._waiter, self._poll = waiter, poll
        alarm = loop.call_later(timeout_s, lambda: end(SnmpNoAnswer(f"no answer within {timeout_s:.1f} s")))
        try:
            try:
                send()
            except BlockingIOError:
                raise SnmpNoAnswer("the send buffer is full") from None
            except Exception as error:
                raise _translated(error) from None
            if not self._is_reading:
                loop.add_reader(self._descriptor, self._readable)
                self._is_reading = True
            await waiter
        finally:
            alarm.cancel()
            self._waiter = self._poll = None
        if errors:
            raise errors.pop()
        return results[0]

    def _readable(self) -> None:
        if self._poll is None or self._waiter is None or self._waiter.done():
            self._stop_reading()  # nobody asks now: a level-triggered reader would spin on a late datagram
        else:
            self._poll()

    def _stop_reading(self) -> None:
        if self._is_reading:
            self._is_reading = False
            asyncio.get_running_loop().remove_reader(self._descriptor)


class _Stopped(Exception):
    """What the library says for an error status, for an end of the agent's view and for a null value alike."""


def _translated(error: Exception) -> Exception:
    text = str(error)
    if isinstance(error, TimeoutError):
        return (
            SnmpClosed("the target says that nothing listens on the SNMP port")
            if "refused" in text
            else SnmpNoAnswer(text or "no answer")
        )
    if isinstance(error, StopAsyncIteration):
        return _Stopped()
    if isinstance(error, _fast.SnmpAuthError):
        return SnmpDenied("the agent refused the SNMPv3 user, its authentication key or its security level")
    if isinstance(error, _fast.SnmpError):
        return SnmpGarbled(text or type(error).__name__)
    if isinstance(error, ConnectionRefusedError):
        return SnmpClosed("the target says that nothing listens on the SNMP port")
    if isinstance(error, OSError):
        return SnmpNoAnswer(f"no way to the target: {error.strerror or text}")
    return error


def _v3_user(keys: V3Keys) -> user.User:
    if keys.auth is None:
        return user.User(keys.user)
    auth = _AUTH[keys.auth](_master(keys.auth, keys.auth_key), key_type=user.KeyType.Master)
    if keys.priv is None:
        return user.User(keys.user, auth_key=auth)
    priv = _PRIV[keys.priv](_master(keys.auth, keys.priv_key), key_type=user.KeyType.Master)
    expansion = user.KeyExpansion.Cisco if keys.priv in _CISCO else user.KeyExpansion.Blumenthal
    return user.User(keys.user, auth_key=auth, priv_key=priv, key_expansion=expansion)


@lru_cache(maxsize=64)
def _master(auth: AuthProtocol, password: bytes) -> bytes:
    """Hashing a megabyte of password (RFC 3414 §A.2) once per credential, not once per target."""
    return _AUTH[auth].get_master_key(password)
