"""What a file says should be, compared with what is: identified like an import, and nothing is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from cmdb.documents import Document, brief
from cmdb.entities import CI, Kind, Lifecycle, Relationship
from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from cmdb.history.extent import Extent
from cmdb.ingest import Ingest
from cmdb.lookup import follow
from cmdb.observation import Link, Observation
from cmdb.reconcile.rows import Row, ready
from cmdb.registry import Registry
from cmdb.store.protocol import PAGE_LIMIT, Store
from cmdb.values import Value

_CHUNK = 5_000
"""Rows that are identified together, as an import does (design §6)."""
_PIECE = 500


@dataclass(slots=True)
class _Known:
    """What the rows of the file are in the store."""

    rows: list[Row] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    """CI by local id; of a row that nothing in the store fits, the id that it would get."""
    cis: dict[str, CI] = field(default_factory=dict)
    """Those of `ids` that there are."""


class Intent:
    """Compares one store with intended states; what the source says of a CI that it knows counts as an intended native key."""

    def __init__(self, store: Store, registry: Registry, ingest: Ingest) -> None:
        self._store = store
        self._registry = registry
        self._ingest = ingest

    def compare(
        self, intended: Batch, *, source: str, network: str, at: dt.datetime, extent: Extent | None = None
    ) -> Iterator[Document]:
        """Rows of what differs: CIs missing, differing and extra, then relationships missing and extra; last what is unclear.

        A row whose `id` is a CI's id is that CI, as in an export; others are identified as an import of `source` would.
        `extra` is what `extent` holds and the file does not, by default of the classes that the file speaks of. Relationships
        are compared between CIs of the file, for the types that it speaks of. Redundancy groups are not.
        """
        unclear: list[Document] = [_unclear(refused.line, refused.message) for refused in intended.refused]
        observation = Observation(source=source, run_id="intended", at=at, network=network)
        known = self._identified(intended, observation, unclear)
        yield from self._missing_and_differing(known)
        yield from self._extra(known, extent)
        yield from self._relationships(known, intended.links, unclear)
        yield from unclear

    def _identified(self, intended: Batch, observation: Observation, unclear: list[Document]) -> _Known:
        known = _Known()
        waiting: list[Row] = []
        for draft in intended.drafts:
            try:
                row = ready(draft, observation, self._registry)
            except Invalid as error:
                unclear.append(_unclear(draft.line, error.message))
                continue
            ci = follow(self._store, draft.local_id)
            if ci is None:
                waiting.append(row)
            else:
                known.rows.append(row)
                known.ids[draft.local_id] = ci.id
        with self._ingest.rehearsal() as rehearsal:
            for start in range(0, len(waiting), _CHUNK):
                chunk = waiting[start : start + _CHUNK]
                plan = rehearsal.plan(observation, by="intent", resolved=known.ids, rows=chunk)
                for row, outcome in zip(chunk, plan.rows, strict=True):
                    if outcome.ci is None:
                        unclear.append(_unclear(row.draft.line, outcome.reason))
                    else:
                        known.rows.append(row)
                        known.ids[row.draft.local_id] = outcome.ci
        for ids in _pieces(sorted(set(known.ids.values()))):
            found = cast("dict[str, CI]", self._store.get_many(Kind.CI, ids))
            known.cis.update(found)
        return known

    def _missing_and_differing(self, known: _Known) -> Iterator[Document]:
        for row in sorted(known.rows, key=lambda row: row.draft.line or 0):
            id_ = known.ids[row.draft.local_id]
            ci = known.cis.get(id_)
            if ci is None:
                name = row.name or row.draft.native_key or row.draft.local_id
                missing = {"id": None, "class": row.spec.name, "name": name}
                yield {"kind": "ci", "what": "missing", "ci": missing, "changes": {}, "line": row.draft.line}
            elif changes := self._changes(row, ci):
                yield {"kind": "ci", "what": "differs", "ci": brief(ci), "changes": changes, "line": row.draft.line}

    def _changes(self, row: Row, ci: CI) -> dict[str, list[object]]:
        """`[intended, actual]` by name, of what the row says."""
        said: dict[str, Value] = dict(row.values)
        lifecycle = said.pop("lifecycle", Lifecycle.LIVE.value)
        found: dict[str, list[object]] = {
            name: [value, ci.attributes.get(name)]
            for name, value in sorted(said.items())
            if not _is_same(value, ci.attributes.get(name))
        }
        if not self._registry.is_a(ci.class_name, row.spec.name):
            found["class"] = [row.spec.name, ci.class_name]
        if row.name is not None and row.name.casefold() != ci.name.casefold():
            found["name"] = [row.name, ci.name]
        if lifecycle != ci.lifecycle.value:
            found["lifecycle"] = [lifecycle, ci.lifecycle.value]
        return found

    def _extra(self, known: _Known, extent: Extent | None) -> Iterator[Document]:
        if extent is None:
            names = {name for row in known.rows for name in self._registry.subclasses(row.spec.name)}
            extent = Extent(class_names=frozenset(names))
        if extent.ci is not None:
            return
        cursor: str | None = None
        while True:
            page = self._store.list_cis(
                class_names=extent.class_names, has_retired=False, after=cursor, limit=PAGE_LIMIT
            )
            for ci in page.items:
                if ci.id not in known.cis:
                    yield {"kind": "ci", "what": "extra", "ci": brief(ci), "changes": {}, "line": None}
            cursor = page.cursor
            if cursor is None:
                return

    def _relationships(self, known: _Known, links: Sequence[Link], unclear: list[Document]) -> Iterator[Document]:
        intended: dict[str, tuple[Relationship, int | None]] = {}
        for link in links:
            try:
                type_ = self._registry.relationship_type(link.type)
            except Invalid as error:
                unclear.append(_unclear(link.line, error.message))
                continue
            source, target = known.ids.get(link.source), known.ids.get(link.target)
            if source is None or target is None:
                unclear.append(_unclear(link.line, f"an end of {link.type} is not identified"))
            elif source in known.cis and target in known.cis and source != target:
                if type_.is_symmetric and source > target:
                    source, target = target, source
                id_ = Relationship.make_id(source, type_.name, target)
                meant = Relationship(id=id_, source=source, type=type_.name, target=target)
                intended.setdefault(id_, (meant, link.line))
        for ids in _pieces(list(intended)):
            there = self._store.get_many(Kind.RELATIONSHIP, ids)
            for id_ in ids:
                if id_ not in there:
                    meant, line = intended[id_]
                    yield _link("missing", meant, known.cis, line)
        types = {meant.type for meant, _ in intended.values()}
        for ids in _pieces(sorted(known.cis)):
            for entity in self._leaving(ids):
                if entity.id not in intended and entity.type in types and entity.target in known.cis:
                    yield _link("extra", entity, known.cis, None)

    def _leaving(self, ids: Sequence[str]) -> Iterator[Relationship]:
        found = self._store.find(Kind.RELATIONSHIP, "source", ids, limit=PAGE_LIMIT)
        if len(found) == PAGE_LIMIT and len(ids) > 1:
            half = len(ids) // 2
            yield from self._leaving(ids[:half])
            yield from self._leaving(ids[half:])
        else:
            yield from cast("tuple[Relationship, ...]", found)


def _pieces(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _PIECE] for start in range(0, len(ids), _PIECE))


def _is_same(intended: Value, actual: Value) -> bool:
    """Whether two values say the same: numbers by value, lists of texts in any order."""
    if isinstance(intended, list) and isinstance(actual, list):
        return sorted(map(str, intended)) == sorted(map(str, actual))
    return intended == actual


def _link(what: str, link: Relationship, cis: Mapping[str, CI], line: int | None) -> Document:
    return {
        "kind": "relationship",
        "what": what,
        "source": brief(cis[link.source]),
        "type": link.type,
        "target": brief(cis[link.target]),
        "changes": {},
        "line": line,
    }


def _unclear(line: int | None, reason: str) -> Document:
    return {"kind": "row", "what": "unclear", "line": line, "reason": reason}
