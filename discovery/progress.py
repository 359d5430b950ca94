"""What a run tells while it goes: frozen events in the past tense, and who listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cmdb.entities import Run
from discovery.scanner import Outcome


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run is recorded and its scanner starts."""

    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFinished:
    """One target came to its end; `reason` is a sentence unless it was read, `found` a few words on what answered."""

    run_id: str
    target: str
    outcome: Outcome
    reason: str = ""
    credential: str | None = None
    seconds: float = 0.0
    found: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationCommitted:
    """What one observation did to the graph; `revision` is None when it changed nothing."""

    run_id: str
    revision: int | None
    counts: dict[str, int]
    """By outcome: created, updated, unchanged (CIs after folding), parked, refused (drafts)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationLost:
    """One observation could not be committed; the run goes on."""

    run_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGiven:
    """Something a person should know, such as a fallback in use."""

    run_id: str
    text: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is over and recorded with its outcome."""

    run: Run


RunEvent = RunStarted | TargetFinished | ObservationCommitted | ObservationLost | NoticeGiven | RunFinished


class RunObserver(Protocol):
    """Hears every event of a run, in order, on the event loop: it must neither block nor raise."""

    def notify(self, event: RunEvent) -> None:
        """Take one event."""
