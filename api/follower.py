"""Keeps the impact graph current: a look at the change feed every 200 ms, and whoever waits for a revision is told."""

from __future__ import annotations

import asyncio
import logging

import anyio.to_thread

from api.impact_desk import ImpactDesk
from cmdb.errors import CmdbError, Unavailable
from cmdb.store.protocol import Store

_log = logging.getLogger(__name__)

POLL_S = 0.2
"""How stale an impact answer may be at rest (design §11)."""
PATIENCE_S = 2.0
"""How long an answer that names `min_revision` waits for it."""


class Follower:
    """Moves an impact desk along the feed of a store; one per process."""

    def __init__(self, store: Store, impact: ImpactDesk, *, poll_s: float = POLL_S) -> None:
        self._store = store
        self._impact = impact
        self._poll_s = poll_s
        self._limiter = anyio.CapacityLimiter(1)
        self._store_revision: int | None = None
        self._is_well = False
        self._moved = asyncio.Event()

    @property
    def store_revision(self) -> int | None:
        """The newest revision seen, None before the first look."""
        return self._store_revision

    @property
    def is_current(self) -> bool:
        """Whether the last look succeeded, so that impact answers know all that the store had then."""
        return self._is_well

    async def run(self) -> None:
        """Look until cancelled; an outage is logged once and met again at every look."""
        while True:
            await self.look()
            await asyncio.sleep(self._poll_s)

    async def look(self) -> None:
        """One look at the feed."""
        try:
            revision = await anyio.to_thread.run_sync(self._advance, limiter=self._limiter)
        except CmdbError as exc:
            if self._is_well:
                _log.warning("the change feed could not be read: %s", exc)
            self._is_well = False
            return
        except Exception:
            if self._is_well:
                _log.exception("the impact graph could not follow the change feed")
            self._is_well = False
            return
        has_moved = revision != self._store_revision or not self._is_well
        self._store_revision, self._is_well = revision, True
        if has_moved:
            self._moved.set()
            self._moved = asyncio.Event()

    async def wait_moved(self, *, beyond: int) -> None:
        """Return when a revision above `beyond` has been seen; at once when it has been already."""
        while (self._store_revision or 0) <= beyond:
            await self._moved.wait()

    async def wait_for(self, revision: int) -> None:
        """Return when impact answers know `revision`; raises `Unavailable` after `PATIENCE_S`."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while self._store_revision is None or self._store_revision < revision:
            if asyncio.get_running_loop().time() >= deadline:
                known = "nothing yet" if self._store_revision is None else f"revision {self._store_revision}"
                raise Unavailable(f"impact answers know {known}, not yet revision {revision}; ask again")
            await asyncio.sleep(0.02)

    def _advance(self) -> int:
        # read first: what is committed during the advance is known too, or known at the next look
        revision = self._store.revision()
        self._impact.advance()
        return revision
