"""Questions by what entities were found once, each inside one transaction."""

from __future__ import annotations

import heapq
from collections.abc import Collection

from cmdb.entities import Kind
from cmdb.store.folding import fold
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.properties import FOLDED, indexable, split_name
from cmdb.store.neo4j.reading import AFTER, found_by


def ids_ever(
    transaction: Transaction, kind: Kind, field: str, values: Collection[str], after: str, limit: int
) -> tuple[str, ...]:
    """Ids after `after` that a field finds or once found, in order."""
    match, found = found_by(kind, field)
    ids: set[str] = set()
    former = "MATCH (n:Formerly) WHERE n.field = $field AND n.value IN $values"
    for query in (f"{match} WITH DISTINCT {found} AS id", f"{former} WITH DISTINCT n.id AS id"):
        rows = transaction.rows(
            f"{query} WHERE id > $after RETURN id ORDER BY id LIMIT $limit",
            field=f"{kind}.{field}",
            values=[indexable(value) for value in sorted(set(values))],
            after=after,
            limit=limit,
        )
        ids.update(id_ for (id_,) in rows)
    return tuple(heapq.nsmallest(limit, ids))


def places_ever(
    transaction: Transaction,
    *,
    class_names: Collection[str] | None,
    names: Collection[str] | None,
    search: str | None,
    after: tuple[str, str],
    limit: int,
) -> tuple[tuple[str, str], ...]:
    """Folded names and ids of CIs that a list holds or once would have held, in order after `after`."""
    conditions = ["n.folded_name >= $folded", AFTER]
    if class_names is not None:
        conditions.append("n.class_name IN $class_names")
    if names is not None:
        conditions.append("n.folded_name IN $names AND [n.folded_name, coalesce(n.folded_name_rest, '')] IN $pairs")
    if search:
        conditions.append("n.folded_name + coalesce(n.folded_name_rest, '') CONTAINS $search")
    pairs = [list(split_name(name)) for name in names or ()]
    places: set[tuple[str, str]] = set()
    for label in ("CI", "FormerName"):
        rows = transaction.rows(
            f"MATCH (n:{label}) WHERE {' AND '.join(conditions)}"
            " RETURN DISTINCT n.folded_name AS folded, coalesce(n.folded_name_rest, '') AS rest, n.id AS id"
            " ORDER BY folded, rest, id LIMIT $limit",
            folded=after[0][:FOLDED],
            rest=after[0][FOLDED:],
            id=after[1],
            class_names=list(class_names or ()),
            names=[pair[0] for pair in pairs],
            pairs=pairs,
            search=fold(search or ""),
            limit=limit,
        )
        places.update((folded + rest, id_) for folded, rest, id_ in rows)
    return tuple(heapq.nsmallest(limit, places))
