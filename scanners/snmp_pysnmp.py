"""SNMP over pysnmp: the slow, complete transport, and the only home of that library.

It reads what gufo-snmp cannot decode, tells why an SNMPv3 agent refused, and is the second implementation that tests compare with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pysnmp.hlapi.v3arch import asyncio as hlapi
from pysnmp.proto import errind, rfc1902, rfc1905

from cmdb.errors import Invalid
from discovery.credentials import Credential, CredentialKind
from scanners.snmp_client import Batch, Cursor, SnmpClosed, SnmpDenied, SnmpGarbled, SnmpNoAnswer, SnmpTooBig, SnmpValue
from scanners.snmp_credential import AuthProtocol, PrivProtocol, v3_keys

_AUTH = {
    AuthProtocol.MD5: hlapi.usmHMACMD5AuthProtocol,
    AuthProtocol.SHA1: hlapi.usmHMACSHAAuthProtocol,
    AuthProtocol.SHA224: hlapi.usmHMAC128SHA224AuthProtocol,
    AuthProtocol.SHA256: hlapi.usmHMAC192SHA256AuthProtocol,
    AuthProtocol.SHA384: hlapi.usmHMAC256SHA384AuthProtocol,
    AuthProtocol.SHA512: hlapi.usmHMAC384SHA512AuthProtocol,
}
_PRIV = {
    PrivProtocol.DES: hlapi.usmDESPrivProtocol,
    PrivProtocol.AES128: hlapi.usmAesCfb128Protocol,
    PrivProtocol.AES192: hlapi.usmAesBlumenthalCfb192Protocol,
    PrivProtocol.AES256: hlapi.usmAesBlumenthalCfb256Protocol,
    PrivProtocol.AES192_CISCO: hlapi.usmAesCfb192Protocol,
    PrivProtocol.AES256_CISCO: hlapi.usmAesCfb256Protocol,
}
_REFUSALS: dict[type[Any], str] = {
    errind.UnknownUserName: "the agent knows no SNMPv3 user of this name",
    errind.WrongDigest: "the agent refused the SNMPv3 authentication key or its protocol",
    errind.AuthenticationFailure: "the agent refused the SNMPv3 authentication key or its protocol",
    errind.DecryptionError: "the agent could not decrypt: the SNMPv3 privacy key or its protocol is wrong",
    errind.UnsupportedSecurityLevel: "the agent asks another SNMPv3 security level of this user",
}
"""What the error counters of RFC 3414 §3.2 mean, by the library's names for them."""
_TOO_BIG = 1
_NO_SUCH_NAME = 2
_AUTHORIZATION_ERROR = 16


class PysnmpEngine:
    """One SNMP engine for all targets of a run: an engine each would cost more than the reading."""

    def __init__(self) -> None:
        self._engine: Any = hlapi.SnmpEngine()

    def transport(self, address: str, port: int, credential: Credential) -> PysnmpTransport:
        """A transport for one agent."""
        return PysnmpTransport(self._engine, address, port, credential)

    def close(self) -> None:
        """Close the engine's sockets."""
        self._engine.close_dispatcher()


@dataclass(slots=True)
class PysnmpCursor:
    """A base and the OID read last."""

    base: str
    last: str
    max_repetitions: int


