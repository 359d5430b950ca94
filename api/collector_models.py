"""What goes over the wire between this server and its remote collectors, and about them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, Field

from api.models import Body, TargetResult, Text
from cmdb.entities import RunState
from discovery.tally import RESULT_LIMIT


class LeaseBody(Body):
    """A collector that asks for a run."""

    version: str = Field(default="", max_length=100)


class RunWordBody(Body):
    """What a collector says of a run: *running* is a sign of life, another state how it ended."""

    state: RunState
    message: str | None = Field(default=None, max_length=10_000)
    counts: dict[Text, int] = Field(default={}, max_length=100)
    results: Annotated[tuple[TargetResult, ...], Field(max_length=RESULT_LIMIT)] = ()


class LeaseAnswer(BaseModel):
    """A run that was handed to its collector, which must give a sign of life within every `lease_s` seconds."""

    run: str
    scanner: str
    started_at: dt.datetime
    targets: list[str]
    exclude: list[str]
    credentials: list[str]
    network: str
    options: dict[str, str]
    limits: dict[str, float]
    is_confirmed: bool
    lease_s: float


class HeardAnswer(BaseModel):
    """The run as it stands, and whether the collector shall end it."""

    state: RunState
    is_stop_wanted: bool
    counts: dict[str, int]


class CollectorRow(BaseModel):
    """A remote collector; `last_seen_at` is null when it has not called this server since it was started."""

    name: str
    version: str
    last_seen_at: dt.datetime | None
    running: list[str]
    queued: int
