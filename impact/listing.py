"""The rows of an answer: counted at once, put in order and into words when somebody reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impact.estate import instant
from impact.kernel_pure import IS_DOWN
from impact.propagate import Reach
from impact.reasons import Teller
from impact.snapshot import Snapshot

BUSINESS_SERVICE = "business_service"

DOWN = "down"
DEGRADED = "degraded"

Hidden = Callable[[str], bool]
"""Whether the CI of this id is one that the asking user may not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impacted:
    """One affected CI; `path` leads from a root to it, None for CIs that the user may not see."""

    id: str
    class_name: str
    name: str
    state: str
    hops: int
    confidence: float
    oldest_seen_at: dt.datetime | None
    path: tuple[str | None, ...]
    because: str

    def to_document(self) -> dict[str, object]:
        """As the contract writes it."""
        oldest = self.oldest_seen_at
        return {
            "id": self.id,
            "class": self.class_name,
            "name": self.name,
            "state": self.state,
            "hops": self.hops,
            "confidence": self.confidence,
            "oldest_seen_at": None if oldest is None else oldest.isoformat().replace("+00:00", "Z"),
            "path": list(self.path),
            "because": self.because,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """Positions of one reach that are rows of the answer; `is_owed`: they fall only because of already-down CIs."""

    reach: Reach
    positions: NDArray[np.intp]
    is_owed: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """Visible rows by state and class, and how many rows the user may not see."""

    down: int
    degraded: int
    by_class: dict[str, int]
    hidden: int


class Listing:
    """The rows of all parts: services first, then down before degraded, hops, class, name, id."""

    def __init__(self, snapshot: Snapshot, parts: Iterable[Part], hidden: Hidden | None) -> None:
        self._snapshot = snapshot
        self._hidden = hidden
        self._hidden_count = 0
        self._parts = [self._seen(part) for part in parts]

    def _seen(self, part: Part) -> Part:
        if self._hidden is None:
            return part
        ids = self._snapshot.ids_of(part.reach.nodes[part.positions])
        is_seen = np.fromiter((not self._hidden(id_) for id_ in ids), np.bool_, len(ids))
        self._hidden_count += int((~is_seen).sum())
        return Part(part.reach, part.positions[is_seen], part.is_owed)

    def tally(self) -> Tally:
        """Counts, without putting anything into words."""
        names = self._snapshot.class_names
        classes = np.zeros(len(names), np.int64)
        down = total = 0
        for part in self._parts:
            codes = self._snapshot.class_codes[part.reach.nodes[part.positions]]
            classes += np.bincount(codes, minlength=len(names))
            down += int((part.reach.states[part.positions] == IS_DOWN).sum())
            total += len(part.positions)
        counted = {names[code]: count for code, count in enumerate(classes.tolist()) if count}
        return Tally(down, total - down, dict(sorted(counted.items())), self._hidden_count)

    def rows(self, limit: int | None) -> tuple[Impacted, ...]:
        """The first `limit` rows, None for all; only these are put into words."""
        chosen = self._first(limit)
        by_part = [[row for row in chosen if row[0] == index] for index in range(len(self._parts))]
        told = {
            (index, position): row
            for index, rows in enumerate(by_part)
            for position, row in self._told(self._parts[index], [position for _, position in rows])
        }
        return tuple(told[row] for row in chosen)

    def _first(self, limit: int | None) -> list[tuple[int, int]]:
        """(part, position) of the first rows; names are looked up only where they decide."""
        snapshot = self._snapshot
        parts = self._parts
        owner = np.concatenate([np.full(len(part.positions), index) for index, part in enumerate(parts)])
        positions = np.concatenate([part.positions for part in parts])
        nodes = np.concatenate([part.reach.nodes[part.positions] for part in parts])
        states = np.concatenate([part.reach.states[part.positions] for part in parts])
        hops = np.concatenate([part.reach.hops[part.positions] for part in parts])
        classes = snapshot.class_codes[nodes]
        rank = np.argsort(np.argsort(np.array(snapshot.class_names)))[classes]
        is_service = np.array([name == BUSINESS_SERVICE for name in snapshot.class_names], np.bool_)[classes]
        keys = (rank, hops, states != IS_DOWN, ~is_service)
        order = np.lexsort(keys)
        is_new = np.zeros(len(order), np.bool_)
        for key in keys:
            is_new[1:] |= key[order][1:] != key[order][:-1]
        group = np.cumsum(is_new)
        if limit is not None and limit < len(order):
            order = order[: np.searchsorted(group, group[limit - 1], side="right") if limit else 0]
        names = snapshot.names_of(nodes[order])
        ids = snapshot.ids_of(nodes[order])
        ranked = sorted(zip(group.tolist(), names, ids, order.tolist(), strict=False))
        return [(int(owner[row]), int(positions[row])) for _, _, _, row in ranked[:limit]]

    def _told(self, part: Part, positions: list[int]) -> Iterable[tuple[int, Impacted]]:
        snapshot, reach = self._snapshot, part.reach
        where = np.array(positions, np.intp)
        teller = Teller(snapshot, reach, where, self._hidden)
        nodes = reach.nodes[where]
        columns = zip(
            positions,
            snapshot.ids_of(nodes),
            snapshot.class_codes[nodes].tolist(),
            snapshot.names_of(nodes),
            reach.states[where].tolist(),
            reach.hops[where].tolist(),
            reach.confidence[where].tolist(),
            reach.oldest[where].tolist(),
            strict=True,
        )
        because = teller.only_because if part.is_owed else teller.reason
        for position, id_, class_code, name, state, hops, confidence, oldest in columns:
            yield (
                position,
                Impacted(
                    id=id_,
                    class_name=snapshot.class_names[class_code],
                    name=name,
                    state=DOWN if state == IS_DOWN else DEGRADED,
                    hops=hops,
                    confidence=confidence,
                    oldest_seen_at=instant(oldest),
                    path=teller.path(position),
                    because=because(position),
                ),
            )
