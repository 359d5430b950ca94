"""The local scanner's one target: the machine that the tests run on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from discovery.scanner import Scanner
from scanners.local import TARGET, LocalScanner
from tests.contract.scanner.harness import Behaviour, Stage


class LocalHarness:
    """See `Harness`."""

    name = "local"
    behaviours = frozenset({Behaviour.GOOD})

    def lacks(self) -> str | None:
        """Nothing."""
        return None

    def scanner(self) -> Scanner:
        """As a run makes it."""
        return LocalScanner()

    @asynccontextmanager
    async def stage(self, behaviour: Behaviour) -> AsyncIterator[Stage]:
        """This machine as it is."""
        assert behaviour is Behaviour.GOOD
        yield Stage(target=TARGET, target_timeout_s=60.0)


HARNESS = LocalHarness()
