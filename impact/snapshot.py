"""The graph at one revision: frozen arrays, safe to read from any thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cmdb.entities import Lifecycle, Redundancy
from cmdb.errors import NotFound
from impact.column import TextColumn
from impact.groups import Group
from impact.pool import Pool
from impact.travel import TravelTable

LIFECYCLE_CODES = {
    Lifecycle.LIVE: 0,
    Lifecycle.MAINTENANCE: 1,
    Lifecycle.PLANNED: 2,
    Lifecycle.IN_STOCK: 3,
    Lifecycle.RETIRED: 4,
}
"""Codes from `OUT_OF_SERVICE` (2) on neither count nor pass anything on (design §7)."""
GONE = 5
"""Merged into another CI or deleted; its place in the arrays is given up when they are compacted."""
LIFECYCLES = {code: lifecycle for lifecycle, code in LIFECYCLE_CODES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Nodes are numbered: those of the base in order of id, later ones behind; arrays are by number, (n,).

    The entries of node v in `pool` are `start[v]` to `end[v]`, up to `active_end[v]` those that carry failure. `order` sorts nodes
    by id. `group_tolerance` is how many members may be down, `group_count` how many count.
    """

    revision: int
    travel: TravelTable
    ids: TextColumn
    added: Mapping[str, int]
    added_ids: Sequence[str]
    names: TextColumn
    renamed: Mapping[int, str]
    class_names: tuple[str, ...]
    class_codes: NDArray[np.uint16]
    lifecycle: NDArray[np.uint8]
    order: NDArray[np.float64]
    start: NDArray[np.int32]
    active_end: NDArray[np.int32]
    end: NDArray[np.int32]
    pool: Pool
    groups: tuple[Group | None, ...]
    group_index: Mapping[str, int]
    groups_of: Mapping[int, tuple[int, ...]]
    group_owner: NDArray[np.int32]
    group_tolerance: NDArray[np.int32]
    group_count: NDArray[np.int32]
    absent: Mapping[str, tuple[Redundancy, ...]]
    """Groups by the id of an owner or member that is no node (yet)."""
    base_entries: int

    @property
    def node_count(self) -> int:
        """Number of nodes, gone ones included."""
        return len(self.start)

    def find(self, id_: str) -> int | None:
        """The number of a CI, None when there is none."""
        index = self.place(id_)
        return None if index is None or self.lifecycle[index] == GONE else index

    def place(self, id_: str) -> int | None:
        """The number that the id has or had."""
        at = self.ids.bisect(id_)
        if at < len(self.ids) and self.ids[at] == id_:
            return at
        return self.added.get(id_)

    def numbers(self, ids: Iterable[str]) -> NDArray[np.int32]:
        """Numbers of these CIs, each once, in order; unknown ones raise `NotFound` with all their ids."""
        found: dict[int, None] = {}
        unknown = []
        for id_ in ids:
            index = self.find(id_)
            if index is None:
                unknown.append(id_)
            else:
                found[index] = None
        if unknown:
            raise NotFound(
                f"{len(unknown)} of the CIs are not in the graph at revision {self.revision}, the first is {unknown[0]!r}; "
                "check the id, or wait until the graph has caught up with the store",
                ids=unknown,
            )
        return np.array(list(found), dtype=np.int32)

    def id_of(self, index: int) -> str:
        """The id of a node."""
        base = len(self.ids)
        if index < base:
            return self.ids[index]
        return self.added_ids[index - base]

    def name_of(self, index: int) -> str:
        """The name of a node."""
        name = self.renamed.get(index)
        return self.names[index] if name is None else name

    def class_of(self, index: int) -> str:
        """The class of a node."""
        return self.class_names[int(self.class_codes[index])]

    def ids_of(self, indices: NDArray[np.int32]) -> list[str]:
        """The ids of many nodes, faster than one by one."""
        base = len(self.ids)
        if not self.added_ids or not (indices >= base).any():
            return self.ids.take(indices)
        return [self.id_of(index) for index in indices.tolist()]

    def names_of(self, indices: NDArray[np.int32]) -> list[str]:
        """The names of many nodes, faster than one by one."""
        if not self.renamed:
            return self.names.take(indices)
        return [self.name_of(index) for index in indices.tolist()]

    def nbytes(self) -> dict[str, int]:
        """Memory in bytes by part; groups and what was added since the base are Python objects and not counted."""
        return {
            "entries": self.pool.entries.nbytes(),
            "nodes": self.start.nbytes * 3 + self.class_codes.nbytes + self.lifecycle.nbytes + self.order.nbytes,
            "text": self.ids.nbytes() + self.names.nbytes(),
            "groups": self.group_owner.nbytes * 3,
        }
