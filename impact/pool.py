"""The entries of all nodes: flat arrays that only ever grow, seen through views of fixed length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SPARE_SHARE = 16
"""One entry in so many is kept free, a little more than the share at which a graph is compacted."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Columns of equal length: the node (or group) reached, kind, confidence in billionths, last sighting in µs since 1970."""

    other: NDArray[np.int32]
    kind: NDArray[np.uint16]
    confidence: NDArray[np.uint32]
    seen: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.other)

    def at(self, chosen: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Entries:
        """The entries at these positions, or where the mask is true."""
        return Entries(self.other[chosen], self.kind[chosen], self.confidence[chosen], self.seen[chosen])

    def nbytes(self) -> int:
        """Memory in bytes."""
        return self.other.nbytes + self.kind.nbytes + self.confidence.nbytes + self.seen.nbytes


def join(parts: list[Entries]) -> Entries:
    """The parts one after the other; at least one is needed."""
    return Entries(
        np.concatenate([part.other for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([part.seen for part in parts]),
    )


def rows(entries: list[tuple[int, int, int, int]]) -> Entries:
    """Entries from (other, kind, confidence, seen) each."""
    other, kind, confidence, seen = zip(*entries, strict=True) if entries else ((), (), (), ())
    return Entries(
        np.array(other, np.int32), np.array(kind, np.uint16), np.array(confidence, np.uint32), np.array(seen, np.int64)
    )


class _Buffer:
    """Arrays with spare room; `used` moves forward only, so that what a view shows never changes."""

    def __init__(self, entries: Entries) -> None:
        self.used = len(entries)
        room = self.used + self.used // _SPARE_SHARE + 1024
        self.columns = Entries(
            np.empty(room, np.int32), np.empty(room, np.uint16), np.empty(room, np.uint32), np.empty(room, np.int64)
        )
        self.write(0, entries)

    def write(self, at: int, entries: Entries) -> None:
        end = at + len(entries)
        self.columns.other[at:end] = entries.other
        self.columns.kind[at:end] = entries.kind
        self.columns.confidence[at:end] = entries.confidence
        self.columns.seen[at:end] = entries.seen

    def view(self, length: int) -> Entries:
        columns = self.columns.at(slice(0, length))
        for column in (columns.other, columns.kind, columns.confidence, columns.seen):
            column.flags.writeable = False
        return columns


class Pool:
    """A frozen run of entries that can be extended into a longer pool without copying."""

    __slots__ = ("_buffer", "entries")

    def __init__(self, entries: Entries) -> None:
        self._buffer = _Buffer(entries)
        self.entries = self._buffer.view(len(entries))

    def __len__(self) -> int:
        return len(self.entries)

    def extended(self, more: Entries) -> Pool:
        """A pool with `more` at its end; this one stays as it is. Only one thread may extend pools of one origin."""
        at, end = len(self), len(self) + len(more)
        if self._buffer.used != at or end > len(self._buffer.columns):
            return Pool(join([self.entries, more]))
        pool = Pool.__new__(Pool)
        pool._buffer = self._buffer
        pool._buffer.write(at, more)
        pool._buffer.used = end
        pool.entries = pool._buffer.view(end)
        return pool

    def with_seen(self, seen: NDArray[np.int64]) -> Pool:
        """A copy whose sightings are these."""
        columns = self.entries
        return Pool(Entries(columns.other, columns.kind, columns.confidence, seen))
