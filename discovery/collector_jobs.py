"""A remote collector: takes runs from its server, scans, and sends what it sees, whatever happens in between.

    ask ─► scan ─► outbox (disk) ─► deliver, in order ─► the server's ingest
             └────── beat: proof of life, and the answer whether to stop ──────┘

Nothing that was seen is lost with the server or with this process: it waits on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from cmdb.entities import RunState
from cmdb.errors import CmdbError, Unavailable
from cmdb.observation import Observation
from cmdb.store.protocol import Store
from discovery.collecting import LONGEST_WAIT_S, LeasedRun, RunWord, encode_observation
from discovery.collector_link import Link
from discovery.delivery import FIRST_RETRY_S, LONGEST_RETRY_S, Delivery, Parcel, Threads
from discovery.leases import Clock
from discovery.orders import OrderDesk
from discovery.outbox import Outbox, RunBox
from discovery.progress import RunObserver
from discovery.runs import Patience, run_scan
from discovery.scanner import ScannerRegister, ScanRequest

_log = logging.getLogger(__name__)
T = TypeVar("T")

LAST_WORDS_S = 5.0
"""How long a collector that was told to end still tries to send what it has; the rest stays on disk for its next start."""
OUTAGE_S = 600.0
"""How long a collector that takes a single run waits for a lost server."""
STOP_S = 30.0
"""Longest that scans may take to end; more than `Patience` allows one of them."""

_CUT_OFF = RunWord(
    state=RunState.INTERRUPTED,
    message="its collector ended without a word; what it had seen is kept, run it again for the rest",
)


class _Kept:
    """An observation that is on disk; what it did to the graph is the server's to count."""

    revision = None

    def count(self, outcome: str) -> int:
        del outcome
        return 0


class _Spool:
    """The ingestor of a collector's run: keeps observations for the server."""

    def __init__(self, box: RunBox, moved: Callable[[], object]) -> None:
        self._box = box
        self._moved = moved

    def submit(self, observation: Observation, *, by: str) -> _Kept:
        del by  # the server knows who ordered the run
        self._box.add(encode_observation(observation))
        self._moved()
        return _Kept()


