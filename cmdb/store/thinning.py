"""Which sightings of a subject stay when only some points of the past are kept."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence


def thinned(numbers: Sequence[int], at: Mapping[int, int], kept: Sequence[int]) -> list[int]:
    """Those of a subject's touches that change its first or last sighting at a kept point; those beyond the last one stay.

    `numbers` in order, `at` when each saw the subject, `kept` the kept touch numbers in order.
    """
    found: list[int] = []
    first: int | None = None
    last: int | None = None
    start = 0
    while start < len(numbers):
        gap = bisect_left(kept, numbers[start])
        if gap == len(kept):
            return found + list(numbers[start:])
        end = start
        while end < len(numbers) and numbers[end] <= kept[gap]:
            end += 1
        group = numbers[start:end]
        lowest, highest = min(group, key=lambda number: at[number]), max(group, key=lambda number: at[number])
        stay: set[int] = set()
        if first is None or at[lowest] < first:
            first = at[lowest]
            stay.add(lowest)
        if last is None or at[highest] > last:
            last = at[highest]
            # where all were at one instant, one of them says so
            if at[highest] != at[lowest] or not stay:
                stay.add(highest)
        found += sorted(stay)
        start = end
    return found
