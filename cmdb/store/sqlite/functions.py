"""What SQL asks of this program: functions that SQLite itself does not have, or has otherwise elsewhere."""

from __future__ import annotations

import datetime as dt
import sqlite3

from cmdb.asking.addresses import is_inside
from cmdb.store.folding import fold
from cmdb.store.instants import to_microseconds


def add_functions(connection: sqlite3.Connection) -> None:
    """`fold(text)`, `instant(text)` in microseconds and `is_inside(text, network)`; null of null, but never inside."""
    connection.create_function("fold", 1, _fold, deterministic=True)
    connection.create_function("instant", 1, _instant, deterministic=True)
    connection.create_function("is_inside", 2, _is_inside, deterministic=True)


def _fold(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _instant(text: str | None) -> int | None:
    return None if text is None else to_microseconds(dt.datetime.fromisoformat(text))


def _is_inside(text: str | None, network: str) -> bool:
    return text is not None and is_inside(text, network)