class Collector:
    """Works for one server until it is told to stop; `tell` takes short lines for people."""

    def __init__(
        self,
        connect: Callable[[], Link],
        outbox: Outbox,
        scanners: ScannerRegister,
        *,
        orders: OrderDesk,
        make_journal: Callable[[], Store],
        clock: Clock,
        tell: Callable[[str], None],
        observers: Sequence[RunObserver] = (),
        patience: Patience | None = None,
        wait_s: float = LONGEST_WAIT_S,
        limit: int = 2,
    ) -> None:
        self._asking, self._telling = connect(), connect()
        self._threads = Threads(2 + 3 * limit)
        self._delivery = Delivery(self._telling, self._threads, tell=tell)
        self._outbox = outbox
        self._scanners = scanners
        self._orders = orders
        self._make_journal = make_journal
        self._clock = clock
        self._tell = tell
        self._observers = tuple(observers)
        self._patience = patience or Patience(outage_s=OUTAGE_S, drain_s=5.0)
        self._wait_s = wait_s
        self._limit = limit
        self._going: dict[asyncio.Task[RunState | None], Parcel] = {}

    async def run(self, stop: asyncio.Event, *, patience_s: float, is_once: bool = False) -> RunState | None:
        """Take runs until `stop`, or one with `is_once`, whose state on the server is returned.

        Raises `Unavailable` when the server has not answered within `patience_s` of the start, or, with `is_once`, when
        what was seen could not be handed over; `Denied` when it refuses the token. What waits is kept on disk.
        """
        stopped = asyncio.create_task(stop.wait())
        try:
            for box in self._outbox.leftovers():
                self._start(box, None)
            return await self._take_runs(stopped, patience_s, is_once=is_once)
        finally:
            stopped.cancel()
            await asyncio.shield(self._close())

    async def _take_runs(self, stopped: asyncio.Task[bool], patience_s: float, *, is_once: bool) -> RunState | None:
        loop = asyncio.get_running_loop()
        give_up_at: float | None = loop.time() + patience_s
        delay_s = FIRST_RETRY_S
        while not stopped.done():
            if len(self._going) >= self._limit:
                await asyncio.wait({stopped, *self._going}, return_when=asyncio.FIRST_COMPLETED)
                continue
            try:
                leased = await self._unless(stopped, self._threads.run(self._asking.lease, self._wait_s))
            except Unavailable as exc:
                if stopped.done():
                    break
                if give_up_at is not None and loop.time() + delay_s > give_up_at:
                    raise Unavailable(
                        f"{exc} (tried for {patience_s:g} s); start the server, or correct --server"
                    ) from exc
                if delay_s == FIRST_RETRY_S:
                    self._tell(f"{exc}; trying again" + (f" for {patience_s:g} s" if give_up_at is not None else ""))
                await asyncio.wait({stopped}, timeout=delay_s)
                delay_s = min(2 * delay_s, LONGEST_RETRY_S)
                continue
            if give_up_at is not None or delay_s > FIRST_RETRY_S:
                self._tell("the server answers; waiting for scans")
            give_up_at, delay_s = None, FIRST_RETRY_S
            if leased is not None:
                started = self._start(self._outbox.open(leased.run), leased)
                if is_once:
                    return await self._one(started, stopped)
        return None

    async def _one(self, started: asyncio.Task[RunState | None], stopped: asyncio.Task[bool]) -> RunState | None:
        """The state of a run on the server when all of it has arrived; None when the collector was stopped before."""
        parcel = self._going[started]
        packed = asyncio.create_task(parcel.packed.wait())
        # bounded: a run has its own time, and a scanner that was told to stop has its
        await asyncio.wait({packed, stopped}, return_when=asyncio.FIRST_COMPLETED)
        packed.cancel()
        if not stopped.done():
            await asyncio.wait({started, stopped}, timeout=OUTAGE_S, return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            return started.result()
        if stopped.done():
            return None
        raise Unavailable(f"{parcel.box.count} observations could not be sent; start the collector again to send them")

    def _start(self, box: RunBox, leased: LeasedRun | None) -> asyncio.Task[RunState | None]:
        parcel = Parcel(box)
        task = asyncio.create_task(self._work(parcel, leased))
        self._going[task] = parcel
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[RunState | None]) -> None:
        parcel = self._going.pop(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            _log.error("run %s broke off: %s", parcel.box.run_id, failure)

    async def _work(self, parcel: Parcel, leased: LeasedRun | None) -> RunState | None:
        """Scan and deliver one run; a box that an earlier process left is only delivered. The state on the server."""
        box = parcel.box
        sending = asyncio.create_task(self._delivery.deliver(parcel))
        beating = asyncio.create_task(self._delivery.beat(parcel, leased.lease_s / 3)) if leased is not None else None
        try:
            if leased is not None:
                self._tell(f"run {box.run_id}: {leased.scanner} {', '.join(leased.targets[:5]) or 'of this machine'}")
                word = await self._scan(leased, parcel)
            else:
                self._tell(f"run {box.run_id}: sending what an earlier collector left")
                word = box.word() or _CUT_OFF
            await self._threads.run(box.end, word)
            parcel.pack()
            heard = await sending
        finally:
            parcel.pack()
            for task in (sending, beating):
                if task is not None:
                    task.cancel()
        if heard is None:
            return None
        counts = ", ".join(f"{count} {name}" for name, count in sorted(heard.counts.items()) if count)
        self._tell(f"run {box.run_id} {heard.state.value}: {counts or 'nothing seen'}")
        return heard.state

    async def _scan(self, leased: LeasedRun, parcel: Parcel) -> RunWord:
        """Run the scanner into the box; what cannot start is a failed run, never raised."""
        loop = asyncio.get_running_loop()
        try:
            request = await asyncio.to_thread(self._request, leased)
            with contextlib.closing(self._make_journal()) as journal:
                run = await run_scan(
                    self._scanners.make(leased.scanner),
                    request,
                    ingestor=_Spool(parcel.box, lambda: loop.call_soon_threadsafe(parcel.moved.set)),
                    store=journal,
                    by="collector",
                    clock=self._clock,
                    observers=self._observers,
                    stop=parcel.stop,
                    patience=self._patience,
                )
        except CmdbError as exc:
            return RunWord(state=RunState.FAILED, message=f"not started: {exc}")
        return RunWord(state=run.state, message=run.message, counts=run.counts, results=run.results)

    def _request(self, leased: LeasedRun) -> ScanRequest:
        """The run as this machine may do it, with its own credentials; raises what the order desk raises."""
        order = self._orders.checked(leased.order())
        return ScanRequest(
            run_id=leased.run,
            started_at=leased.started_at,
            targets=order.targets,
            exclude=order.exclude,
            credentials=self._orders.credentials_for(order),
            network=order.network,
            limits=order.limits,
            options=self._orders.options_for(order),
        )

    async def _unless(self, stopped: asyncio.Task[bool], call: asyncio.Future[T]) -> T:
        """The call's answer; `Unavailable` when the collector is stopped before there is one."""
        both: set[asyncio.Future[bool] | asyncio.Future[T]] = {stopped, call}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not call.done():
            self._asking.close()
            await asyncio.wait({call}, timeout=LAST_WORDS_S)
            if not call.done() or call.exception() is not None:
                raise Unavailable("the collector stops")
        return call.result()

    async def _close(self) -> None:
        """End every scan and send what can be sent in a few seconds; the rest stays on disk."""
        self._asking.close()
        for parcel in self._going.values():
            parcel.stop.set()
        packed = {asyncio.create_task(parcel.packed.wait()) for parcel in self._going.values()}
        if packed:
            await asyncio.wait(packed, timeout=STOP_S)
        if self._going:
            await asyncio.wait(set(self._going), timeout=LAST_WORDS_S)
        left = tuple(self._going)
        for task in (*packed, *left):
            task.cancel()
        self._telling.close()
        if left:
            await asyncio.wait(left, timeout=LAST_WORDS_S)
        self._threads.close()
