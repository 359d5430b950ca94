"""Working arrays that are reused, so that a small radius costs the same in a large graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from impact.kernel_pure import UNTOUCHED


class Scratch:
    """`slot` by node and `failed` by group; whoever uses them leaves them clean."""

    def __init__(self, nodes: int, groups: int) -> None:
        self.slot: NDArray[np.int32] = np.full(nodes, UNTOUCHED, np.int32)
        self.failed: NDArray[np.int32] = np.zeros(groups, np.int32)


class ScratchShelf:
    """Lends working arrays to one caller at a time; makes more when all are out, keeps at most `kept`."""

    def __init__(self, kept: int = 4) -> None:
        self._kept = kept
        self._free: list[Scratch] = []

    @contextmanager
    def lend(self, nodes: int, groups: int) -> Iterator[Scratch]:
        """Arrays of at least these lengths; not returned when the borrower raised, since they may be unclean."""
        try:
            scratch = self._free.pop()  # atomic, so no lock
        except IndexError:
            scratch = Scratch(nodes, groups)
        if len(scratch.slot) < nodes or len(scratch.failed) < groups:
            scratch = Scratch(nodes + nodes // 16, groups + groups // 16 + 16)
        yield scratch
        if len(self._free) < self._kept:
            self._free.append(scratch)
