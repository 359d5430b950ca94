"""From due times to runs: each due time of each schedule runs once, whichever server does it.

    tick ─► leader's lease ─► newest due time not fired ─► Firing (unique by schedule and due time) ─► ScanJobs.start

The lease keeps the others quiet; the unique firing makes a double run impossible even while a lease changes hands.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from typing import cast

import msgspec

from cmdb.changeset import Write
from cmdb.entities import Firing, Kind, Run, RunState, Schedule, derived_id
from cmdb.errors import CmdbError, Conflict
from cmdb.store.protocol import Store
from discovery.jobs import ScanJobs
from discovery.journal import RUN_LEASE_S, RunJournal
from discovery.leases import Clock, Lease
from discovery.scheduler import latest_due
from discovery.schedules import Schedules, jitter_of, order_of, rule_of

_log = logging.getLogger(__name__)

LEADER_LEASE = "scheduler"
LEADER_LEASE_S = 15.0
"""How long the others wait for a leader that has died."""

FIRINGS_KEPT = 50
"""Firings per schedule; the older ones are dropped."""

STARTED = "started"
SKIPPED = "skipped: the run before it was still going"


class Dispatcher:
    """One server's part in firing schedules; `tick` is called every second or so on the event loop."""

    def __init__(self, store: Store, schedules: Schedules, jobs: ScanJobs, *, owner: str, clock: Clock) -> None:
        self._store = store
        self._schedules = schedules
        self._jobs = jobs
        self._owner = owner
        self._clock = clock
        self._leader = Lease(store, LEADER_LEASE, owner=owner, ttl_s=LEADER_LEASE_S, clock=clock)
        self._journal = RunJournal(store, clock=clock)
        self._known: tuple[Schedule, ...] = ()
        self._known_at = -1
        self._fired_until: dict[str, dt.datetime] = {}
        self._recovered_at: dt.datetime | None = None
        self._watchers: set[asyncio.Task[None]] = set()

    async def tick(self) -> tuple[Firing, ...]:
        """Fire what is due now, when this server leads; the firings made, in order of schedules' names.

        An outage or one schedule's fault is logged and met again at the next tick, never raised.
        """
        try:
            due = await asyncio.to_thread(self.find_due)
        except CmdbError as exc:
            _log.warning("schedules could not be looked at: %s", exc)
            return ()
        made = []
        for schedule, due_at in due:
            try:
                firing = await self.fire(schedule, due_at)
            except CmdbError as exc:
                _log.warning("schedule %s could not be fired: %s", schedule.name, exc)
                continue
            if firing is not None:
                made.append(firing)
        return tuple(made)

    async def run_now(self, schedule: Schedule, *, by: str) -> Run:
        """Run a schedule at once, beside its due times; raises `Conflict` while a run of it is going."""
        overlap = self._journal.schedule_lease(schedule.id, run_id := self._jobs.reserve_id())
        if not await asyncio.to_thread(self._is_free, schedule, overlap):
            raise Conflict(
                f"schedule {schedule.name!r} is running already; wait for its end or stop it", ids=(schedule.id,)
            )
        return await self._start(schedule, overlap, run_id, by=by)

    async def close(self) -> None:
        """Give the lead away; runs are closed by `ScanJobs`."""
        if self._watchers:
            await asyncio.wait(self._watchers, timeout=5)
        try:
            await asyncio.to_thread(self._leader.release)
        except CmdbError as exc:
            _log.warning("the scheduler's lease could not be released; it runs out by itself: %s", exc)

    @property
    def has_open_outcomes(self) -> bool:
        """Whether a run that this server fired is going, or its outcome still to be noted."""
        return bool(self._watchers)

    def find_due(self) -> list[tuple[Schedule, dt.datetime]]:
        """Schedules and the due times to fire now, none unless this server leads; synchronous."""
        if not self._leader.hold():
            self._known_at = -1  # what the other leader fires is read again when this server leads again
            self._fired_until.clear()
            return []
        self._recover()
        self._refresh()
        now = self._clock()
        found = []
        for schedule in self._known:
            if not schedule.enabled:
                continue
            try:
                due_at = latest_due(rule_of(schedule), after=self._fired_until[schedule.id], until=now)
            except CmdbError as exc:
                _log.warning("schedule %s cannot come due: %s", schedule.name, exc)
                continue
            if due_at is not None and due_at + jitter_of(schedule, due_at) <= now:
                found.append((schedule, due_at))
        return found

    def _refresh(self) -> None:
        """Read the schedules again when the store's revision has moved since they were read."""
        revision = self._store.revision()
        if revision == self._known_at:
            return
        self._known = self._schedules.list()
        for schedule in self._known:
            if schedule.id not in self._fired_until:
                firings = self._schedules.firings(schedule)
                self._fired_until[schedule.id] = firings[0].due_at if firings else schedule.created_at
        self._known_at = revision

    def _recover(self) -> None:
        """Close what dead servers left open, about once per run lease."""
        now = self._clock()
        if self._recovered_at is not None and (now - self._recovered_at).total_seconds() < RUN_LEASE_S:
            return
        self._journal.recover_interrupted()
        going = {run.id for run in (*self._journal.running(), *self._jobs.queue.open_runs())}
        for schedule in self._schedules.list():
            for firing in self._schedules.firings(schedule):
                is_young = (now - firing.due_at).total_seconds() < 2 * RUN_LEASE_S
                if firing.outcome == STARTED and firing.run not in going and not is_young:
                    self._settle(firing, self._outcome(firing))
        self._recovered_at = now

    async def fire(self, schedule: Schedule, due_at: dt.datetime) -> Firing | None:
        """Make the firing and start its run; None when another server has it."""
        run_id = self._jobs.reserve_id()
        overlap = self._journal.schedule_lease(schedule.id, run_id)
        is_free = await asyncio.to_thread(self._is_free, schedule, overlap)
        firing = Firing(
            id=derived_id("firing", schedule.id, due_at.isoformat()),
            schedule=schedule.id,
            due_at=due_at,
            run=run_id if is_free else None,
            outcome=STARTED if is_free else SKIPPED,
        )
        try:
            await asyncio.to_thread(self.insert, firing)
        except Conflict:
            if is_free:
                await asyncio.to_thread(overlap.release)
            return None
        finally:
            self._fired_until[schedule.id] = due_at
        if is_free:
            await self._start_fired(schedule, firing, overlap, run_id)
        return firing

    def _is_free(self, schedule: Schedule, overlap: Lease) -> bool:
        """Take the right to run a schedule; False while a run of it waits for its collector or goes on anywhere."""
        if not overlap.hold():
            return False
        if self._jobs.queue.has_open(schedule.id):
            overlap.release()
            return False
        return True

    async def _start_fired(self, schedule: Schedule, firing: Firing, overlap: Lease, run_id: str) -> None:
        try:
            await self._start(schedule, overlap, run_id, by=f"schedule:{schedule.name}")
        except CmdbError as exc:
            now = self._clock()
            failed = Run(
                id=run_id,
                source=schedule.scanner,
                state=RunState.FAILED,
                by=f"schedule:{schedule.name}",
                started_at=now,
                finished_at=now,
                targets=schedule.targets,
                schedule=schedule.id,
                message=f"not started: {exc}",
            )
            await asyncio.to_thread(self._journal.close, failed)
            await asyncio.to_thread(self._settle, firing, RunState.FAILED.value)
            return
        if schedule.collector is not None:
            return  # its outcome comes from elsewhere and is noted by `_recover`
        watcher = asyncio.create_task(self._watch(firing, run_id))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _start(self, schedule: Schedule, overlap: Lease, run_id: str, *, by: str) -> Run:
        try:
            return await self._jobs.start(
                order_of(schedule), by=by, run_id=run_id, schedule=schedule.id, leases=(overlap,)
            )
        except BaseException:
            if not self._jobs.is_running(run_id):
                await asyncio.shield(asyncio.to_thread(overlap.release))
            raise

    async def _watch(self, firing: Firing, run_id: str) -> None:
        """Write the run's outcome into its firing; one that cannot be written is settled by recovery."""
        try:
            run = await self._jobs.wait(run_id)
            await asyncio.to_thread(self._settle, firing, run.state.value)
        except CmdbError as exc:
            _log.warning("the outcome of run %s could not be noted: %s", run_id, exc)

    def insert(self, firing: Firing) -> None:
        """Make the firing; raises `Conflict` when its due time was fired already. Drops the oldest beyond those kept."""
        kept = sorted(
            (cast("Firing", item) for item in self._store.find(Kind.FIRING, "schedule", (firing.schedule,))),
            key=lambda item: item.due_at,
        )
        surplus = kept[: max(0, len(kept) - FIRINGS_KEPT + 1)]
        ends = tuple(Write(Kind.FIRING, old.id, old, None) for old in surplus)
        self._store.note((Write(Kind.FIRING, firing.id, None, firing), *ends))

    def _outcome(self, firing: Firing) -> str:
        """How the run of a firing ended that nobody here has watched; one that was never recorded was interrupted."""
        run = cast("Run | None", self._store.get_many(Kind.RUN, (firing.run or "",)).get(firing.run or ""))
        return RunState.INTERRUPTED.value if run is None or run.state is RunState.RUNNING else run.state.value

    def _settle(self, firing: Firing, outcome: str) -> None:
        current = cast("Firing | None", self._store.get_many(Kind.FIRING, (firing.id,)).get(firing.id))
        if current is not None and current.outcome != outcome:
            after = msgspec.structs.replace(current, outcome=outcome)
            self._store.note((Write(Kind.FIRING, firing.id, current, after),))
