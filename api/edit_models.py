"""What goes over the wire when a person edits."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, JsonValue

from api.models import Body, Names, Text

Reason = Annotated[str, Field(min_length=1, max_length=2000, description="Why; shown beside the value.")]
Until = Annotated[
    dt.datetime | None, Field(description="When it runs out, with an offset; null means when it is taken back.")
]


class EditBody(Body):
    """What a person says of a CI; it goes before every source."""

    attributes: dict[Text, JsonValue] = Field(
        default={},
        max_length=1000,
        description="By name; also name, class and lifecycle. Null says that there is none.",
        examples=[{"owner": "Ana", "lifecycle": "maintenance"}],
    )
    unset: Names = Field(default=(), description="Attributes of which everybody's edits are taken back.")
    reason: Reason
    until: Until = None


class RelationshipEditBody(Body):
    """What a person says of a relationship from the CI; null in `is_there` takes back what was said."""

    type: Text = Field(examples=["DEPENDS_ON"])
    target: Text = Field(description="A CI: an id, a name, class:name, an FQDN or a unique short name.")
    is_there: bool | None = True
    reason: Reason
    until: Until = None


class GroupBody(Body):
    """How many of its members a CI needs, as a person says it; without a minimum that is taken back."""

    members: Names = Field(default=(), description="CIs; may be left out where a named group is taken back.")
    min_up: int | None = Field(default=None, ge=0)
    min_up_percent: float | None = Field(default=None, ge=0, le=100)
    name: Text | None = None
    reason: Reason
