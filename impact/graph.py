"""The whole estate in memory, kept current from the store's change feed."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import replace

from cmdb.changeset import Change
from cmdb.entities import Relationship
from cmdb.store.protocol import PAGE_LIMIT, Store, Then
from impact.assembly import assemble
from impact.delta import advance, needs_compaction
from impact.digest import digest
from impact.engine import Engine, engine_for
from impact.estate import Estate, extract, microseconds
from impact.rows import read, read_as_of
from impact.scratch import ScratchShelf
from impact.sightings import newest_touch, with_sightings
from impact.snapshot import Snapshot
from impact.travel import TravelRule, TravelTable


class ImpactGraph:
    """`current` is a frozen snapshot that any thread may read; `advance`, `refresh_sightings` and `verify` replace it.

    A reader takes `current` once and works on it: a replacement never changes arrays that somebody reads.
    """

    def __init__(self, snapshot: Snapshot, *, engine: Engine | None = None, touch: int = 0) -> None:
        self._current = snapshot
        self._engine = engine
        self._touch = touch
        self._is_followed = False
        self._writing = threading.Lock()
        self.shelf = ScratchShelf()

    @classmethod
    def build(cls, store: Store, travel: Iterable[TravelRule], *, engine: Engine | None = None) -> ImpactGraph:
        """The store's graph at its newest revision. `engine` None picks one (impact/engine.py).

        Cost: see docs/performance.md. Raises `Unavailable` when the store does not answer.
        """
        touch = newest_touch(store)
        graph = cls(assemble(read(store), TravelTable.of(travel)), engine=engine, touch=touch)
        graph._catch_up(store, None)
        return graph

    @classmethod
    def as_of(
        cls, store: Store, then: Then, travel: Iterable[TravelRule], *, engine: Engine | None = None
    ) -> ImpactGraph:
        """The graph as it was then, for questions about the past; slow, and not to be advanced."""
        return cls(assemble(read_as_of(store, then), TravelTable.of(travel)), engine=engine)

    @classmethod
    def of(cls, estate: Estate, travel: Iterable[TravelRule], *, engine: Engine | None = None) -> ImpactGraph:
        """The graph of plain columns, without a store."""
        return cls(assemble(estate, TravelTable.of(travel)), engine=engine)

    @property
    def current(self) -> Snapshot:
        """The newest snapshot."""
        return self._current

    @property
    def revision(self) -> int:
        """The revision that answers are given at."""
        return self._current.revision

    @property
    def engine(self) -> Engine:
        """The kernel that answers."""
        return self._engine or engine_for(self._current.node_count, is_followed=self._is_followed)

    def _load_engine(self) -> None:
        engine_for(self._current.node_count, is_followed=True)

    def advance(self, store: Store, *, until: int | None = None) -> int:
        """Take in what the store committed since (not past `until`), and return the revision now reached.

        Readers see whole revisions only. The base is rebuilt in memory when the delta passes 5 % of it. Cheap when there is
        nothing new.
        """
        if not self._is_followed:
            self._is_followed = True
            # a graph that is followed will be asked often: the compiled code is loaded now, not at a question
            self._load_engine()
        return self._catch_up(store, until)

    def _catch_up(self, store: Store, until: int | None) -> int:
        """What `advance` promises, for a graph that may or may not be followed from here on."""
        with self._writing:
            snapshot = self._current
            newest = store.revision() if until is None else until
            while changes := _whole_revisions(store, snapshot.revision, until):
                snapshot = advance(snapshot, changes, lambda found: _last_seen(store, found))
                if needs_compaction(snapshot):
                    snapshot = assemble(extract(snapshot), snapshot.travel)
                self._current = snapshot
            if newest > snapshot.revision:
                # a revision need not have entries in the feed
                self._current = snapshot = replace(snapshot, revision=newest)
            return snapshot.revision

    def refresh_sightings(self, store: Store) -> int:
        """Take in sightings that changed nothing else, and return how many; answers' `oldest_seen_at` lags until then."""
        with self._writing:
            self._current, self._touch, count = with_sightings(store, self._current, after=self._touch)
            return count

    def digest(self) -> str:
        """Hex digest of every CI, relationship and group, whatever the order and numbering; sightings are not in it.

        Cost: several seconds for a million CIs.
        """
        return digest(extract(self._current))

    def verify(self, store: Store) -> bool:
        """Whether this graph equals one read anew from the store; if not, that one takes its place. As slow as `build`."""
        fresh = ImpactGraph.build(store, self._current.travel.rules)
        self.advance(store, until=fresh.revision)
        fresh.advance(store, until=self.revision)
        if fresh.digest() == self.digest():
            return True
        with self._writing:
            self._current, self._touch = fresh._current, fresh._touch
        return False


def _whole_revisions(store: Store, after: int, until: int | None) -> tuple[Change, ...]:
    """The next changes up to `until`, cut at the end of a revision; a revision larger than a page is read to its end."""
    if until is not None and after >= until:
        return ()
    changes = _page(store, after)
    return changes if until is None else tuple(change for change in changes if change.revision <= until)


def _page(store: Store, after: int) -> tuple[Change, ...]:
    changes = store.changes(after=after, limit=PAGE_LIMIT)
    if len(changes) < PAGE_LIMIT:
        return changes
    last = changes[-1].revision
    if changes[0].revision != last:
        return tuple(change for change in changes if change.revision != last)
    whole = list(changes)
    while page := store.changes(after=last, after_sequence=whole[-1].sequence, limit=PAGE_LIMIT):
        whole += [change for change in page if change.revision == last]
        if page[-1].revision != last:
            break
    return tuple(whole)


def _last_seen(store: Store, relationships: Collection[Relationship]) -> dict[str, int]:
    subjects = {f"{found.id}@{source}": found.id for found in relationships for source in found.claimed}
    last: dict[str, int] = {}
    for subject, seen in store.seen(subjects.keys()).items():
        id_ = subjects[subject]
        last[id_] = max(last.get(id_, 0), microseconds(seen.last_at))
    return last
