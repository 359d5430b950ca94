"""What a run has done so far, in numbers and per target."""

from __future__ import annotations

from cmdb.values import Value
from discovery.scanner import Outcome, TargetDone

RESULT_LIMIT = 10_000
"""Targets whose result a run keeps; the rest is counted."""


class Tally:
    """Counts of one run; starts at nothing."""

    def __init__(self) -> None:
        self._results: list[dict[str, Value]] = []
        self._counts = dict.fromkeys(
            ("created", "updated", "unchanged", "parked", "refused", "observations", "observations_lost"), 0
        ) | dict.fromkeys(("targets", "targets_read", "results_left_out"), 0)

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

    def add_committed(self, *, created: int, updated: int, unchanged: int, parked: int, refused: int) -> None:
        """One more observation has landed."""
        self._counts["observations"] += 1
        for name, more in (
            ("created", created),
            ("updated", updated),
            ("unchanged", unchanged),
            ("parked", parked),
            ("refused", refused),
        ):
            self._counts[name] += more

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
