"""Instants in queries: native date-times in the graph, microseconds since 1970 in packed answers."""

from __future__ import annotations

import datetime as dt

from cmdb.store.instants import from_microseconds


def microseconds(expression: str) -> str:
    """Cypher for the microseconds of a date-time; null of null."""
    return f"({expression}.epochSeconds * 1000000 + {expression}.microsecond)"


def instant(value: object) -> dt.datetime:
    """The instant of a column made by `microseconds`."""
    assert isinstance(value, int)
    return from_microseconds(value)
