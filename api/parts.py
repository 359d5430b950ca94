"""The parts of one application, as routes get them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Query, Request

from api.context import AppContext
from api.event_stream import EventStreams
from api.follower import Follower
from api.gate import Gate
from api.metrics import Metrics
from api.run_feed import RunFeed
from discovery.journal import RunJournal
from discovery.roster import Roster


@dataclass(frozen=True, slots=True)
class Api:
    """What routes work with."""

    context: AppContext
    gate: Gate
    streams: EventStreams
    runs: RunFeed
    journal: RunJournal
    follower: Follower
    metrics: Metrics
    roster: Roster = field(default_factory=Roster)


def api_of(request: Request) -> Api:
    """The parts of the application that answers this request."""
    api = request.app.state.api
    assert isinstance(api, Api)
    return api


AsOf = Annotated[
    str | None,
    Query(
        max_length=40,
        description="The state at a time of commit (2026-01-31 or 2026-01-31T12:00Z) or right after a revision (17); now, when left out.",
    ),
]
Filter = Annotated[
    str | None,
    Query(
        alias="filter",
        max_length=8000,
        description='CEL over attributes of the CIs, such as os_name == "Linux" (docs/guides/asking.md).',
    ),
]
ApiDep = Annotated[Api, Depends(api_of)]
