"""Identifiers: UUIDv7 (RFC 9562 §5.7), so that ids sort by time of creation."""

from __future__ import annotations

import datetime as dt
import os
import re
import uuid

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id(now: dt.datetime) -> str:
    """A UUIDv7 in canonical text for `now` (aware); unique by 74 random bits, ordered by millisecond."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    random_bits = int.from_bytes(os.urandom(10), "big")
    value = (
        (milliseconds << 80)
        | (0x7 << 76)
        | ((random_bits >> 62 & 0xFFF) << 64)
        | (0b10 << 62)
        | (random_bits & ((1 << 62) - 1))
    )
    return str(uuid.UUID(int=value))


def first_id(at: dt.datetime) -> str:
    """A text that sorts before every id made at `at` or later, and after every id made in an earlier millisecond."""
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    return str(uuid.UUID(int=milliseconds << 80))[:14]


def is_id(text: str) -> bool:
    """Whether a text is an id of this form: a UUIDv7 in canonical spelling."""
    return _UUID7.fullmatch(text) is not None