class PysnmpTransport:
    """`Transport` over a shared engine."""

    def __init__(self, engine: Any, address: str, port: int, credential: Credential) -> None:
        self._engine = engine
        self._endpoint = (address, port)
        self._auth: Any = _auth_data(credential)

    async def start(self, timeout_s: float) -> None:
        """Nothing: the engine discovers by itself at the first request."""

    async def get(self, oids: Sequence[str], timeout_s: float) -> dict[str, SnmpValue]:
        """One GET."""
        target = await self._target(timeout_s)
        try:
            varbinds = await self._checked(
                hlapi.get_cmd(
                    self._engine, self._auth, target, hlapi.ContextData(), *map(_object, oids), lookupMib=False
                )
            )
        except _NoSuchName:
            return {}
        found = ((str(oid), _value(value)) for oid, value in varbinds)
        return {oid: value for oid, value in found if value is not None}

    def cursor(self, base: str, *, after: str | None, max_repetitions: int) -> Cursor:
        """Goes on right behind `after`."""
        return PysnmpCursor(base, after or base, max_repetitions)

    async def get_bulk(self, cursor: Cursor, timeout_s: float) -> Batch:
        """One GETBULK."""
        if not isinstance(cursor, PysnmpCursor):
            raise TypeError("a cursor of another transport")
        target = await self._target(timeout_s)
        reply = await self._checked(
            hlapi.bulk_cmd(
                self._engine,
                self._auth,
                target,
                hlapi.ContextData(),
                0,
                cursor.max_repetitions,
                _object(cursor.last),
                lookupMib=False,
            )
        )
        rows: list[tuple[str, SnmpValue]] = []
        for name, raw in reply:
            oid, value = str(name), _value(raw)
            if not oid.startswith(cursor.base + ".") or value is None:
                return Batch(rows, is_end=True)
            cursor.last = oid
            rows.append((oid, value))
        return Batch(rows, is_end=not rows)

    def close(self) -> None:
        """Nothing of its own to close: the engine is shared."""

    async def _target(self, timeout_s: float) -> Any:
        kind = hlapi.Udp6TransportTarget if ":" in self._endpoint[0] else hlapi.UdpTransportTarget
        return await kind.create(self._endpoint, timeout=timeout_s, retries=0)

    async def _checked(self, request: Any) -> Any:
        try:
            failure, status, _, varbinds = await request
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise SnmpGarbled(f"{type(error).__name__} while decoding") from error
        if failure:
            if isinstance(failure, errind.RequestTimedOut):
                raise SnmpNoAnswer(str(failure))
            for kind, reason in _REFUSALS.items():
                if isinstance(failure, kind):
                    raise SnmpDenied(reason)
            if "refused" in str(failure).lower():
                raise SnmpClosed("the target says that nothing listens on the SNMP port")
            raise SnmpGarbled(str(failure))
        if int(status) == _TOO_BIG:
            raise SnmpTooBig("tooBig")
        if int(status) == _NO_SUCH_NAME:
            raise _NoSuchName("noSuchName")
        if int(status) == _AUTHORIZATION_ERROR:
            raise SnmpDenied(
                "the agent does not let this user read (authorizationError): its security level or view is too low"
            )
        if int(status):
            raise SnmpGarbled(f"error status {int(status)}")
        return varbinds


class _NoSuchName(SnmpGarbled):
    """An agent that answers v2c requests in the manner of SNMPv1."""


def _object(oid: str) -> Any:
    return hlapi.ObjectType(hlapi.ObjectIdentity(oid))


def _value(raw: Any) -> SnmpValue | None:
    if isinstance(raw, (rfc1905.NoSuchObject, rfc1905.NoSuchInstance, rfc1905.EndOfMibView, rfc1905.UnSpecified)):
        return None
    if isinstance(raw, rfc1902.IpAddress):
        return ".".join(map(str, raw.asNumbers()))
    if isinstance(raw, rfc1902.ObjectIdentifier):
        return str(raw)
    if isinstance(raw, (rfc1902.OctetString, rfc1902.Opaque)):
        return bytes(raw)
    try:
        return int(raw)
    except (TypeError, ValueError):
        return str(raw)


def _auth_data(credential: Credential) -> Any:
    if credential.kind is not CredentialKind.SNMP_V3:
        try:
            return hlapi.CommunityData(credential.secrets["community"], mpModel=1)  # noqa: S508 the operator chose the version
        except KeyError:
            raise Invalid(f"the credential {credential.name} has no community") from None
    keys = v3_keys(credential)
    if keys.auth is None:
        return hlapi.UsmUserData(keys.user)  # noqa: S509 the operator chose the level
    if keys.priv is None:
        return hlapi.UsmUserData(keys.user, authKey=keys.auth_key.decode(), authProtocol=_AUTH[keys.auth])
    return hlapi.UsmUserData(
        keys.user,
        authKey=keys.auth_key.decode(),
        authProtocol=_AUTH[keys.auth],
        privKey=keys.priv_key.decode(),
        privProtocol=_PRIV[keys.priv],
    )
