"""Stand-ins for the far ends of a run: a scripted scanner, an ingestor that only counts, a clock that is set by hand."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from cmdb.changeset import Revision
from cmdb.errors import CmdbError
from cmdb.observation import Draft, Observation
from discovery.progress import RunEvent
from discovery.scanner import Limits, Observed, Outcome, ScanEvent, ScanRequest, TargetDone

START = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


class HandClock:
    """Time that moves only when told to."""

    def __init__(self, at: dt.datetime = START) -> None:
        self.at = at

    def __call__(self) -> dt.datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += dt.timedelta(seconds=seconds)


@dataclass(frozen=True)
class Wait:
    """A step in a script: the scanner works for that long and sees nothing."""

    seconds: float


@dataclass(frozen=True)
class Break:
    """A step in a script: the scanner raises."""

    error: Exception


class ScriptedScanner:
    """Plays a script; notes whether it was closed."""

    name: ClassVar[str] = "scripted"
    needs_targets: ClassVar[bool] = False
    credential_kinds: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, script: Sequence[ScanEvent | Wait | Break] = ()) -> None:
        self._script = script
        self.is_closed = False

    async def scan(self, request: ScanRequest) -> AsyncIterator[ScanEvent]:
        del request  # the script says it all
        try:
            for step in self._script:
                match step:
                    case Wait(seconds):
                        await asyncio.sleep(seconds)
                    case Break(error):
                        raise error
                    case _:
                        yield step
        finally:
            self.is_closed = True


class Counted:
    """One created CI in revision 1."""

    revision = Revision(1, START, "test", "", "change-set-1")

    def count(self, outcome: str) -> int:
        return 1 if outcome == "created" else 0


@dataclass
class CountingIngestor:
    """Keeps what was submitted; `errors` are raised first, in order; `gate`, when given, holds every submission."""

    errors: list[Exception] = field(default_factory=list)
    gate: threading.Event | None = None
    submitted: list[str] = field(default_factory=list)
    authors: set[str] = field(default_factory=set)
    always: Callable[[], CmdbError] | None = None

    def submit(self, observation: Observation, *, by: str) -> Counted:
        self.authors.add(by)
        if self.gate is not None and not self.gate.wait(20):
            raise TimeoutError("the test never opened the gate")
        if self.always is not None:
            raise self.always()
        if self.errors:
            raise self.errors.pop(0)
        self.submitted.append(observation.drafts[0].local_id)
        return Counted()


@dataclass
class Notes:
    """An observer that keeps everything."""

    events: list[RunEvent] = field(default_factory=list)

    def notify(self, event: RunEvent) -> None:
        self.events.append(event)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


def seen(local_id: str, run_id: str = "run-1") -> Observed:
    """An observation of one server."""
    draft = Draft(local_id=local_id, class_name="server", name=local_id, native_key=local_id)
    return Observed(Observation(source="scripted", run_id=run_id, at=START, drafts=(draft,)))


def done(target: str, outcome: Outcome = Outcome.READ, reason: str = "") -> TargetDone:
    """The end of one target."""
    return TargetDone(target=target, outcome=outcome, reason=reason, seconds=0.5)


def request(run_id: str = "run-1", **limits: float) -> ScanRequest:
    """A request without targets."""
    return ScanRequest(run_id=run_id, started_at=START, limits=Limits(run_timeout_s=limits.get("run_timeout_s", 30.0)))


async def until(is_true: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; fails after 20 s."""
    for _ in range(2000):
        if is_true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition did not come to hold within 20 s")
