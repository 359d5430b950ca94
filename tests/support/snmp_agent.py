"""A real SNMPv2c agent on a UDP socket that can be told to lose, lie, stall and babble; the other end of the guard's tests."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER32, GAUGE32, TIMETICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x81, 0x82
GET, GET_NEXT, RESPONSE, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA5
TOO_BIG, GEN_ERR = 1, 5

Key = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What a manager asked; `number` counts requests from 1."""

    number: int
    kind: int
    request_id: int
    repetitions: int
    oids: tuple[Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How to answer instead of honestly."""

    is_dropped: bool = False
    delay_s: float = 0.0
    raw: bytes | None = None
    error_status: int = 0
    varbinds: tuple[tuple[Key, bytes], ...] | None = None


Behaviour = Callable[[Request], Reply | None]


def tlv(tag: int, body: bytes) -> bytes:
    """One BER element (X.690 §8.1), definite length."""
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Two's complement, shortest form."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid_body(key: Key) -> bytes:
    """Subidentifiers in base 128 (X.690 §8.19)."""
    out = bytearray()
    for part in (key[0] * 40 + key[1], *key[2:]) if len(key) > 1 else key:
        chunk, left = [part & 0x7F], part >> 7
        while left:
            chunk.append(0x80 | (left & 0x7F))
            left >>= 7
        out += bytes(reversed(chunk))
    return bytes(out)


def as_key(oid: str) -> Key:
    """`1.3.6` as a tuple."""
    return tuple(map(int, oid.split(".")))


def encoded(value: int | bytes | str) -> bytes:
    """An int as INTEGER, bytes as OCTET STRING, dotted text as OBJECT IDENTIFIER."""
    if isinstance(value, int):
        return integer(value)
    return tlv(OID, oid_body(as_key(value))) if isinstance(value, str) else tlv(OCTETS, value)


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    tag, size, at = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, at = int.from_bytes(data[at : at + count], "big"), at + count
    return tag, data[at : at + size], at + size


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(data):
        tag, body, at = _element(data, at)
        found.append((tag, body))
    return found


def _key(body: bytes) -> Key:
    parts, value = [], 0
    for byte in body:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            parts.append(value)
            value = 0
    first = parts[0]
    top = min(first // 40, 2)
    return (top, first - 40 * top, *parts[1:])


class Agent(asyncio.DatagramProtocol):
    """Answers GET, GETNEXT and GETBULK from `values`; `behaviour` may answer otherwise; `requests` keeps what was asked."""

    def __init__(
        self,
        values: Mapping[str, int | bytes | str],
        *,
        behaviour: Behaviour | None = None,
        community: bytes = b"public",
    ) -> None:
        self._table = {as_key(oid): encoded(value) for oid, value in values.items()}
        self._order = sorted(self._table)
        self._behaviour = behaviour or (lambda _: None)
        self._community = community
        self._transport: asyncio.DatagramTransport | None = None
        self.requests: list[Request] = []
        self.port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not hasattr(transport, "sendto"):
            raise TypeError("not a datagram transport")
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        version, community, (kind, pdu) = (part for part in _parts(_parts(data)[0][1]))
        if community[1] != self._community:
            return
        request_id, _, repetitions, varbinds = (body for _, body in _parts(pdu))
        oids = tuple(_key(_parts(body)[0][1]) for _, body in _parts(varbinds))
        request = Request(
            len(self.requests) + 1,
            kind,
            int.from_bytes(request_id, "big", signed=True),
            int.from_bytes(repetitions, "big"),
            oids,
        )
        self.requests.append(request)
        reply = self._behaviour(request) or Reply()
        if reply.is_dropped:
            return
        packet = reply.raw if reply.raw is not None else self._packet(version[1], request, reply)
        asyncio.get_running_loop().call_later(reply.delay_s, self._send, packet, addr)

    def _send(self, packet: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(packet, addr)

    def _packet(self, version: bytes, request: Request, reply: Reply) -> bytes:
        null = tlv(NULL, b"")
        rows = (
            [(oid, null) for oid in request.oids]
            if reply.error_status
            else list(reply.varbinds or self.answer(request))
        )
        listed = b"".join(tlv(SEQUENCE, tlv(OID, oid_body(oid)) + value) for oid, value in rows)
        pdu = integer(request.request_id) + integer(reply.error_status) + integer(0) + tlv(SEQUENCE, listed)
        return tlv(SEQUENCE, tlv(INTEGER, version) + tlv(OCTETS, self._community) + tlv(RESPONSE, pdu))

    def answer(self, request: Request) -> list[tuple[Key, bytes]]:
        """The honest varbinds (RFC 3416 §4.2)."""
        if request.kind == GET:
            return [(oid, self._table.get(oid, tlv(NO_SUCH_INSTANCE, b""))) for oid in request.oids]
        rows: list[tuple[Key, bytes]] = []
        start = bisect_right(self._order, request.oids[0])
        for position in range(start, start + (request.repetitions if request.kind == GET_BULK else 1)):
            if position >= len(self._order):
                rows.append((self._order[-1] if rows else request.oids[0], tlv(END_OF_MIB_VIEW, b"")))
                break
            rows.append((self._order[position], self._table[self._order[position]]))
        return rows


@asynccontextmanager
async def running(agent: Agent, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Agent]:
    """The agent on a port of `host`, a free one unless given, closed at the end."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: agent, local_addr=(host, port))
    try:
        yield agent
    finally:
        transport.close()
