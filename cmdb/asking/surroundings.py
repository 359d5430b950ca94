"""What is around CIs in a store, as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from cmdb.asking.condition import Direction
from cmdb.asking.facts import Surroundings
from cmdb.entities import CI, Claim, Kind, Relationship
from cmdb.store.protocol import PAGE_LIMIT, Seen, Store

_FIELDS = {Direction.OUT: ("source",), Direction.IN: ("target",), Direction.ANY: ("source", "target")}


class StoreSurroundings(Surroundings):
    """Asks the store about one CI at a time, at most `PAGE_LIMIT` claims or relationships of each."""

    def __init__(self, store: Store) -> None:
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
