"""The parts of one application, as routes get them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

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


ApiDep = Annotated[Api, Depends(api_of)]
