"""The one interface of every scanner, and their register.

A scanner yields what it sees as it sees it, bounded in time and in flight; it never writes, never raises for one bad
target, and never imports another scanner. Built-in scanners are registered by entry point (`cmdb.scanners`), exactly as a third party's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import ClassVar, Protocol

from cmdb.errors import NotFound
from cmdb.observation import Observation
from discovery.credentials import Credential

ENTRY_POINT_GROUP = "cmdb.scanners"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run; a scanner honours all of them."""

    target_timeout_s: float = 120.0
    run_timeout_s: float = 3600.0
    max_in_flight: int = 64
    max_rows_per_target: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """One run's order. `targets` are addresses, CIDR networks or host names, already checked by `discovery.safety`."""

    run_id: str
    started_at: dt.datetime
    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()
    """In the order to try; each target keeps the one that worked."""
    network: str = "default"
    limits: Limits = field(default_factory=Limits)
    options: Mapping[str, str] = field(default_factory=dict)


class Outcome(StrEnum):
    """How reading one target ended."""

    READ = "read"
    PARTIAL = "partial"
    NO_ANSWER = "no answer"
    NO_CREDENTIAL = "no credential accepted"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Observed:
    """Something was seen; committed at once."""

    observation: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDone:
    """One target is finished; `reason` is a sentence for people unless it was read."""

    target: str
    outcome: Outcome
    reason: str = ""
    credential: str | None = None
    seconds: float = 0.0
    found: str = ""
    """What answered, in a few words, for the progress line."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know, such as a fallback in use or a lack of privileges."""

    text: str


ScanEvent = Observed | TargetDone | Notice


class Scanner(Protocol):
    """Made once per run by its class without arguments."""

    name: ClassVar[str]
    needs_targets: ClassVar[bool]
    credential_kinds: ClassVar[frozenset[str]]

    def scan(self, request: ScanRequest) -> AsyncIterator[ScanEvent]:
        """Yield events until done; closing the iterator (or cancelling) ends all work and child processes within 5 s."""


class ScannerRegister:
    """Scanners by name, from entry points; built once, at the composition root."""

    def __init__(self, scanners: Mapping[str, Callable[[], Scanner]]) -> None:
        self._scanners = dict(scanners)

    @classmethod
    def from_entry_points(cls) -> ScannerRegister:
        """Everything that installed packages register under `cmdb.scanners`; each is imported when it is first made."""
        return cls({point.name: _maker(point) for point in entry_points(group=ENTRY_POINT_GROUP)})

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._scanners))

    def make(self, name: str) -> Scanner:
        """A fresh scanner; raises `NotFound` with the names that exist."""
        try:
            return self._scanners[name]()
        except KeyError:
            raise NotFound(f"no scanner is called {name!r}; there are: {', '.join(self.names())}") from None


def _maker(point: EntryPoint) -> Callable[[], Scanner]:
    def make() -> Scanner:
        scanner: Scanner = point.load()()
        return scanner

    return make
