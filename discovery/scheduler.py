"""Due times and the clock that asks for them; the only home of APScheduler.

Of APScheduler 3 its cron and interval triggers and its event loop timer are used, never its job stores: those must not
be shared between schedulers, so schedules are our own records and firings are settled through the store.

Cron follows Vixie cron (crontab(5)) where APScheduler does not: Sunday is 0 and 7; of day of month and day of week, when
both are restricted, either suffices; at a change of the clocks a job at a fixed hour runs once, one at every hour keeps pace.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Awaitable, Callable, Iterator

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from cmdb.errors import Invalid

_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELD_SHAPE = re.compile(r"[0-9A-Za-z*,/-]+")
_CLOCK_CHANGE = dt.timedelta(hours=3)
"""More than any zone has moved its clocks at once since 1970 by daylight saving (tz database: at most 2 h)."""
_LOOK_BACK = tuple(dt.timedelta(days=days) for days in (1 / 24, 1, 32, 367, 5 * 366))
_TICK = dt.timedelta(microseconds=1)


class CronRule:
    """Five cron fields in a time zone; raises `Invalid` for a rule that cannot be right or never comes due."""

    def __init__(self, expression: str, timezone: str) -> None:
        self._zone = zone(timezone)
        self._triggers, self._has_every_hour = _triggers(expression)
        if self.next_after(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)) is None:
            raise Invalid(f"cron {expression!r} never comes due; give a day that its months have", place="cron")

    def next_after(self, after: dt.datetime) -> dt.datetime | None:
        """The first due instant later than `after`, in UTC; None when there is none in sight."""
        margin = _CLOCK_CHANGE if self._moves_near(after) else dt.timedelta(0)
        best: dt.datetime | None = None
        for local in self._locals(self._local(after) - margin):
            for instant in self._instants(local):
                if instant > after and (best is None or instant < best):
                    best = instant
            if best is not None and (not self._moves_near(best) or local > self._local(best) + _CLOCK_CHANGE):
                return best
        return best

    def _locals(self, start: dt.datetime) -> Iterator[dt.datetime]:
        """Due times on the wall clock from `start` on, ascending; wall clock times are carried as if they were UTC."""
        while True:
            dues = [due for trigger in self._triggers if (due := trigger.get_next_fire_time(None, start)) is not None]
            if not dues:
                return
            due = min(dues)
            yield due
            start = due + _TICK

    def _instants(self, local: dt.datetime) -> set[dt.datetime]:
        wall = local.replace(tzinfo=self._zone)
        folds = (0, 1) if self._has_every_hour else (0,)
        return {wall.replace(fold=fold).astimezone(dt.UTC) for fold in folds}

    def _local(self, instant: dt.datetime) -> dt.datetime:
        return instant.astimezone(self._zone).replace(tzinfo=dt.UTC, fold=0)

    def _moves_near(self, instant: dt.datetime) -> bool:
        before, after = (instant + sign * _CLOCK_CHANGE for sign in (-1, 1))
        return before.astimezone(self._zone).utcoffset() != after.astimezone(self._zone).utcoffset()


class IntervalRule:
    """Every `interval_s` seconds, counted from `start` (which is not itself due)."""

    def __init__(self, interval_s: int, start: dt.datetime) -> None:
        self._step = dt.timedelta(seconds=interval_s)
        self._start = start

    def next_after(self, after: dt.datetime) -> dt.datetime | None:
        """The first due instant later than `after`, in UTC."""
        passed = max(0, (after - self._start) // self._step)
        return (self._start + (passed + 1) * self._step).astimezone(dt.UTC)


Rule = CronRule | IntervalRule


def latest_due(rule: Rule, *, after: dt.datetime, until: dt.datetime) -> dt.datetime | None:
    """The newest due instant in (`after`, `until`], None when there is none; looks back five years at most."""
    for span in _LOOK_BACK:
        start = max(after, until - span)
        due = rule.next_after(start)
        if due is not None and due <= until:
            while (later := rule.next_after(due)) is not None and later <= until:
                due = later
            return due
        if start == after:
            return None
    return None


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of that name in the tz database; raises `Invalid`."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise Invalid(
            f"no time zone is called {name!r}; give one such as Europe/Berlin or UTC", place="timezone"
        ) from None


class Ticker:
    """Calls an async function every `every_s` seconds on the running loop, one call at a time, until stopped."""

    def __init__(self, tick: Callable[[], Awaitable[None]], *, every_s: float) -> None:
        self._timer = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()}, executors={"default": AsyncIOExecutor()}, timezone=dt.UTC
        )
        # a late or missed beat is made up by the next: it looks at the store, not at what was missed
        self._timer.add_job(tick, "interval", seconds=every_s, max_instances=1, coalesce=True, misfire_grace_time=None)

    def start(self) -> None:
        """Begin on the running event loop; the first call comes after `every_s`."""
        self._timer.start()

    def stop(self) -> None:
        """End; a call that is under way is cancelled."""
        if self._timer.running:
            self._timer.shutdown(wait=False)


def _triggers(expression: str) -> tuple[tuple[CronTrigger, ...], bool]:
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        raise Invalid(
            f"cron {expression!r} has {len(fields)} fields; give five: minute hour day-of-month month day-of-week",
            place="cron",
        )
    values = dict(zip(_FIELDS, fields, strict=True))
    for name, text in values.items():
        if not _FIELD_SHAPE.fullmatch(text):
            raise Invalid(f"cron field {name} is {text!r}; give numbers, names, * , - and /", place="cron")
    has_every_hour = values["hour"].startswith("*")
    is_either = not values["day"].startswith("*") and not values["day_of_week"].startswith("*")
    values["day_of_week"] = _weekdays(values["day_of_week"])
    variants = (values | {"day_of_week": "*"}, values | {"day": "*"}) if is_either else (values,)
    try:
        return tuple(CronTrigger(**variant, timezone=dt.UTC) for variant in variants), has_every_hour
    except ValueError as exc:
        raise Invalid(f"cron {expression!r}: {exc}", place="cron") from None


def _weekdays(text: str) -> str:
    """The same days by name: APScheduler counts them from Monday, cron from Sunday."""
    days: set[int] = set()
    for part in text.lower().split(","):
        span, _, step_text = part.partition("/")
        first_text, dash, last_text = span.partition("-")
        if span == "*":
            first, last = 0, 6
        else:
            first = _weekday(first_text, text)
            last = _weekday(last_text, text) if dash else (6 if step_text else first)
        if (
            part.endswith("/")
            or (step_text and not step_text.isdigit())
            or step_text == "0"
            or (dash and not last_text)
        ):
            raise Invalid(
                f"cron field day_of_week is {text!r}; a step is a number above 0, a range has two ends", place="cron"
            )
        if first > last:
            raise Invalid(
                f"cron field day_of_week is {text!r}; a range runs upwards, Sunday being 0 or 7", place="cron"
            )
        days.update(day % 7 for day in range(first, last + 1, int(step_text or 1)))
    return ",".join(_DAYS[day] for day in sorted(days))


def _weekday(text: str, field: str) -> int:
    if text in _DAYS:
        return _DAYS.index(text)
    if text.isdigit() and int(text) <= 7:
        return int(text)
    raise Invalid(f"cron field day_of_week is {field!r}; days are 0 to 7 (Sunday is both) or sun to sat", place="cron")
