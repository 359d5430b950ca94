"""What is, as labelled nodes and typed relationships: `(:CI:Hardware:Server)-[:RUNS_ON]->(:CI …)`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from cmdb.changeset import Write
from cmdb.entities import CI, Kind, Relationship
from cmdb.store.fields import indexed_values
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.properties import (
    LABELS,
    LISTED_FIELDS,
    LabelsOf,
    indexable,
    labels,
    live_key,
    properties,
    quoted,
)

Group = TypeVar("Group")
Row = dict[str, object]


def write_graph(transaction: Transaction, writes: Sequence[Write], labels_of: LabelsOf) -> set[str]:
    """Bring nodes and relationships to what the writes say; returns ids of CIs that could not end, being held."""
    cis = [write for write in writes if write.kind is Kind.CI]
    relationships = [write for write in writes if write.kind is Kind.RELATIONSHIP]
    _write_cis(transaction, cis, labels_of)
    for kind, label in LABELS.items():
        if kind is not Kind.CI:
            _write_nodes(transaction, kind, label, [write for write in writes if write.kind is kind])
    _write_relationships(transaction, relationships)
    return _end_cis(transaction, [write.id for write in cis if write.after is None])


def _grouped(pairs: Iterable[tuple[Group, Row]]) -> dict[Group, list[Row]]:
    groups: dict[Group, list[Row]] = {}
    for group, row in pairs:
        groups.setdefault(group, []).append(row)
    return groups


def _write_cis(transaction: Transaction, writes: Sequence[Write], labels_of: LabelsOf) -> None:
    made: list[tuple[tuple[str, ...], Row]] = []
    changed: list[Row] = []
    moved: list[Row] = []
    for write in writes:
        if not isinstance(write.after, CI):
            continue
        names = labels(write.after, labels_of)
        own = properties(Kind.CI, write.after)
        if write.before is None:
            made.append((names, {"own": own}))
        elif isinstance(write.before, CI) and write.before.class_name == write.after.class_name:
            changed.append({"id": write.id, "own": own})
        else:
            moved.append({"id": write.id, "own": own, "labels": list(names)})
    for names, rows in _grouped(made).items():
        pattern = ":".join(quoted(name) for name in names)
        transaction.unwind(f"CREATE (n:{pattern}) SET n = row.own", rows)
    transaction.unwind("MATCH (n:CI {id: row.id}) SET n = row.own", changed)
    # Labels are read from the node: another version of the registry may have given it others than this one would.
    transaction.unwind(
        "MATCH (n:CI {id: row.id}) WITH n, row, [label IN labels(n) WHERE NOT label IN row.labels] AS former"
        " REMOVE n:$(former) SET n:$(row.labels) SET n = row.own",
        moved,
    )


def _end_cis(transaction: Transaction, ids: Sequence[str]) -> set[str]:
    held = transaction.unwind("MATCH (n:CI {id: row}) WHERE EXISTS { (n)--(:CI) } RETURN row", ids)
    if held:
        return {id_ for (id_,) in held}
    transaction.unwind("MATCH (n:CI {id: row}) DETACH DELETE n", ids)
    return set()


def _write_nodes(transaction: Transaction, kind: Kind, label: str, writes: Sequence[Write]) -> None:
    rows: list[Row] = [
        {"id": write.id, "own": properties(kind, write.after), "is_new": write.before is None}
        for write in writes
        if write.after is not None
    ]
    transaction.unwind(f"CREATE (n:{label}) SET n = row.own", [row for row in rows if row["is_new"]])
    transaction.unwind(f"MATCH (n:{label} {{id: row.id}}) SET n = row.own", [row for row in rows if not row["is_new"]])
    ended = [write.id for write in writes if write.after is None]
    transaction.unwind(f"MATCH (n:{label} {{id: row}}) DETACH DELETE n", ended)
    if kind in LISTED_FIELDS:
        _write_listed(transaction, kind, LISTED_FIELDS[kind], writes)


def _write_listed(transaction: Transaction, kind: Kind, field: str, writes: Sequence[Write]) -> None:
    former = [live_key(kind, write.id) for write in writes if write.before is not None]
    transaction.unwind("MATCH (l:Listed {owner: row}) DELETE l", former)
    elements = [
        {"field": f"{kind}.{field}", "value": indexable(value), "owner": live_key(kind, write.id), "id": write.id}
        for write in writes
        if write.after is not None
        for name, value in sorted(indexed_values(kind, write.after))
        if name == field
    ]
    transaction.unwind("CREATE (l:Listed) SET l = row", elements)


def _write_relationships(transaction: Transaction, writes: Sequence[Write]) -> None:
    made: list[tuple[str, Row]] = []
    changed: list[tuple[str, Row]] = []
    ended: list[tuple[str, Row]] = []
    for write in writes:
        entity = write.after or write.before
        assert isinstance(entity, Relationship)
        row: Row = {"id": write.id}
        if write.after is None:
            ended.append((entity.type, row))
            continue
        row["own"] = properties(Kind.RELATIONSHIP, entity)
        if write.before is None:
            made.append((entity.type, row | {"source": entity.source, "target": entity.target}))
        else:
            changed.append((entity.type, row))
    for type_, rows in _grouped(ended).items():
        transaction.unwind(f"MATCH ()-[r:{type_} {{id: row.id}}]->() DELETE r", rows)
    for type_, rows in _grouped(made).items():
        # A relationship that comes back was seen before; its sightings are `<id>@<source>`.
        transaction.unwind(
            f"MATCH (a:CI {{id: row.source}}) MATCH (b:CI {{id: row.target}}) CREATE (a)-[r:{type_}]->(b) SET r = row.own"
            " WITH r OPTIONAL MATCH (s:Sighting) WHERE s.subject STARTS WITH r.id + '@'"
            " WITH r, max(s.last_at) AS seen WHERE seen IS NOT NULL SET r.last_seen_at = seen",
            rows,
        )
    for type_, rows in _grouped(changed).items():
        transaction.unwind(
            f"MATCH ()-[r:{type_} {{id: row.id}}]->() WITH r, row, r.last_seen_at AS seen"
            " SET r = row.own SET r.last_seen_at = seen",
            rows,
        )
