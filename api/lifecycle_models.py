"""What goes over the wire when things end."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from api.models import Body, Brief, Names, Text


class PurgeBody(Body):
    """What to purge: these CIs, or without any whatever was retired for long enough."""

    cis: Names = ()
    retired_for_days: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Days; without it the policy's retention, 365 where it says nothing."
    )
    dry_run: bool = Field(default=True, description="Show what would go and what would stay; false purges for good.")


class EraseBody(Body):
    """Whose data to erase."""

    person: Text = Field(examples=["person:ada"], description="`person:LOGIN`, or a CI of class person.")


class Retired(BaseModel):
    """What was retired; revision null when nothing was written."""

    revision: int | None
    retired: list[Brief]
    retired_count: int


class Parted(BaseModel):
    """A relationship that ends, and the CI at its other end, which stays."""

    type: str
    direction: Literal["out", "in"]
    ci: Brief


class GroupCounts(BaseModel):
    """Redundancy groups that end, and that go on without the CI."""

    ended: int
    without_it: int


class Purged(Brief):
    """One purge, planned (revision null) or done."""

    retired_since: dt.datetime
    revision: int | None
    purged_with_it: list[Brief]
    kept: list[Parted]
    kept_count: int
    groups: GroupCounts


class PurgeAnswer(BaseModel):
    """The purges, in id order; at most 1,000 in one answer, the rest is due still."""

    items: list[Purged]
    is_complete: bool


class Erased(BaseModel):
    """What stands instead of the person."""

    pseudonym: str
    revision: int


class PresenceAnswer(BaseModel):
    """Whether a CI is there, as far as anybody has looked."""

    state: Literal["present", "gone", "unreachable", "not_scanned", "excluded"]
    since: dt.datetime | None
    run: str | None
    reason: str
