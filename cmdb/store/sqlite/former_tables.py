# ruff: noqa: S608 - only constants of this module are put into a statement
"""Tables of what was: by what entities were found once, who held a key once, and which touches saw a subject.

Made by schema version 2, and filled from the states and touches that were kept before it; former owners of keys were not.
"""

from __future__ import annotations

FULL = 16 * 8
"""Length of `sighting.touches`, eight hexadecimal digits a touch number, from which it goes over to `former_sighting`."""

_SUPERSEDED = "NOT EXISTS (SELECT 1 FROM current c WHERE c.kind = v.kind AND c.id = v.id AND c.place = v.place)"
_SCALARS = (
    ("ci", "class_name"),
    ("ci", "merged_into"),
    ("relationship", "source"),
    ("relationship", "target"),
    ("redundancy", "of"),
    ("claim", "ci"),
    ("claim", "source"),
    ("review", "kind"),
    ("parked", "waiting_for"),
    ("schedule", "name"),
)
_LISTS = (("redundancy", "members"), ("review", "cis"))


def _filled(kind: str, field: str, value: str, more: str = "") -> str:
    return (
        f"INSERT OR IGNORE INTO former_lookup SELECT '{kind}.{field}', {value}, v.id FROM version v{more}"
        f" WHERE v.kind = '{kind}' AND v.place >= 0 AND v.body IS NOT NULL AND {value} IS NOT NULL AND {_SUPERSEDED};"
    )


FORMER = f"""
    CREATE TABLE former_lookup (
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        id TEXT NOT NULL,
        PRIMARY KEY (field, value, id)
    ) STRICT, WITHOUT ROWID;
    {"".join(_filled(kind, field, f"v.body ->> '$.{field}'") for kind, field in _SCALARS)}
    {"".join(_filled(kind, field, "e.value", f", json_each(v.body, '$.{field}') e") for kind, field in _LISTS)}

    CREATE TABLE former_node (
        folded TEXT NOT NULL,
        id TEXT NOT NULL,
        class_name TEXT NOT NULL,
        PRIMARY KEY (folded, id, class_name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX former_node_by_class ON former_node (class_name, folded, id);
    INSERT OR IGNORE INTO former_node
        SELECT lower(body ->> '$.name'), id, body ->> '$.class_name' FROM version v
        WHERE kind = 'ci' AND place >= 0 AND body IS NOT NULL AND body ->> '$.merged_into' IS NULL AND {_SUPERSEDED};

    CREATE TABLE former_key (
        key TEXT NOT NULL,
        revision INTEGER NOT NULL,
        owners TEXT NOT NULL,
        is_strong INTEGER NOT NULL,
        is_shared INTEGER NOT NULL,
        PRIMARY KEY (key, revision)
    ) STRICT, WITHOUT ROWID;

    ALTER TABLE sighting ADD COLUMN touches TEXT NOT NULL DEFAULT '';
    CREATE INDEX sighting_full ON sighting (subject) WHERE length(touches) >= {FULL};
    CREATE TABLE former_sighting (
        subject TEXT NOT NULL,
        touches TEXT NOT NULL,
        PRIMARY KEY (subject, touches)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO former_sighting
        SELECT value, group_concat(printf('%08x', number), '')
        FROM (SELECT s.value, t.number FROM touch t, json_each(t.subjects) s ORDER BY s.value, t.number) GROUP BY value;

    ALTER TABLE touch ADD COLUMN committed_at INTEGER NOT NULL DEFAULT 0;
    UPDATE touch SET committed_at = coalesce((SELECT at FROM revision WHERE number = touch.revision), 0);
    CREATE INDEX touch_by_revision ON touch (revision);
    CREATE INDEX touch_by_commit ON touch (committed_at);
"""

FORGOTTEN = "ALTER TABLE former_sighting ADD COLUMN until INTEGER"
"""Schema version 3: from the touch number `until` on these touches count no more; NULL: they count."""

COMPACTION = """
    CREATE TABLE kept_revision (number INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE kept_touch (number INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE horizon (
        revision INTEGER NOT NULL,
        touch INTEGER NOT NULL,
        at INTEGER NOT NULL,
        done_revision INTEGER NOT NULL,
        done_touch INTEGER NOT NULL
    ) STRICT;
"""
"""Points that compaction keeps, and one row of how far it goes and how far it has come."""
