"""What a question needs of a store: the same methods answer for now and for then, so that answers are made in one way."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from cmdb.asking.condition import Condition, Sort
from cmdb.changeset import Change
from cmdb.entities import Entity, Kind
from cmdb.store.protocol import PAGE_LIMIT, KeyOwners, Page, Seen


class View(Protocol):
    """The reading half of `Store` at one point of time; a `Store` is its own view of now."""

    def revision(self) -> int:
        """As `Store.revision`, of that time."""

    def get_many(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
        """As `Store.get_many`."""

    def find(self, kind: Kind, field: str, values: Collection[str], *, limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        """As `Store.find`."""

    def scan(self, kind: Kind, *, after: str = "", limit: int = PAGE_LIMIT) -> tuple[Entity, ...]:
        """As `Store.scan`."""

    def count(self, kind: Kind) -> dict[str, int]:
        """As `Store.count`."""

    def owners(self, keys: Collection[str]) -> dict[str, KeyOwners]:
        """As `Store.owners`."""

    def seen(self, subjects: Collection[str]) -> dict[str, Seen]:
        """As `Store.seen`."""

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

    def history(self, kind: Kind, id_: str, *, after: int = 0, limit: int = 1000) -> tuple[Change, ...]:
        """As `Store.history`."""

    def histories(
        self, kind: Kind, ids: Collection[str], *, after: int = 0, after_sequence: int | None = None, limit: int = 1000
    ) -> tuple[Change, ...]:
        """As `Store.histories`."""

    def ids_ever(
        self, kind: Kind, field: str, values: Collection[str], *, after: str = "", limit: int = PAGE_LIMIT
    ) -> tuple[str, ...]:
        """As `Store.ids_ever`."""
