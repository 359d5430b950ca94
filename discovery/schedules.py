"""Schedules: adding, listing, removing, and when each is due next."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import cast

from cmdb.changeset import ChangeSet, Write
from cmdb.entities import Firing, Kind, Schedule
from cmdb.errors import Conflict, Invalid, NotFound
from cmdb.ids import new_id
from cmdb.store.protocol import PAGE_LIMIT, Store
from discovery.collecting import check_name
from discovery.leases import Clock
from discovery.orders import OrderCheck, ScanOrder
from discovery.scheduler import CronRule, IntervalRule, Rule, zone

SHORTEST_INTERVAL_S = 60
LONGEST_INTERVAL_S = 366 * 24 * 3600
LONGEST_JITTER_S = 24 * 3600
SCHEDULE_LIMIT = 10_000
"""Schedules that one store holds at most; every server keeps them all in mind."""


def rule_of(schedule: Schedule) -> Rule:
    """When a schedule is due; raises `Invalid` with the field as place."""
    if (schedule.cron is None) == (schedule.interval_s is None):
        raise Invalid("give exactly one of cron and interval_s", place="cron")
    if schedule.cron is not None:
        return CronRule(schedule.cron, schedule.timezone)
    zone(schedule.timezone)
    interval_s = cast("int", schedule.interval_s)
    if not SHORTEST_INTERVAL_S <= interval_s <= LONGEST_INTERVAL_S:
        raise Invalid(
            f"interval_s is {interval_s}; give {SHORTEST_INTERVAL_S} to {LONGEST_INTERVAL_S} seconds",
            place="interval_s",
        )
    return IntervalRule(interval_s, schedule.created_at)


def jitter_of(schedule: Schedule, due_at: dt.datetime) -> dt.timedelta:
    """How long after `due_at` the run starts: 0 to `jitter_s`, the same on every server, spread over schedules."""
    if schedule.jitter_s == 0:
        return dt.timedelta(0)
    digest = hashlib.sha256(f"{schedule.id}|{due_at.isoformat()}".encode()).digest()
    return dt.timedelta(seconds=int.from_bytes(digest[:8], "big") / 2**64 * schedule.jitter_s)


def order_of(schedule: Schedule) -> ScanOrder:
    """What a schedule scans."""
    return ScanOrder(
        scanner=schedule.scanner,
        targets=schedule.targets,
        exclude=schedule.exclude,
        credentials=schedule.credentials,
        network=schedule.network,
        collector=schedule.collector,
    )


class Schedules:
    """The schedules of a store; synchronous, callable from any thread."""

    def __init__(self, store: Store, *, clock: Clock, check: OrderCheck) -> None:
        self._store = store
        self._clock = clock
        self._check = check

    def add(self, schedule: Schedule, *, by: str) -> Schedule:
        """Keep a new schedule; raises `Invalid` (field as place), `NotFound` (scanner), `Conflict` (name taken)."""
        _check_fields(schedule)
        rule_of(schedule)
        self._check(order_of(schedule))
        existing = self.list()
        if any(other.name.casefold() == schedule.name.casefold() for other in existing):
            raise Conflict(f"a schedule is already called {schedule.name!r}; remove it first or give another name")
        if len(existing) >= SCHEDULE_LIMIT:
            raise Invalid(f"there are {SCHEDULE_LIMIT} schedules already; remove some")
        self._write(None, schedule, by=by, reason=f"schedule {schedule.name} added")
        return schedule

    def new(
        self,
        name: str,
        scanner: str,
        *,
        targets: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        credentials: tuple[str, ...] = (),
        network: str = "default",
        cron: str | None = None,
        interval_s: int | None = None,
        timezone: str = "UTC",
        jitter_s: int = 0,
        enabled: bool = True,
        collector: str | None = None,
    ) -> Schedule:
        """A schedule made now, not yet kept; `add` checks it."""
        now = self._clock()
        return Schedule(
            id=new_id(now),
            name=name,
            scanner=scanner,
            targets=targets,
            exclude=exclude,
            credentials=credentials,
            network=network,
            cron=cron,
            interval_s=interval_s,
            timezone=timezone,
            jitter_s=jitter_s,
            enabled=enabled,
            created_at=now,
            collector=collector,
        )

    def list(self) -> tuple[Schedule, ...]:
        """All schedules by name, ignoring case, then id."""
        found = self._store.scan(Kind.SCHEDULE, limit=PAGE_LIMIT)
        return tuple(
            sorted((cast("Schedule", item) for item in found), key=lambda item: (item.name.casefold(), item.id))
        )

    def get(self, id_or_name: str) -> Schedule:
        """One schedule by id, else by name ignoring case; raises `NotFound`."""
        for schedule in self.list():
            if schedule.id == id_or_name or schedule.name.casefold() == id_or_name.casefold():
                return schedule
        raise NotFound(
            f"no schedule has the id or name {id_or_name!r}; list them to see those that exist", ids=(id_or_name,)
        )

    def remove(self, id_or_name: str, *, by: str) -> Schedule:
        """End a schedule and return it; runs under way go on. Raises `NotFound`."""
        schedule = self.get(id_or_name)
        self.end(schedule, by=by)
        return schedule

    def end(self, schedule: Schedule, *, by: str) -> None:
        """End a schedule as it was read. Raises `Conflict` when it has changed since or is gone."""
        self._write(schedule, None, by=by, reason=f"schedule {schedule.name} removed")

    def firings(self, schedule: Schedule) -> tuple[Firing, ...]:
        """The firings of a schedule that are still kept, newest due time first."""
        found = self._store.find(Kind.FIRING, "schedule", (schedule.id,))
        return tuple(sorted((cast("Firing", item) for item in found), key=lambda item: item.due_at, reverse=True))

    def next_due(self, schedule: Schedule) -> dt.datetime | None:
        """When it runs next, jitter included; None when it is switched off."""
        if not schedule.enabled:
            return None
        due = rule_of(schedule).next_after(self._clock())
        return due + jitter_of(schedule, due) if due else None

    def _write(self, before: Schedule | None, after: Schedule | None, *, by: str, reason: str) -> None:
        subject = after or before
        if subject is None:
            return
        now = self._clock()
        self._store.apply(
            ChangeSet(
                id=new_id(now), at=now, by=by, reason=reason, writes=(Write(Kind.SCHEDULE, subject.id, before, after),)
            )
        )


def _check_fields(schedule: Schedule) -> None:
    if not schedule.name.strip() or len(schedule.name) > 200:
        raise Invalid("a schedule's name has 1 to 200 characters and is not blank", place="name")
    if not 0 <= schedule.jitter_s <= LONGEST_JITTER_S:
        raise Invalid(f"jitter_s is {schedule.jitter_s}; give 0 to {LONGEST_JITTER_S} seconds", place="jitter_s")
    if schedule.collector is not None:
        check_name(schedule.collector)
