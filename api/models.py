"""What goes over the wire: bodies that are checked, and answers in contract.md's shapes for the OpenAPI document."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Text = Annotated[str, Field(min_length=1, max_length=1000)]
Names = Annotated[tuple[Text, ...], Field(max_length=10_000)]


class Body(BaseModel):
    """A body: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScanBody(Body):
    """One scan; credentials by name, in the order to try."""

    scanner: Text = Field(examples=["local"])
    targets: Names = Field(default=(), examples=[["10.1.0.0/24"]])
    exclude: Names = ()
    credentials: Names = ()
    network: Text = "default"
    options: dict[Text, Annotated[str, Field(max_length=1000)]] = Field(default={}, max_length=100)
    yes: bool = Field(default=False, description="Scan public addresses, and more than a /16.")
    collector: Text | None = Field(default=None, description="A remote collector that scans in this server's place.")


class ScheduleBody(Body):
    """A schedule; exactly one of `cron` and `interval_s`."""

    name: Text = Field(examples=["nightly"])
    scanner: Text
    targets: Names = ()
    exclude: Names = ()
    credentials: Names = ()
    network: Text = "default"
    cron: Text | None = Field(default=None, examples=["0 3 * * *"], description="Five fields, as crontab(5) has them.")
    interval_s: int | None = Field(default=None, description="Seconds, at least 60.")
    timezone: Text = "UTC"
    jitter_s: int = 0
    enabled: bool = True
    collector: Text | None = None


class ImpactBody(Body):
    """A blast radius; a CI is an id, a name, class:name, an FQDN or a unique short name."""

    cis: Names = ()
    already_down: Names = ()
    not_impacted: Names = ()
    min_confidence: float = Field(default=0.0, ge=0, le=1)
    limit: int | None = Field(default=None, ge=1, le=100_000)
    min_revision: int | None = Field(default=None, ge=0, description="Wait up to 2 s for this revision, else 503.")
    as_of: str | None = Field(
        default=None, max_length=40, description="A time of commit, or a revision; past graphs are slow to build."
    )


class Brief(BaseModel):
    """A CI named in another answer."""

    id: str
    class_: str = Field(alias="class")
    name: str


class CiRow(Brief):
    """One row of a list."""

    lifecycle: str
    state: str
    attributes: dict[str, JsonValue]
    last_seen_at: dt.datetime | None


class CiPage(BaseModel):
    """CIs by name ignoring ASCII case, then id; `cursor` continues after the last, null at the end."""

    items: list[CiRow]
    cursor: str | None
    warnings: list[str] = []


class SearchRow(CiRow):
    """A hit of a search; `value` of `field` is what was found."""

    field: str
    value: str


class SearchAnswer(BaseModel):
    """Hits, best first."""

    items: list[SearchRow]


class RelationshipClaim(BaseModel):
    """One source's word on a relationship; a person's edit has no sighting."""

    source: str
    confidence: float
    first_seen_at: dt.datetime | None
    last_seen_at: dt.datetime | None


class RelationshipRow(BaseModel):
    """A relationship as seen from one of its ends."""

    type: str
    direction: Literal["out", "in"]
    ci: Brief
    confidence: float
    attributes: dict[str, JsonValue] = {}
    sources: list[str]
    first_seen_at: dt.datetime | None
    last_seen_at: dt.datetime | None
    said_by: list[RelationshipClaim]


class RelationshipPage(BaseModel):
    """Relationships, outgoing ones first, in a total order; `is_complete` is false where a CI has more than can be listed."""

    items: list[RelationshipRow]
    cursor: str | None
    is_complete: bool


class EditRow(BaseModel):
    """When and why a person said a value, and when it runs out."""

    said_at: dt.datetime
    reason: str
    until: dt.datetime | None


class ClaimRow(BaseModel):
    """What one record of one source last said."""

    source: str
    record: str
    attributes: dict[str, JsonValue]
    seen_at: dt.datetime | None
    edits: dict[str, EditRow] = {}


class CiAnswer(Brief):
    """One CI."""

    lifecycle: str
    state: str
    revision: int
    attributes: dict[str, JsonValue]
    relationships: list[RelationshipRow]
    claims: list[ClaimRow]
    first_seen_at: dt.datetime | None
    last_seen_at: dt.datetime | None
    warnings: list[str] = []


