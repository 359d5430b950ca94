"""One discovery run: from a scanner's events to committed observations and a recorded outcome."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from cmdb.changeset import Revision
from cmdb.entities import Run, RunState
from cmdb.errors import CmdbError, Conflict, Unavailable
from cmdb.observation import Observation
from cmdb.store.protocol import Store
from discovery.journal import RunJournal
from discovery.leases import Clock, Lease
from discovery.progress import (
    NoticeGiven,
    ObservationCommitted,
    ObservationLost,
    RunEvent,
    RunFinished,
    RunObserver,
    RunStarted,
    TargetFinished,
)
from discovery.scanner import Notice, Observed, ScanEvent, Scanner, ScanRequest, TargetDone
from discovery.tally import OUTCOMES, Tally

_log = logging.getLogger(__name__)


class Committed(Protocol):
    """What one submitted observation did; `revision` is None when it changed nothing."""

    @property
    def revision(self) -> Revision | None: ...

    def count(self, outcome: str) -> int:
        """CIs of this outcome (created, updated, unchanged) after folding; drafts parked or refused."""


class Ingestor(Protocol):
    """Plans and applies one observation; synchronous, callable from a worker thread, idempotent on replay."""

    def submit(self, observation: Observation, *, by: str) -> Committed:
        """Raises `Unavailable` when the store does not answer, another `CmdbError` when this observation cannot land."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a run waits for others before it gives up, in seconds."""

    outage_s: float = 60.0
    """For a store that does not answer, per observation."""
    first_retry_s: float = 0.25
    longest_retry_s: float = 5.0
    scanner_stop_s: float = 6.0
    """For a scanner to end after it was told to; the protocol promises 5."""
    drain_s: float = 30.0
    """For what was already observed to be committed after a stop."""


QUEUE_LIMIT = 16
"""Observations that wait for the store at most; then the scanner waits."""


async def run_scan(
    scanner: Scanner,
    request: ScanRequest,
    *,
    ingestor: Ingestor,
    store: Store,
    by: str,
    clock: Clock,
    observers: Sequence[RunObserver] = (),
    schedule: str | None = None,
    stop: asyncio.Event | None = None,
    leases: Sequence[Lease] = (),
    patience: Patience | None = None,
) -> Run:
    """Run one scan to its end and return it as recorded; a failing target, observation or scanner is a result, never raised.

    Setting `stop` ends the run as *cancelled*; cancelling the task does the same and raises `CancelledError` again. Either
    way what was confirmed is kept. `leases` are kept alive with the run and released after it; they are held already.
    A run of a `schedule` without leases takes the right to run it first, and raises `Conflict` while another run has it.
    Raises `Unavailable` when the store cannot even record the start.
    """
    journal = RunJournal(store, clock=clock)
    lease = journal.lease(request.run_id)
    run = Run(
        id=request.run_id,
        source=scanner.name,
        state=RunState.RUNNING,
        by=by,
        started_at=request.started_at,
        targets=request.targets,
        schedule=schedule,
    )
    if schedule is not None and not leases:
        leases = (journal.schedule_lease(schedule, request.run_id),)
        if not await asyncio.to_thread(leases[0].hold):
            raise Conflict("a run of this schedule is going already; wait for its end or stop it", ids=(schedule,))
    await asyncio.to_thread(lease.hold)
    await asyncio.to_thread(journal.open, run)
    going = _Going(scanner, request, ingestor, by, observers, patience or Patience())
    going.tell(RunStarted(run))
    heart = asyncio.create_task(_beat((lease, *leases)))
    try:
        ending = await going.go(stop or asyncio.Event())
        return await going.record(journal, run, ending, clock)
    except asyncio.CancelledError:
        ending = _Ending(RunState.CANCELLED, "stopped before its end; what was confirmed is kept")
        await asyncio.shield(going.record(journal, run, ending, clock))
        raise
    finally:
        heart.cancel()
        await asyncio.shield(_release((lease, *leases)))


