"""Questions about the past: feed, history and as-of, all read from `(:State)` nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from cmdb.changeset import Change
from cmdb.entities import Entity, Kind
from cmdb.store.codec import decode
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.instants import instant, microseconds
from cmdb.store.neo4j.properties import indexable
from cmdb.store.neo4j.writing import SEQUENCE_BITS
from cmdb.store.protocol import KeyOwners

_LAST_PLACE = (1 << 63) - 1
_CHANGE = (
    "WITH s ORDER BY s.place LIMIT $limit MATCH (r:Revision {number: s.revision})"
    " OPTIONAL MATCH (b:State {place: s.previous})"
    f" RETURN s.place, {microseconds('r.at')}, r.by, s.kind, s.id, b.body, s.body ORDER BY s.place"
)
_THEN = "s.place <= $place AND (s.until IS NULL OR s.until > $place) AND s.body IS NOT NULL"


def last_place(revision: int, sequence: int | None = None) -> int:
    """The place of an entry, or of the last possible one of its revision."""
    first = revision << SEQUENCE_BITS
    return max(-1, min(first + ((1 << SEQUENCE_BITS) - 1 if sequence is None else sequence), _LAST_PLACE))


def changes(transaction: Transaction, after: int, limit: int) -> tuple[Change, ...]:
    """The feed after a place, oldest first."""
    rows = transaction.rows(f"MATCH (s:State) WHERE s.place > $after {_CHANGE}", after=after, limit=limit)
    return tuple(_changes(rows))


def history(transaction: Transaction, kind: Kind, id_: str, after: int, limit: int) -> tuple[Change, ...]:
    """Changes of one entity after a place, oldest first."""
    rows = transaction.rows(
        f"MATCH (s:State {{kind: $kind, id: $id}}) WHERE s.place > $after {_CHANGE}",
        kind=kind.value,
        id=id_,
        after=after,
        limit=limit,
    )
    return tuple(_changes(rows))


def histories(transaction: Transaction, kind: Kind, ids: Collection[str], after: int, limit: int) -> tuple[Change, ...]:
    """Changes of several entities after a place, oldest first."""
    rows = transaction.rows(
        f"UNWIND $ids AS id MATCH (s:State {{kind: $kind, id: id}}) WHERE s.place > $after {_CHANGE}",
        kind=kind.value,
        ids=sorted(set(ids)),
        after=after,
        limit=limit,
    )
    return tuple(_changes(rows))


def difference(transaction: Transaction, first: int, after: int, until: int, limit: int) -> tuple[Change, ...]:
    """What differs between two places, each at its last change in between, after a place."""
    rows = transaction.rows(
        "MATCH (s:State) WHERE s.place > $after AND s.place <= $until AND s.kind IN ['ci', 'relationship', 'redundancy']"
        " AND CASE WHEN s.body IS NULL THEN NOT EXISTS { MATCH (n:State {kind: s.kind, id: s.id})"
        " WHERE n.place > s.place AND n.place <= $until } ELSE s.until IS NULL OR s.until > $until END"
        " OPTIONAL MATCH (b:State {kind: s.kind, id: s.id})"
        " WHERE b.place >= 0 AND b.place <= $first AND (b.until IS NULL OR b.until > $first) AND b.body IS NOT NULL"
        " WITH s, b WHERE coalesce(s.body, '') <> coalesce(b.body, '') WITH s, b ORDER BY s.place LIMIT $limit"
        " MATCH (r:Revision {number: s.revision})"
        f" RETURN s.place, {microseconds('r.at')}, r.by, s.kind, s.id, b.body, s.body ORDER BY s.place",
        first=first,
        after=after,
        until=until,
        limit=limit,
    )
    return tuple(_changes(rows))


def _changes(rows: Sequence[Sequence[Any]]) -> Iterator[Change]:
    mask = (1 << SEQUENCE_BITS) - 1
    for place, at, by, kind_name, id_, before, after in rows:
        kind = Kind(kind_name)
        yield Change(
            revision=place >> SEQUENCE_BITS,
            sequence=place & mask,
            at=instant(at),
            by=by,
            kind=kind,
            id=id_,
            before=None if before is None else decode(kind, before),
            after=None if after is None else decode(kind, after),
        )


def many_as_of(transaction: Transaction, kind: Kind, ids: Collection[str], place: int) -> dict[str, Entity]:
    """The entities of these ids as they were at a place."""
    rows = transaction.unwind(
        f"MATCH (s:State {{kind: $kind, id: row}}) WHERE {_THEN} RETURN row, s.body",
        sorted(set(ids)),
        kind=kind.value,
        place=place,
    )
    return {id_: decode(kind, body) for id_, body in rows}


def page_as_of(transaction: Transaction, kind: Kind, after: str, limit: int, place: int) -> tuple[Entity, ...]:
    """Entities of a kind as they were at a place, in id order."""
    rows = transaction.rows(
        f"MATCH (s:State) WHERE s.kind = $kind AND s.id > $after AND {_THEN} RETURN s.body ORDER BY s.id LIMIT $limit",
        kind=kind.value,
        after=after,
        place=place,
        limit=limit,
    )
    return tuple(decode(kind, body) for (body,) in rows)


def owners_then(transaction: Transaction, keys: Collection[str], revision: int) -> dict[str, KeyOwners]:
    """Owners of these keys right after a revision, those of removed ones empty."""
    rows = [[key, indexable(key)] for key in sorted(set(keys))]
    found: dict[str, KeyOwners] = {}
    for label in ("FormerKey", "IdentityKey"):
        held = transaction.unwind(
            f"MATCH (k:{label} {{key: row[1]}}) WHERE k.revision <= $revision"
            " WITH row[0] AS key, k ORDER BY k.revision RETURN key, k.owners, k.is_strong, k.is_shared",
            rows,
            revision=revision,
        )
        found.update((key, KeyOwners(tuple(names), strong, shared)) for key, names, strong, shared in held)
    return found
