"""Runs of remote collectors, on the server's side: queued, taken, reported, closed.

    put ─► queued ─ take ─► running ─ receive… ─ hear(ended) ─► done, partial, failed, cancelled
                               └─ no sign of life ─► interrupted ─ hear(running) ─► running

The store holds all of it, so that any server may hear a collector, and none needs to remember.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Protocol, cast

import msgspec

from cmdb.changeset import Write
from cmdb.entities import Job, Kind, Run, RunState
from cmdb.errors import CmdbError, Conflict, Invalid, NotFound, Unavailable
from cmdb.observation import Observation
from cmdb.store.protocol import Store
from discovery.collecting import Heard, LeasedRun, RunWord, check_name, checked_results, decode_observation
from discovery.journal import RUN_LEASE_S
from discovery.leases import Clock, Lease
from discovery.orders import ScanOrder
from discovery.tally import OUTCOMES

_log = logging.getLogger(__name__)

QUEUE_LIMIT = 1_000
"""Runs that wait for one collector at most."""
_LANDED = (*OUTCOMES, "observations")
_OPEN = (RunState.QUEUED, RunState.RUNNING)
_TRIES = 20


class _Committed(Protocol):
    def count(self, outcome: str) -> int: ...


class _Ingestor(Protocol):
    def submit(self, observation: Observation, *, by: str) -> _Committed: ...


class CollectorQueue:
    """Synchronous, callable from any thread; several servers on one store share it. Raises `Unavailable` as the store does."""

    def __init__(
        self,
        store: Store,
        ingestor: _Ingestor,
        *,
        clock: Clock,
        lease_s: float = RUN_LEASE_S,
        known_for: Callable[[ScanOrder], Mapping[str, str]] | None = None,
    ) -> None:
        """`known_for` gives options that only the store's side can fill in; those of the order win."""
        self._known_for = known_for
        self._store = store
        self._ingestor = ingestor
        self._clock = clock
        self._lease_s = lease_s

    def put(self, order: ScanOrder, *, run_id: str, by: str, schedule: str | None = None) -> Run:
        """Queue an order for the collector that it names; raises `Invalid` for a bad name, `Unavailable` for a full queue."""
        name = check_name(order.collector or "")
        if len(self.queued(name)) >= QUEUE_LIMIT:
            raise Unavailable(f"{QUEUE_LIMIT} runs wait for the collector {name} already; start it, or stop some")
        run = Run(
            id=run_id,
            source=order.scanner,
            state=RunState.QUEUED,
            by=by,
            started_at=self._clock(),
            targets=order.targets,
            schedule=schedule,
            job=Job(
                collector=name,
                exclude=order.exclude,
                credentials=order.credentials,
                network=order.network,
                options=dict(order.options),
                limits=asdict(order.limits),
                is_confirmed=order.is_confirmed,
            ),
        )
        self._write(None, run)
        return run

    def queued(self, name: str) -> tuple[Run, ...]:
        """Runs that wait for a collector, oldest first."""
        return tuple(
            run for run in self.open_runs(RunState.QUEUED) if run.job is not None and run.job.collector == name
        )

    def open_runs(self, *states: RunState) -> tuple[Run, ...]:
        """Runs of collectors that wait or go on, or only those of some states; oldest first."""
        found = self._store.find(Kind.RUN, "state", tuple(state.value for state in states or _OPEN))
        return tuple(run for run in (cast("Run", item) for item in found) if run.job is not None)

    def has_open(self, schedule_id: str) -> bool:
        """Whether a run of this schedule waits for its collector or goes on there."""
        return any(run.schedule == schedule_id for run in self.open_runs())

    def take(self, name: str) -> LeasedRun | None:
        """Hand the oldest queued run of a collector to it; None when there is none. No run is handed out twice."""
        for run in self.queued(name):
            started = msgspec.structs.replace(run, state=RunState.RUNNING, started_at=self._clock())
            leased = LeasedRun.of(started, lease_s=self._lease_s)
            if self._known_for is not None:
                known = self._known_for(leased.order())
                leased = msgspec.structs.replace(leased, options={**known, **leased.options})
            # held before it runs: a running run without a sign of life is taken for dead
            self._lease(run.id).hold()
            try:
                self._write(run, started)
            except Conflict:
                continue  # taken by another of that name, or stopped, in the meantime
            return leased
        return None

    def receive(self, name: str, run_id: str, number: int, body: bytes) -> Heard:
        """Commit one observation of a run; a number that was received already is answered and nothing else.

        Raises `NotFound` and `Conflict` for a run that is not this collector's or over, `Invalid` for an observation that
        cannot land, which is counted as lost and must not be sent again, `Unavailable` for one that may land later.
        """
        run, job = self._own(name, run_id)
        if run.state not in (RunState.RUNNING, RunState.INTERRUPTED):
            raise Conflict(f"this run is {run.state}; nothing more is taken in", ids=(run_id,))
        if number <= job.received:
            return _heard(run)
        try:
            observation = decode_observation(body, run_id=run_id, network=job.network)
            committed = self._ingestor.submit(observation, by=run.by)
        except Unavailable:
            raise
        except Conflict as exc:
            raise Unavailable(str(exc)) from exc
        except CmdbError as exc:
            self._count(name, run_id, number, {"observations_lost": 1})
            raise Invalid(exc.message, ids=exc.ids, place=exc.place) from exc
        except Exception as exc:
            _log.exception("an observation of run %s could not be committed", run_id)
            self._count(name, run_id, number, {"observations_lost": 1})
            raise Invalid(
                f"the observation could not be committed: {type(exc).__name__}, see the server's log"
            ) from exc
        counts = {outcome: committed.count(outcome) for outcome in OUTCOMES}
        return _heard(self._count(name, run_id, number, {**counts, "observations": 1}))

    def hear(self, name: str, run_id: str, word: RunWord) -> Heard:
        """Take a collector's word on a run; saying it again changes nothing.

        A sign of life revives a run that was taken for dead. Raises `NotFound` and `Conflict` for a run that is not this
        collector's or was never taken.
        """
        run, _ = self._own(name, run_id)
        if run.state is RunState.QUEUED or word.state is RunState.QUEUED:
            raise Conflict("this run was not taken from the queue; ask for a lease", ids=(run_id,))
        if run.state not in (RunState.RUNNING, RunState.INTERRUPTED):
            return Heard(state=run.state, is_stop_wanted=True, counts=run.counts)
        if word.state is RunState.RUNNING:
            self._lease(run_id).hold()
            return _heard(self._change(name, run_id, lambda now, _: _revived(now)))
        ended = self._change(name, run_id, lambda now, _: _ended(now, word, self._clock()))
        self._lease(run_id).release()
        return _heard(ended)

    def stop(self, run: Run) -> Run:
        """End a queued run, or let the collector of a running one know that it shall; raises `Conflict` when it is over."""
        name = run.job.collector if run.job is not None else ""

        def stopped(now: Run, job: Job) -> Run:
            if now.state is RunState.QUEUED:
                message = "stopped before its collector took it"
                return msgspec.structs.replace(
                    now, state=RunState.CANCELLED, finished_at=self._clock(), message=message
                )
            if now.state is not RunState.RUNNING:
                raise Conflict(f"this run is over already: {now.state}", ids=(now.id,))
            return msgspec.structs.replace(now, job=msgspec.structs.replace(job, is_stop_wanted=True))

        return self._change(name, run.id, stopped)

    def _own(self, name: str, run_id: str) -> tuple[Run, Job]:
        run = cast("Run | None", self._store.get_many(Kind.RUN, (run_id,)).get(run_id))
        if run is None:
            raise NotFound(f"no run has the id {run_id}; list the runs to see those that exist", ids=(run_id,))
        if run.job is None or run.job.collector != name:
            raise Conflict(f"this run is not one of the collector {name}", ids=(run_id,))
        return run, run.job

    def _count(self, name: str, run_id: str, number: int, counts: dict[str, int]) -> Run:
        def counted(now: Run, job: Job) -> Run:
            sums = {key: now.counts.get(key, 0) + counts.get(key, 0) for key in {*now.counts, *counts}}
            return msgspec.structs.replace(now, counts=sums, job=msgspec.structs.replace(job, received=number))

        return self._change(name, run_id, counted)

    def _change(self, name: str, run_id: str, change: Callable[[Run, Job], Run]) -> Run:
        """Write what `change` makes of the run as it stands; asked again when somebody else was faster."""
        for _ in range(_TRIES):
            run, job = self._own(name, run_id)
            after = change(run, job)
            if after == run:
                return run
            try:
                self._write(run, after)
            except Conflict:
                continue
            return after
        raise Unavailable(f"run {run_id} was changed by others {_TRIES} times in a row; try again", ids=(run_id,))

    def _lease(self, run_id: str) -> Lease:
        """The proof of life of a run, as `RunJournal.lease` has it; made anew each time, since any server may hear it."""
        return Lease(self._store, f"run:{run_id}", owner=run_id, ttl_s=self._lease_s, clock=self._clock)

    def _write(self, before: Run | None, after: Run) -> None:
        self._store.note((Write(Kind.RUN, after.id, before, after),))


def _heard(run: Run) -> Heard:
    return Heard(state=run.state, is_stop_wanted=run.job is not None and run.job.is_stop_wanted, counts=run.counts)


def _revived(run: Run) -> Run:
    if run.state is not RunState.INTERRUPTED:
        return run
    return msgspec.structs.replace(run, state=RunState.RUNNING, finished_at=None, message=None)


def _ended(run: Run, word: RunWord, at: dt.datetime) -> Run:
    """The run as it ended: what landed is what the server counted, the rest what the collector says."""
    if run.state not in (RunState.RUNNING, RunState.INTERRUPTED):
        return run
    lost = run.counts.get("observations_lost", 0)
    counts = {
        **dict.fromkeys(_LANDED, 0),
        **{key: value for key, value in word.counts.items() if key not in _LANDED},
        **{key: run.counts[key] for key in _LANDED if key in run.counts},
        "observations_lost": word.counts.get("observations_lost", 0) + lost,
    }
    state = RunState.PARTIAL if word.state is RunState.DONE and lost else word.state
    return msgspec.structs.replace(
        run,
        state=state,
        message=word.message,
        finished_at=at,
        counts=counts,
        results=checked_results(word.results),
    )
