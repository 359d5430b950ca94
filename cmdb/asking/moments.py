"""Times and durations as filters write them."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from cmdb.store.instants import to_microseconds

_UNITS = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "us": 1,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|d|h|m|s)")
_LONGEST = 1 << 61


def duration_microseconds(text: str) -> int | None:
    """Microseconds of a duration such as `720h`, `1h30m` or `-1.5s` (cel-spec, langdef.md §Timestamps; `d` is 24 hours); None for other text."""
    body = text.strip()
    sign = -1 if body.startswith("-") else 1
    body = body.removeprefix("-")
    parts = _PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        return None
    total = sum(int(Decimal(number) * _UNITS[unit]) for number, unit in parts)
    return sign * total if total < _LONGEST else None


def instant_microseconds(text: str) -> int | None:
    """Microseconds since 1970 of an RFC 3339 time or an ISO 8601 day, UTC unless an offset is said; None for other text."""
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return to_microseconds(found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC))
    except OverflowError:
        return None
