"""Many values in one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

_SIZES = (1, 10, 100, 1000)
"""Lists are filled up to one of these, so that four prepared statements serve every length (SQLite's limit: 32,766)."""


def lists(values: Collection[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Distinct values in bounded pieces, each as `?, ?, …` and its parameters; the last value may be repeated."""
    remaining = iter(sorted(set(values)))
    while piece := list(islice(remaining, _SIZES[-1])):
        size = next(size for size in _SIZES if size >= len(piece))
        piece += piece[-1:] * (size - len(piece))
        yield ", ".join("?" * size), piece
