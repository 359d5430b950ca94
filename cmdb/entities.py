"""What the store keeps: frozen values, one type per kind.

Every entity has an `id`, unique within its kind. Relationships, redundancy groups, claims, review items and parked
drafts have ids derived from their content, so that saying a thing twice is saying it once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from enum import StrEnum

import msgspec

from cmdb.values import Value

_NAMESPACE = uuid.UUID("8d5c0c5e-6f0a-4f0c-9c44-1c8f0a6f7b10")


def derived_id(*parts: str) -> str:
    """A UUIDv5 of the parts, equal for equal parts in equal order (RFC 9562 §5.5)."""
    # uuid.uuid5 itself takes four times as long, and an import asks for several of these a row
    digest = hashlib.sha1(_NAMESPACE.bytes + "\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 0x3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


class Kind(StrEnum):
    """The kinds of entities; each has one struct below."""

    CI = "ci"
    RELATIONSHIP = "relationship"
    REDUNDANCY = "redundancy"
    CLAIM = "claim"
    REVIEW = "review"
    PARKED = "parked"
    RUN = "run"
    SCHEDULE = "schedule"
    FIRING = "firing"
    HEALTH = "health"
    BASELINE = "baseline"


class Lifecycle(StrEnum):
    """Where a CI stands in its life; planned, in-stock and retired ones neither fail nor pass failure on (design §7)."""

    PLANNED = "planned"
    IN_STOCK = "in_stock"
    LIVE = "live"
    MAINTENANCE = "maintenance"
    RETIRED = "retired"


class State(StrEnum):
    """What the last look found; *not scanned* and *excluded* are computed, never stored."""

    PRESENT = "present"
    MISSING = "missing"
    UNREACHABLE = "unreachable"


class Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Base of everything stored."""

    id: str


class CI(Entity, frozen=True, kw_only=True):
    """One configuration item; `attributes` are the winning values of its claims, `name` among the columns, not in them."""

    class_name: str
    name: str
    """Given name, else the strongest identifier."""
    lifecycle: Lifecycle = Lifecycle.LIVE
    state: State = State.PRESENT
    attributes: dict[str, Value] = {}
    created_at: dt.datetime
    merged_into: str | None = None
    """The CI that this one was found to be; a merged CI has no claims, keys or relationships left."""
    kept_apart_from: tuple[str, ...] = ()
    """Ids that a person or an unmerge said are other things; later runs obey."""
    same_as: tuple[str, ...] = ()
    """Ids that a person said are this one; later runs obey."""
    denied: tuple[str, ...] = ()
    """Relationships from here that a person says are not; later runs obey while the edit holds."""


class Relationship(Entity, frozen=True, kw_only=True):
    """`(source)-[:type]->(target)`; `confidence` is that of all who claim it together, `attributes` are the newest."""

    source: str
    type: str
    target: str
    attributes: dict[str, Value] = {}
    confidence: float = 1.0
    claimed: dict[str, float] = {}
    """Confidence by source that says so now."""
    missing_at: dict[str, tuple[dt.datetime, ...]] = {}

    @staticmethod
    def make_id(source: str, type_: str, target: str) -> str:
        """The id of the one relationship of this type between these two."""
        return derived_id("relationship", source, type_, target)


class Redundancy(Entity, frozen=True, kw_only=True):
    """`of` needs `min_up` of `members`, or `min_up_percent` of them; exactly one is set."""

    of: str
    members: tuple[str, ...]
    min_up: int | None = None
    min_up_percent: float | None = None
    name: str | None = None
    sources: tuple[str, ...] = ()


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Why and how long a person says something; `until` None means until it is taken back."""

    at: dt.datetime
    reason: str
    until: dt.datetime | None = None


class ClaimValue(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value that a source's record reported; `left_out_since` is its last time when newer observations omit it.

    The value None says that there is none.
    """

    value: Value
    left_out_since: dt.datetime | None = None
    edit: Edit | None = None


