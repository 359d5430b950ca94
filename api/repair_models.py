"""Bodies and answers of repairs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.models import Body, Brief, Text

Reason = Annotated[str, Field(max_length=1000)]


class MergeBody(Body):
    """The other of two CIs that are one."""

    other: Text = Field(description="An id, a name, class:name, an FQDN or a unique short name.")


class Joined(Brief):
    """The CI that remains, or came back; `revision` is null when nothing was to do."""

    revision: int | None


class WithdrawBody(Body):
    """What of a source is taken back: all, or what it observed from one time to another, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: dt.datetime | None = Field(default=None, alias="from")
    to: dt.datetime | None = None
    reason: Reason = ""
    dry_run: bool = False


class Withdrawn(BaseModel):
    """What was taken back, or would be; any of `revisions`, the first and the last, reverts all."""

    source: str
    from_: dt.datetime | None = Field(alias="from")
    to: dt.datetime | None
    revisions: list[int]
    claims: int
    cis: int
    relationships: int
    redundancy_groups: int
    parked: int
    retired_count: int
    retired: list[Brief]


class RevertBody(Body):
    """A revert."""

    reason: Reason = ""
    dry_run: bool = False


class RevertedCi(Brief):
    """A CI that a revert changed, restored or removed; values as [before, after]."""

    what: str
    changes: dict[str, list[JsonValue]]


class Arrow(BaseModel):
    """A relationship that a revert added or removed."""

    source: dict[str, str | None]
    type: str
    target: dict[str, str | None]


class Reverted(BaseModel):
    """What was undone, newest first, and by which revisions; at most 1,000 CIs and relationships are listed."""

    undone: list[int]
    revisions: list[int]
    cis_count: int
    cis: list[RevertedCi]
    claims: int
    relationships: dict[str, list[Arrow]]
