"""What the contract suite asks of each scanner's engineer: a target of every kind, on loopback or in a namespace of its own.

Add `harness_<name>.py` beside this file with a module-level `HARNESS` (an object that follows `Harness`); the suite
finds it by its file name. A harness uses real daemons where there are any, and otherwise servers of its own that
misbehave on purpose. It binds to free ports of loopback and ends all that it started when its context closes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from discovery.credentials import Credential
from discovery.scanner import Scanner


class Behaviour(StrEnum):
    """How a prepared target behaves."""

    GOOD = "good"
    """Answers in full; the scan ends with `Outcome.READ` (or PARTIAL where rights are missing)."""
    DOWN = "down"
    """Nothing answers."""
    SLOW = "slow"
    """Takes the request and never ends its answer; only the scanner's own time limit ends it."""
    REFUSING = "refusing"
    """Answers, and lets nobody in with the credentials of the stage."""
    LYING = "lying"
    """Answers nonsense: garbage bytes, impossible values, answers without end."""
    CUT_OFF = "cut off"
    """Answers rightly, and breaks off in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One prepared target and the order that fits it."""

    target: str
    credentials: tuple[Credential, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    target_timeout_s: float = 5.0
    """Limit that the suite puts into the request; keep it short for SLOW."""
    incomplete_classes: frozenset[str] = frozenset()
    """CUT_OFF and LYING: CI classes that were not read to their end, so that no scope may claim them."""
    contacts: Callable[[], int] | None = None
    """How often the target was contacted so far, where the harness can tell; for the test of exclusion."""


class Harness(Protocol):
    """How the suite gets at one scanner."""

    @property
    def name(self) -> str:
        """Short name, shown in the tests' ids."""

    @property
    def behaviours(self) -> frozenset[Behaviour]:
        """The behaviours that mean something for this scanner; GOOD at least."""

    def lacks(self) -> str | None:
        """What this machine lacks for the harness, or None; a lack skips, and fails in CI."""

    def scanner(self) -> Scanner:
        """A fresh scanner, as a run would make it (its own seams may be set)."""

    def stage(self, behaviour: Behaviour) -> AbstractAsyncContextManager[Stage]:
        """Prepare a target, and clean up when the context closes; two stages may be open at once, with different targets."""


def harnesses(behaviour: Behaviour) -> list[Harness]:
    """Every harness beside this file that knows the behaviour, by file name."""
    found: list[Harness] = []
    for path in sorted(Path(__file__).parent.glob("harness_*.py")):
        harness: Harness = importlib.import_module(f"tests.contract.scanner.{path.stem}").HARNESS
        if behaviour in harness.behaviours:
            found.append(harness)
    return found
