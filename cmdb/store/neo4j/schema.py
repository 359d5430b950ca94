"""Constraints and indexes of the production store, as numbered forward migrations.

    (:CI:Hardware:Server)-[:RUNS_ON]->(:CI …)   what is: labels are the class and its parents, properties the attributes
    (:Claim), (:RedundancyGroup), (:Review) …    the other kinds, a label each
    (:State {place, kind, id, body})            every state of everything, ended ones without a body; `live` on the present one
    (:Revision), (:Touch), (:Sighting), (:IdentityKey), (:Lease), (:Counter), (:Meta)
    (:Listed {field, value, owner, id})          elements of lists by which entities are found; no index reaches into a list
    (:Formerly), (:FormerName), (:FormerKey)     by what entities were found once (neo4j/former_nodes.py)

`place` = revision << 20 | sequence orders all states; `until` is the place that ended one. Community has uniqueness as
its only constraint: that a property exists and has its type is the store's doing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cmdb.errors import Invalid
from cmdb.store.neo4j.database import Database, Transaction
from cmdb.store.neo4j.former_nodes import COMPACTION, FORMER, fill_former
from cmdb.store.neo4j.properties import LABELS
from cmdb.store.neo4j.search_nodes import SEARCH, fill_search

_UNIQUE = (
    ("Meta", "name"),
    ("Counter", "name"),
    ("Revision", "number"),
    ("Revision", "change_set"),
    ("State", "place"),
    ("State", "live"),
    ("Touch", "number"),
    ("Touch", "key"),
    ("Sighting", "subject"),
    ("IdentityKey", "key"),
    ("Lease", "name"),
    *((label, "id") for label in LABELS.values() if label != "HealthReport"),
)
_INDEXED = (
    ("Revision", "at"),
    ("State", "kind, n.id"),
    ("CI", "class_name"),
    ("CI", "merged_into"),
    ("CI", "folded_name, n.id"),
    ("Claim", "ci"),
    ("Claim", "source"),
    ("RedundancyGroup", "of"),
    ("Review", "kind"),
    ("ParkedDraft", "waiting_for"),
    ("Run", "state"),
    ("Schedule", "name"),
    ("Firing", "schedule"),
    ("Listed", "field, n.value"),
    ("Listed", "owner"),
)


def _constraint(label: str, name: str) -> str:
    return f"CREATE CONSTRAINT unique_{label}_{name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{name} IS UNIQUE"


def _index(label: str, names: str) -> str:
    name = names.replace(", n.", "_")
    return f"CREATE INDEX by_{label}_{name} IF NOT EXISTS FOR (n:{label}) ON (n.{names})"


MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (*(_constraint(*unique) for unique in _UNIQUE), *(_index(*indexed) for indexed in _INDEXED)),
    FORMER,
    (_constraint("HealthReport", "id"),),
    (_constraint("Baseline", "id"),),
    SEARCH,
    COMPACTION,
)
"""Statements by schema version, counted from 1; never edited once released, only added to; each may be run twice."""

FILLS: dict[int, Callable[[Database], None]] = {2: fill_former, MIGRATIONS.index(SEARCH) + 1: fill_search}
"""What a schema version does to data that is there already; may be run twice."""

_AWAIT_S = 300


def prepare(database: Database) -> None:
    """Bring the database to this program's schema; `Invalid` when it is newer, another program's or at odds with itself."""
    found = database.read(lambda transaction: _version(transaction, database.place))
    if found > len(MIGRATIONS):
        message = f"{database.place} has store version {found}, and this program knows up to {len(MIGRATIONS)}"
        raise Invalid(f"{message}; use a newer program")
    if found < len(MIGRATIONS):
        database.write(_begin)
        for number in range(found + 1, len(MIGRATIONS) + 1):
            # Three transactions: Neo4j allows no schema change beside data in one, and an index is ready after its commit.
            database.write(partial(_migrate, statements=MIGRATIONS[number - 1]))
            database.write(lambda transaction: transaction.rows(f"CALL db.awaitIndexes({_AWAIT_S})"))
            if number in FILLS:
                FILLS[number](database)
            database.write(partial(_finish, version=number))
    database.read(lambda transaction: _check(transaction, database.place))


def _version(transaction: Transaction, place: str) -> int:
    versions = transaction.rows("MATCH (m:Meta {name: 'store'}) RETURN m.version")
    if versions:
        return int(versions[0][0])
    if transaction.rows("MATCH (n) RETURN 1 LIMIT 1"):
        raise Invalid(f"{place} holds what another program wrote; name an empty database for the store")
    return 0


def _begin(transaction: Transaction) -> None:
    """`(:Meta)` comes first, so that a database half prepared is known as ours."""
    transaction.rows("MERGE (m:Meta {name: 'store'}) ON CREATE SET m.version = 0")


def _migrate(transaction: Transaction, *, statements: tuple[str, ...]) -> None:
    for statement in statements:
        transaction.rows(statement)


def _finish(transaction: Transaction, *, version: int) -> None:
    transaction.rows(
        "MATCH (m:Meta {name: 'store'}) SET m.version = CASE WHEN m.version < $version THEN $version ELSE m.version END"
        " MERGE (c:Counter {name: 'revision'}) ON CREATE SET c.revision = 0, c.touch = 0",
        version=version,
    )


def _check(transaction: Transaction, place: str) -> None:
    """The counter and the newest revision agree, unless somebody edited or half restored the database."""
    counted = transaction.rows("MATCH (c:Counter {name: 'revision'}) RETURN c.revision")
    newest = transaction.rows("MATCH (r:Revision) WHERE r.number > 0 RETURN r.number ORDER BY r.number DESC LIMIT 1")
    numbers = (counted[0][0] if counted else None, newest[0][0] if newest else 0)
    if numbers[0] != numbers[1]:
        message = f"{place} counts {numbers[0]} revisions, and the newest is {numbers[1]}; restore it from a backup"
        raise Invalid(message)


def ensure_type(database: Database, type_: str) -> None:
    """`()-[:type_]-()` is found by id; to be called before the first relationship of a type is written."""
    statement = (
        f"CREATE CONSTRAINT unique_relationship_{type_} IF NOT EXISTS FOR ()-[r:{type_}]-() REQUIRE r.id IS UNIQUE"
    )
    database.write(lambda transaction: transaction.rows(statement))
