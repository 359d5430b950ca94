"""What a list of CIs is asked for, in one value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cmdb.asking.condition import Column, Condition, OwnColumn, Sort
from cmdb.store.paging import Placed, checked_limit, read_cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """As the arguments of `Store.list_cis`, checked; `after` is the last place, None at the beginning."""

    class_names: tuple[str, ...] | None
    names: tuple[str, ...] | None
    search: str | None
    has_retired: bool
    condition: Condition | None
    sort: Sort | None
    """None is by name, then id."""
    after: tuple[Placed, str] | None
    limit: int

    @staticmethod
    def of(
        *,
        class_names: Collection[str] | None,
        names: Collection[str] | None,
        search: str | None,
        has_retired: bool,
        condition: Condition | None,
        sort: Sort | None,
        after: str | None,
        limit: int,
    ) -> Listing:
        """A listing; `Invalid` for a limit that is none, or a cursor of another list."""
        by_name = OwnColumn(Column.NAME, sort.field.type) if sort is not None else None
        kept = None if sort is None or (sort.field == by_name and not sort.is_descending) else sort
        return Listing(
            class_names=None if class_names is None else tuple(sorted(set(class_names))),
            names=None if names is None else tuple(sorted(set(names))),
            search=search or None,
            has_retired=has_retired,
            condition=condition,
            sort=kept,
            after=None if after is None else read_cursor(after, kept),
            limit=checked_limit(limit),
        )
