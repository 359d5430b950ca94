"""Scans under way in this process: started, watched, stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from cmdb.entities import Run, RunState
from cmdb.errors import Conflict, Unavailable
from cmdb.ids import new_id
from cmdb.store.protocol import Store
from discovery.collector_queue import CollectorQueue
from discovery.journal import RunJournal
from discovery.leases import Clock, Lease
from discovery.orders import OrderDesk, ScanOrder
from discovery.progress import RunEvent, RunObserver, RunStarted
from discovery.runs import Ingestor, Patience, run_scan
from discovery.scanner import ScannerRegister, ScanRequest

_log = logging.getLogger(__name__)

STOP_ALL_S = 45.0
"""Longest that closing waits for runs to end; more than `Patience` allows one run."""


@dataclass(slots=True)
class _Job:
    task: asyncio.Task[Run]
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class _Start:
    """An observer that waits for the run to be recorded."""

    def __init__(self) -> None:
        self.recorded: asyncio.Future[Run] = asyncio.get_running_loop().create_future()

    def notify(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted) and not self.recorded.done():
            self.recorded.set_result(event.run)


class ScanJobs:
    """Runs scans in the background of one event loop, at most `limit` at a time."""

    def __init__(
        self,
        store: Store,
        ingestor: Ingestor,
        scanners: ScannerRegister,
        *,
        orders: OrderDesk,
        clock: Clock,
        observers: Sequence[RunObserver] = (),
        patience: Patience | None = None,
        limit: int = 4,
        queue: CollectorQueue | None = None,
    ) -> None:
        self.queue = queue or CollectorQueue(store, ingestor, clock=clock)
        self._store = store
        self._ingestor = ingestor
        self._scanners = scanners
        self._orders = orders
        self._clock = clock
        self._observers = tuple(observers)
        self._patience = patience or Patience()
        self._limit = limit
        self._jobs: dict[str, _Job] = {}

    def observe(self, observer: RunObserver) -> None:
        """Let one more observer hear all runs that start from now on."""
        self._observers = (*self._observers, observer)

    def reserve_id(self) -> str:
        """An id for a run that is about to start."""
        return new_id(self._clock())

    async def start(
        self,
        order: ScanOrder,
        *,
        by: str,
        run_id: str | None = None,
        schedule: str | None = None,
        leases: Sequence[Lease] = (),
    ) -> Run:
        """Start a scan and return its run as recorded at the start; one for a remote collector is queued for it.

        Raises what the order desk raises, and `Unavailable` when too many scans run here already or the store
        does not answer. `leases` are released when the run ends (a queued one: at once), not when this raises.
        """
        if order.collector is not None:
            return await asyncio.to_thread(self._queue, order, by, run_id or self.reserve_id(), schedule, leases)
        if len(self._jobs) >= self._limit:
            raise Unavailable(f"{self._limit} scans run on this server already; wait for one to end or stop one")
        order = self._orders.checked(order)
        scanner = self._scanners.make(order.scanner)
        request = ScanRequest(
            run_id=run_id or self.reserve_id(),
            started_at=self._clock(),
            targets=order.targets,
            exclude=order.exclude,
            credentials=self._orders.credentials_for(order),
            network=order.network,
            limits=order.limits,
            options=await asyncio.to_thread(self._orders.options_for, order),
        )
        begun, stop = _Start(), asyncio.Event()
        running = run_scan(
            scanner,
            request,
            ingestor=self._ingestor,
            store=self._store,
            by=by,
            clock=self._clock,
            observers=(begun, *self._observers),
            schedule=schedule,
            stop=stop,
            leases=leases,
            patience=self._patience,
        )
        task = asyncio.create_task(running)
        self._jobs[request.run_id] = _Job(task, stop)
        task.add_done_callback(lambda done: self._forget(request.run_id, done))
        await asyncio.wait({task, begun.recorded}, return_when=asyncio.FIRST_COMPLETED)
        if begun.recorded.done():
            return begun.recorded.result()
        begun.recorded.cancel()
        return task.result()

    def _queue(self, order: ScanOrder, by: str, run_id: str, schedule: str | None, leases: Sequence[Lease]) -> Run:
        run = self.queue.put(self._orders.checked(order), run_id=run_id, by=by, schedule=schedule)
        for lease in leases:
            lease.release()
        return run

    def is_running(self, run_id: str) -> bool:
        """Whether this process runs it now."""
        return run_id in self._jobs

    def stop(self, run: Run) -> None:
        """Tell a run to end, which it does within seconds; raises `Conflict` when it is over or runs elsewhere."""
        job = self._jobs.get(run.id)
        if job is not None:
            job.stop.set()
        elif run.state is RunState.RUNNING:
            raise Conflict("this run belongs to another process; stop it there", ids=(run.id,))
        else:
            raise Conflict(f"this run is over already: {run.state}", ids=(run.id,))

    async def wait(self, run_id: str) -> Run:
        """The run when it has ended, as recorded."""
        job = self._jobs.get(run_id)
        if job is not None:
            return await asyncio.shield(job.task)
        return await asyncio.to_thread(RunJournal(self._store, clock=self._clock).get, run_id)

    async def close(self) -> None:
        """Stop every run and wait until each has recorded its end, `STOP_ALL_S` at most."""
        jobs = tuple(self._jobs.values())
        for job in jobs:
            job.stop.set()
        if jobs:
            await asyncio.wait({job.task for job in jobs}, timeout=STOP_ALL_S)

    def _forget(self, run_id: str, done: asyncio.Task[Run]) -> None:
        self._jobs.pop(run_id, None)
        if not done.cancelled() and (failure := done.exception()) is not None:
            _log.error("run %s ended without a record: %s", run_id, failure)
