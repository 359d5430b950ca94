"""Nodes of what was: by what entities were found once, who held a key once, and which touches saw a subject.

    (:Formerly {field, value, id})                         `field` of a state of `id` held `value` and holds it no longer
    (:FormerName {class_name, folded_name, id})            a CI was listed under it
    (:FormerKey {key, revision, owners, …})                owners of a key from that revision on, until the next
    (:Sighting {touches}), (:FormerSighting {touches})     numbers of the touches that saw the subject

Made by schema version 2, and filled from the states and touches that were kept before it; former owners of keys were not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from cmdb.entities import CI, Entity, Kind
from cmdb.store.codec import decode
from cmdb.store.fields import indexed_values
from cmdb.store.neo4j.database import Database, Transaction
from cmdb.store.neo4j.properties import indexable, split_name
from cmdb.store.validation import EncodedWrite

FULL = 32
"""Touches in a `(:Sighting)`, from which they go over to a `(:FormerSighting)`."""
_PAGE = 1_000
FORMER: tuple[str, ...] = (
    "CREATE INDEX by_Formerly_field_value_id IF NOT EXISTS FOR (n:Formerly) ON (n.field, n.value, n.id)",
    "CREATE INDEX by_FormerName_id IF NOT EXISTS FOR (n:FormerName) ON (n.id)",
    "CREATE INDEX by_FormerName_folded_name_id IF NOT EXISTS FOR (n:FormerName) ON (n.folded_name, n.id)",
    "CREATE INDEX by_FormerKey_key IF NOT EXISTS FOR (n:FormerKey) ON (n.key)",
    "CREATE INDEX by_FormerSighting_subject IF NOT EXISTS FOR (n:FormerSighting) ON (n.subject)",
    "CREATE INDEX by_Touch_revision_number IF NOT EXISTS FOR (n:Touch) ON (n.revision, n.number)",
    "CREATE INDEX by_Touch_committed_at_number IF NOT EXISTS FOR (n:Touch) ON (n.committed_at, n.number)",
)
COMPACTION: tuple[str, ...] = (
    "CREATE CONSTRAINT unique_KeptRevision_number IF NOT EXISTS FOR (n:KeptRevision) REQUIRE n.number IS UNIQUE",
    "CREATE CONSTRAINT unique_KeptTouch_number IF NOT EXISTS FOR (n:KeptTouch) REQUIRE n.number IS UNIQUE",
    "CREATE CONSTRAINT unique_Horizon_name IF NOT EXISTS FOR (n:Horizon) REQUIRE n.name IS UNIQUE",
)
"""Points that compaction keeps, and one node of how far it goes and how far it has come."""

_Step = tuple[Kind, str, Entity, Entity | None]


def keep_former(transaction: Transaction, writes: Iterable[EncodedWrite]) -> None:
    """Keep what finds the states before these writes and not those after them."""
    _keep(
        transaction,
        (
            (encoded.write.kind, encoded.write.id, encoded.write.before, encoded.write.after)
            for encoded in writes
            if encoded.write.before is not None
        ),
    )


def _keep(transaction: Transaction, steps: Iterable[_Step]) -> None:
    found: set[tuple[str, str, str]] = set()
    named: set[tuple[str, str, str, str]] = set()
    for kind, id_, before, after in steps:
        former = indexed_values(kind, before) - (set() if after is None else indexed_values(kind, after))
        found.update((f"{kind}.{field}", indexable(value), id_) for field, value in former)
        if (name := _name(before)) is not None and name != _name(after):
            named.add(name)
    transaction.unwind(
        "MERGE (n:Formerly {field: row[0], value: row[1], id: row[2]})", [list(each) for each in sorted(found)]
    )
    transaction.unwind(
        "MERGE (n:FormerName {id: row[0], class_name: row[1], folded_name: row[2], folded_name_rest: row[3]})",
        [list(each) for each in sorted(named)],
    )


def _name(entity: Entity | None) -> tuple[str, str, str, str] | None:
    """What a list orders a CI by; None for one that lists leave out."""
    if not isinstance(entity, CI) or entity.merged_into is not None:
        return None
    return entity.id, entity.class_name, *split_name(entity.name)


def fill_former(database: Database) -> None:
    """Fill from what an older version kept; page by page, and again after an interruption."""
    for fill, start in ((_fill_states, -1), (_fill_touch, 0)):
        after: int | None = start
        while after is not None:
            after = database.write(partial(fill, after=after))


def _fill_states(transaction: Transaction, after: int) -> int | None:
    rows = transaction.rows(
        "MATCH (c:Counter {name: 'revision'}) SET c.written_by = 'migration' WITH c"
        " MATCH (s:State) WHERE s.place > $after AND s.live IS NULL AND s.body IS NOT NULL"
        " RETURN s.place, s.kind, s.id, s.body ORDER BY s.place LIMIT $limit",
        after=after,
        limit=_PAGE,
    )
    _keep(transaction, ((Kind(kind), id_, decode(Kind(kind), body), None) for _, kind, id_, body in rows))
    return int(rows[-1][0]) if rows else None


def _fill_touch(transaction: Transaction, after: int) -> int | None:
    rows = transaction.rows(
        "MATCH (c:Counter {name: 'revision'}) SET c.written_by = 'migration' WITH c"
        " MATCH (t:Touch) WHERE t.number > $after WITH t ORDER BY t.number LIMIT 1"
        " OPTIONAL MATCH (r:Revision {number: t.revision}) SET t.committed_at = coalesce(t.committed_at, r.at, t.at)"
        " RETURN t.number, t.subjects",
        after=after,
    )
    if not rows:
        return None
    number, subjects = rows[0]
    transaction.unwind(
        "MATCH (s:Sighting {subject: row}) WHERE NOT $number IN coalesce(s.touches, [])"
        " SET s.touches = coalesce(s.touches, []) + $number",
        [indexable(subject) for subject in subjects],
        number=number,
    )
    return int(number)
