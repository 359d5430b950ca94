"""What a scan shows while it goes on standard error: live counts on a terminal, elsewhere a line a target."""

from __future__ import annotations

from rich.console import Console
from rich.status import Status
from rich.text import Text

from cli.terminal import printable
from discovery.progress import (
    NoticeGiven,
    ObservationCommitted,
    ObservationLost,
    RunEvent,
    RunFinished,
    RunStarted,
    TargetFinished,
)
from discovery.scanner import Outcome

_QUIET = frozenset({Outcome.NO_ANSWER})


class Progress:
    """An observer that prints; silent targets of a sweep are only counted."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._read = 0
        self._silent = 0
        self._not_read = 0
        self._created = 0
        self._last = ""
        self.results: list[TargetFinished] = []

    def notify(self, event: RunEvent) -> None:
        """Take one event; never blocks."""
        match event:
            case RunStarted(run=run):
                what = ", ".join(run.targets) or "this machine"
                if self._console.is_terminal:
                    self._status = self._console.status(f"{run.source}: {what}")
                    self._status.start()
            case TargetFinished():
                self._target(event)
            case NoticeGiven(text=text):
                self._console.print(f"note: {printable(text)}", style="yellow", markup=False)
            case ObservationCommitted(counts=counts):
                self._created += counts.get("created", 0)
                self._update()
            case ObservationLost(reason=reason):
                self._console.print(f"not kept: {printable(reason)}", style="red", markup=False)
            case RunFinished():
                if self._status is not None:
                    self._status.stop()

    def _target(self, event: TargetFinished) -> None:
        self.results.append(event)
        if event.outcome in _QUIET:
            self._silent += 1
        else:
            if event.outcome is Outcome.READ:
                self._read += 1
            else:
                self._not_read += 1
            credential = f" with {event.credential}" if event.credential else ""
            said = event.found or event.reason or event.outcome.value
            self._last = f"{event.target} {event.outcome.value}{credential}: {printable(said)}"
            if not self._console.is_terminal:
                self._console.print(f"{self._last} ({event.seconds:.1f} s)", markup=False)
        self._update()

    def _update(self) -> None:
        if self._status is not None:
            self._status.update(
                Text(
                    f"{self._read} read, {self._not_read} not read, {self._silent} silent, "
                    f"{self._created} CIs new   {self._last}",
                    overflow="ellipsis",
                    no_wrap=True,
                )
            )
