# ruff: noqa: S608 - only lists of "?", constants and conditions of this package are put into a statement
"""Erasure in the embedded store, inside a transaction that somebody else opened: every table that repeats a state is rewritten."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from cmdb.changeset import Revision, Write
from cmdb.entities import CI, Kind
from cmdb.store.codec import decode, encode
from cmdb.store.erasure import PERSON_PREFIX, Erasure, erased
from cmdb.store.folding import fold
from cmdb.store.sqlite.parameters import lists
from cmdb.store.sqlite.search_tables import forget_words
from cmdb.store.sqlite.writing import recorded, to_revision, write, write_projections
from cmdb.store.validation import CheckedChangeSet, EncodedWrite


def erase(connection: sqlite3.Connection, checked: CheckedChangeSet, now: int, erasure: Erasure) -> Revision:
    """Apply the change set and rewrite what the erasure names; a revision tells of it even if nothing else was written."""
    change_set = checked.change_set
    done = recorded(connection, change_set.id)
    if done is not None:
        return done
    # what is freed is overwritten: "for good" means in the file too
    connection.execute("PRAGMA secure_delete = ON")
    revision = write(connection, checked, now)
    if revision is None:
        newest, newest_at = connection.execute(
            "SELECT coalesce(max(number), 0), coalesce(max(at), 0) FROM revision"
        ).fetchone()
        row = (newest + 1, max(now, newest_at), change_set.by, change_set.reason, change_set.id, change_set.run_id)
        connection.execute("INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?)", row)
        revision = to_revision(row)
    changed = _rewrite_states(connection, erasure)
    _rewrite_names(connection, changed)
    if changed:
        forget_words(connection)
    _drop_keys(connection, erasure.cis)
    for login, pseudonym in erasure.logins.items():
        _rewrite_login(connection, login, pseudonym)
    _rewrite_reasons(connection, erasure)
    return revision


def _rewrite_states(connection: sqlite3.Connection, erasure: Erasure) -> set[str]:
    """Rewrite every state; ids of the CIs among them."""
    needles = erasure.needles()
    if not needles:
        return set()
    found = " OR ".join("instr(lower(v.body), ?)" for _ in needles)
    rows = connection.execute(
        f"SELECT v.place, v.kind, v.id, v.body, c.place IS NOT NULL FROM version v"
        " LEFT JOIN current c ON c.kind = v.kind AND c.id = v.id AND c.place = v.place"
        f" WHERE v.body IS NOT NULL AND ({found})",
        needles,
    ).fetchall()
    cis: set[str] = set()
    present: list[EncodedWrite] = []
    bodies: list[tuple[str, int]] = []
    for place, kind_name, id_, body, is_present in rows:
        kind = Kind(kind_name)
        before = decode(kind, body)
        after = erased(kind, before, erasure)
        if after == before:
            continue
        bodies.append((encode(after), place))
        if kind is Kind.CI:
            cis.add(id_)
        if is_present:
            present.append(EncodedWrite(Write(kind, id_, before, after), body, bodies[-1][0]))
    connection.executemany("UPDATE version SET body = ? WHERE place = ?", bodies)
    write_projections(connection, present)
    return cis


def _rewrite_names(connection: sqlite3.Connection, cis: Collection[str]) -> None:
    """By what names lists of the past find these CIs."""
    for places, values in lists(cis):
        connection.execute(f"DELETE FROM former_node WHERE id IN ({places})", values)
        rows = connection.execute(
            f"SELECT v.body FROM version v WHERE v.id IN ({places}) AND v.kind = 'ci' AND v.place >= 0 AND v.body IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM current c WHERE c.kind = v.kind AND c.id = v.id AND c.place = v.place)",
            values,
        ).fetchall()
        named = {
            (fold(ci.name), ci.id, ci.class_name)
            for (body,) in rows
            if isinstance(ci := decode(Kind.CI, body), CI) and ci.merged_into is None
        }
        connection.executemany("INSERT OR IGNORE INTO former_node VALUES (?, ?, ?)", sorted(named))


def _drop_keys(connection: sqlite3.Connection, cis: Collection[str]) -> None:
    """Keys that nobody else ever held: a key is made of what identified its owner."""
    owners: dict[str, set[str]] = {}
    for places, values in lists(cis):
        query = f"SELECT DISTINCT f.key FROM former_key f, json_each(f.owners) o WHERE o.value IN ({places})"
        for (key,) in connection.execute(query, values).fetchall():
            owners[key] = set()
    for places, values in lists(owners):
        for table in ("former_key", "identity_key"):
            for key, names in connection.execute(f"SELECT key, owners FROM {table} WHERE key IN ({places})", values):
                owners[key].update(json.loads(names))
    own = [(key,) for key, names in owners.items() if names <= set(cis)]
    connection.executemany("DELETE FROM identity_key WHERE key = ? AND owners = '[]'", own)
    connection.executemany("DELETE FROM former_key WHERE key = ?", own)


def _rewrite_login(connection: sqlite3.Connection, login: str, pseudonym: str) -> None:
    source, instead = f"{PERSON_PREFIX}{login}", f"{PERSON_PREFIX}{pseudonym}"
    connection.execute(
        "UPDATE OR REPLACE former_lookup SET value = ? WHERE field IN ('claim.source') AND value = ?", (instead, source)
    )
    for text, other in ((login, pseudonym), (source, instead)):
        connection.execute("UPDATE revision SET by = ? WHERE by = ?", (other, text))
        connection.execute("UPDATE touch SET source = ? WHERE source = ?", (other, text))
    suffix, new_suffix = f"@{source}", f"@{instead}"
    for table in ("sighting", "former_sighting"):
        connection.execute(
            f"UPDATE OR REPLACE {table} SET subject = substr(subject, 1, length(subject) - length(?1)) || ?2"
            " WHERE substr(subject, -length(?1)) = ?1",
            (suffix, new_suffix),
        )
    old, new = json.dumps(suffix)[1:], json.dumps(new_suffix)[1:]
    connection.execute("UPDATE touch SET subjects = replace(subjects, ?1, ?2) WHERE instr(subjects, ?1)", (old, new))


def _rewrite_reasons(connection: sqlite3.Connection, erasure: Erasure) -> None:
    rows = connection.execute("SELECT number, reason FROM revision WHERE reason <> ''").fetchall()
    connection.executemany(
        "UPDATE revision SET reason = ? WHERE number = ?",
        [(new, number) for number, reason in rows if (new := erasure.text(reason)) != reason],
    )


def last_runs(connection: sqlite3.Connection, subjects: Collection[str]) -> dict[str, str]:
    """Run of the newest sighting of each subject."""
    found: dict[str, tuple[int, str]] = {}
    for places, values in lists(subjects):
        query = (
            f"SELECT s.subject, s.touches FROM sighting s WHERE s.subject IN ({places})"
            f" UNION ALL SELECT s.subject, s.touches FROM former_sighting s WHERE s.subject IN ({places})"
            " AND s.until IS NULL"
        )
        packed: dict[str, list[int]] = {}
        for subject, digits in connection.execute(query, (*values, *values)):
            numbers = packed.setdefault(subject, [])
            numbers += [int(digits[start : start + 8], 16) for start in range(0, len(digits), 8)]
        wanted = sorted({number for numbers in packed.values() for number in numbers})
        times: dict[int, tuple[int, str]] = {}
        for some, chosen in lists([str(number) for number in wanted]):
            for number, at, run_id in connection.execute(
                f"SELECT number, at, run_id FROM touch WHERE number IN ({some})", chosen
            ):
                times[number] = (at, run_id)
        for subject, numbers in packed.items():
            found[subject] = max((times[number] for number in numbers if number in times), default=(0, ""))
    return {subject: run for subject, (_, run) in found.items() if run}


def keys_of(connection: sqlite3.Connection, cis: Collection[str]) -> tuple[str, ...]:
    """Keys that these CIs own; reads all keys."""
    found: set[str] = set()
    for places, values in lists(cis):
        query = f"SELECT DISTINCT k.key FROM identity_key k, json_each(k.owners) o WHERE o.value IN ({places})"
        found.update(key for (key,) in connection.execute(query, values))
    return tuple(sorted(found))