class Claim(Entity, frozen=True, kw_only=True):
    """What one record of one source last reported of one CI; when it was last seen is a sighting, not part of it."""

    ci: str
    source: str
    network: str
    record: str
    """`native:<key>` or `<kind>:<values>`, what identified it."""
    native_key: str | None
    class_name: str
    name: str | None = None
    name_left_out_since: dt.datetime | None = None
    """Last time of the name when newer observations omit it."""
    values: dict[str, ClaimValue] = {}
    identifiers: dict[str, tuple[str, ...]] = {}
    """Normalised identifying values by kind; what identifies nothing (fillers, virtual MACs) is not among them."""
    disputed: tuple[str, ...] = ()
    """Keys that do not identify this record, since they would join CIs that are kept apart."""
    fingerprint: str = ""
    missing_at: tuple[dt.datetime, ...] = ()
    """Distinct observation times of completed scopes that did not see it since it was last seen; oldest first."""
    missed_by: str = ""
    """Run of the newest of these times."""
    withdrawn_at: dt.datetime | None = None
    """When its grace ran out; it still identifies, so that what reappears is revived."""
    withdrawn_by: str = ""
    """Who says so: the run that ended its grace, or the person who deleted it."""
    matched: dict[str, Value] = {}
    """How its first row was matched: rule, on, considered (contract.md, `explain`)."""
    expires_in: str | None = None
    """Month (`2026-11`) in which the first of its values runs out, or its grace without another look."""

    @staticmethod
    def make_id(source: str, network: str, record: str) -> str:
        """The id of a source's record."""
        return derived_id("claim", source, network, record)


class Review(Entity, frozen=True, kw_only=True):
    """What needs a person; `kind` is one of contract.md's flags."""

    kind: str
    cis: tuple[str, ...]
    values: dict[str, Value] = {}
    since: dt.datetime
    remedy: str
    source: str = ""


class Parked(Entity, frozen=True, kw_only=True):
    """A draft that lacks what it needs, kept until the missing part arrives or 90 days have passed."""

    source: str
    network: str
    reason: str
    waiting_for: str | None = None
    """Identity key or claim id that would complete it."""
    draft: dict[str, Value]
    links: tuple[dict[str, Value], ...] = ()
    observed_at: dt.datetime
    since: dt.datetime


class RunState(StrEnum):
    """Outcome of a run; *partial* ended, but at least one target was not read; *interrupted* was cut off."""

    QUEUED = "queued"
    """Waits for its collector."""
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a run asks of a remote collector beside scanner and targets, and how far its words have come.

    Credentials are names; the collector has its own file of secrets.
    """

    collector: str
    exclude: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    network: str = "default"
    options: dict[str, str] = {}
    limits: dict[str, int | float] = {}
    is_confirmed: bool = False
    received: int = 0
    """Number of the newest observation that was taken in; the collector counts from 1."""
    is_stop_wanted: bool = False


class Run(Entity, frozen=True, kw_only=True):
    """One discovery or import run, with its outcome."""

    source: str
    state: RunState
    by: str
    started_at: dt.datetime
    finished_at: dt.datetime | None = None
    targets: tuple[str, ...] = ()
    schedule: str | None = None
    counts: dict[str, int] = {}
    results: tuple[dict[str, Value], ...] = ()
    """Per target: target, outcome, reason, credential (name); at most 10,000, the rest counted."""
    message: str | None = None
    job: Job | None = None
    """Set when a remote collector runs it."""


class Schedule(Entity, frozen=True, kw_only=True):
    """When a scan runs: exactly one of `cron` (five fields) and `interval_s`."""

    name: str
    scanner: str
    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    network: str = "default"
    cron: str | None = None
    interval_s: int | None = None
    timezone: str = "UTC"
    jitter_s: int = 0
    enabled: bool = True
    created_at: dt.datetime
    collector: str | None = None
    """Who scans; None is the server that fires it."""


class Firing(Entity, frozen=True, kw_only=True):
    """One due time of one schedule; its id is derived from both, so that only one server can make it."""

    schedule: str
    due_at: dt.datetime
    run: str | None = None
    outcome: str = "started"


class HealthReport(Entity, frozen=True, kw_only=True):
    """The health of the whole graph at one time; one is kept a day, whose date is its id."""

    at: dt.datetime
    figures: dict[str, Value]
    """Scores in percent, counts, and per audit how many CIs it judged and how many failed."""


class Baseline(Entity, frozen=True, kw_only=True):
    """A name for a part of the estate as it was at a revision; compaction keeps that revision."""

    name: str
    revision: int
    class_name: str | None = None
    """Only CIs of this class and its subclasses."""
    ci: str | None = None
    """Only this CI."""
    reason: str = ""
    made_at: dt.datetime
    by: str

    @staticmethod
    def make_id(name: str) -> str:
        """The id of the one baseline of this name."""
        return derived_id("baseline", name)


ENTITY_TYPES: dict[Kind, type[Entity]] = {
    Kind.CI: CI,
    Kind.RELATIONSHIP: Relationship,
    Kind.REDUNDANCY: Redundancy,
    Kind.CLAIM: Claim,
    Kind.REVIEW: Review,
    Kind.PARKED: Parked,
    Kind.RUN: Run,
    Kind.SCHEDULE: Schedule,
    Kind.FIRING: Firing,
    Kind.HEALTH: HealthReport,
    Kind.BASELINE: Baseline,
}
