"""Reading a whole store into columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from cmdb.entities import CI, Lifecycle, Redundancy, Relationship
from cmdb.history.past import Past
from cmdb.store.protocol import PAGE_LIMIT, EdgeRow, NodeRow, Store, Then
from cmdb.store.view import View
from cmdb.store.walking import every
from impact.estate import Estate, billionths, instant, microseconds
from impact.kernel_pure import NEVER
from impact.snapshot import LIFECYCLE_CODES

_CODES = {lifecycle.value: code for lifecycle, code in LIFECYCLE_CODES.items()}


@dataclass
class Columns:
    """Collects rows; nodes must come before the edges between them, and edges without both ends are left out."""

    ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    class_codes: list[int] = field(default_factory=list)
    lifecycle: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    type_codes: list[int] = field(default_factory=list)
    confidence: list[int] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._places: dict[str, int] = {}
        self._classes: dict[str, int] = {}
        self._types: dict[str, int] = {}

    def add_node(self, row: NodeRow) -> None:
        """A CI; a second row of the same id is ignored."""
        if self._places.setdefault(row.id, len(self.ids)) != len(self.ids):
            return
        self.ids.append(row.id)
        self.names.append(row.name)
        self.class_codes.append(self._classes.setdefault(row.class_name, len(self._classes)))
        self.lifecycle.append(_CODES[row.lifecycle])

    def add_edge(self, row: EdgeRow) -> None:
        """A relationship."""
        source, target = self._places.get(row.source), self._places.get(row.target)
        if source is None or target is None:
            return
        self.source.append(source)
        self.target.append(target)
        self.type_codes.append(self._types.setdefault(row.type, len(self._types)))
        self.confidence.append(billionths(row.confidence))
        self.seen.append(microseconds(row.last_seen_at))

    def estate(self, revision: int, redundancy: Iterable[Redundancy]) -> Estate:
        """Everything so far as arrays."""
        return Estate(
            revision=revision,
            ids=self.ids,
            names=self.names,
            class_names=tuple(self._classes),
            class_codes=np.array(self.class_codes, np.uint16),
            lifecycle=np.array(self.lifecycle, np.uint8),
            source=np.array(self.source, np.int32),
            target=np.array(self.target, np.int32),
            types=tuple(self._types),
            type_codes=np.array(self.type_codes, np.uint16),
            confidence=np.array(self.confidence, np.uint32),
            seen=np.array(self.seen, np.int64),
            redundancy=tuple(redundancy),
        )


def columns_of(
    nodes: Iterable[Sequence[NodeRow]],
    edges: Iterable[Sequence[EdgeRow]],
    redundancy: Iterable[Redundancy],
    *,
    revision: int,
) -> Estate:
    """The estate of batches of rows."""
    columns = Columns()
    for batch in nodes:
        for node in batch:
            columns.add_node(node)
    for edges_batch in edges:
        for edge in edges_batch:
            columns.add_edge(edge)
    return columns.estate(revision, redundancy)


def read(store: Store) -> Estate:
    """What the store holds now, at the revision it had before; later changes may be in it or not: replay the feed."""
    revision = store.revision()
    return columns_of(store.iter_nodes(), store.iter_edges(), _redundancy(store), revision=revision)


def read_as_of(store: Store, then: Then) -> Estate:
    """What the store held then; slow: every entity and every sighting up to then is read."""
    view = Past(store, then)
    seen = _sightings_up_to(store, then.touch)
    columns = Columns()
    for ci in every(view, CI):
        if ci.merged_into is None:
            columns.add_node(NodeRow(ci.id, ci.class_name, ci.name, Lifecycle(ci.lifecycle).value))
    for one in every(view, Relationship):
        last = instant(seen.get(one.id, NEVER))
        columns.add_edge(EdgeRow(one.source, one.type, one.target, one.confidence, last))
    return columns.estate(then.revision, _redundancy(view))


def relationship_of(subject: str) -> str | None:
    """The relationship id in a sighting's subject `<relationship id>@<source>`; None for a claim's."""
    id_, at, _ = subject.partition("@")
    return id_ if at else None


def _redundancy(view: View) -> tuple[Redundancy, ...]:
    return tuple(every(view, Redundancy))


def _sightings_up_to(store: Store, number: int) -> dict[str, int]:
    """When each relationship was last seen by then; a sighting that was taken back by then is none."""
    seen: dict[str, int] = {}
    for subjects in _subjects_up_to(store, number):
        for subject, found in store.seen(subjects, as_of=number).items():
            id_, at = relationship_of(subject), microseconds(found.last_at)
            if id_ is not None and at > seen.get(id_, -NEVER):
                seen[id_] = at
    return seen


def _subjects_up_to(store: Store, number: int) -> Iterator[list[str]]:
    """Subjects of relationships that were seen by then, each once."""
    known: set[str] = set()
    after = 0
    while page := store.touches(after=after, limit=PAGE_LIMIT):
        for touch in page:
            if touch.number > number:
                return
            new = [subject for subject in touch.subjects if relationship_of(subject) and subject not in known]
            known.update(new)
            if new:
                yield new
        after = page[-1].number
