"""Find hosts and open TCP ports with nothing but connections: what stands in where nmap is not installed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

CONNECT_TIMEOUT_S = 1.0
"""Long enough for a link by satellite."""
MAX_OPEN_CONNECTIONS = 256


class Answer(Enum):
    """What a connection attempt showed."""

    OPEN = "open"
    REFUSED = "refused"
    """A reset: the host is there, the port is closed."""
    NONE = "none"


Connector = Callable[[str, int], Awaitable[Answer]]
"""Tries one TCP connection; bounded by the sweep's own time limit, never raises."""


@dataclass(frozen=True, slots=True)
class SweptHost:
    """A host that answered at all; ports ascending."""

    address: str
    open_ports: tuple[int, ...]


async def connect(address: str, port: int) -> Answer:
    """One TCP connection, closed at once."""
    try:
        _reader, writer = await asyncio.open_connection(address, port)
    except (ConnectionRefusedError, ConnectionResetError):
        return Answer.REFUSED
    except OSError:
        # a router's word, or this machine's own lack of something, is no answer of the host
        return Answer.NONE
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return Answer.OPEN


class Sweep:
    """Asks liveness ports of every address and the rest only of hosts that answered; bounded in rate and in flight."""

    def __init__(
        self,
        *,
        connector: Connector = connect,
        max_rate: float,
        max_open: int = MAX_OPEN_CONNECTIONS,
        timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        self._connect = connector
        self._interval_s = 1 / max_rate
        self._slots = asyncio.Semaphore(max_open)
        self._timeout_s = timeout_s
        self._next_at = 0.0
        self._max_open = max_open

    async def hosts(
        self, addresses: Iterable[str], *, liveness: Sequence[int], ports: Callable[[str], Sequence[int]]
    ) -> AsyncGenerator[SweptHost, None]:
        """Each host as it is finished, in the order in which they finish."""
        waiting = iter(addresses)
        running: set[asyncio.Task[SweptHost | None]] = set()
        try:
            while True:
                for address in _take(waiting, self._max_open - len(running)):
                    running.add(asyncio.create_task(self._host(address, liveness, ports)))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    if (host := task.result()) is not None:
                        yield host
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _host(
        self, address: str, liveness: Sequence[int], ports: Callable[[str], Sequence[int]]
    ) -> SweptHost | None:
        found = await self._ask(address, liveness)
        if not any(answer is not Answer.NONE for answer in found.values()):
            return None
        found |= await self._ask(address, [port for port in ports(address) if port not in found])
        return SweptHost(address, tuple(sorted(port for port, answer in found.items() if answer is Answer.OPEN)))

    async def _ask(self, address: str, ports: Sequence[int]) -> dict[int, Answer]:
        answers = await asyncio.gather(*(self._one(address, port) for port in ports))
        return dict(zip(ports, answers, strict=True))

    async def _one(self, address: str, port: int) -> Answer:
        async with self._slots:
            loop = asyncio.get_running_loop()
            at = max(loop.time(), self._next_at)
            self._next_at = at + self._interval_s
            if at > loop.time():
                await asyncio.sleep(at - loop.time())
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._connect(address, port)
            except TimeoutError:
                return Answer.NONE


def _take(addresses: Iterator[str], count: int) -> Iterator[str]:
    for _ in range(count):
        try:
            yield next(addresses)
        except StopIteration:
            return
