"""Paths and sentences: why a CI is down or degraded, in terms of CIs that the user may see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from impact.groups import Group
from impact.kernel_pure import GROUP, IS_DOWN, OUT_OF_SERVICE
from impact.propagate import Reach
from impact.snapshot import Snapshot

_UNSEEN = "a CI that you may not see"


class Teller:
    """Tells of the CIs at `positions` of one reach; `hidden` says of an id that the user may not see the CI."""

    def __init__(
        self,
        snapshot: Snapshot,
        reach: Reach,
        positions: NDArray[np.intp],
        hidden: Callable[[str], bool] | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._reach = reach
        self._hidden = hidden
        self._parents = reach.parents.tolist()
        self._states = reach.states.tolist()
        self._paths: dict[int, tuple[str | None, ...]] = {-1: ()}
        told = _with_ancestors(reach, positions)
        ids = snapshot.ids_of(reach.nodes[told])
        self._names = dict(zip(told.tolist(), snapshot.names_of(reach.nodes[told]), strict=True))
        self._shown: dict[int, str | None] = dict(zip(told.tolist(), ids, strict=True))
        if hidden is not None:
            for position, id_ in zip(told.tolist(), ids, strict=True):
                if hidden(id_):
                    self._shown[position] = None
                    self._names[position] = _UNSEEN
        has_entry = told[reach.entries[told] >= 0]
        is_group = snapshot.pool.entries.kind[reach.entries[has_entry]] == GROUP
        self._through_group = frozenset(has_entry[is_group].tolist())

    def path(self, position: int) -> tuple[str | None, ...]:
        """Ids from a root to this CI, None for hidden ones."""
        found = self._paths.get(position)
        if found is not None:
            return found
        steps = []
        while (found := self._paths.get(position)) is None:
            steps.append(position)
            position = self._parents[position]
        for position in reversed(steps):
            found = self._paths[position] = (*found, self._shown[position])
        return found

    def reason(self, position: int) -> str:
        """`db01 is down`, `app01 is degraded` or `2 of 2 members down, needs 1`."""
        parent = self._parents[position]
        if position not in self._through_group:
            return f"{self._names[parent]} is {'down' if self._states[parent] == IS_DOWN else 'degraded'}"
        return self._count(*self._decisive(position, parent))

    def only_because(self, position: int) -> str:
        """`falls only because of already-down db01`: of the CI at the start of the path."""
        verb = "falls" if self._states[position] == IS_DOWN else "degraded"
        while self._parents[position] >= 0:
            position = self._parents[position]
        return f"{verb} only because of already-down {self._names[position]}"

    def _decisive(self, position: int, parent: int) -> tuple[int, Group]:
        """The group that the path goes through; of several the one with the smallest id."""
        snapshot, reach = self._snapshot, self._reach
        member = int(reach.nodes[parent])
        is_down = self._states[position] == IS_DOWN
        candidates = []
        for index in snapshot.groups_of[int(reach.nodes[position])]:
            group = snapshot.groups[index]
            if group is not None and member in group.members:
                is_broken = reach.failed.get(index, 0) > snapshot.group_tolerance[index]
                if is_broken or not is_down:
                    candidates.append((group.entity.id, index, group))
        _, index, group = min(candidates, key=lambda candidate: candidate[0])
        return index, group

    def _count(self, index: int, group: Group) -> str:
        snapshot = self._snapshot
        down, counted = self._reach.failed[index], int(snapshot.group_count[index])
        members = [member for member in group.members if snapshot.lifecycle[member] < OUT_OF_SERVICE]
        if self._hidden is not None:
            hidden = {member for member in members if self._hidden(snapshot.id_of(member))}
            if hidden:
                fallen = set(self._reach.nodes[self._reach.states == IS_DOWN].tolist())
                seen = [member for member in members if member not in hidden]
                return f"{sum(m in fallen for m in seen)} of {len(seen)} members that you may see down"
        return f"{down} of {counted} members down, needs {group.need()}"


def _with_ancestors(reach: Reach, positions: NDArray[np.intp]) -> NDArray[np.intp]:
    is_told = np.zeros(len(reach.nodes), np.bool_)
    layer = positions
    while len(layer):
        is_told[layer] = True
        parents = reach.parents[layer]
        parents = parents[parents >= 0]
        layer = np.unique(parents[~is_told[parents]]).astype(np.intp)
    return np.flatnonzero(is_told)
