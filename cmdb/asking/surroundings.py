"""What is around CIs in a store, now or in its past."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, cast

from cmdb.asking.condition import Direction
from cmdb.asking.facts import Surroundings
from cmdb.entities import CI, Claim, Entity, Kind, Relationship
from cmdb.store.protocol import PAGE_LIMIT, Seen

_FIELDS = {Direction.OUT: ("source",), Direction.IN: ("target",), Direction.ANY: ("source", "target")}


class Readable(Protocol):
    """What is asked of a store, or of a view of its past."""

    def get_many(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
        """As `Store.get_many`."""

    def find(self, kind: Kind, field: str, values: Collection[str], *, limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        """As `Store.find`."""

    def seen(self, subjects: Collection[str]) -> dict[str, Seen]:
        """As `Store.seen`."""


class StoreSurroundings(Surroundings):
    """Asks the store about one CI at a time, at most `PAGE_LIMIT` claims or relationships of each."""

    def __init__(self, store: Readable) -> None:
        self._store = store

    def seen(self, ci: CI) -> Seen | None:
        """As `Surroundings.seen`."""
        claims = cast("Sequence[Claim]", self._store.find(Kind.CLAIM, "ci", (ci.id,), limit=PAGE_LIMIT))
        found = self._store.seen([claim.id for claim in claims]).values()
        if not found:
            return None
        return Seen(min(seen.first_at for seen in found), max(seen.last_at for seen in found))

    def neighbours(self, ci: CI, types: Iterable[str], direction: Direction) -> Iterable[CI]:
        """As `Surroundings.neighbours`."""
        wanted = frozenset(types)
        ids: set[str] = set()
        for field in _FIELDS[direction]:
            for entity in self._store.find(Kind.RELATIONSHIP, field, (ci.id,), limit=PAGE_LIMIT):
                relationship = cast("Relationship", entity)
                if relationship.type in wanted:
                    ids.add(relationship.target if field == "source" else relationship.source)
        return cast("list[CI]", [other for _, other in sorted(self._store.get_many(Kind.CI, ids).items())])
