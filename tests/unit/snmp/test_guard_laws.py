"""The guard's law: whatever is lost, refused or shortened on the way, the rows are the agent's, in order, and all or faulted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from scanners.snmp_client import Batch, Column, Cursor, SnmpGarbled, SnmpNoAnswer, SnmpTooBig, SnmpValue
from scanners.snmp_guard import GuardedClient, GuardLimits

BASE = "1.3.6.1.2.1.2.2.1.2"
RESENDS = 2


@dataclass(slots=True)
class Place:
    """Where a walk stands, as an index into the table."""

    position: int
    repetitions: int


class Scripted:
    """A transport over a table in memory that fails as it is told, once a request; `can_resume` as pysnmp, else as gufo."""

    def __init__(self, rows: Sequence[int], faults: Iterator[str], *, can_resume: bool, largest: int) -> None:
        self._rows = sorted(rows)
        self._faults = faults
        self._can_resume = can_resume
        self._largest = largest
        self.requests = 0

    async def start(self, timeout_s: float) -> None:
        """Nothing to learn."""

    async def get(self, oids: Sequence[str], timeout_s: float) -> dict[str, SnmpValue]:
        del oids, timeout_s
        return {}

    def cursor(self, base: str, *, after: str | None, max_repetitions: int) -> Cursor:
        assert base == BASE
        if after is None or not self._can_resume:
            return Place(0, max_repetitions)
        last = int(after.rpartition(".")[2])
        return Place(sum(row <= last for row in self._rows), max_repetitions)

    async def get_bulk(self, cursor: Cursor, timeout_s: float) -> Batch:
        assert isinstance(cursor, Place)
        assert timeout_s > 0
        self.requests += 1
        fault = next(self._faults, "")
        if fault == "lost":
            raise SnmpNoAnswer("lost")
        if fault == "garbled":
            raise SnmpGarbled("garbled")
        if cursor.repetitions > self._largest:
            raise SnmpTooBig("too big")
        end = cursor.position + cursor.repetitions
        rows = self._rows[cursor.position : end]
        cursor.position = end
        return Batch([(f"{BASE}.{row}", row) for row in rows], is_end=end >= len(self._rows))

    def close(self) -> None:
        """Nothing is open."""


def walk(transport: Scripted) -> Column:
    async def run() -> Column:
        return await GuardedClient(transport, GuardLimits(resends=RESENDS, total_s=30)).walk(BASE)

    return asyncio.run(run())


TABLES = st.lists(st.integers(1, 10_000), unique=True, max_size=300)
FAULTS = st.lists(st.sampled_from(["", "", "lost", "garbled"]), max_size=60)


@given(rows=TABLES, faults=FAULTS, can_resume=st.booleans(), largest=st.integers(1, 60))
def test_a_walk_without_a_fault_has_every_row_once_and_in_order(
    rows: list[int], faults: list[str], *, can_resume: bool, largest: int
) -> None:
    column = walk(Scripted(rows, iter(faults), can_resume=can_resume, largest=largest))
    read = [int(index) for index in column.values]
    ordered = sorted(rows)
    assert read == ordered[: len(read)]
    assert column.fault is not None or read == ordered


@given(rows=TABLES, can_resume=st.booleans(), largest=st.integers(1, 60), data=st.data())
def test_fewer_losses_in_a_row_than_resends_lose_nothing(
    rows: list[int], data: st.DataObject, *, can_resume: bool, largest: int
) -> None:
    gaps = data.draw(st.lists(st.integers(0, RESENDS), max_size=40))
    faults = [fault for gap in gaps for fault in [*["lost"] * gap, ""]]
    column = walk(Scripted(rows, iter(faults), can_resume=can_resume, largest=largest))
    assert column.fault is None
    assert [int(index) for index in column.values] == sorted(rows)


@given(rows=TABLES, can_resume=st.booleans())
def test_a_dead_agent_is_asked_a_bounded_number_of_times(rows: list[int], *, can_resume: bool) -> None:
    transport = Scripted(rows, iter(["lost"] * 1_000), can_resume=can_resume, largest=60)
    column = walk(transport)
    assert column.fault is not None
    assert transport.requests == 2 * (RESENDS + 1)
