"""The production store: Neo4j 5, one server or a cluster, where the graph reads like a graph."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence

from cmdb.asking.condition import Condition, Sort
from cmdb.changeset import Change, ChangeSet, Revision, Touch, Write
from cmdb.entities import CI, Entity, Kind, Relationship
from cmdb.store.erasure import Erasure
from cmdb.store.fields import checked_field
from cmdb.store.instants import to_microseconds, utc_now
from cmdb.store.listing import Listing
from cmdb.store.neo4j import compacting, erasing, formerly, past, reading, schema, sightings
from cmdb.store.neo4j.database import PATIENCE_S, Database, Transaction
from cmdb.store.neo4j.listing import list_cis
from cmdb.store.neo4j.properties import LabelsOf, indexable
from cmdb.store.neo4j.search_nodes import find_words
from cmdb.store.neo4j.writing import REVISION, note, owners, recorded, to_revision, write
from cmdb.store.paging import checked_limit
from cmdb.store.protocol import PAGE_LIMIT, EdgeRow, Horizon, KeyOwners, NodeRow, Page, Seen, Sighted, Store, Then
from cmdb.store.validation import CheckedChangeSet, check, check_notes

_NODES = 20_000
_SOURCES = 2_000
"""CIs whose relationships are read in one packed answer (measured: eight to twelve times one row per relationship)."""
_EDGES = 20_000


class Neo4jStore(Store):
    """A `Store` on Neo4j 5.26 or later, Community included.

    `labels_of` gives the labels of a class and its parents in words, `clock` the time of each commit; a revision's time
    never goes back. Opening makes missing constraints and indexes; it raises `Unavailable` when the server does not
    answer, `Denied` for a wrong login, and `Invalid` for a newer store, another program's data or a malformed URL.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str,
        password: str,
        database: str,
        labels_of: LabelsOf,
        clock: Callable[[], dt.datetime] = utc_now,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._labels_of = labels_of
        self._clock = clock
        self._types: set[str] = set()
        self._database = Database(url, user=user, password=password, database=database, patience_s=patience_s)
        try:
            schema.prepare(self._database)
        except BaseException:
            self._database.close()
            raise

    def apply(self, change_set: ChangeSet) -> Revision | None:
        """As `Store.apply`; transient errors are tried again for `patience_s`, then `Unavailable`."""
        checked = check(change_set)
        self._ensure_types(checked)
        return self._database.write(lambda transaction: write(transaction, checked, self._now(), self._labels_of))

    def note(self, writes: Sequence[Write]) -> None:
        """As `Store.note`."""
        checked = check_notes(writes)
        self._database.write(lambda transaction: note(transaction, checked, self._labels_of))

    def erase(self, change_set: ChangeSet, erasure: Erasure) -> Revision:
        """As `Store.erase`."""
        checked = check(change_set)
        self._ensure_types(checked)
        return self._database.write(
            lambda transaction: erasing.erase(transaction, checked, self._now(), self._labels_of, erasure)
        )

    def _now(self) -> dt.datetime:
        return self._clock().astimezone(dt.UTC)

    def _ensure_types(self, checked: CheckedChangeSet) -> None:
        for encoded in checked.writes:
            after = encoded.write.after
            if isinstance(after, Relationship) and after.type not in self._types:
                schema.ensure_type(self._database, after.type)
                self._types.add(after.type)

    def acquire_lease(self, name: str, owner: str, *, now: dt.datetime, ttl_s: float) -> bool:
        """As `Store.acquire_lease`."""
        at = to_microseconds(now)

        def take(transaction: Transaction) -> bool:
            # The first SET takes the lock, so that what follows is decided on the newest committed owner.
            found = transaction.rows(
                "MERGE (l:Lease {name: $name}) SET l.asked_by = $owner"
                " WITH l WHERE l.owner IS NULL OR l.owner = $owner OR l.expires_at <= $at"
                " SET l.owner = $owner, l.expires_at = $expires_at RETURN 1",
                name=indexable(name),
                owner=owner,
                at=at,
                expires_at=at + round(ttl_s * 1_000_000),
            )
            return bool(found)

        return self._database.write(take)

    def release_lease(self, name: str, owner: str) -> None:
        """As `Store.release_lease`."""
        query = "MATCH (l:Lease {name: $name}) WHERE l.owner = $owner REMOVE l.owner, l.expires_at"
        self._database.write(lambda transaction: transaction.rows(query, name=indexable(name), owner=owner))

    def revision(self) -> int:
        """As `Store.revision`."""
        query = "MATCH (c:Counter {name: 'revision'}) RETURN c.revision"
        return int(self._database.read(lambda transaction: transaction.rows(query))[0][0])

    def get_many(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
        """As `Store.get_many`."""
        return self._database.read(lambda transaction: reading.many(transaction, kind, ids))

    def find(self, kind: Kind, field: str, values: Collection[str], *, limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        """As `Store.find`."""
        checked_field(kind, field)
        checked_limit(limit)
        return self._database.read(lambda transaction: reading.by_field(transaction, kind, field, values, limit))

    def scan(
        self, kind: Kind, *, after: str = "", limit: int = PAGE_LIMIT, as_of: int | None = None
    ) -> tuple[Entity, ...]:
        """As `Store.scan`."""
        checked_limit(limit)
        if as_of is None:
            return self._database.read(lambda transaction: reading.page(transaction, kind, after, limit))
        place = past.last_place(as_of)
        return self._database.read(lambda transaction: past.page_as_of(transaction, kind, after, limit, place))

    def count(self, kind: Kind) -> dict[str, int]:
        """As `Store.count`."""
        return self._database.read(lambda transaction: reading.count(transaction, kind))

    def owners(self, keys: Collection[str], *, as_of: int | None = None) -> dict[str, KeyOwners]:
        """As `Store.owners`."""
        if as_of is None:
            found = self._database.read(lambda transaction: owners(transaction, sorted(set(keys))))
        else:
            found = self._database.read(lambda transaction: past.owners_then(transaction, keys, as_of))
        return {key: held for key, held in found.items() if held.owners}

    def seen(self, subjects: Collection[str], *, as_of: int | None = None) -> dict[str, Seen]:
        """As `Store.seen`."""
        if as_of is None:
            return self._database.read(lambda transaction: sightings.seen(transaction, subjects))
        return self._database.read(lambda transaction: sightings.seen_then(transaction, subjects, as_of))

    def sightings_of(self, subjects: Collection[str]) -> dict[str, tuple[Sighted, ...]]:
        """As `Store.sightings_of`."""
        return self._database.read(lambda transaction: sightings.sightings_of(transaction, subjects))

    def last_runs(self, subjects: Collection[str]) -> dict[str, str]:
        """As `Store.last_runs`."""
        return self._database.read(lambda transaction: erasing.last_runs(transaction, subjects))

    def keys_of(self, cis: Collection[str]) -> tuple[str, ...]:
        """As `Store.keys_of`."""
        return self._database.read(lambda transaction: erasing.keys_of(transaction, cis))

    def list_cis(
        self,
        *,
        class_names: Collection[str] | None = None,
        names: Collection[str] | None = None,
        search: str | None = None,
        has_retired: bool = True,
        condition: Condition | None = None,
        sort: Sort | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page:
        """As `Store.list_cis`."""
        listing = Listing.of(
            class_names=class_names,
            names=names,
            search=search,
            has_retired=has_retired,
            condition=condition,
            sort=sort,
            after=after,
            limit=limit,
        )
        return self._database.read(lambda transaction: list_cis(transaction, listing))

    def find_words(self, ways: Sequence[Sequence[str]], *, limit: int = 200) -> tuple[CI, ...]:
        """As `Store.find_words`."""
        checked_limit(limit)
        return self._database.read(lambda transaction: find_words(transaction, ways, limit))

    def changes(self, *, after: int, after_sequence: int | None = None, limit: int = 1000) -> tuple[Change, ...]:
        """As `Store.changes`."""
        checked_limit(limit)
        place = past.last_place(after, after_sequence)

        def read(transaction: Transaction) -> tuple[Change, ...]:
            compacting.refuse_gone(transaction, after)
            return past.changes(transaction, place, limit)

        return self._database.read(read)

    def touches(self, *, after: int, limit: int = 1000) -> tuple[Touch, ...]:
        """As `Store.touches`."""
        checked_limit(limit)
        return self._database.read(lambda transaction: sightings.touches(transaction, after, limit))

    def revisions(self, *, after: int = 0, limit: int = 1000) -> tuple[Revision, ...]:
        """As `Store.revisions`."""
        query = f"MATCH (r:Revision) WHERE r.number > $after RETURN {REVISION} ORDER BY r.number LIMIT $limit"
        checked_limit(limit)
        found = self._database.read(lambda transaction: transaction.rows(query, after=after, limit=limit))
        return tuple(to_revision(row) for row in found)

    def revision_at(self, at: dt.datetime) -> int:
        """As `Store.revision_at`."""
        to_microseconds(at)
        query = "MATCH (r:Revision) WHERE r.at <= $at RETURN r.number ORDER BY r.at DESC, r.number DESC LIMIT 1"
        found = self._database.read(lambda transaction: transaction.rows(query, at=at.astimezone(dt.UTC)))
        return int(found[0][0]) if found else 0

    def revision_of(self, change_set_id: str) -> Revision | None:
        """As `Store.revision_of`."""
        return self._database.read(lambda transaction: recorded(transaction, change_set_id))

    def history(self, kind: Kind, id_: str, *, after: int = 0, limit: int = 1000) -> tuple[Change, ...]:
        """As `Store.history`; `after` is a revision."""
        checked_limit(limit)
        place = past.last_place(after)
        return self._database.read(lambda transaction: past.history(transaction, kind, id_, place, limit))

    def histories(
        self, kind: Kind, ids: Collection[str], *, after: int = 0, after_sequence: int | None = None, limit: int = 1000
    ) -> tuple[Change, ...]:
        """As `Store.histories`."""
        checked_limit(limit)
        checked_limit(len(ids) or 1)
        place = past.last_place(after, after_sequence)
        return self._database.read(lambda transaction: past.histories(transaction, kind, ids, place, limit))

    def horizon(self) -> Horizon | None:
        """As `Store.horizon`."""
        return self._database.read(compacting.horizon)

    def compact(self, horizon: Horizon, kept: Collection[Then]) -> Iterator[int]:
        """As `Store.compact`."""
        return compacting.compact(self._database, horizon, kept)

    def difference(
        self, first: int, second: int, *, after: tuple[int, int] | None = None, limit: int = 1000
    ) -> tuple[Change, ...]:
        """As `Store.difference`."""
        checked_limit(limit)
        places = (past.last_place(first), past.last_place(*after) if after else past.last_place(first))
        until = past.last_place(second)
        return self._database.read(lambda transaction: past.difference(transaction, *places, until, limit))

    def then(self, at: dt.datetime | int) -> Then:
        """As `Store.then`."""
        if not isinstance(at, int):
            to_microseconds(at)
        return self._database.read(lambda transaction: compacting.snapped(transaction, sightings.then(transaction, at)))

    def ids_ever(
        self, kind: Kind, field: str, values: Collection[str], *, after: str = "", limit: int = PAGE_LIMIT
    ) -> tuple[str, ...]:
        """As `Store.ids_ever`."""
        checked_field(kind, field)
        checked_limit(limit)
        return self._database.read(
            lambda transaction: formerly.ids_ever(transaction, kind, field, values, after, limit)
        )

    def places_ever(
        self,
        *,
        class_names: Collection[str] | None = None,
        names: Collection[str] | None = None,
        search: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int = PAGE_LIMIT,
    ) -> tuple[tuple[str, str], ...]:
        """As `Store.places_ever`."""
        checked_limit(limit)
        return self._database.read(
            lambda transaction: formerly.places_ever(
                transaction, class_names=class_names, names=names, search=search, after=after, limit=limit
            )
        )

    def get_many_as_of(self, kind: Kind, ids: Collection[str], revision: int) -> dict[str, Entity]:
        """As `Store.get_many_as_of`."""
        place = past.last_place(revision)
        return self._database.read(lambda transaction: past.many_as_of(transaction, kind, ids, place))

    def iter_nodes(self) -> Iterator[Sequence[NodeRow]]:
        """As `Store.iter_nodes`; no transaction is held between batches."""
        after = ""
        while rows := self._nodes(after):
            yield rows
            after = rows[-1].id

    def _nodes(self, after: str) -> list[NodeRow]:
        return self._database.read(lambda transaction: reading.nodes(transaction, after, _NODES))

    def iter_edges(self) -> Iterator[Sequence[EdgeRow]]:
        """As `Store.iter_edges`; no transaction is held between batches."""
        after: str | None = ""
        while after is not None:
            rows, after = self._edges(after)
            for start in range(0, len(rows), _EDGES):
                yield rows[start : start + _EDGES]

    def _edges(self, after: str) -> tuple[list[EdgeRow], str | None]:
        return self._database.read(lambda transaction: reading.edges(transaction, after, _SOURCES))

    def close(self) -> None:
        """As `Store.close`."""
        self._database.close()
