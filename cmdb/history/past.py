"""A store as it was: the same questions, answered as they were then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from cmdb.asking.condition import Condition, Sort
from cmdb.changeset import Change
from cmdb.entities import CI, Entity, Kind, Relationship
from cmdb.history.past_lists import page_then
from cmdb.store.fields import checked_field, indexed_values
from cmdb.store.listing import Listing
from cmdb.store.paging import checked_limit
from cmdb.store.protocol import PAGE_LIMIT, KeyOwners, Page, Seen, Store, Then
from cmdb.store.view import View

_PIECE = 1000
"""Candidates that are looked at together."""


class Past(View):
    """A view of one point of the past; slower than now by what has changed since.

    Runs and firings have no past, and are not in it.
    """

    def __init__(self, store: Store, then: Then, *, caution: str | None = None) -> None:
        self.now = store
        self.then = then
        self.caution = caution
        """What to say beside every answer, when it is not of the very point that was asked for."""

    def revision(self) -> int:
        """The newest revision of that time."""
        return self.then.revision

    def get_many(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
        """As `Store.get_many` then."""
        return self.now.get_many_as_of(kind, ids, self.then.revision)

    def find(self, kind: Kind, field: str, values: Collection[str], *, limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        """As `Store.find` then."""
        checked_field(kind, field)
        checked_limit(limit)
        wanted = {(field, value) for value in values}
        found: list[Entity] = []
        for ids in self._ids_ever(kind, field, values):
            entities = self.get_many(kind, ids)
            found += [
                entity
                for id_ in ids
                if (entity := entities.get(id_)) is not None and not wanted.isdisjoint(indexed_values(kind, entity))
            ]
            if len(found) >= limit:
                break
        return tuple(found[:limit])

    def _ids_ever(self, kind: Kind, field: str, values: Collection[str]) -> Iterator[Sequence[str]]:
        after = ""
        while ids := self.now.ids_ever(kind, field, values, after=after, limit=_PIECE):
            yield ids
            after = ids[-1]

    def scan(self, kind: Kind, *, after: str = "", limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        """As `Store.scan` then."""
        return self.now.scan(kind, after=after, limit=limit, as_of=self.then.revision)

    def count(self, kind: Kind) -> dict[str, int]:
        """As `Store.count` then; reads every entity of the kind."""
        counted: Counter[str] = Counter()
        after = ""
        while page := self.scan(kind, after=after):
            counted.update(
                _counted_by(entity) for entity in page if not isinstance(entity, CI) or entity.merged_into is None
            )
            after = page[-1].id
        return dict(counted)

    def owners(self, keys: Collection[str]) -> dict[str, KeyOwners]:
        """As `Store.owners` then."""
        return self.now.owners(keys, as_of=self.then.revision)

    def seen(self, subjects: Collection[str]) -> dict[str, Seen]:
        """As `Store.seen` then."""
        return self.now.seen(subjects, as_of=self.then.touch)

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
        """As `Store.list_cis` then; with a `sort` beside the name every page looks at all that fits."""
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
        return page_then(self, listing)

    def places_ever(self, listing: Listing, after: tuple[str, str], limit: int) -> tuple[tuple[str, str], ...]:
        """As `Store.places_ever`, for a listing."""
        return self.now.places_ever(
            class_names=listing.class_names, names=listing.names, search=listing.search, after=after, limit=limit
        )

    def history(self, kind: Kind, id_: str, *, after: int = 0, limit: int = 1000) -> tuple[Change, ...]:
        """As `Store.history`, up to that time."""
        found = self.now.history(kind, id_, after=after, limit=limit)
        return tuple(change for change in found if change.revision <= self.then.revision)

    def histories(
        self, kind: Kind, ids: Collection[str], *, after: int = 0, after_sequence: int | None = None, limit: int = 1000
    ) -> tuple[Change, ...]:
        """As `Store.histories`, up to that time."""
        found = self.now.histories(kind, ids, after=after, after_sequence=after_sequence, limit=limit)
        return tuple(change for change in found if change.revision <= self.then.revision)

    def ids_ever(
        self, kind: Kind, field: str, values: Collection[str], *, after: str = "", limit: int = PAGE_LIMIT
    ) -> tuple[str, ...]:
        """As `Store.ids_ever`; ids of later entities are among them."""
        return self.now.ids_ever(kind, field, values, after=after, limit=limit)


def _counted_by(entity: Entity) -> str:
    match entity:
        case CI(class_name=name) | Relationship(type=name):
            return name
        case _:
            return ""


def cautions(view: View) -> list[str]:
    """What to say beside answers of a view."""
    return [view.caution] if isinstance(view, Past) and view.caution is not None else []
