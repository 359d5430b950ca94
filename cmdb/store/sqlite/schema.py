"""The tables of the embedded store, as numbered forward migrations.

Every state of every entity is one row of `version`, `place` = revision << 20 | sequence, an ended one with no body: the
feed, the history and the past are reads of this one table. `current` points at the live row; `node`, `edge` and
`lookup` repeat what is read without opening a body, and `former_node` and `former_lookup` what they held and no longer
hold. Instants are microseconds since the epoch.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from cmdb.errors import Invalid
from cmdb.store.sqlite.former_tables import COMPACTION, FORGOTTEN, FORMER
from cmdb.store.sqlite.search_tables import SEARCH, fill_search

SEQUENCE_BITS = 20
APPLICATION_ID = 0x47434D42
"""ASCII `GCMB` in the file's header (SQLite file format §1.3.17), so that another program's file is never taken over."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE revision (
        number INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        by TEXT NOT NULL,
        reason TEXT NOT NULL,
        change_set TEXT NOT NULL UNIQUE,
        run_id TEXT NOT NULL
    ) STRICT;
    CREATE INDEX revision_at ON revision (at);

    CREATE TABLE version (
        place INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        body TEXT
    ) STRICT;
    CREATE INDEX version_of ON version (id, kind);

    CREATE TABLE current (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        place INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE lookup (
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        id TEXT NOT NULL,
        PRIMARY KEY (field, value, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE node (
        id TEXT PRIMARY KEY,
        class_name TEXT NOT NULL,
        name TEXT NOT NULL,
        folded TEXT NOT NULL,
        lifecycle TEXT NOT NULL,
        merged_into TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX node_by_name ON node (folded, id) WHERE merged_into IS NULL;
    CREATE INDEX node_by_class ON node (class_name, folded, id) WHERE merged_into IS NULL;

    CREATE TABLE edge (
        id TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        type TEXT NOT NULL,
        target TEXT NOT NULL,
        confidence REAL NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE identity_key (
        key TEXT PRIMARY KEY,
        owners TEXT NOT NULL,
        is_strong INTEGER NOT NULL,
        is_shared INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        CHECK (is_shared OR NOT is_strong OR json_array_length(owners) <= 1)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE sighting (
        subject TEXT PRIMARY KEY,
        first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE touch (
        number INTEGER PRIMARY KEY,
        change_set TEXT NOT NULL,
        revision INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        source TEXT NOT NULL,
        at INTEGER NOT NULL,
        subjects TEXT NOT NULL,
        UNIQUE (change_set, at)
    ) STRICT;

    CREATE TABLE lease (
        name TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    FORMER,
    FORGOTTEN,
    SEARCH,
    COMPACTION,
)
"""Script by schema version, counted from 1; never edited once released, only added to."""

FILLS: dict[int, Callable[[sqlite3.Connection], None]] = {MIGRATIONS.index(SEARCH) + 1: fill_search}
"""What a schema version does to data that is there already, after its script."""


def prepare(connection: sqlite3.Connection, place: str) -> None:
    """Bring the file to this program's schema, in one transaction; `Invalid` when it is newer or another program's."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _version(connection, place)
        for number in range(found + 1, len(MIGRATIONS) + 1):
            for statement in MIGRATIONS[number - 1].split(";"):
                connection.execute(statement)
            if number in FILLS:
                FILLS[number](connection)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, place: str) -> int:
    """Schema version of the file, 0 for an empty one."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application_id != APPLICATION_ID and (tables or application_id):
        raise Invalid(f"{place} is the database of another program; name another file for the store")
    version = int(found)
    if version > len(MIGRATIONS):
        message = (
            f"{place} has store version {version}, and this program knows up to {len(MIGRATIONS)}; use a newer program"
        )
        raise Invalid(message)
    return version