@dataclass(frozen=True, slots=True)
class _Ending:
    state: RunState
    message: str | None = None


class _Going:
    """A run while it goes: one task pumps events out of the scanner, one commits observations in order."""

    def __init__(
        self,
        scanner: Scanner,
        request: ScanRequest,
        ingestor: Ingestor,
        by: str,
        observers: Sequence[RunObserver],
        patience: Patience,
    ) -> None:
        self._scanner = scanner
        self._request = request
        self._ingestor = ingestor
        self._by = by
        self._observers = observers
        self._patience = patience
        self._tally = Tally()
        self._queue: asyncio.Queue[Observation | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(QUEUE_LIMIT)

    def tell(self, event: RunEvent) -> None:
        """Hand an event to every observer; one that raises is logged and does not disturb the run."""
        for observer in self._observers:
            try:
                observer.notify(event)
            except Exception:
                _log.exception("an observer of run %s failed", self._request.run_id)

    async def go(self, stop: asyncio.Event) -> _Ending:
        """Scan until the scanner, the time, the store or `stop` ends it; returns with both tasks ended."""
        pump = asyncio.create_task(self._pump())
        committer = asyncio.create_task(self._commit())
        stopped = asyncio.create_task(stop.wait())
        timeout_s = self._request.limits.run_timeout_s
        try:
            await asyncio.wait({pump, committer, stopped}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            has_ended, has_broken = pump.done(), pump.done() and (pump.cancelled() or pump.exception() is not None)
            if has_ended and not stopped.done():
                # bounded: every waiting observation has its own patience, and they are at most QUEUE_LIMIT
                await asyncio.wait({committer, stopped}, return_when=asyncio.FIRST_COMPLETED)
            is_stopped = stopped.done()
        finally:
            stopped.cancel()
            await asyncio.shield(self._wind_down(pump, committer))
        if (lost := _failure(committer)) is not None:
            return _Ending(RunState.FAILED, f"given up: {lost}; scan again when the store answers")
        if is_stopped:
            return _Ending(RunState.CANCELLED, "stopped on request; what was confirmed is kept")
        if has_broken:
            reason = _failure(pump) or "it was cancelled from within"
            return _Ending(RunState.FAILED, f"the scanner {self._scanner.name} broke off: {reason}")
        if not has_ended:
            return _Ending(RunState.PARTIAL, f"the run's time of {timeout_s:g} s ran out; what was confirmed is kept")
        return _Ending(RunState.DONE if self._tally.is_complete else RunState.PARTIAL)

    async def _pump(self) -> None:
        events = self._scanner.scan(self._request)
        try:
            async for event in events:
                await self._take(event)
        except CmdbError:
            raise
        except Exception:
            _log.exception("the scanner %s broke off in run %s", self._scanner.name, self._request.run_id)
            raise
        finally:
            self._queue.put_nowait(None)
            await _close(events)

    async def _take(self, event: ScanEvent) -> None:
        run_id = self._request.run_id
        if isinstance(event, Observed):
            await self._room.acquire()
            # a run looks once: what it saw of one thing from several places is one word, not one that replaces the other
            self._queue.put_nowait(replace(event.observation, at=self._request.started_at))
        elif isinstance(event, TargetDone):
            self._tally.add_target(event)
            self.tell(
                TargetFinished(
                    run_id=run_id,
                    target=event.target,
                    outcome=event.outcome,
                    reason=event.reason,
                    credential=event.credential,
                    seconds=event.seconds,
                    found=event.found,
                )
            )
        elif isinstance(event, Notice):
            self.tell(NoticeGiven(run_id=run_id, text=event.text))

    async def _commit(self) -> None:
        while (observation := await self._queue.get()) is not None:
            await self._submit(observation)
            self._room.release()

    async def _submit(self, observation: Observation) -> None:
        """Commit one observation, waiting out an outage; raises `Unavailable` when patience ends."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience.outage_s
        delay_s = self._patience.first_retry_s
        while True:
            try:
                committed = await asyncio.to_thread(self._ingestor.submit, observation, by=self._by)
            except Unavailable as exc:
                if loop.time() + delay_s > give_up_at:
                    self._lose(str(exc))
                    raise
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, self._patience.longest_retry_s)
            except CmdbError as exc:
                return self._lose(str(exc))
            except asyncio.CancelledError:
                self._lose("the run ended before the store had confirmed it")
                raise
            except Exception as exc:
                _log.exception("an observation of run %s could not be committed", self._request.run_id)
                return self._lose(f"{type(exc).__name__}, see the log")
            else:
                counts = {outcome: committed.count(outcome) for outcome in OUTCOMES}
                self._tally.add_committed(counts)
                number = committed.revision.number if committed.revision else None
                return self.tell(ObservationCommitted(run_id=self._request.run_id, revision=number, counts=counts))

    def _lose(self, reason: str) -> None:
        self._tally.add_lost()
        self.tell(ObservationLost(run_id=self._request.run_id, reason=reason))

    async def _wind_down(self, pump: asyncio.Task[None], committer: asyncio.Task[None]) -> None:
        """End both tasks in bounded time; what was observed before the stop is still committed."""
        if not pump.done():
            pump.cancel()
            await asyncio.wait({pump}, timeout=self._patience.scanner_stop_s)
            if not pump.done():
                _log.warning(
                    "the scanner %s did not stop within %g s", self._scanner.name, self._patience.scanner_stop_s
                )
        if not committer.done():
            self._queue.put_nowait(None)  # a scanner that does not stop has not said that it ended
            await asyncio.wait({committer}, timeout=self._patience.drain_s)
            if not committer.done():
                committer.cancel()
                await asyncio.wait({committer}, timeout=self._patience.scanner_stop_s)
        while not self._queue.empty():
            if self._queue.get_nowait() is not None:
                self._lose("the run ended before it was committed")

    async def record(self, journal: RunJournal, run: Run, ending: _Ending, clock: Clock) -> Run:
        """Close the run in the journal, waiting out an outage; one that cannot be recorded is returned as failed."""
        ended = msgspec.structs.replace(
            run,
            state=ending.state,
            message=ending.message,
            finished_at=clock(),
            counts=self._tally.counts(),
            results=self._tally.results(),
        )
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience.outage_s
        delay_s = self._patience.first_retry_s
        while True:
            try:
                await asyncio.to_thread(journal.close, ended)
                break
            except CmdbError as exc:
                if loop.time() + delay_s > give_up_at:
                    _log.error("the outcome of run %s could not be recorded: %s", run.id, exc)
                    ended = msgspec.structs.replace(
                        ended, state=RunState.FAILED, message=f"its outcome could not be recorded: {exc}"
                    )
                    break
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, self._patience.longest_retry_s)
        self.tell(RunFinished(ended))
        return ended


def _failure(task: asyncio.Task[None]) -> str | None:
    """Why an ended task failed, in words for a person; None when it did not."""
    exc = task.exception() if task.done() and not task.cancelled() else None
    if exc is None:
        return None
    return str(exc) if isinstance(exc, CmdbError) else f"{type(exc).__name__}, see the log"


async def _close(events: AsyncIterator[ScanEvent]) -> None:
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()


async def _beat(leases: Sequence[Lease]) -> None:
    """Renew leases until cancelled; a store that does not answer is asked again at the next beat."""
    every_s = min(lease.renew_every_s for lease in leases)
    while True:
        await asyncio.sleep(every_s)
        for lease in leases:
            try:
                await asyncio.to_thread(lease.hold)
            except CmdbError as exc:
                _log.warning("a lease could not be renewed: %s", exc)


async def _release(leases: Sequence[Lease]) -> None:
    for lease in leases:
        try:
            await asyncio.to_thread(lease.release)
        except CmdbError as exc:
            _log.warning("a lease could not be released; it runs out by itself: %s", exc)
