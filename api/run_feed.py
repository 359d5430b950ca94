"""Events of the runs of this process, kept for those who come late or come back."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field

from api.event_stream import ServerEvent
from api.metrics import Metrics
from cmdb.documents import run_document
from cmdb.entities import Run
from discovery.progress import (
    NoticeGiven,
    ObservationCommitted,
    ObservationLost,
    RunEvent,
    RunFinished,
    RunStarted,
    TargetFinished,
)

RUNS_KEPT = 20
EVENTS_KEPT = 5_000
"""Per run; who comes back later than that is told how many events were dropped."""

_NAMES: dict[type[RunEvent], str] = {
    RunStarted: "run_started",
    TargetFinished: "target_finished",
    ObservationCommitted: "observation_committed",
    ObservationLost: "observation_lost",
    NoticeGiven: "notice_given",
    RunFinished: "run_finished",
}


@dataclass(slots=True)
class _Log:
    events: deque[ServerEvent] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    count: int = 0
    is_finished: bool = False
    moved: asyncio.Event = field(default_factory=asyncio.Event)


class RunFeed:
    """An observer of all runs; ids of events count from 1 within their run."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._logs: OrderedDict[str, _Log] = OrderedDict()

    def notify(self, event: RunEvent) -> None:
        """Keep one event and wake those who follow its run."""
        run_id = event.run.id if isinstance(event, RunStarted | RunFinished) else event.run_id
        log = self._logs.get(run_id)
        if log is None:
            log = self._logs[run_id] = _Log()
            while len(self._logs) > RUNS_KEPT:
                self._logs.popitem(last=False)
        log.count += 1
        log.events.append(ServerEvent(str(log.count), _NAMES[type(event)], _document(event)))
        if isinstance(event, RunFinished):
            log.is_finished = True
            self._metrics.count_run(event.run.source, event.run.state)
        log.moved.set()
        log.moved = asyncio.Event()

    def has(self, run_id: str) -> bool:
        """Whether the events of this run are kept here."""
        return run_id in self._logs

    async def follow(self, run_id: str, *, after: int) -> AsyncIterator[ServerEvent]:
        """The run's events after number `after`, then those that come, to its end."""
        log = self._logs.get(run_id)
        if log is None:
            return
        while True:
            moved = log.moved
            kept, count = tuple(log.events), log.count
            dropped = count - len(kept)
            if after < dropped:
                yield ServerEvent(str(dropped), "events_dropped", {"dropped": dropped - after})
                after = dropped
            for event in kept[after - dropped :]:
                yield event
            after = max(after, count)  # what came while these were sent is read in the next round
            if moved.is_set():
                continue
            if log.is_finished:
                return
            await moved.wait()


def run_row(run: Run) -> dict[str, object]:
    """A run without the results of its targets."""
    document = run_document(run)
    del document["results"]
    return document


def _document(event: RunEvent) -> dict[str, object]:
    if isinstance(event, RunStarted | RunFinished):
        return run_row(event.run)
    return asdict(event)
