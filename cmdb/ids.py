"""Identifiers: UUIDv7 (RFC 9562 §5.7), so that ids sort by time of creation."""

from __future__ import annotations

import datetime as dt
import os
import uuid


def new_id(now: dt.datetime) -> str:
    """A UUIDv7 in canonical text for `now` (aware); unique by 74 random bits, ordered by millisecond."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    random_bits = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds << 80) | (0x7 << 76) | ((random_bits >> 62 & 0xFFF) << 64) | (0b10 << 62) | (random_bits & ((1 << 62) - 1))
    return str(uuid.UUID(int=value))
