"""Observations from clocks that are ahead: bounded, so that no wrong clock makes things look long missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from cmdb.entities import Kind, Review, derived_id
from cmdb.observation import Observation
from cmdb.reconcile.reviews import REMEDIES
from cmdb.reconcile.workspace import Workspace

AHEAD = dt.timedelta(minutes=10)
"""How far an observation may lie in this machine's future; clocks that are kept at all agree to far less (RFC 5905 §4)."""
KIND = "clock_ahead"


def bounded(workspace: Workspace, observation: Observation, *, now: dt.datetime) -> Observation:
    """The observation; one from the future counts as made at `now`, completes no scope, and a person is told.

    Its sightings would otherwise outrank every later look, and its silence end a grace that has not passed.
    """
    ahead = observation.at - now
    if ahead <= AHEAD:
        return observation
    id_ = derived_id("review", KIND, observation.source)
    if workspace.get(Kind.REVIEW, id_) is None:
        item = Review(
            id=id_,
            kind=KIND,
            cis=(),
            values={
                "source": observation.source,
                "run": observation.run_id,
                "observed_at": observation.at.isoformat(),
                "ahead_s": round(ahead.total_seconds()),
            },
            since=now,
            remedy=REMEDIES[KIND],
            source=observation.source,
        )
        workspace.put(Kind.REVIEW, item)
    return replace(observation, at=now, scopes=())
