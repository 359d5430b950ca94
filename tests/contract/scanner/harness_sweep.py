"""The scanner `nmap` without nmap: the built-in sweep, on a made-up network that no packet reaches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from discovery.scanner import Scanner
from scanners.nmap import NmapScanner
from scanners.sweep import Answer
from tests.contract.scanner.harness import Behaviour, Stage

# RFC 5737: addresses for documentation
TARGETS = {Behaviour.GOOD: "192.0.2.10", Behaviour.DOWN: "192.0.2.20", Behaviour.SLOW: "192.0.2.30"}
OPEN_PORTS = frozenset({22, 443})


class SweepHarness:
    """Follows `Harness`; counts the connections of each target."""

    name = "sweep"
    behaviours = frozenset(TARGETS)

    def __init__(self) -> None:
        self._contacts = Counter[str]()

    def lacks(self) -> str | None:
        """Nothing."""
        return None

    def scanner(self) -> Scanner:
        """A scanner whose connections end in the made-up network, and whose nmap does not exist."""
        return NmapScanner(command=("nmap-that-is-not-installed",), connector=self._connect)

    def stage(self, behaviour: Behaviour) -> AbstractAsyncContextManager[Stage]:
        """One address of the made-up network."""
        return self._stage(behaviour)

    @asynccontextmanager
    async def _stage(self, behaviour: Behaviour) -> AsyncIterator[Stage]:
        target = TARGETS[behaviour]
        yield Stage(target=target, contacts=lambda: self._contacts[target])

    async def _connect(self, address: str, port: int) -> Answer:
        self._contacts[address] += 1
        if address == TARGETS[Behaviour.SLOW]:
            await asyncio.sleep(3600)
        if address == TARGETS[Behaviour.GOOD]:
            return Answer.OPEN if port in OPEN_PORTS else Answer.REFUSED
        return Answer.NONE


HARNESS = SweepHarness()
