"""The answer to "what happens if these fail": per CI its state, the shortest path and the sentence of why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cmdb.errors import Invalid
from impact.estate import billionths, instant
from impact.graph import ImpactGraph
from impact.kernel_pure import IS_DOWN, OUT_OF_SERVICE
from impact.propagate import Reach, propagate
from impact.reasons import Teller
from impact.snapshot import LIFECYCLES, Snapshot

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
        return {
            "id": self.id,
            "class": self.class_name,
            "name": self.name,
            "state": self.state,
            "hops": self.hops,
            "confidence": self.confidence,
            "oldest_seen_at": _written(self.oldest_seen_at),
            "path": list(self.path),
            "because": self.because,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """Affected CIs, services first, then down before degraded, hops, class, name, id; totals count visible ones only.

    `omitted` counts visible CIs beyond the limit, `hidden` affected ones that the user may not see.
    """

    revision: int
    as_of: str | None
    roots: tuple[str, ...]
    impacted: tuple[Impacted, ...]
    down: int
    degraded: int
    by_class: dict[str, int]
    omitted: int
    hidden: int
    warnings: tuple[str, ...]

    @property
    def services(self) -> tuple[Impacted, ...]:
        """The business services among the listed."""
        return tuple(row for row in self.impacted if row.class_name == BUSINESS_SERVICE)

    def to_document(self) -> dict[str, object]:
        """The JSON answer of the contract, section `impact`."""
        impacted = [row.to_document() for row in self.impacted]
        return {
            "revision": self.revision,
            "as_of": self.as_of,
            "roots": list(self.roots),
            "impacted": impacted,
            "services": [row for row in impacted if row["class"] == BUSINESS_SERVICE],
            "totals": {"down": self.down, "degraded": self.degraded, "by_class": self.by_class},
            "omitted": self.omitted,
            "hidden": self.hidden,
            "warnings": list(self.warnings),
        }


def blast_radius(
    graph: ImpactGraph,
    roots: Collection[str],
    *,
    already_down: Collection[str] = (),
    not_impacted: Collection[str] = (),
    min_confidence: float = 0.0,
    hidden: Hidden | None = None,
    limit: int | None = None,
    as_of: str | None = None,
) -> BlastRadius:
    """What goes down or degrades when `roots` fail together while `already_down` are down; empty when there are neither.

    All ids are of CIs in the graph (the surviving id of a merged one), else `NotFound`. Relationships under
    `min_confidence` (0–1) count as absent. `as_of` is only repeated in the answer: the graph must be of that time.
    """
    if not 0 <= min_confidence <= 1:
        raise Invalid(f"the minimum confidence is {min_confidence:g}; give a number from 0 to 1")
    if limit is not None and limit < 0:
        raise Invalid(f"the limit is {limit}; give 0 or more")
    snapshot = graph.current
    root_nodes = snapshot.numbers(roots)
    down_nodes = snapshot.numbers(already_down)
    kept_up = frozenset(snapshot.numbers(not_impacted).tolist())
    floor = billionths(min_confidence)
    engine = graph.engine

    def reach(seeds: NDArray[np.int32], starts: NDArray[np.int32]) -> Reach:
        with graph.shelf.lend(snapshot.node_count, len(snapshot.group_owner)) as scratch:
            return propagate(snapshot, engine, scratch, seeds=seeds, roots=starts, not_impacted=kept_up, floor=floor)

    seeds = np.concatenate([root_nodes, down_nodes])
    nothing = seeds[:0]
    whole = reach(seeds, root_nodes)
    listing = _Listing(snapshot, hidden, frozenset(seeds.tolist()))
    if len(down_nodes):
        others = reach(down_nodes, down_nodes)
        own = reach(root_nodes, nothing)
        without_roots, without_others = _states(others), _states(own)
        owed = {
            node
            for node, state in _states(whole).items()
            if without_roots.get(node) == state and without_others.get(node) != state
        }
        # what a root degrades through a CI that is down already has no chain of causes from a root now
        unreached = set(whole.nodes[whole.hops < 0].tolist()) - owed
        listing.add(whole, lambda node: node not in owed and node not in unreached, is_owed=False)
        listing.add(others, lambda node: node in owed, is_owed=True)
        if unreached - listing.left_out:
            listing.add(reach(seeds, seeds), lambda node: node in unreached, is_owed=False)
    else:
        listing.add(whole, None, is_owed=False)
    return listing.radius(
        roots=tuple(dict.fromkeys(roots)),
        warnings=tuple(_warnings(snapshot, [*root_nodes.tolist(), *down_nodes.tolist()], kept_up)),
        limit=limit,
        as_of=as_of,
    )


def _states(reach: Reach) -> dict[int, int]:
    return dict(zip(reach.nodes.tolist(), reach.states.tolist(), strict=True))


def _warnings(snapshot: Snapshot, given: Iterable[int], kept_up: Collection[int]) -> Iterable[str]:
    for node in dict.fromkeys(given):
        code = int(snapshot.lifecycle[node])
        if code >= OUT_OF_SERVICE:
            yield f"{snapshot.name_of(node)} is {LIFECYCLES[code].value}: it is not counted and passes nothing on"
        elif node in kept_up:
            yield f"{snapshot.name_of(node)} is declared not impacted, so it stays up"


class _Listing:
    """Gathers rows of several reaches, then orders and cuts them."""

    def __init__(self, snapshot: Snapshot, hidden: Hidden | None, left_out: Collection[int]) -> None:
        self._snapshot = snapshot
        self._hidden = hidden
        self.left_out = left_out
        self._rows: list[tuple[bool, bool, int, str, str, str, int, Teller, Reach, bool]] = []
        self._hidden_count = 0

    def add(self, reach: Reach, chosen: Callable[[int], bool] | None, *, is_owed: bool) -> None:
        """The CIs of a reach; `chosen` None takes all of them."""
        teller = Teller(self._snapshot, reach, self._hidden)
        class_names = self._snapshot.class_names
        classes = self._snapshot.class_codes[reach.nodes].tolist()
        is_hidden = teller.is_hidden.tolist()
        columns = zip(reach.nodes.tolist(), reach.states.tolist(), reach.hops.tolist(), classes, strict=True)
        for position, (node, state, hops, class_code) in enumerate(columns):
            if node in self.left_out or (chosen is not None and not chosen(node)):
                continue
            if is_hidden and is_hidden[position]:
                self._hidden_count += 1
                continue
            class_name = class_names[class_code]
            self._rows.append(
                (
                    class_name != BUSINESS_SERVICE,
                    state != IS_DOWN,
                    hops,
                    class_name,
                    teller.names[position],
                    teller.ids[position],
                    position,
                    teller,
                    reach,
                    is_owed,
                )
            )

    def radius(
        self, *, roots: tuple[str, ...], warnings: tuple[str, ...], limit: int | None, as_of: str | None
    ) -> BlastRadius:
        """The answer; the first `limit` rows are listed, all are counted."""
        rows = self._rows
        rows.sort(key=lambda row: row[:6])
        by_class: dict[str, int] = {}
        degraded = 0
        for row in rows:
            by_class[row[3]] = by_class.get(row[3], 0) + 1
            degraded += row[1]
        listed = rows if limit is None else rows[:limit]
        return BlastRadius(
            revision=self._snapshot.revision,
            as_of=as_of,
            roots=roots,
            impacted=tuple(_impacted(row) for row in listed),
            down=len(rows) - degraded,
            degraded=degraded,
            by_class=dict(sorted(by_class.items())),
            omitted=len(rows) - len(listed),
            hidden=self._hidden_count,
            warnings=warnings,
        )


def _impacted(row: tuple[bool, bool, int, str, str, str, int, Teller, Reach, bool]) -> Impacted:
    _, is_degraded, hops, class_name, name, id_, position, teller, reach, is_owed = row
    return Impacted(
        id=id_,
        class_name=class_name,
        name=name,
        state=DEGRADED if is_degraded else DOWN,
        hops=hops,
        confidence=float(reach.confidence[position]),
        oldest_seen_at=instant(int(reach.oldest[position])),
        path=teller.path(position),
        because=teller.only_because(position) if is_owed else teller.reason(position),
    )


def _written(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
