"""What the embedded store asks its indexes before it opens bodies."""

from __future__ import annotations

import pytest

from cmdb.asking.meaning import condition_of
from cmdb.registry import default_registry
from cmdb.store.sqlite.conditions import Parameters
from cmdb.store.sqlite.narrowing import narrowed


def _narrowed(text: str) -> list[object]:
    """The values that the indexes are asked for."""
    parameters = Parameters()
    list(narrowed(condition_of(text, default_registry()), parameters))
    return list(parameters.values.values())


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ('serial_number == "SN-1"', ['("sn1")']),
        ('class == "server" && fqdn == "a.example.com"', ["server", '("a" AND "example" AND "com")']),
        ('name == "Web01" && has(model)', ["web01"]),
        ('"10.1.0.1" in ip_addresses', ['("10.1.0.1")']),
        ('serial_number == "a" || asset_tag in ["b", "c"]', ['(("a")) OR (("b") OR ("c"))']),
        ('serial_number == "a" || has(model)', []),
        ('!(serial_number == "a")', []),
        ('serial_number != "a"', []),
        ('serial_number == "---"', []),
        ('model == "R740"', []),
        ('serial_number.startsWith("a")', []),
        ('related("RUNS_ON", serial_number == "a")', []),
    ],
)
def test_indexes_are_asked_for_what_must_be_there(text: str, asked: list[object]) -> None:
    assert _narrowed(text) == asked
