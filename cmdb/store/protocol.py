"""The one interface of every store: synchronous, the same answers from each implementation.

All methods raise `Unavailable` when the store does not answer, and may be called from several threads. Reads see
committed state only, and never a lower revision than one that the same process has seen before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cmdb.asking.condition import Condition, Sort
from cmdb.changeset import Change, ChangeSet, Revision, Touch, Write
from cmdb.entities import CI, Entity, Kind
from cmdb.store.erasure import Erasure

PAGE_LIMIT = 10_000
"""The most that one page of any list may hold."""


@dataclass(frozen=True, slots=True)
class KeyOwners:
    """Who holds an identity key; a shared one identifies nobody."""

    owners: tuple[str, ...]
    is_strong: bool
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """First and last time that a subject was observed (the source's own times)."""

    first_at: dt.datetime
    last_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Sighted:
    """One sighting of a subject at `at`, kept while `revision` was the newest."""

    revision: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Page:
    """CIs in total order (name ignoring ASCII case, then id, unless asked for in another); `cursor` continues after the last, None at the end."""

    items: tuple[CI, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class NodeRow:
    """What impact needs of a CI."""

    id: str
    class_name: str
    name: str
    lifecycle: str


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """What impact needs of a relationship; `last_seen_at` over all sources, None when never sighted."""

    source: str
    type: str
    target: str
    confidence: float
    last_seen_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Then:
    """A point of the past: what was committed up to `revision`, and the sightings up to touch number `touch`."""

    revision: int
    touch: int


@dataclass(frozen=True, slots=True)
class Horizon:
    """Up to `then` only some points of the past are kept, the last of each UTC day among them; `at` is the end of that time."""

    then: Then
    at: dt.datetime


class Store(Protocol):
    """See the module's docstring."""

    # writing
    def apply(self, change_set: ChangeSet) -> Revision | None:
        """Write all or nothing and return the revision; None when there was nothing to write but sightings.

        Applying a change set whose id is already recorded returns its revision again and writes nothing.
        Raises `Conflict` when what was consulted has moved (see `ChangeSet`), when a `before` is not the current state,
        or when a strong key would get a second owner.
        """

    def note(self, writes: Sequence[Write]) -> None:
        """Keep runs and firings, all or nothing: what the program did, not what is, so without revision, feed entry or past.

        They are read like other entities. Raises `Conflict` when a `before` is not the current state, `Invalid` for a
        write of another kind.
        """

    def erase(self, change_set: ChangeSet, erasure: Erasure) -> Revision:
        """Apply a change set and rewrite every state, past and present, without what the erasure names, all or nothing.

        The one method that changes the past: history, feed and as-of answers keep their revisions, and read the names that
        stand instead. A change set that writes nothing makes a revision too, which tells of the erasure. Linear in all states.
        Raises as `apply`.
        """

    def acquire_lease(self, name: str, owner: str, *, now: dt.datetime, ttl_s: float) -> bool:
        """Take or renew a lease; False while another owner's has not run out at `now`."""

    def release_lease(self, name: str, owner: str) -> None:
        """Give a lease back; nothing happens when `owner` does not hold it."""

    # reading what is
    def revision(self) -> int:
        """Number of the newest revision, 0 for an empty store."""

    def get_many(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
        """The live entities of these ids; what does not exist is left out."""

    def find(self, kind: Kind, field: str, values: Collection[str], *, limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        """Live entities whose indexed `field` holds one of `values`, in id order, at most `limit`.

        Indexed: claim.ci, claim.source, claim.expires_in, relationship.source, relationship.target, redundancy.of, redundancy.members (any element), review.cis (any
        element), review.kind, parked.waiting_for, ci.class_name, ci.merged_into, run.state, schedule.name, firing.schedule. Another field raises `Invalid`.
        """

    def scan(
        self, kind: Kind, *, after: str = "", limit: int = PAGE_LIMIT, as_of: int | None = None
    ) -> tuple[Entity, ...]:
        """A page of all entities of a kind in id order, after the id `after`; `as_of` a revision reads the past, slowly."""

    def count(self, kind: Kind) -> dict[str, int]:
        """Live entities by class for CIs (merged ones left out), by type for relationships, else under ""."""

    def owners(self, keys: Collection[str], *, as_of: int | None = None) -> dict[str, KeyOwners]:
        """Owners of these identity keys, now or right after the revision `as_of`; unowned keys are left out."""

    def seen(self, subjects: Collection[str], *, as_of: int | None = None) -> dict[str, Seen]:
        """First and last sightings, of all or up to the touch number `as_of`; never-seen subjects are left out."""

    def sightings_of(self, subjects: Collection[str]) -> dict[str, tuple[Sighted, ...]]:
        """Every sighting of these subjects that counts, in the order of commit; never-seen subjects are left out."""

    def last_runs(self, subjects: Collection[str]) -> dict[str, str]:
        """Run of the newest sighting of each subject, by the time of observation; never-seen subjects are left out."""

    def keys_of(self, cis: Collection[str]) -> tuple[str, ...]:
        """Identity keys that these CIs own, in order; reads all keys."""

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
        """A page of CIs, merged ones left out, by name and id or in the order of `sort`.

        `names` match exactly, ignoring ASCII case; `search` is a substring of the name, ignoring ASCII case. Of `condition`
        (its times written out, `at_time`) those are left for which `cmdb.asking.matching.matches` says true. `after` continues
        a list that was asked for with the same arguments.
        """

    def find_words(self, ways: Sequence[Sequence[str]], *, limit: int = 200) -> tuple[CI, ...]:
        """CIs that hold the words of one of the `ways` (`cmdb.search.text`), merged ones left out.

        Every word but the last is a word of theirs, and the last begins one; where no CI is such, every word begins one.
        Of more than `limit`, those found by their name alone come before others and live ones before retired ones; which
        of these is left out is the store's affair.
        """

    # the past; a point before the horizon stands for the last one kept before it, which `then` gives
    def changes(self, *, after: int, after_sequence: int | None = None, limit: int = 1000) -> tuple[Change, ...]:
        """The feed after revision `after` (or after entry (`after`, `after_sequence`)), oldest first; complete and ordered.

        Raises `Gone` after a revision before the horizon that is not kept: what came and went since is not known any more.
        """

    def touches(self, *, after: int, limit: int = 1000) -> tuple[Touch, ...]:
        """Sightings by commit, after touch number `after`, oldest first."""

    def revisions(self, *, after: int = 0, limit: int = 1000) -> tuple[Revision, ...]:
        """Revisions after a number, oldest first."""

    def revision_at(self, at: dt.datetime) -> int:
        """The newest revision committed at or before `at`; 0 when there was none."""

    def revision_of(self, change_set_id: str) -> Revision | None:
        """Whether a change set landed: asked after an unknown outcome, never applied again blindly."""

    def history(self, kind: Kind, id_: str, *, after: int = 0, limit: int = 1000) -> tuple[Change, ...]:
        """All changes of one entity, oldest first."""

    def histories(
        self, kind: Kind, ids: Collection[str], *, after: int = 0, after_sequence: int | None = None, limit: int = 1000
    ) -> tuple[Change, ...]:
        """Changes of at most 1,000 entities together, placed and ordered as in `changes`."""

    def horizon(self) -> Horizon | None:
        """From when on every state is kept; None when all are."""

    def compact(self, horizon: Horizon, kept: Collection[Then]) -> Iterator[int]:
        """Drop states and sightings that no kept point up to the horizon shows; `kept` has the horizon itself.

        What is kept is declared first; then each step is one transaction of bounded size and yields how much it dropped.
        It may be cut off between any two, and is finished by calling it again. What was kept before stays kept.
        """

    def difference(
        self, first: int, second: int, *, after: tuple[int, int] | None = None, limit: int = 1000
    ) -> tuple[Change, ...]:
        """CIs, relationships and redundancy groups that differ between right after revision `first` and right after `second`.

        Each is one change, at the place of its last one in between: `before` as of `first`, `after` as of `second`. In the
        order of the feed, after the place `after`. Costs what was written in between, not what there is.
        """

    def then(self, at: dt.datetime | int) -> Then:
        """The state at a time (of commit), or right after a revision and the sightings that came before the next one."""

    def ids_ever(
        self, kind: Kind, field: str, values: Collection[str], *, after: str = "", limit: int = PAGE_LIMIT
    ) -> tuple[str, ...]:
        """Ids after `after`, in order, of entities that are found by an indexed field (see `find`) or once were."""

    def places_ever(
        self,
        *,
        class_names: Collection[str] | None = None,
        names: Collection[str] | None = None,
        search: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int = PAGE_LIMIT,
    ) -> tuple[tuple[str, str], ...]:
        """Folded name and id, in order after `after`, of CIs that `list_cis` lists under it or once would have; a superset."""

    def get_many_as_of(self, kind: Kind, ids: Collection[str], revision: int) -> dict[str, Entity]:
        """The entities as they were right after `revision`."""

    # whole graph, for impact: batches, no order promised, at one revision or later (replay `changes` after it)
    def iter_nodes(self) -> Iterator[Sequence[NodeRow]]:
        """All CIs that are not merged, in batches of bounded size."""

    def iter_edges(self) -> Iterator[Sequence[EdgeRow]]:
        """All live relationships, in batches of bounded size."""

    def close(self) -> None:
        """Release files and connections; idempotent."""
