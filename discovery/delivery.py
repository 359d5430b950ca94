"""How a collector's observations reach its server: in order, once, and after an outage."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from cmdb.entities import RunState
from cmdb.errors import CmdbError, Conflict, Denied, Invalid, NotFound, Unavailable
from discovery.collecting import Heard, RunWord
from discovery.collector_link import Link
from discovery.outbox import Entry, RunBox

_log = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_RETRY_S = 0.25
LONGEST_RETRY_S = 5.0


class Threads:
    """Calls that block, in threads of their own: a long wait for the server never takes one from a scan."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="link")

    def run(self, function: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
        """The function's result, to be awaited on the running loop."""
        return asyncio.get_running_loop().run_in_executor(self._pool, functools.partial(function, *arguments))

    def close(self) -> None:
        """Start nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class Parcel:
    """What one run sends, and what its scan and its delivery tell one another."""

    box: RunBox
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Something more waits in the box."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """The scan shall end."""
    packed: asyncio.Event = field(default_factory=asyncio.Event)
    """The scan has ended, and the word on it is in the box."""

    def pack(self) -> None:
        """Say that the box is complete."""
        self.packed.set()
        self.moved.set()


class Delivery:
    """Sends parcels over one link; `tell` takes short lines for people."""

    def __init__(self, link: Link, threads: Threads, *, tell: Callable[[str], None]) -> None:
        self._link = link
        self._threads = threads
        self._tell = tell

    async def deliver(self, parcel: Parcel) -> Heard | None:
        """Send what waits, in order, until the word on the run's end has arrived; None when the server wants none of it."""
        box = parcel.box
        while True:
            parcel.moved.clear()
            try:
                entry = await self._threads.run(box.first)
                if entry is not None:
                    if (await self._sent(box, entry)).is_stop_wanted:
                        parcel.stop.set()
                    await self._threads.run(box.drop, entry.number)
                elif parcel.packed.is_set() and (word := await self._threads.run(box.word)) is not None:
                    heard = await self._reported(box, word)
                    await self._threads.run(box.remove)
                    return heard
                else:
                    await parcel.moved.wait()
            except (NotFound, Conflict) as exc:
                self._tell(f"run {box.run_id}: the server takes no more of it: {exc}")
                parcel.stop.set()
                await parcel.packed.wait()
                await self._threads.run(box.remove)
                return None

    async def _sent(self, box: RunBox, entry: Entry) -> Heard:
        try:
            return await self._patiently(functools.partial(self._link.send, box.run_id, entry.number, entry.body))
        except (NotFound, Conflict):
            raise
        except CmdbError as exc:
            # the server has counted it as lost
            self._tell(f"run {box.run_id}: observation {entry.number} was not kept: {exc}")
            return Heard(state=RunState.RUNNING)

    async def _reported(self, box: RunBox, word: RunWord) -> Heard:
        try:
            return await self._patiently(functools.partial(self._link.report, box.run_id, word))
        except Invalid as exc:
            # how it ended must arrive, even where its results do not
            bare = RunWord(state=word.state, message=f"the server refused the results of the run: {exc}"[:1000])
            return await self._patiently(functools.partial(self._link.report, box.run_id, bare))

    async def _patiently(self, call: Callable[[], T]) -> T:
        """The call's answer, waiting out an outage for as long as this collector lives."""
        delay_s = FIRST_RETRY_S
        while True:
            try:
                return await self._threads.run(call)
            except (Unavailable, Denied) as exc:
                # a token that is refused now may be one that is being exchanged
                _log.info("the server does not take it: %s", exc)
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LONGEST_RETRY_S)

    async def beat(self, parcel: Parcel, every_s: float) -> None:
        """Give signs of life until cancelled; stop the scan when the server says so."""
        alive = RunWord(state=RunState.RUNNING)
        while True:
            await asyncio.sleep(every_s)
            try:
                heard = await self._threads.run(self._link.report, parcel.box.run_id, alive)
            except (NotFound, Conflict):
                parcel.stop.set()
            except CmdbError as exc:
                _log.warning("no sign of life could be given: %s", exc)
            else:
                if heard.is_stop_wanted:
                    parcel.stop.set()
