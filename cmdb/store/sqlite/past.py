# ruff: noqa: S608 - only lists of "?", constants and conditions of this package are put into a statement
"""Questions about the past: feed, history and as-of, read from the one table of versions, and former owners of keys."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from typing import Final

from cmdb.changeset import Change
from cmdb.entities import Entity, Kind
from cmdb.store.codec import decode
from cmdb.store.instants import from_microseconds
from cmdb.store.protocol import KeyOwners
from cmdb.store.sqlite.parameters import lists
from cmdb.store.sqlite.schema import SEQUENCE_BITS

_LAST_PLACE: Final = (1 << 63) - 1
_CHANGE = (
    "SELECT v.place, r.at, r.by, v.kind, v.id, v.body, (SELECT p.body FROM version p WHERE p.id = v.id AND p.kind = v.kind"
    " AND p.place BETWEEN 0 AND v.place - 1 ORDER BY p.place DESC LIMIT 1) FROM version v"
    f" JOIN revision r ON r.number = v.place >> {SEQUENCE_BITS} WHERE v.place > ?"
)
_BODY_THEN = (
    "(SELECT p.body FROM version p WHERE p.id = v.id AND p.kind = v.kind AND p.place BETWEEN 0 AND :first"
    " ORDER BY p.place DESC LIMIT 1)"
)
_NEWEST_THEN = (
    "(SELECT max(p.place) FROM version p WHERE p.id = v.id AND p.kind = v.kind AND p.place <= ?) AND v.body IS NOT NULL"
)


def last_place(revision: int, sequence: int | None = None) -> int:
    """The place of an entry, or of the last possible one of its revision; beyond SQLite's integers, the greatest."""
    first = revision << SEQUENCE_BITS
    place = first + ((1 << SEQUENCE_BITS) - 1 if sequence is None else sequence)
    return max(-1, min(place, _LAST_PLACE))


def changes(connection: sqlite3.Connection, after: int, limit: int) -> tuple[Change, ...]:
    """The feed after a place, oldest first."""
    rows = connection.execute(f"{_CHANGE} ORDER BY v.place LIMIT ?", (after, limit))
    return tuple(_changes(rows))


def history(connection: sqlite3.Connection, kind: Kind, id_: str, after: int, limit: int) -> tuple[Change, ...]:
    """Changes of one entity after a place, oldest first."""
    query = f"{_CHANGE} AND v.id = ? AND v.kind = ? ORDER BY v.place LIMIT ?"
    return tuple(_changes(connection.execute(query, (after, id_, kind, limit))))


def histories(
    connection: sqlite3.Connection, kind: Kind, ids: Collection[str], after: int, limit: int
) -> tuple[Change, ...]:
    """Changes of several entities after a place, oldest first."""
    found: list[Change] = []
    for places, values in lists(ids):
        query = f"{_CHANGE} AND v.id IN ({places}) AND v.kind = ? ORDER BY v.place LIMIT ?"
        found.extend(_changes(connection.execute(query, (after, *values, kind, limit))))
    return tuple(sorted(found, key=lambda change: (change.revision, change.sequence))[:limit])


def difference(connection: sqlite3.Connection, first: int, after: int, until: int, limit: int) -> tuple[Change, ...]:
    """What differs between two places, each at its last change in between, after a place."""
    query = (
        f"SELECT * FROM (SELECT v.place AS place, r.at, r.by, v.kind, v.id, v.body, {_BODY_THEN} AS before"
        f" FROM version v JOIN revision r ON r.number = v.place >> {SEQUENCE_BITS}"
        " WHERE v.place > :after AND v.place <= :until AND v.kind IN ('ci', 'relationship', 'redundancy') AND NOT EXISTS"
        " (SELECT 1 FROM version n WHERE n.id = v.id AND n.kind = v.kind AND n.place > v.place AND n.place <= :until)"
        ") WHERE body IS NOT before ORDER BY place LIMIT :limit"
    )
    rows = connection.execute(query, {"first": first, "after": after, "until": until, "limit": limit})
    return tuple(_changes(rows))


def _changes(rows: Iterable[tuple[int, int, str, str, str, str | None, str | None]]) -> Iterable[Change]:
    mask = (1 << SEQUENCE_BITS) - 1
    for place, at, by, kind_name, id_, after, before in rows:
        kind = Kind(kind_name)
        yield Change(
            revision=place >> SEQUENCE_BITS,
            sequence=place & mask,
            at=from_microseconds(at),
            by=by,
            kind=kind,
            id=id_,
            before=None if before is None else decode(kind, before),
            after=None if after is None else decode(kind, after),
        )


def many_as_of(connection: sqlite3.Connection, kind: Kind, ids: Collection[str], place: int) -> dict[str, Entity]:
    """The entities of these ids as they were at a place."""
    found: dict[str, Entity] = {}
    for places, values in lists(ids):
        query = (
            f"SELECT v.id, v.body FROM version v WHERE v.id IN ({places}) AND v.kind = ? AND v.place = {_NEWEST_THEN}"
        )
        found.update((id_, decode(kind, body)) for id_, body in connection.execute(query, (*values, kind, place)))
    return found


def page_as_of(connection: sqlite3.Connection, kind: Kind, after: str, limit: int, place: int) -> tuple[Entity, ...]:
    """Entities of a kind as they were at a place, in id order."""
    query = (
        "SELECT v.body FROM version v INDEXED BY version_of WHERE v.id > ? AND v.kind = ?"
        f" AND v.place = {_NEWEST_THEN} ORDER BY v.id LIMIT ?"
    )
    return tuple(decode(kind, body) for (body,) in connection.execute(query, (after, kind, place, limit)))


def owners(connection: sqlite3.Connection, keys: Collection[str], revision: int | None) -> dict[str, KeyOwners]:
    """Owners of these keys, now or right after a revision; unowned keys are left out."""
    newest = _LAST_PLACE if revision is None else revision
    found: dict[str, tuple[str, int, int]] = {}
    for places, values in lists(keys):
        query = f"SELECT key, owners, is_strong, is_shared FROM identity_key WHERE key IN ({places}) AND revision <= ?"
        found.update((key, tuple(row)) for key, *row in connection.execute(query, (*values, newest)))
    if revision is not None:
        for places, values in lists(set(keys) - found.keys()):
            # max() picks the row that the bare columns are of (SQLite, "Bare columns in an aggregate query")
            query = (
                "SELECT key, owners, is_strong, is_shared, max(revision) FROM former_key"
                f" WHERE key IN ({places}) AND revision <= ? GROUP BY key"
            )
            found.update((key, tuple(row[:3])) for key, *row in connection.execute(query, (*values, revision)))
    return {
        key: KeyOwners(names, bool(is_strong), bool(is_shared))
        for key, (held, is_strong, is_shared) in found.items()
        if (names := tuple(json.loads(held)))
    }
