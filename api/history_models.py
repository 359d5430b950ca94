"""Bodies and answers about the past: what differs, baselines, compaction."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.models import Body, Brief


class DifferenceRow(BaseModel):
    """One thing that differs; `kind` says which of the other fields there are."""

    model_config = ConfigDict(extra="allow")

    kind: str = Field(examples=["ci", "relationship", "redundancy"])
    what: str = Field(examples=["appeared", "vanished", "changed", "retired", "revived", "merged", "unmerged"])
    changes: dict[str, list[JsonValue]] = Field(description="`[before, after]` by name.")
    revision: int = Field(description="Of the last change in between.")
    at: dt.datetime
    by: str


class DifferencePage(BaseModel):
    """In the order of the feed; `from` and `to` are the revisions that were compared."""

    model_config = ConfigDict(populate_by_name=True)

    items: list[DifferenceRow]
    cursor: str | None
    from_: int = Field(alias="from")
    to: int
    warnings: list[str] = []


class BaselineBody(Body):
    """What a baseline names; everything as it is when all is left out."""

    at: Annotated[str | None, Field(max_length=40, description="A revision or a time of commit.")] = None
    class_: Annotated[str | None, Field(alias="class", max_length=200, description="With its subclasses.")] = None
    ci: Annotated[str | None, Field(max_length=1000, description="An id, a name or class:name.")] = None
    reason: Annotated[str, Field(max_length=1000)] = ""


class BaselineAnswer(BaseModel):
    """A baseline."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    revision: int
    at: dt.datetime
    class_: str | None = Field(alias="class")
    ci: Brief | None
    reason: str
    made_at: dt.datetime
    by: str


class CompactionBody(Body):
    """How much of the past is kept whole."""

    keep_days: Annotated[int | None, Field(ge=1, le=36_500, description="The server's own when left out.")] = None
    dry_run: bool = False


class CompactionAnswer(BaseModel):
    """Until when answers are daily; nulls when nothing new is that old. `dropped` is null after a dry run."""

    daily_until: dt.datetime | None
    revision: int | None
    days: int
    named: int
    dropped: int | None