class NeighbourRow(Brief):
    """A CI near another; `hops` from the one asked for."""

    hops: int


class EdgeRow(BaseModel):
    """`(source)-[:type]->(target)` between two of the CIs in the answer."""

    source: str
    type: str
    target: str
    confidence: float


class Neighbourhood(BaseModel):
    """CIs within `depth` hops and the relationships between them; `left_out` counts, by class, what the limit kept out."""

    root: str
    depth: int
    cis: list[NeighbourRow]
    relationships: list[EdgeRow]
    left_out: dict[str, int]
    is_complete: bool


class HistoryRow(BaseModel):
    """What one revision did to a CI."""

    revision: int
    at: dt.datetime
    by: str
    what: str
    changes: dict[str, list[JsonValue]]
    relationships: dict[str, list[str]]
    merged: list[str] = []
    """Ids of CIs that were merged into it."""


class HistoryPage(BaseModel):
    """Oldest first; `cursor` is the revision to continue after."""

    items: list[HistoryRow]
    cursor: int | None
    warnings: list[str] = []


class ClassRow(BaseModel):
    """One CI class."""

    name: str
    parents: list[str]
    family: str
    abstract: bool
    description: str


class TargetResult(BaseModel):
    """How reading one target ended."""

    target: str
    outcome: str
    reason: str
    credential: str | None
    seconds: float
    found: str


class RunRow(BaseModel):
    """One run."""

    id: str
    source: str
    state: str
    by: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    targets: list[str]
    schedule: str | None
    collector: str | None
    counts: dict[str, int]
    message: str | None


class RunAnswer(RunRow):
    """One run with its results, at most 10,000; the rest is counted."""

    results: list[TargetResult]


class RunPage(BaseModel):
    """Newest first; `cursor` continues after the last, null at the end."""

    items: list[RunRow]
    cursor: str | None


class FiringRow(BaseModel):
    """One due time of a schedule."""

    due_at: dt.datetime
    run: str | None
    outcome: str


class ScheduleRow(BaseModel):
    """One schedule and when it runs next."""

    id: str
    name: str
    scanner: str
    targets: list[str]
    exclude: list[str]
    credentials: list[str]
    network: str
    cron: str | None
    interval_s: int | None
    timezone: str
    jitter_s: int
    enabled: bool
    collector: str | None
    created_at: dt.datetime
    next_due_at: dt.datetime | None


class ScheduleAnswer(ScheduleRow):
    """One schedule with its newest firings, at most 50."""

    firings: list[FiringRow]


class Impacted(Brief):
    """One CI that the failures reach."""

    state: Literal["down", "degraded"]
    hops: int
    confidence: float
    oldest_seen_at: dt.datetime | None
    path: list[str | None]
    because: str


class ImpactTotals(BaseModel):
    """Over everything impacted, listed or not."""

    down: int
    degraded: int
    by_class: dict[str, int]


class ImpactAnswer(BaseModel):
    """Services first, then down before degraded, hops, class, name."""

    revision: int
    as_of: str | None
    roots: list[str]
    impacted: list[Impacted]
    services: list[Impacted]
    totals: ImpactTotals
    omitted: int
    hidden: int
    warnings: list[str]


class ChangeRow(BaseModel):
    """One entry of the change feed; `before` null made it, `after` null ended it."""

    cursor: str
    revision: int
    sequence: int
    at: dt.datetime
    by: str
    kind: str
    id: str
    before: dict[str, JsonValue] | None
    after: dict[str, JsonValue] | None


class ChangePage(BaseModel):
    """Oldest first; ask again `after` the cursor, also at the end, where it stays."""

    items: list[ChangeRow]
    cursor: str
    revision: int


class RevisionRow(BaseModel):
    """One commit."""

    number: int
    at: dt.datetime
    by: str
    reason: str
    run_id: str


class RevisionPage(BaseModel):
    """Oldest first; `cursor` is the number to continue after, null at the end."""

    items: list[RevisionRow]
    cursor: int | None


class Health(BaseModel):
    """Whether the process, or what it needs, is well."""

    status: Literal["ok", "not ready"]
    reasons: list[str] = []
