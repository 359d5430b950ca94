"""What a run has done so far, in numbers and per target."""

from __future__ import annotations

from collections.abc import Mapping

from cmdb.values import Value
from discovery.scanner import Outcome, TargetDone

OUTCOMES = ("created", "updated", "unchanged", "parked", "refused")
"""What a draft may come to (contract.md, the `graph` format)."""

RESULT_LIMIT = 10_000
"""Targets whose result a run keeps; the rest is counted."""


class Tally:
    """Counts of one run; starts at nothing."""

    def __init__(self) -> None:
        self._results: list[dict[str, Value]] = []
        others = ("observations", "observations_lost", "targets", "targets_read", "results_left_out")
        self._counts = dict.fromkeys((*OUTCOMES, *others), 0)

    def add_target(self, done: TargetDone) -> None:
        """One more target has come to its end."""
        self._counts["targets"] += 1
        self._counts["targets_read"] += done.outcome is Outcome.READ
        if len(self._results) >= RESULT_LIMIT:
            self._counts["results_left_out"] += 1
            return
        self._results.append(
            {
                "target": done.target,
                "outcome": done.outcome.value,
                "reason": done.reason,
                "credential": done.credential,
                "seconds": round(done.seconds, 3),
                "found": done.found,
            }
        )

    def add_committed(self, counts: Mapping[str, int]) -> None:
        """One more observation has landed, with these counts by outcome."""
        self._counts["observations"] += 1
        for outcome in OUTCOMES:
            self._counts[outcome] += counts.get(outcome, 0)

    def add_lost(self) -> None:
        """One more observation could not be committed."""
        self._counts["observations_lost"] += 1

    @property
    def is_complete(self) -> bool:
        """Whether every target was read and every observation landed."""
        return self._counts["targets"] == self._counts["targets_read"] and self._counts["observations_lost"] == 0

    def counts(self) -> dict[str, int]:
        """All counts by name."""
        return dict(self._counts)

    def results(self) -> tuple[dict[str, Value], ...]:
        """Per target, in order of their ends, at most `RESULT_LIMIT`."""
        return tuple(self._results)
