"""The embedded store: one SQLite file, or a database in memory, that needs no server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence

from cmdb.asking.condition import Condition, Sort
from cmdb.changeset import Change, ChangeSet, Revision, Touch, Write
from cmdb.entities import CI, Entity, Kind
from cmdb.store.erasure import Erasure
from cmdb.store.fields import checked_field
from cmdb.store.instants import to_microseconds, utc_now
from cmdb.store.listing import Listing
from cmdb.store.paging import checked_limit, make_cursor
from cmdb.store.protocol import PAGE_LIMIT, EdgeRow, Horizon, KeyOwners, NodeRow, Page, Seen, Sighted, Store, Then
from cmdb.store.sqlite import compacting, erasing, formerly, past, reading, sightings
from cmdb.store.sqlite.connections import MEMORY, Connections, bounded
from cmdb.store.sqlite.listing import places_of_cis
from cmdb.store.sqlite.search_tables import ids_of_words
from cmdb.store.sqlite.writing import note, recorded, to_revision, write
from cmdb.store.validation import check, check_notes

_BATCH = 20_000
"""Nodes or edges in one batch of a whole-graph read."""
_REVISION = "SELECT number, at, by, reason, change_set, run_id FROM revision"


class SqliteStore(Store):
    """A `Store` on SQLite: WAL with full sync, so that a confirmed revision survives kill -9 and power loss.

    `path` names a file in an existing folder, made when absent and readable by its owner alone, or is `:memory:`. `clock`
    gives the time of each commit; a revision's time never goes back. Opening raises `Invalid` for a folder, another
    program's file or a newer store, and `Unavailable` for a place that cannot be written.
    """

    def __init__(self, path: str, *, clock: Callable[[], dt.datetime] = utc_now) -> None:
        self._connections = Connections(path)
        self._clock = clock

    @classmethod
    def in_memory(cls, *, clock: Callable[[], dt.datetime] = utc_now) -> SqliteStore:
        """An empty store that ends with the process."""
        return cls(MEMORY, clock=clock)

    def apply(self, change_set: ChangeSet) -> Revision | None:
        """As `Store.apply`; waits at most 30 s for other writers, then `Unavailable`."""
        checked = check(change_set)
        with self._connections.writing() as connection:
            return write(connection, checked, to_microseconds(self._clock()))

    def note(self, writes: Sequence[Write]) -> None:
        """As `Store.note`."""
        checked = check_notes(writes)
        with self._connections.writing() as connection:
            note(connection, checked)

    def erase(self, change_set: ChangeSet, erasure: Erasure) -> Revision:
        """As `Store.erase`."""
        checked = check(change_set)
        with self._connections.writing() as connection:
            return erasing.erase(connection, checked, to_microseconds(self._clock()), erasure)

    def acquire_lease(self, name: str, owner: str, *, now: dt.datetime, ttl_s: float) -> bool:
        """As `Store.acquire_lease`."""
        at = to_microseconds(now)
        row = {"name": name, "owner": owner, "now": at, "expires_at": at + round(ttl_s * 1_000_000)}
        with self._connections.writing() as connection:
            taken = connection.execute(
                "INSERT INTO lease VALUES (:name, :owner, :expires_at) ON CONFLICT (name) DO UPDATE SET"
                " owner = excluded.owner, expires_at = excluded.expires_at"
                " WHERE lease.owner = excluded.owner OR lease.expires_at <= :now",
                row,
            ).rowcount
        return taken == 1

    def release_lease(self, name: str, owner: str) -> None:
        """As `Store.release_lease`."""
        with self._connections.writing() as connection:
            connection.execute("DELETE FROM lease WHERE name = ? AND owner = ?", (name, owner))

    def revision(self) -> int:
        """As `Store.revision`."""
        with self._connections.reading() as connection:
            (number,) = connection.execute("SELECT coalesce(max(number), 0) FROM revision").fetchone()
        return int(number)

    def get_many(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
        """As `Store.get_many`."""
        with self._connections.reading() as connection:
            return reading.many(connection, kind, ids)

    def find(self, kind: Kind, field: str, values: Collection[str], *, limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        """As `Store.find`."""
        checked_field(kind, field)
        with self._connections.reading() as connection:
            return reading.by_field(connection, kind, field, values, checked_limit(limit))

    def scan(
        self, kind: Kind, *, after: str = "", limit: int = PAGE_LIMIT, as_of: int | None = None
    ) -> tuple[Entity, ...]:
        """As `Store.scan`."""
        checked_limit(limit)
        with self._connections.reading() as connection:
            if as_of is None:
                return reading.page(connection, kind, after, limit)
            return past.page_as_of(connection, kind, after, limit, past.last_place(as_of))

    def count(self, kind: Kind) -> dict[str, int]:
        """As `Store.count`."""
        with self._connections.reading() as connection:
            return reading.count(connection, kind)

    def owners(self, keys: Collection[str], *, as_of: int | None = None) -> dict[str, KeyOwners]:
        """As `Store.owners`."""
        with self._connections.reading() as connection:
            return past.owners(connection, keys, as_of)

    def seen(self, subjects: Collection[str], *, as_of: int | None = None) -> dict[str, Seen]:
        """As `Store.seen`."""
        with self._connections.reading() as connection:
            return (
                sightings.seen(connection, subjects)
                if as_of is None
                else sightings.seen_then(connection, subjects, as_of)
            )

    def sightings_of(self, subjects: Collection[str]) -> dict[str, tuple[Sighted, ...]]:
        """As `Store.sightings_of`."""
        with self._connections.reading() as connection:
            return sightings.sightings_of(connection, subjects)

    def last_runs(self, subjects: Collection[str]) -> dict[str, str]:
        """As `Store.last_runs`."""
        with self._connections.reading() as connection:
            return erasing.last_runs(connection, subjects)

    def keys_of(self, cis: Collection[str]) -> tuple[str, ...]:
        """As `Store.keys_of`."""
        with self._connections.reading() as connection:
            return erasing.keys_of(connection, cis)

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
        """As `Store.list_cis`; a filter that takes longer than a minute raises `Unavailable`."""
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
        with self._connections.reading() as connection, bounded(connection):
            places = places_of_cis(connection, listing)
            shown = places[:limit]
            found = reading.many(connection, Kind.CI, [id_ for _, id_ in shown])
        cursor = make_cursor(shown[-1][0], shown[-1][1], listing.sort) if len(places) > limit else None
        return Page(reading.in_order(found, shown), cursor)

    def find_words(self, ways: Sequence[Sequence[str]], *, limit: int = 200) -> tuple[CI, ...]:
        """As `Store.find_words`."""
        checked_limit(limit)
        with self._connections.reading() as connection:
            ids = ids_of_words(connection, ways, limit)
            found = reading.many(connection, Kind.CI, ids)
        return reading.in_order(found, [("", id_) for id_ in ids])

    def changes(self, *, after: int, after_sequence: int | None = None, limit: int = 1000) -> tuple[Change, ...]:
        """As `Store.changes`."""
        checked_limit(limit)
        with self._connections.reading() as connection:
            compacting.refuse_gone(connection, after)
            return past.changes(connection, past.last_place(after, after_sequence), limit)

    def touches(self, *, after: int, limit: int = 1000) -> tuple[Touch, ...]:
        """As `Store.touches`."""
        with self._connections.reading() as connection:
            return sightings.touches(connection, after, checked_limit(limit))

    def revisions(self, *, after: int = 0, limit: int = 1000) -> tuple[Revision, ...]:
        """As `Store.revisions`."""
        with self._connections.reading() as connection:
            query = f"{_REVISION} WHERE number > ? ORDER BY number LIMIT ?"
            return tuple(to_revision(row) for row in connection.execute(query, (after, checked_limit(limit))))

    def revision_at(self, at: dt.datetime) -> int:
        """As `Store.revision_at`."""
        with self._connections.reading() as connection:
            query = "SELECT coalesce(max(number), 0) FROM revision WHERE at <= ?"
            (number,) = connection.execute(query, (to_microseconds(at),)).fetchone()
        return int(number)

    def revision_of(self, change_set_id: str) -> Revision | None:
        """As `Store.revision_of`."""
        with self._connections.reading() as connection:
            return recorded(connection, change_set_id)

    def history(self, kind: Kind, id_: str, *, after: int = 0, limit: int = 1000) -> tuple[Change, ...]:
        """As `Store.history`; `after` is a revision."""
        checked_limit(limit)
        with self._connections.reading() as connection:
            return past.history(connection, kind, id_, past.last_place(after), limit)

    def histories(
        self, kind: Kind, ids: Collection[str], *, after: int = 0, after_sequence: int | None = None, limit: int = 1000
    ) -> tuple[Change, ...]:
        """As `Store.histories`."""
        checked_limit(limit)
        checked_limit(len(ids) or 1)
        with self._connections.reading() as connection:
            return past.histories(connection, kind, ids, past.last_place(after, after_sequence), limit)

    def horizon(self) -> Horizon | None:
        """As `Store.horizon`."""
        with self._connections.reading() as connection:
            return compacting.horizon(connection)

    def compact(self, horizon: Horizon, kept: Collection[Then]) -> Iterator[int]:
        """As `Store.compact`; freed pages are used again, the file does not shrink."""
        return compacting.compact(self._connections, horizon, kept)

    def difference(
        self, first: int, second: int, *, after: tuple[int, int] | None = None, limit: int = 1000
    ) -> tuple[Change, ...]:
        """As `Store.difference`."""
        checked_limit(limit)
        places = (past.last_place(first), past.last_place(*after) if after else past.last_place(first))
        until = past.last_place(second)
        with self._connections.reading() as connection:
            return past.difference(connection, *places, until, limit)

    def then(self, at: dt.datetime | int) -> Then:
        """As `Store.then`."""
        with self._connections.reading() as connection:
            revision, instant = (at, None) if isinstance(at, int) else (None, to_microseconds(at))
            return compacting.snapped(connection, sightings.then(connection, revision, instant))

    def ids_ever(
        self, kind: Kind, field: str, values: Collection[str], *, after: str = "", limit: int = PAGE_LIMIT
    ) -> tuple[str, ...]:
        """As `Store.ids_ever`."""
        name = f"{kind}.{checked_field(kind, field)}"
        with self._connections.reading() as connection:
            return formerly.ids_ever(connection, name, values, after, checked_limit(limit))

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
        with self._connections.reading() as connection:
            return formerly.places_ever(
                connection,
                class_names=class_names,
                names=names,
                search=search,
                after=after,
                limit=checked_limit(limit),
            )

    def get_many_as_of(self, kind: Kind, ids: Collection[str], revision: int) -> dict[str, Entity]:
        """As `Store.get_many_as_of`."""
        with self._connections.reading() as connection:
            return past.many_as_of(connection, kind, ids, past.last_place(revision))

    def iter_nodes(self) -> Iterator[Sequence[NodeRow]]:
        """As `Store.iter_nodes`; no transaction is held between batches."""
        after = ""
        while True:
            with self._connections.reading() as connection:
                rows = reading.nodes(connection, after, _BATCH)
            if not rows:
                return
            yield rows
            after = rows[-1].id

    def iter_edges(self) -> Iterator[Sequence[EdgeRow]]:
        """As `Store.iter_edges`; no transaction is held between batches."""
        after = ""
        while True:
            with self._connections.reading() as connection:
                rows, after = reading.edges(connection, after, _BATCH)
            if not rows:
                return
            yield rows

    def close(self) -> None:
        """As `Store.close`."""
        self._connections.close()
