"""Questions about what is, each inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from cmdb.entities import CI, Entity, Kind
from cmdb.store.codec import decode
from cmdb.store.folding import fold
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.instants import instant, microseconds
from cmdb.store.neo4j.properties import FOLDED, LABELS, LISTED_FIELDS, indexable, live_key, split_name
from cmdb.store.paging import make_cursor
from cmdb.store.protocol import EdgeRow, NodeRow, Page

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


def list_cis(
    transaction: Transaction,
    *,
    class_names: Collection[str] | None,
    names: Collection[str] | None,
    search: str | None,
    has_retired: bool,
    after: tuple[str, str],
    limit: int,
) -> Page:
    """A page of CIs that are not merged, by folded name and id."""
    folded, rest = after[0][:FOLDED], after[0][FOLDED:]
    conditions = [
        "n.folded_name >= $folded",
        AFTER,
        "n.merged_into IS NULL",
    ]
    if class_names is not None:
        conditions.append("n.class_name IN $class_names")
    if names is not None:
        conditions.append("n.folded_name IN $names AND [n.folded_name, coalesce(n.folded_name_rest, '')] IN $pairs")
    if search:
        conditions.append("n.folded_name + coalesce(n.folded_name_rest, '') CONTAINS $search")
    if not has_retired:
        conditions.append("n.lifecycle <> 'retired'")
    pairs = [list(split_name(name)) for name in names or ()]
    rows = transaction.rows(
        f"MATCH (n:CI) WHERE {' AND '.join(conditions)} WITH n.folded_name AS folded,"
        " coalesce(n.folded_name_rest, '') AS rest, n.id AS id ORDER BY folded, rest, id LIMIT $limit"
        " MATCH (s:State {live: 'ci|' + id}) RETURN folded, rest, id, s.body ORDER BY folded, rest, id",
        folded=folded,
        rest=rest,
        id=after[1],
        class_names=list(class_names or ()),
        names=[pair[0] for pair in pairs],
        pairs=pairs,
        search=fold(search or ""),
        limit=limit + 1,
    )
    return _page(rows, limit)


def _page(rows: Sequence[Sequence[Any]], limit: int) -> Page:
    shown = rows[:limit]
    items = tuple(decode(Kind.CI, body) for *_, body in shown)
    cursor = None
    if len(rows) > limit:
        folded, rest, id_, _ = shown[-1]
        cursor = make_cursor(folded + rest, id_)
    return Page(tuple(item for item in items if isinstance(item, CI)), cursor)


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
