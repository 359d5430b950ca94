"""The one gate between the event loop and the synchronous store: lanes of bounded width and bounded queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from api.errors import Busy

T = TypeVar("T")

READERS = 16
READS_WAITING = 256
WRITES_WAITING = 32
IMPORTS_WAITING = 8


class Lane:
    """Runs functions in threads, at most `width` at once and `waiting` more in the queue; then `Busy`."""

    def __init__(self, name: str, *, width: int, waiting: int) -> None:
        self._name = name
        self._limiter = anyio.CapacityLimiter(width)
        self._room = width + waiting
        self._inside = 0

    @property
    def inside(self) -> int:
        """Functions that run or wait now."""
        return self._inside

    async def run(self, function: Callable[[], T]) -> T:
        """The function's result; it is not interrupted when its caller goes away, so that a commit is never cut in two."""
        if self._inside >= self._room:
            raise Busy(f"{self._inside} {self._name} wait already; try again in a moment")
        self._inside += 1
        try:
            return await anyio.to_thread.run_sync(function, limiter=self._limiter)
        finally:
            self._inside -= 1


class Gate:
    """Reads beside each other, writes one at a time, imports one at a time beside the writes; none starves another."""

    def __init__(self) -> None:
        self._reads = Lane("reads", width=READERS, waiting=READS_WAITING)
        self._writes = Lane("writes", width=1, waiting=WRITES_WAITING)
        self._imports = Lane("imports", width=1, waiting=IMPORTS_WAITING)

    async def read(self, function: Callable[[], T]) -> T:
        """A function that only reads the store."""
        return await self._reads.run(function)

    async def write(self, function: Callable[[], T]) -> T:
        """A function that commits one short change."""
        return await self._writes.run(function)

    async def load(self, function: Callable[[], T]) -> T:
        """A function that commits change set after change set, as an import does."""
        return await self._imports.run(function)

    def load_factors(self) -> dict[str, int]:
        """What runs or waits in each lane."""
        return {"reads": self._reads.inside, "writes": self._writes.inside, "imports": self._imports.inside}
