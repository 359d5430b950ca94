"""Walks through everything of a store or of its past, page by page, in memory of one page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar, cast

from cmdb.changeset import Change
from cmdb.entities import ENTITY_TYPES, Entity, Kind
from cmdb.store.protocol import PAGE_LIMIT

E = TypeVar("E", bound=Entity)
_KINDS = {type_: kind for kind, type_ in ENTITY_TYPES.items()}


class Scanned(Protocol):
    """What a walk through entities asks of a store or a view."""

    def scan(self, kind: Kind, *, after: str = "", limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        """As `Store.scan`."""


class Recorded(Protocol):
    """What a walk through a history asks of a store or a view."""

    def history(self, kind: Kind, id_: str, *, after: int = 0, limit: int = 1000) -> tuple[Change, ...]:
        """As `Store.history`."""


def pages_of(view: Scanned, type_: type[E], *, limit: int = PAGE_LIMIT) -> Iterator[tuple[E, ...]]:
    """Every entity of a type in id order, at most `limit` at a time."""
    after = ""
    while page := cast("tuple[E, ...]", view.scan(_KINDS[type_], after=after, limit=limit)):
        yield page
        after = page[-1].id


def every(view: Scanned, type_: type[E]) -> Iterator[E]:
    """Every entity of a type, in id order."""
    for page in pages_of(view, type_):
        yield from page


def every_change(view: Recorded, kind: Kind, id_: str) -> Iterator[Change]:
    """Every change of one entity, oldest first."""
    after = 0
    while page := view.history(kind, id_, after=after):
        yield from page
        after = page[-1].revision
