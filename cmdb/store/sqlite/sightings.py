# ruff: noqa: S608 - only lists of "?", constants and conditions of this package are put into a statement
"""When sources saw what: a row by subject, and the numbers of all touches that saw it, oldest first."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable

from cmdb.changeset import Touch
from cmdb.store.instants import from_microseconds
from cmdb.store.protocol import Seen, Sighted, Then
from cmdb.store.sqlite.parameters import lists

_DIGITS = 8


def seen(connection: sqlite3.Connection, subjects: Collection[str]) -> dict[str, Seen]:
    """First and last sightings of these subjects."""
    found: dict[str, Seen] = {}
    for places, values in lists(subjects):
        query = f"SELECT subject, first_at, last_at FROM sighting WHERE subject IN ({places})"
        for subject, first_at, last_at in connection.execute(query, values):
            found[subject] = Seen(from_microseconds(first_at), from_microseconds(last_at))
    return found


def seen_then(connection: sqlite3.Connection, subjects: Collection[str], touch: int) -> dict[str, Seen]:
    """First and last sightings up to a touch."""
    numbers: dict[str, list[int]] = {}
    for places, values in lists(subjects):
        query = (
            f"SELECT subject, touches FROM sighting WHERE subject IN ({places})"
            f" UNION ALL SELECT subject, touches FROM former_sighting WHERE subject IN ({places})"
            " AND (until IS NULL OR until > ?)"
        )
        for subject, packed in connection.execute(query, (*values, *values, touch)):
            numbers.setdefault(subject, []).extend(number for number in unpack(packed) if number <= touch)
    at = times(connection, {number for found in numbers.values() for number in found})
    return {
        subject: Seen(
            from_microseconds(min(at[number] for number in found)),
            from_microseconds(max(at[number] for number in found)),
        )
        for subject, found in numbers.items()
        if found
    }


def sightings_of(connection: sqlite3.Connection, subjects: Collection[str]) -> dict[str, tuple[Sighted, ...]]:
    """Every sighting of these subjects that counts, in the order of commit."""
    numbers: dict[str, list[int]] = {}
    for places, values in lists(subjects):
        query = (
            f"SELECT subject, touches FROM sighting WHERE subject IN ({places})"
            f" UNION ALL SELECT subject, touches FROM former_sighting WHERE subject IN ({places}) AND until IS NULL"
        )
        for subject, packed in connection.execute(query, (*values, *values)):
            numbers.setdefault(subject, []).extend(unpack(packed))
    known: dict[int, Sighted] = {}
    for places, values in lists([str(number) for number in {one for found in numbers.values() for one in found}]):
        query = f"SELECT number, revision, at FROM touch WHERE number IN ({places})"
        for number, revision, at in connection.execute(query, values):
            known[number] = Sighted(revision, from_microseconds(at))
    return {subject: tuple(known[number] for number in sorted(found)) for subject, found in numbers.items() if found}


def unpack(packed: str) -> Iterable[int]:
    """Touch numbers of a `touches` column."""
    return (int(packed[start : start + _DIGITS], 16) for start in range(0, len(packed), _DIGITS))


def pack(numbers: Iterable[int]) -> str:
    """Touch numbers as a `touches` column holds them."""
    return "".join(f"{number:0{_DIGITS}x}" for number in numbers)


def times(connection: sqlite3.Connection, numbers: Collection[int]) -> dict[int, int]:
    """When the touches of these numbers saw what they saw."""
    found: dict[int, int] = {}
    for places, values in lists([str(number) for number in numbers]):
        found.update(connection.execute(f"SELECT number, at FROM touch WHERE number IN ({places})", values))
    return found


def touches(connection: sqlite3.Connection, after: int, limit: int) -> tuple[Touch, ...]:
    """Touches after a number, oldest first."""
    query = (
        "SELECT number, revision, run_id, source, at, subjects FROM touch WHERE number > ? AND subjects <> '[]'"
        " ORDER BY number LIMIT ?"
    )
    return tuple(
        Touch(number, revision, run_id, source, from_microseconds(at), tuple(json.loads(subjects)))
        for number, revision, run_id, source, at, subjects in connection.execute(query, (after, limit))
    )


def then(connection: sqlite3.Connection, revision: int | None, at: int | None) -> Then:
    """The newest revision and touch at a revision or at a time, the other one None."""
    number = revision
    if number is None:
        row = connection.execute(
            "SELECT number FROM revision WHERE at <= ? ORDER BY at DESC, number DESC LIMIT 1", (at,)
        ).fetchone()
        number = row[0] if row else 0
    field, limit = ("committed_at", at) if revision is None else ("revision", revision)
    row = connection.execute(
        f"SELECT number FROM touch WHERE {field} <= ? ORDER BY {field} DESC, number DESC LIMIT 1", (limit,)
    ).fetchone()
    return Then(number, row[0] if row else 0)
