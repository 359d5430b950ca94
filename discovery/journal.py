"""Runs as the store keeps them: opened, closed, listed, and closed for those who died."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import cast

import msgspec

from cmdb.changeset import Write
from cmdb.entities import Kind, Run, RunState
from cmdb.errors import Conflict, NotFound
from cmdb.store.protocol import PAGE_LIMIT, Store
from discovery.leases import Clock, Lease

RUN_LEASE_S = 15.0
"""How long a run outlives its process before others call it interrupted."""

_WINDOWS_DAYS = (1, 7, 31, 366)


class RunJournal:
    """Runs by id, and the leases that prove that a running one has a living process."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def lease(self, run_id: str) -> Lease:
        """The proof of life of a run; held from before it is opened until after it is closed."""
        return Lease(self._store, f"run:{run_id}", owner=run_id, ttl_s=RUN_LEASE_S, clock=self._clock)

    def schedule_lease(self, schedule_id: str, run_id: str) -> Lease:
        """The right to run a schedule, held while a run of it goes on; hand it to `run_scan` as one of its leases."""
        return Lease(self._store, f"schedule:{schedule_id}", owner=run_id, ttl_s=RUN_LEASE_S, clock=self._clock)

    def open(self, run: Run) -> None:
        """Record a new run; saying it twice is saying it once. Raises `Conflict` when the id is taken by another."""
        try:
            self._write(None, run)
        except Conflict:
            if self._find(run.id) != run:
                raise

    def close(self, run: Run) -> None:
        """Record how a run ended, whatever was recorded of it before; repeating it changes nothing."""
        before = self._find(run.id)
        if before != run:
            self._write(before, run)

    def get(self, run_id: str) -> Run:
        """One run; raises `NotFound`."""
        run = self._find(run_id)
        if run is None:
            raise NotFound(f"no run has the id {run_id}; list the runs to see those that exist", ids=(run_id,))
        return run

    def running(self) -> tuple[Run, ...]:
        """Runs recorded as running, oldest first; those of killed processes are among them until recovered."""
        return tuple(cast("Run", run) for run in self._store.find(Kind.RUN, "state", (RunState.RUNNING.value,)))

    def newest(self, *, before: str | None = None, limit: int = 100) -> tuple[Run, ...]:
        """At most `limit` runs, newest first (by id, a UUIDv7), older than the run `before` where one is given."""
        newest_at = _made_at(before) if before else self._clock()
        for days in _WINDOWS_DAYS:
            after = _lowest_id(newest_at - dt.timedelta(days=days))
            runs = self._window(after, before)
            if len(runs) >= limit:
                return tuple(reversed(runs))[:limit]
        return tuple(reversed(self._window("", before)))[:limit]

    def recover_interrupted(self) -> tuple[Run, ...]:
        """Close as *interrupted* every running run whose process has shown no life for `RUN_LEASE_S`; oldest first."""
        recovered = []
        for run in self.running():
            lease = Lease(self._store, f"run:{run.id}", owner="recovery", ttl_s=RUN_LEASE_S, clock=self._clock)
            if not lease.hold():
                continue
            try:
                ended = msgspec.structs.replace(
                    run,
                    state=RunState.INTERRUPTED,
                    finished_at=self._clock(),
                    message="its process ended without a word; what it had confirmed is kept, run it again for the rest",
                )
                self._write(run, ended)
                recovered.append(ended)
            except Conflict:
                continue  # closed by its own process, or recovered by another server, in the meantime
            finally:
                lease.release()
        return tuple(recovered)

    def _window(self, after: str, before: str | None) -> Sequence[Run]:
        runs: list[Run] = []
        while True:
            page = self._store.scan(Kind.RUN, after=after, limit=PAGE_LIMIT)
            runs += [cast("Run", run) for run in page if before is None or run.id < before]
            if len(page) < PAGE_LIMIT or (before is not None and page[-1].id >= before):
                return runs
            after = page[-1].id

    def _find(self, run_id: str) -> Run | None:
        return cast("Run | None", self._store.get_many(Kind.RUN, (run_id,)).get(run_id))

    def _write(self, before: Run | None, after: Run) -> None:
        self._store.note((Write(Kind.RUN, after.id, before, after),))


def _lowest_id(at: dt.datetime) -> str:
    """The id below every UUIDv7 made at `at` or later (RFC 9562 §5.7: the first 48 bits are Unix milliseconds)."""
    digits = f"{max(0, int(at.timestamp() * 1000)):012x}"
    return f"{digits[:8]}-{digits[8:12]}-7"


def _made_at(run_id: str) -> dt.datetime:
    try:
        milliseconds = int(run_id.replace("-", "")[:12], 16)
        return dt.datetime.fromtimestamp(milliseconds / 1000, tz=dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise NotFound(f"{run_id!r} is not the id of a run", ids=(run_id,)) from None
