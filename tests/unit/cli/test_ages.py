"""Ages as people read them."""

from __future__ import annotations

import datetime as dt

import pytest

from cli.ages import ago

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (None, ""),
        (NOW, "now"),
        ("2026-11-24T11:59:01Z", "59 s ago"),
        ("2026-11-24T11:59:00Z", "1 min ago"),
        ("2026-11-24T09:59:00Z", "2 h ago"),
        ("2026-11-21T11:00:00Z", "3 d ago"),
        ("2025-11-24T12:00:00Z", "365 d ago"),
        ("2024-11-24T12:00:00Z", "2 y ago"),
        ("2026-12-24T12:00:00Z", "in 30 d"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(at: object, said: str) -> None:
    assert ago(at, now=NOW) == said
