"""A whole graph as plain columns: what a store's rows become before they are arrays, and arrays when they are compacted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cmdb.entities import Redundancy
from impact.kernel_pure import BILLION, GROUP, NEVER
from impact.snapshot import GONE, Snapshot
from impact.travel import to_source

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def microseconds(at: dt.datetime | None) -> int:
    """Since 1970; `NEVER` for None."""
    return NEVER if at is None else (at - EPOCH) // _MICROSECOND


def instant(value: int) -> dt.datetime | None:
    """The time of `microseconds`; None for `NEVER`."""
    return None if value == NEVER else EPOCH + dt.timedelta(microseconds=value)


def billionths(confidence: float) -> int:
    """A confidence in whole billionths, so that decimals come back as they were said."""
    return round(confidence * BILLION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """Nodes by row, relationships by row with `source` and `target` as node rows and `type_codes` into `types`."""

    revision: int
    ids: list[str]
    names: list[str]
    class_names: tuple[str, ...]
    class_codes: NDArray[np.uint16]
    lifecycle: NDArray[np.uint8]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    types: tuple[str, ...]
    type_codes: NDArray[np.uint16]
    confidence: NDArray[np.uint32]
    seen: NDArray[np.int64]
    redundancy: tuple[Redundancy, ...]


def extract(snapshot: Snapshot) -> Estate:
    """The snapshot's content, gone nodes left out; every relationship is found at its target."""
    alive = np.flatnonzero(snapshot.lifecycle != GONE).astype(np.int32)
    row = np.full(snapshot.node_count, -1, dtype=np.int32)
    row[alive] = np.arange(len(alive), dtype=np.int32)
    lengths = (snapshot.end - snapshot.start)[alive]
    target = np.repeat(np.arange(len(alive), dtype=np.int32), lengths)
    offsets = np.cumsum(lengths, dtype=np.int64) - lengths
    places = np.arange(len(target), dtype=np.int64) + np.repeat(snapshot.start[alive] - offsets, lengths)
    entries = snapshot.pool.entries.at(places)
    is_at_target = (entries.kind != GROUP) & ((entries.kind & 1) == (to_source(0) & 1))
    kept = np.flatnonzero(is_at_target)
    kept = kept[row[entries.other[kept]] >= 0]
    entries = entries.at(kept)
    known = {entity.id: entity for waiting in snapshot.absent.values() for entity in waiting}
    known |= {group.entity.id: group.entity for group in snapshot.groups if group is not None}
    return Estate(
        revision=snapshot.revision,
        ids=snapshot.ids_of(alive),
        names=snapshot.names_of(alive),
        class_names=snapshot.class_names,
        class_codes=snapshot.class_codes[alive],
        lifecycle=snapshot.lifecycle[alive],
        source=row[entries.other],
        target=target[kept],
        types=tuple(rule.name for rule in snapshot.travel.rules),
        type_codes=((entries.kind - to_source(0)) // 2).astype(np.uint16),
        confidence=entries.confidence,
        seen=entries.seen,
        redundancy=tuple(known.values()),
    )
