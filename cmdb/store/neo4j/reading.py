"""Questions about what is, each inside one transaction."""

from __future__ import annotations

from collections.abc import Collection

from cmdb.entities import Entity, Kind
from cmdb.store.codec import decode
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.instants import instant, microseconds
from cmdb.store.neo4j.properties import LABELS, LISTED_FIELDS, indexable, live_key
from cmdb.store.protocol import EdgeRow, NodeRow

AFTER = (
    "(n.folded_name > $folded OR coalesce(n.folded_name_rest, '') > $rest"
    " OR (coalesce(n.folded_name_rest, '') = $rest AND n.id > $id))"
)


def many(transaction: Transaction, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
    """The live entities of these ids."""
    rows = [[id_, live_key(kind, id_)] for id_ in sorted(set(ids))]
    found = transaction.unwind("MATCH (s:State {live: row[1]}) RETURN row[0], s.body", rows)
    return {id_: decode(kind, body) for id_, body in found}


def by_field(
    transaction: Transaction, kind: Kind, field: str, values: Collection[str], limit: int
) -> tuple[Entity, ...]:
    """Live entities found by an indexed field, in id order."""
    match, found = found_by(kind, field)
    rows = transaction.rows(
        f"{match} WITH DISTINCT {found} AS id ORDER BY id LIMIT $limit"
        " MATCH (s:State {live: $kind + '|' + id}) RETURN s.body ORDER BY id",
        values=[indexable(value) for value in sorted(set(values))],
        limit=limit,
        kind=kind.value,
    )
    return tuple(decode(kind, body) for (body,) in rows)


def found_by(kind: Kind, field: str) -> tuple[str, str]:
    """Cypher that finds live entities by one of `$values`, and where their id is in it."""
    if kind is Kind.RELATIONSHIP:
        arrow = "(n:CI {id: row})-[r]->(:CI)" if field == "source" else "(:CI)-[r]->(n:CI {id: row})"
        return f"UNWIND $values AS row MATCH {arrow}", "r.id"
    if LISTED_FIELDS.get(kind) == field:
        return f"MATCH (n:Listed) WHERE n.field = '{kind}.{field}' AND n.value IN $values", "n.id"
    return f"MATCH (n:{LABELS[kind]}) WHERE n.{field} IN $values", "n.id"


def page(transaction: Transaction, kind: Kind, after: str, limit: int) -> tuple[Entity, ...]:
    """Live entities of a kind in id order."""
    rows = transaction.rows(
        "MATCH (s:State) WHERE s.kind = $kind AND s.id > $after AND s.live IS NOT NULL"
        " RETURN s.body ORDER BY s.id LIMIT $limit",
        kind=kind.value,
        after=after,
        limit=limit,
    )
    return tuple(decode(kind, body) for (body,) in rows)


def count(transaction: Transaction, kind: Kind) -> dict[str, int]:
    """Live entities by class, type or nothing."""
    match kind:
        case Kind.CI:
            query = "MATCH (n:CI) WHERE n.merged_into IS NULL RETURN n.class_name, count(*)"
        case Kind.RELATIONSHIP:
            query = "MATCH (:CI)-[r]->(:CI) RETURN type(r), count(*)"
        case _:
            query = f"MATCH (n:{LABELS[kind]}) WITH count(*) AS number WHERE number > 0 RETURN '', number"
    return {name: number for name, number in transaction.rows(query)}  # noqa: C416


def nodes(transaction: Transaction, after: str, limit: int) -> list[NodeRow]:
    """CIs that are not merged, in id order, in one packed answer."""
    rows = transaction.rows(
        "MATCH (n:CI) WHERE n.id > $after AND n.merged_into IS NULL WITH n ORDER BY n.id LIMIT $limit"
        " RETURN collect([n.id, n.class_name, n.name, n.lifecycle])",
        after=after,
        limit=limit,
    )
    return [NodeRow(*row) for row in rows[0][0]]


def edges(transaction: Transaction, after: str, limit: int) -> tuple[list[EdgeRow], str | None]:
    """Relationships that leave the next `limit` CIs in id order, packed, and the id of the last such CI."""
    rows = transaction.rows(
        "MATCH (n:CI) WHERE n.id > $after WITH n ORDER BY n.id LIMIT $limit OPTIONAL MATCH (n)-[r]->(m:CI)"
        f" WITH n.id AS id, CASE WHEN r IS NULL THEN null ELSE [n.id, type(r), m.id, r.confidence,"
        f" {microseconds('r.last_seen_at')}] END AS edge RETURN max(id), collect(edge)",
        after=after,
        limit=limit,
    )
    last, packed = rows[0]
    return [
        EdgeRow(source, type_, target, confidence, None if seen is None else instant(seen))
        for source, type_, target, confidence, seen in packed
    ], last
