"""What a change set must be before any store looks at it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cmdb.changeset import ChangeSet, KeyWrite, Write
from cmdb.entities import ENTITY_TYPES, Kind, Relationship
from cmdb.errors import Conflict, Invalid
from cmdb.store.codec import encode
from cmdb.store.instants import to_microseconds

_TYPE = re.compile("[A-Za-z][A-Za-z0-9_]*")
NOTED = frozenset({Kind.RUN, Kind.FIRING, Kind.HEALTH})
"""Kinds that tell what the program did."""
ID_LIMIT = 500
"""Characters of an id, so that every store can index it."""
WRITES_LIMIT = 1 << 20
"""Writes of one change set, exclusive: a store may pack revision and sequence into one number."""


@dataclass(frozen=True, slots=True)
class EncodedWrite:
    """A write with its bodies as JSON; None where the write has no such side."""

    write: Write
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """Subjects of one change set that were seen at the same instant (microseconds since the epoch), in order."""

    at: int
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedChangeSet:
    """A well-formed change set, encoded; `moments` are its sightings grouped by instant, oldest first."""

    change_set: ChangeSet
    writes: tuple[EncodedWrite, ...]
    moments: tuple[Moment, ...]


def check(change_set: ChangeSet) -> CheckedChangeSet:
    """The change set, encoded; `Invalid` when it contradicts itself, `Conflict` when it gives a strong key two owners."""
    if not change_set.id:
        raise Invalid("a change set has no id; give each one of its own")
    if len(change_set.writes) >= WRITES_LIMIT:
        raise Invalid(f"a change set of {len(change_set.writes)} writes is too large; split it below {WRITES_LIMIT}")
    to_microseconds(change_set.at)
    seen: set[tuple[str, str]] = set()
    writes: list[EncodedWrite] = []
    for write in change_set.writes:
        if (write.kind, write.id) in seen:
            raise Invalid(f"{write.kind} {write.id!r} is written twice in one change set; fold the two", ids=[write.id])
        seen.add((write.kind, write.id))
        writes.append(_encoded(write))
    _check_keys(change_set.keys)
    return CheckedChangeSet(change_set, tuple(writes), _moments(change_set))


def check_notes(writes: Sequence[Write]) -> tuple[EncodedWrite, ...]:
    """Writes for `Store.note`, encoded; `Invalid` for what contradicts itself or is no note."""
    if len(writes) >= WRITES_LIMIT:
        raise Invalid(f"{len(writes)} notes are too many at once; write fewer than {WRITES_LIMIT}")
    if len({(write.kind, write.id) for write in writes}) < len(writes):
        raise Invalid("an entity is noted twice at once; fold the two")
    for write in writes:
        if write.kind not in NOTED:
            raise Invalid(f"a {write.kind} is no note; apply it in a change set", ids=[write.id])
    return tuple(_encoded(write) for write in writes)


def _encoded(write: Write) -> EncodedWrite:
    expected = ENTITY_TYPES[write.kind]
    for entity in (write.before, write.after):
        if entity is not None and (type(entity) is not expected or entity.id != write.id or not entity.id):
            found = f"{type(entity).__name__} {entity.id!r}"
            raise Invalid(f"a write of {write.kind} {write.id!r} holds {found}; kind and id must agree", ids=[write.id])
    if len(write.id) > ID_LIMIT:
        raise Invalid(f"an id of {len(write.id)} characters is too long; ids have at most {ID_LIMIT}")
    if write.before is None and write.after is None:
        raise Invalid(
            f"a write of {write.kind} {write.id!r} has neither before nor after; leave it out", ids=[write.id]
        )
    _check_relationship(write)
    before = None if write.before is None else encode(write.before)
    after = None if write.after is None else encode(write.after)
    if before == after:
        raise Invalid(f"a write of {write.kind} {write.id!r} changes nothing; leave it out", ids=[write.id])
    return EncodedWrite(write, before, after)


def _check_relationship(write: Write) -> None:
    before, after = write.before, write.after
    if isinstance(after, Relationship):
        if not _TYPE.fullmatch(after.type):
            message = f"the relationship type {after.type[:80]!r} is no word; use letters, digits and underscores"
            raise Invalid(message, ids=[write.id])
        ends = (after.source, after.type, after.target)
        if isinstance(before, Relationship) and (before.source, before.type, before.target) != ends:
            message = f"relationship {write.id!r} would get another end or type; end it and make another"
            raise Invalid(message, ids=[write.id])


def _check_keys(keys: tuple[KeyWrite, ...]) -> None:
    seen: set[str] = set()
    for key_write in keys:
        if key_write.key in seen:
            raise Invalid(f"the key {key_write.key!r} is written twice in one change set; fold the two")
        seen.add(key_write.key)
        if len(set(key_write.owners)) != len(key_write.owners):
            raise Invalid(f"the key {key_write.key!r} names an owner twice; name each once", ids=key_write.owners)
        if key_write.is_strong and not key_write.is_shared and len(key_write.owners) > 1:
            message = (
                f"the strong key {key_write.key!r} would get {len(key_write.owners)} owners; share it or choose one"
            )
            raise Conflict(message, ids=key_write.owners)


def _moments(change_set: ChangeSet) -> tuple[Moment, ...]:
    by_instant: dict[int, dict[str, None]] = {}
    for sighting in change_set.sightings:
        by_instant.setdefault(to_microseconds(sighting.at), {})[sighting.subject] = None
    return tuple(Moment(at, tuple(subjects)) for at, subjects in sorted(by_instant.items()))
