"""Times for people: how long ago something was, and when."""

from __future__ import annotations

import datetime as dt

_UNITS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def ago(at: object, *, now: dt.datetime) -> str:
    """`3 d ago`, in the largest unit that fits once, years from two on; `in 3 d` for what is to come; empty for None.

    Takes a time or its RFC 3339 text.
    """
    if at is None:
        return ""
    moment = at if isinstance(at, dt.datetime) else dt.datetime.fromisoformat(str(at))
    seconds = int((now - moment).total_seconds())
    distance = abs(seconds)
    if distance < 1:
        return "now"
    unit, size = next((unit, size) for unit, size in _UNITS if distance >= (2 * size if unit == "y" else size))
    span = f"{distance // size} {unit}"
    return f"{span} ago" if seconds > 0 else f"in {span}"


def second(at: object) -> str:
    """A time in UTC, or its RFC 3339 text, to the second: `2026-01-31 12:00:00`; empty for None."""
    return "" if at is None else str(at)[:19].replace("T", " ")
