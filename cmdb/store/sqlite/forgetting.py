# ruff: noqa: S608 - only lists of "?" are put into a statement
"""Sightings taken back: they count no more from now on, and go on counting in answers about the time before."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from cmdb.changeset import ChangeSet
from cmdb.store.sqlite.parameters import lists

NEVER = -1
"""Instant of the touch that a forgetting takes: none that a source can name, so that no sighting has its place."""


def forget(connection: sqlite3.Connection, change_set: ChangeSet, *, revision: int, now: int) -> None:
    """Have the sightings of `change_set.forgotten` end with a touch of its own, committed at `now` or with the one before it."""
    if not change_set.forgotten:
        return
    (number,) = connection.execute(
        "INSERT INTO touch (change_set, revision, run_id, source, at, subjects, committed_at)"
        " SELECT ?, ?, ?, ?, ?, '[]', max(?, coalesce(max(committed_at), 0)) FROM touch RETURNING number",
        (change_set.id, revision, change_set.run_id, change_set.source, NEVER, now),
    ).fetchone()
    for places, values in lists(change_set.forgotten):
        _forget(connection, places, values, number)


def _forget(connection: sqlite3.Connection, places: str, values: Sequence[str], number: int) -> None:
    connection.execute(
        "INSERT INTO former_sighting (subject, touches)"
        f" SELECT subject, touches FROM sighting WHERE subject IN ({places}) AND touches <> ''",
        values,
    )
    connection.execute(
        f"UPDATE former_sighting SET until = ? WHERE subject IN ({places}) AND until IS NULL", (number, *values)
    )
    connection.execute(f"DELETE FROM sighting WHERE subject IN ({places})", values)
