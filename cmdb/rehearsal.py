"""What a store would hold after change sets that are never applied to it: large imports are tried out against this."""

from __future__ import annotations

import datetime as dt
import heapq
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from types import TracebackType
from typing import Self

from cmdb.changeset import ChangeSet
from cmdb.entities import Entity, Kind
from cmdb.observation import Observation
from cmdb.reconcile.plan import Plan, Reconciler
from cmdb.reconcile.rows import Row
from cmdb.reconcile.snapshot import Snapshot
from cmdb.spool.file import SpoolFile
from cmdb.store.codec import decode, encode
from cmdb.store.fields import indexed_values
from cmdb.store.instants import from_microseconds, to_microseconds
from cmdb.store.protocol import PAGE_LIMIT, KeyOwners, Seen, Store

_TABLES = (
    "CREATE TABLE entity (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID",
    "CREATE TABLE lookup (field TEXT, value TEXT, id TEXT, PRIMARY KEY (field, value, id)) WITHOUT ROWID",
    "CREATE TABLE owner (key TEXT PRIMARY KEY, owners TEXT, is_strong INTEGER, is_shared INTEGER) WITHOUT ROWID",
    "CREATE TABLE seen (subject TEXT PRIMARY KEY, first_at INTEGER, last_at INTEGER) WITHOUT ROWID",
)


class Rehearsal:
    """Plans observations one after the other as if each had been applied; writes nothing to the store. Use it as a context."""

    def __init__(self, store: Store, reconciler: Reconciler, *, clock: Callable[[], dt.datetime]) -> None:
        self._overlay = _Overlay(store)
        self._reconciler = reconciler
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._overlay.close()

    def plan(
        self, observation: Observation, *, by: str, resolved: Mapping[str, str], rows: Sequence[Row] | None = None
    ) -> Plan:
        """What submitting would write; the next plan takes it for written."""
        plan = self._reconciler.plan(
            observation, Snapshot(self._overlay), now=self._clock(), by=by, resolved=resolved, rows=rows
        )
        self._overlay.take(plan.change_set)
        return plan


class _Overlay:
    """A store's present, with what was taken over it; what ended has no body, what nobody owns no owners."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._file = SpoolFile()
        for statement in _TABLES:
            self._file.run(statement)

    def close(self) -> None:
        self._file.close()

    def take(self, change_set: ChangeSet) -> None:
        for write in change_set.writes:
            # a lookup stays when its value has gone: what is found is looked at again
            found = sorted(indexed_values(write.kind, write.after)) if write.after is not None else []
            self._file.write(
                "INSERT OR IGNORE INTO lookup VALUES (?, ?, ?)",
                [(f"{write.kind}.{field}", value, write.id) for field, value in found],
            )
        self._file.write(
            "INSERT OR REPLACE INTO entity VALUES (?, ?, ?)",
            [
                (write.kind, write.id, None if write.after is None else encode(write.after))
                for write in change_set.writes
            ],
        )
        self._file.write(
            "INSERT OR REPLACE INTO owner VALUES (?, ?, ?, ?)",
            [(key.key, json.dumps(key.owners), key.is_strong, key.is_shared) for key in change_set.keys],
        )
        self._file.write(
            "INSERT INTO seen VALUES (?1, ?2, ?2) ON CONFLICT (subject) DO UPDATE SET"
            " first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)",
            [(sighting.subject, to_microseconds(sighting.at)) for sighting in change_set.sightings],
        )

    def revision(self) -> int:
        return self._store.revision()

    def _taken(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity | None]:
        query = f"SELECT id, body FROM entity WHERE kind = '{kind.value}' AND id IN (SELECT value FROM json_each(?))"  # noqa: S608 - a closed set of kinds
        return {id_: None if body is None else decode(kind, body) for id_, body in self._file.rows_in(query, ids)}

    def get_many(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
        taken = self._taken(kind, ids)
        found = self._store.get_many(kind, [id_ for id_ in ids if id_ not in taken])
        return found | {id_: entity for id_, entity in taken.items() if entity is not None}

    def find(self, kind: Kind, field: str, values: Collection[str], *, limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        stored = {entity.id: entity for entity in self._store.find(kind, field, values, limit=limit)}
        query = f"SELECT DISTINCT id FROM lookup WHERE field = '{kind.value}.{field}' AND value IN (SELECT value FROM json_each(?))"  # noqa: S608 - fields of a table in code
        ids = {id_ for (id_,) in self._file.rows_in(query, values)} | set(stored)
        for id_, entity in self._taken(kind, ids).items():
            if entity is not None and any((field, value) in indexed_values(kind, entity) for value in values):
                stored[id_] = entity
            else:
                stored.pop(id_, None)
        return tuple(sorted(stored.values(), key=attrgetter("id"))[:limit])

    def scan(self, kind: Kind, *, after: str = "", limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        stored = self._store.scan(kind, after=after, limit=limit)
        last = stored[-1].id if len(stored) == limit else None
        query = "SELECT id, body FROM entity WHERE kind = ? AND id > ? AND (? IS NULL OR id <= ?) ORDER BY id"
        taken: dict[str, str | None] = dict(self._file.rows(query, (kind, after, last, last)))
        ours = [decode(kind, body) for body in taken.values() if body is not None]
        theirs = [entity for entity in stored if entity.id not in taken]
        return tuple(heapq.merge(theirs, ours, key=attrgetter("id")))

    def owners(self, keys: Collection[str]) -> dict[str, KeyOwners]:
        query = "SELECT key, owners, is_strong, is_shared FROM owner WHERE key IN (SELECT value FROM json_each(?))"
        taken = {
            key: KeyOwners(tuple(json.loads(owners)), bool(is_strong), bool(is_shared))
            for key, owners, is_strong, is_shared in self._file.rows_in(query, keys)
        }
        found = self._store.owners([key for key in keys if key not in taken])
        return found | {key: held for key, held in taken.items() if held.owners}

    def seen(self, subjects: Collection[str]) -> dict[str, Seen]:
        found = self._store.seen(subjects)
        query = "SELECT subject, first_at, last_at FROM seen WHERE subject IN (SELECT value FROM json_each(?))"
        for subject, first, last in self._file.rows_in(query, subjects):
            first_at, last_at = from_microseconds(first), from_microseconds(last)
            known = found.get(subject)
            found[subject] = Seen(
                min(first_at, known.first_at) if known else first_at, max(last_at, known.last_at) if known else last_at
            )
        return found
