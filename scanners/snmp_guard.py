"""A transport made safe: every request resent when lost, every walk ordered, bounded, and resumed where it stood."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from scanners.snmp_client import (
    Batch,
    Column,
    Cursor,
    SnmpClosed,
    SnmpGarbled,
    SnmpNoAnswer,
    SnmpOutOfTime,
    SnmpTooBig,
    SnmpValue,
    Transport,
)

T = TypeVar("T")

MAX_REPETITIONS = 50
"""Beyond it replies outgrow one Ethernet frame many times over, and gufo-snmp 0.13 fails to decode them."""
SMALL_REPETITIONS = 10
"""Ten rows of any column fit one unfragmented datagram; tried before a silent walk is given up."""
GET_SIZE = 16
"""Instances per GET; every agent must take a message of 484 bytes (RFC 3417 §3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """Bounds of one target. Waits grow by half with each resend: 1.5, 2.25, 3.4, 5.1 s by default."""

    timeout_s: float = 1.5
    resends: int = 3
    max_rows: int = 200_000
    total_s: float = 120.0
    max_repetitions: int = MAX_REPETITIONS


class GuardedClient:
    """`SnmpClient` over a transport: resends without losing what was read, refuses OIDs that do not increase, halves
    GETBULK on tooBig and on undecodable replies, and stops at a number of rows and at a time.
    """

    def __init__(self, transport: Transport, limits: GuardLimits, *, spare: Transport | None = None) -> None:
        self._transport = transport
        self._limits = limits
        self._spare = spare
        self._repetitions = max(1, min(limits.max_repetitions, MAX_REPETITIONS))
        self._rows_left = limits.max_rows
        self._silent_walks = 0
        self._deadline = asyncio.get_running_loop().time() + limits.total_s

    def close(self) -> None:
        """Give the transports back."""
        self._transport.close()
        if self._spare is not None:
            self._spare.close()

    async def get_many(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        """The instances that exist among `oids`; a chunk that the agent refuses as a whole is asked one by one."""
        found: dict[str, SnmpValue] = {}
        for start in range(0, len(oids), GET_SIZE):
            chunk = oids[start : start + GET_SIZE]
            try:
                found.update(await self._get(chunk))
            except (SnmpTooBig, SnmpGarbled):
                for oid in chunk if len(chunk) > 1 else ():
                    try:
                        found.update(await self._get([oid]))
                    except (SnmpTooBig, SnmpGarbled):
                        continue
        return found

    async def walk(self, base: str) -> Column:
        """Everything under `base`, in increasing order of OID (RFC 3416 §4.2.2)."""
        if self._silent_walks >= 2:
            return Column(base=base, fault="the agent stopped answering")
        column = await self._walk(self._transport, base)
        if column.fault is not None and column.fault.startswith(_GARBLED) and self._spare is not None:
            second = await self._walk(self._spare, base)
            if second.fault is None or len(second.values) > len(column.values):
                column = second
        return column

    async def _get(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        return await self._exchange(lambda timeout_s: self._transport.get(oids, timeout_s))

    async def _walk(self, transport: Transport, base: str) -> Column:
        progress = _Progress(base)
        cursor: Cursor | None = None
        repetitions = self._repetitions
        while True:
            if cursor is None:
                cursor = transport.cursor(base, after=progress.last_oid, max_repetitions=repetitions)
                progress.reopened()
            try:
                batch = await self._next(transport, cursor)
            except (SnmpTooBig, SnmpGarbled) as error:
                if repetitions == 1:
                    return progress.column(f"{_GARBLED} even one row at a time: {error.message}")
                repetitions = self._repetitions = max(1, repetitions // 2)
                cursor = None
                continue
            except SnmpClosed as error:
                self._silent_walks = 2
                return progress.column(error.message)
            except SnmpNoAnswer as error:
                if repetitions > SMALL_REPETITIONS:
                    repetitions = SMALL_REPETITIONS
                    cursor = None
                    continue
                self._silent_walks += 1
                return progress.column(error.message)
            except SnmpOutOfTime as error:
                self._silent_walks = 2
                return progress.column(error.message)
            self._silent_walks = 0
            before = len(progress.values)
            fault = progress.take(batch)
            self._rows_left -= len(progress.values) - before
            if fault is not None:
                return progress.column(fault)
            if batch.is_doubtful and progress.values and self._spare is not None and transport is not self._spare:
                transport, cursor = self._spare, None
                continue
            if batch.is_end or not batch.varbinds:
                return progress.column(None)
            if self._rows_left <= 0:
                return progress.column(f"stopped at the limit of {self._limits.max_rows} rows for one target")

    async def _next(self, transport: Transport, cursor: Cursor) -> Batch:
        return await self._exchange(lambda timeout_s: transport.get_bulk(cursor, timeout_s))

    async def _exchange(self, request: Callable[[float], Awaitable[T]]) -> T:
        clock = asyncio.get_running_loop().time
        timeout_s = self._limits.timeout_s
        garbled: str | None = None
        for _ in range(self._limits.resends + 1):
            left_s = self._deadline - clock()
            if left_s <= 0:
                raise SnmpOutOfTime(
                    f"not finished after {self._limits.total_s:g} s; raise the time allowed for one target"
                )
            try:
                return await request(min(timeout_s, left_s))
            except SnmpClosed:
                raise
            except (SnmpNoAnswer, SnmpGarbled) as error:
                garbled = error.message if isinstance(error, SnmpGarbled) else None
                timeout_s *= 1.5
        if garbled is not None:
            raise SnmpGarbled(garbled)
        raise SnmpNoAnswer(f"no answer to a request sent {self._limits.resends + 1} times")


_GARBLED = "unusable replies"


class _Progress:
    """Rows of one walk, with the order that they must keep."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.values: dict[str, SnmpValue] = {}
        self.last_oid: str | None = None
        self._last: tuple[int, ...] = ()
        self._cursor_last: tuple[int, ...] = ()

    def reopened(self) -> None:
        """A new cursor may start from the base again; what it repeats is skipped, not refused."""
        self._cursor_last = ()

    def take(self, batch: Batch) -> str | None:
        """Keep the new rows; the fault if an OID is not larger than the one before it."""
        skip = len(self.base) + 1
        for oid, value in batch.varbinds:
            index = oid[skip:]
            key = (int(index),) if index.isdecimal() else _key(index)
            if key <= self._cursor_last or not key:
                return f"the agent's OIDs do not increase: {oid} came after {self.last_oid or self.base}"
            self._cursor_last = key
            if key > self._last:
                self._last = key
                self.last_oid = oid
                self.values[index] = value
        return None

    def column(self, fault: str | None) -> Column:
        return Column(base=self.base, values=self.values, fault=fault and f"{self.base}: {fault}")


def _key(index: str) -> tuple[int, ...]:
    return tuple(map(int, index.split("."))) if index else ()
