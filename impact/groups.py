"""Redundancy groups: how many members may fail, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cmdb.entities import Redundancy

UNLIMITED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Group:
    """`owner` needs enough of `members` (node indices, ascending, each once); `entity` is what the store says."""

    entity: Redundancy
    owner: int
    members: tuple[int, ...]

    def tolerance(self, counted: int) -> int:
        """The most of `counted` members that may be down before the owner is: max(0, n − k), or ⌊n·(100 − pct)/100⌋ exactly.

        Failed members are whole, so 100·f > n·(100 − pct) (design §7) is f > ⌊n·(100 − pct)/100⌋. The percentage is the decimal
        number as written: 33.3 is 333/10, not the binary float next to it.
        """
        percent = self.entity.min_up_percent
        if percent is not None:
            return int(counted * (100 - Fraction(str(percent))) / 100)
        if self.entity.min_up is not None:
            return max(0, counted - self.entity.min_up)
        return UNLIMITED

    def need(self) -> str:
        """What the owner needs, for a sentence: `1` or `33.3 %`."""
        percent = self.entity.min_up_percent
        return f"{self.entity.min_up}" if percent is None else f"{percent:g} %"
