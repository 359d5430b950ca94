# ruff: noqa: S608 - only lists of "?", constants and conditions of this package are put into a statement
"""States and sightings that no kept point of the past shows are dropped, a bounded transaction at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator

from cmdb.errors import Gone
from cmdb.store.instants import from_microseconds, to_microseconds
from cmdb.store.protocol import Horizon, Then
from cmdb.store.sqlite.connections import Connections
from cmdb.store.sqlite.parameters import lists
from cmdb.store.sqlite.past import last_place
from cmdb.store.sqlite.sightings import pack, times, unpack
from cmdb.store.thinning import thinned

_STATES = 5_000
_SUBJECTS = 1_000
_TOUCHES = 50


def horizon(connection: sqlite3.Connection) -> Horizon | None:
    """The horizon, None when everything is kept."""
    row = connection.execute("SELECT revision, touch, at FROM horizon").fetchone()
    return None if row is None else Horizon(Then(row[0], row[1]), from_microseconds(row[2]))


def snapped(connection: sqlite3.Connection, then: Then) -> Then:
    """The point itself, or the last kept one before it."""
    found = horizon(connection)
    if found is None:
        return then
    revision, touch = then.revision, then.touch
    if revision < found.then.revision:
        revision = _kept(connection, "kept_revision", revision)
    if touch < found.then.touch:
        touch = _kept(connection, "kept_touch", touch)
    return Then(revision, touch)


def _kept(connection: sqlite3.Connection, table: str, number: int) -> int:
    (found,) = connection.execute(f"SELECT max(number) FROM {table} WHERE number <= ?", (number,)).fetchone()
    return found or 0


def refuse_gone(connection: sqlite3.Connection, revision: int) -> None:
    """Raise `Gone` when the feed after a revision is not complete any more."""
    found = horizon(connection)
    if (
        found is not None
        and 0 < revision < found.then.revision
        and _kept(connection, "kept_revision", revision) != revision
    ):
        raise Gone(
            f"the feed after revision {revision} is not kept any more; read everything anew,"
            f" and go on from revision {found.then.revision} or later"
        )


def compact(connections: Connections, upto: Horizon, kept: Collection[Then]) -> Iterator[int]:
    """As `Store.compact`."""
    with connections.writing() as connection:
        _declare(connection, upto, kept)
    yield 0
    yield from _states(connections)
    yield from _sightings(connections)
    yield from _touches(connections)


def _declare(connection: sqlite3.Connection, upto: Horizon, kept: Collection[Then]) -> None:
    known = connection.execute("SELECT max(revision), max(touch), max(at) FROM horizon").fetchone()
    if known[0] is None:
        connection.execute(
            "INSERT INTO horizon VALUES (?, ?, ?, 0, 0)",
            (upto.then.revision, upto.then.touch, to_microseconds(upto.at)),
        )
    else:
        connection.execute(
            "UPDATE horizon SET revision = max(revision, ?), touch = max(touch, ?), at = max(at, ?)",
            (upto.then.revision, upto.then.touch, to_microseconds(upto.at)),
        )
    connection.executemany("INSERT OR IGNORE INTO kept_revision VALUES (?)", [(each.revision,) for each in kept])
    connection.executemany("INSERT OR IGNORE INTO kept_touch VALUES (?)", [(each.touch,) for each in kept])


def _states(connections: Connections) -> Iterator[int]:
    with connections.reading() as connection:
        (done,) = connection.execute("SELECT done_revision FROM horizon").fetchone()
        query = "SELECT number FROM kept_revision WHERE number > ? AND number <= (SELECT revision FROM horizon) ORDER BY number"
        points = [number for (number,) in connection.execute(query, (done,))]
    for point in points:
        first, last = last_place(done), last_place(point)
        for condition in (_SUPERSEDED, _NOTHING):
            after = first
            while True:
                with connections.writing() as connection:
                    places = _condemned(connection, condition, after, last)
                    connection.executemany("DELETE FROM version WHERE place = ?", [(place,) for place in places])
                    if condition is _NOTHING and len(places) < _STATES:
                        connection.execute("UPDATE horizon SET done_revision = ?", (point,))
                if places:
                    yield len(places)
                if len(places) < _STATES:
                    break
                after = places[-1]
        done = point


_SUPERSEDED = (
    "EXISTS (SELECT 1 FROM version n WHERE n.id = v.id AND n.kind = v.kind AND n.place > v.place AND n.place <= :last)"
)
_NOTHING = (
    "v.body IS NULL AND (SELECT p.body FROM version p WHERE p.id = v.id AND p.kind = v.kind"
    " AND p.place BETWEEN 0 AND v.place - 1 ORDER BY p.place DESC LIMIT 1) IS NULL"
)
"""The end of what no kept state knows."""


def _condemned(connection: sqlite3.Connection, condition: str, after: int, last: int) -> list[int]:
    query = (
        f"SELECT v.place FROM version v WHERE v.place > :after AND v.place <= :last AND {condition}"
        " ORDER BY v.place LIMIT :limit"
    )
    found = connection.execute(query, {"after": after, "last": last, "limit": _STATES})
    return [place for (place,) in found]


def _sightings(connections: Connections) -> Iterator[int]:
    with connections.reading() as connection:
        kept = _kept_touches(connection)
    after = ""
    while True:
        with connections.writing() as connection:
            query = "SELECT subject FROM sighting WHERE subject > ? ORDER BY subject LIMIT ?"
            subjects = [subject for (subject,) in connection.execute(query, (after, _SUBJECTS))]
            dropped = _thin(connection, subjects, kept)
        if not subjects:
            return
        if dropped:
            yield dropped
        after = subjects[-1]


def _kept_touches(connection: sqlite3.Connection) -> list[int]:
    query = "SELECT number FROM kept_touch WHERE number <= (SELECT touch FROM horizon) ORDER BY number"
    return [number for (number,) in connection.execute(query)]


def _thin(connection: sqlite3.Connection, subjects: Collection[str], kept: list[int]) -> int:
    """Rewrite the touches of these subjects, those that were not taken back; how many were dropped."""
    numbers: dict[str, list[int]] = {}
    for places, values in lists(subjects):
        query = (
            f"SELECT subject, touches FROM former_sighting WHERE subject IN ({places}) AND until IS NULL"
            f" UNION ALL SELECT subject, touches FROM sighting WHERE subject IN ({places})"
        )
        for subject, packed in connection.execute(query, (*values, *values)):
            numbers.setdefault(subject, []).extend(unpack(packed))
    at = times(connection, {number for found in numbers.values() for number in found})
    left = {subject: thinned(sorted(found), at, kept) for subject, found in numbers.items()}
    fewer = sorted(subject for subject, found in left.items() if len(found) < len(numbers[subject]))
    gone = [(subject,) for subject in fewer]
    connection.executemany("DELETE FROM former_sighting WHERE subject = ? AND until IS NULL", gone)
    connection.executemany("UPDATE sighting SET touches = '' WHERE subject = ?", gone)
    connection.executemany(
        "INSERT INTO former_sighting (subject, touches) VALUES (?, ?)",
        [(subject, pack(left[subject])) for subject in fewer],
    )
    return sum(len(numbers[subject]) - len(left[subject]) for subject in fewer)


def _touches(connections: Connections) -> Iterator[int]:
    """Touches name only whom they still count for; one that counts for nobody goes, unless a kept point is named by it."""
    while True:
        with connections.writing() as connection:
            query = (
                "SELECT t.number, t.subjects FROM touch t, horizon h WHERE t.number > h.done_touch AND t.number <= h.touch"
                " ORDER BY t.number LIMIT ?"
            )
            found = {number: json.loads(subjects) for number, subjects in connection.execute(query, (_TOUCHES,))}
            if not found:
                return
            counted = _counted(connection, {subject for subjects in found.values() for subject in subjects})
            for number, subjects in found.items():
                left = [subject for subject in subjects if (subject, number) in counted]
                if not left and _kept(connection, "kept_touch", number) != number:
                    connection.execute("DELETE FROM touch WHERE number = ?", (number,))
                elif len(left) < len(subjects):
                    connection.execute("UPDATE touch SET subjects = ? WHERE number = ?", (json.dumps(left), number))
            connection.execute("UPDATE horizon SET done_touch = ?", (max(found),))
        yield 0


def _counted(connection: sqlite3.Connection, subjects: Collection[str]) -> set[tuple[str, int]]:
    pairs: set[tuple[str, int]] = set()
    for places, values in lists(subjects):
        query = (
            f"SELECT subject, touches FROM former_sighting WHERE subject IN ({places})"
            f" UNION ALL SELECT subject, touches FROM sighting WHERE subject IN ({places})"
        )
        for subject, packed in connection.execute(query, (*values, *values)):
            pairs.update((subject, number) for number in unpack(packed))
    return pairs
