"""Instants as whole microseconds since 1970-01-01 UTC, which order and compare without a calendar."""

from __future__ import annotations

import datetime as dt

from cmdb.errors import Invalid

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def to_microseconds(at: dt.datetime) -> int:
    """Microseconds since the epoch; `Invalid` for a time without a zone."""
    if at.tzinfo is None:
        raise Invalid(f"the time {at.isoformat()} has no zone; give it one, such as Z")
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> dt.datetime:
    """The instant in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def utc_now() -> dt.datetime:
    """The time now, aware, in UTC."""
    return dt.datetime.now(dt.UTC)
