# ruff: noqa: S608 - only lists of "?", constants and conditions of this package are put into a statement
"""Questions about what is, each one statement on one connection."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Sequence

from cmdb.entities import CI, Entity, Kind
from cmdb.store.codec import decode
from cmdb.store.instants import from_microseconds
from cmdb.store.protocol import EdgeRow, NodeRow
from cmdb.store.sqlite.parameters import lists


def many(connection: sqlite3.Connection, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
    """The live entities of these ids."""
    found: dict[str, Entity] = {}
    for places, values in lists(ids):
        query = (
            f"SELECT c.id, v.body FROM current c JOIN version v USING (place) WHERE c.kind = ? AND c.id IN ({places})"
        )
        found.update((id_, decode(kind, body)) for id_, body in connection.execute(query, (kind, *values)))
    return found


def by_field(
    connection: sqlite3.Connection, kind: Kind, field: str, values: Collection[str], limit: int
) -> tuple[Entity, ...]:
    """Live entities found by an indexed field, in id order."""
    ids: set[str] = set()
    for places, piece in lists(values):
        query = f"SELECT DISTINCT id FROM lookup WHERE field = ? AND value IN ({places}) ORDER BY id LIMIT ?"
        ids.update(id_ for (id_,) in connection.execute(query, (f"{kind}.{field}", *piece, limit)))
    found = many(connection, kind, heapq.nsmallest(limit, ids))
    return tuple(found[id_] for id_ in sorted(found))


def page(connection: sqlite3.Connection, kind: Kind, after: str, limit: int) -> tuple[Entity, ...]:
    """Live entities of a kind in id order."""
    query = (
        "SELECT v.body FROM current c JOIN version v USING (place) WHERE c.kind = ? AND c.id > ? ORDER BY c.id LIMIT ?"
    )
    return tuple(decode(kind, body) for (body,) in connection.execute(query, (kind, after, limit)))


def count(connection: sqlite3.Connection, kind: Kind) -> dict[str, int]:
    """Live entities by class, type or nothing."""
    match kind:
        case Kind.CI:
            query = "SELECT class_name, count(*) FROM node WHERE merged_into IS NULL GROUP BY class_name"
        case Kind.RELATIONSHIP:
            query = "SELECT type, count(*) FROM edge GROUP BY type"
        case _:
            (total,) = connection.execute("SELECT count(*) FROM current WHERE kind = ?", (kind,)).fetchone()
            return {"": total} if total else {}
    return dict(connection.execute(query).fetchall())


def in_order(found: dict[str, Entity], places: Sequence[tuple[object, str]]) -> tuple[CI, ...]:
    """The CIs that were found, in the order of their places; one that ended in between is left out."""
    return tuple(entity for _, id_ in places if isinstance(entity := found.get(id_), CI))


def nodes(connection: sqlite3.Connection, after: str, limit: int) -> list[NodeRow]:
    """CIs that are not merged, in id order."""
    query = "SELECT id, class_name, name, lifecycle FROM node WHERE id > ? AND merged_into IS NULL ORDER BY id LIMIT ?"
    return [NodeRow(*row) for row in connection.execute(query, (after, limit))]


def edges(connection: sqlite3.Connection, after: str, limit: int) -> tuple[list[EdgeRow], str]:
    """Live relationships in id order, and the id of the last."""
    # A relationship's sightings are `<id>@<source>`: neighbours in the same order, between '@' and its successor 'A'.
    query = (
        "SELECT source, type, target, confidence, (SELECT max(last_at) FROM sighting"
        " WHERE subject >= edge.id || '@' AND subject < edge.id || 'A'), id FROM edge WHERE id > ? ORDER BY id LIMIT ?"
    )
    rows: list[EdgeRow] = []
    for source, type_, target, confidence, last_at, id_ in connection.execute(query, (after, limit)):
        rows.append(EdgeRow(source, type_, target, confidence, None if last_at is None else from_microseconds(last_at)))
        after = id_
    return rows, after
