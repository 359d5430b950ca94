"""Run one scanner and keep what it said, sorted by kind of event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from cmdb.observation import Observation, Scope
from discovery.scanner import Limits, Notice, Observed, ScanEvent, Scanner, ScanRequest, TargetDone
from tests.contract.scanner.harness import Stage

RUN_ID = "contract-run"
STARTED_AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
NETWORK = "contract-space"


@dataclass(frozen=True, slots=True)
class Reading:
    """All events of one run, in order."""

    events: tuple[ScanEvent, ...]

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What was seen."""
        return tuple(event.observation for event in self.events if isinstance(event, Observed))

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """What was claimed to be complete."""
        return tuple(scope for observation in self.observations for scope in observation.scopes)

    @property
    def notices(self) -> tuple[str, ...]:
        """What people were told."""
        return tuple(event.text for event in self.events if isinstance(event, Notice))

    def done(self, target: str) -> tuple[TargetDone, ...]:
        """How reading the target ended; more than one would be one too many."""
        return tuple(event for event in self.events if isinstance(event, TargetDone) and event.target == target)

    def outcome(self, target: str) -> TargetDone:
        """The one end of a target."""
        (done,) = self.done(target)
        return done


def order(stages: Sequence[Stage], *, exclude: tuple[str, ...] = ()) -> ScanRequest:
    """One request for all stages."""
    options: dict[str, str] = {}
    for stage in stages:
        options.update(stage.options)
    timeout_s = max(stage.target_timeout_s for stage in stages)
    return ScanRequest(
        run_id=RUN_ID,
        started_at=STARTED_AT,
        targets=tuple(stage.target for stage in stages),
        exclude=exclude,
        credentials=tuple(
            {credential.name: credential for stage in stages for credential in stage.credentials}.values()
        ),
        network=NETWORK,
        limits=Limits(target_timeout_s=timeout_s, run_timeout_s=60.0, max_in_flight=8, max_rows_per_target=20_000),
        options=options,
    )


async def read(scanner: Scanner, request: ScanRequest) -> Reading:
    """Run the scanner to its end."""
    return Reading(tuple([event async for event in scanner.scan(request)]))
