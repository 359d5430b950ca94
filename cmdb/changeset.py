"""Everything that one commit writes, and what the store says about it afterwards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from cmdb.entities import Entity, Kind


@dataclass(frozen=True, slots=True)
class Write:
    """One entity's step; `before` None makes it, `after` None ends it. Never both None, never equal.

    A relationship keeps its type and ends as long as it lives; its ends are live CIs, and a CI with relationships cannot end.
    """

    kind: Kind
    id: str
    before: Entity | None
    after: Entity | None


@dataclass(frozen=True, slots=True)
class KeyWrite:
    """New owners of one identity key `space|kind|value`, replacing the old ones; none removes the key.

    A strong key that is not shared has at most one owner: the store refuses a second (`Conflict`).
    """

    key: str
    owners: tuple[str, ...]
    is_strong: bool
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """`subject` (a claim's id, or `<relationship id>@<source>`) was seen at `at` by the change set's run."""

    subject: str
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """Applied atomically, recorded as one revision; without writes it makes no revision and only keeps its sightings.

    `planned_at` is the revision of the state that the plan looked at. `consulted_keys` and `consulted_ids` are what the
    decision rests on: if any of them was written after `planned_at`, `Store.apply` raises `Conflict` and the caller replans.
    """

    id: str
    at: dt.datetime
    by: str
    reason: str = ""
    run_id: str = ""
    source: str = ""
    planned_at: int = 0
    writes: tuple[Write, ...] = ()
    keys: tuple[KeyWrite, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    forgotten: frozenset[str] = field(default_factory=frozenset)
    """Subjects whose sightings so far count no more; those of this change set do."""
    consulted_keys: frozenset[str] = field(default_factory=frozenset)
    consulted_ids: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit; `number` starts at 1 and has no gaps. `at` is the store's clock at the commit and never goes back."""

    number: int
    at: dt.datetime
    by: str
    reason: str
    change_set: str
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the change feed, ordered by (revision, sequence); `sequence` counts from 0 within its revision."""

    revision: int
    sequence: int
    at: dt.datetime
    by: str
    kind: Kind
    id: str
    before: Entity | None
    after: Entity | None


@dataclass(frozen=True, slots=True)
class Touch:
    """Sightings of one change set at one instant, beside any values that it wrote; `at` is when they were seen.

    `number` is monotonic on its own.
    """

    number: int
    revision: int
    run_id: str
    source: str
    at: dt.datetime
    subjects: tuple[str, ...]
