"""A join as the store remembers it: what it changed, and how everything was before and after it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol, cast

from cmdb.changeset import Change
from cmdb.entities import CI, Entity, Kind
from cmdb.errors import Conflict
from cmdb.store.protocol import KeyOwners, Seen


class Before(Protocol):
    """A store as it was just before a join."""

    def get_many(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity]:
        """As `Store.get_many` then."""

    def owners(self, keys: Collection[str]) -> dict[str, KeyOwners]:
        """As `Store.owners` then."""

    def seen(self, subjects: Collection[str]) -> dict[str, Seen]:
        """As `Store.seen` then."""


@dataclass(frozen=True, slots=True)
class Joined:
    """One join: the change of the CI that went, everything that its revision changed, and the store before and after it."""

    change: Change
    revision: tuple[Change, ...]
    before: Before
    after: Before
    _changes: dict[tuple[Kind, str], Change] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_changes", {(one.kind, one.id): one for one in self.revision})

    def went_into(self) -> dict[str, str]:
        """The CIs that the revision merged, each with the one that it went into."""
        return {
            one.id: one.after.merged_into
            for one in self.revision
            if isinstance(one.after, CI)
            and one.after.merged_into is not None
            and isinstance(one.before, CI)
            and one.before.merged_into is None
        }

    def change_of(self, kind: Kind, id_: str) -> Change | None:
        """What the revision did to an entity, None when nothing."""
        return self._changes.get((kind, id_))


def joining_change(history: Iterable[Change]) -> Change:
    """The newest change by which a CI was merged into another; raises `Conflict` when it is not merged."""
    newest: Change | None = None
    for change in history:
        before, after = cast("CI | None", change.before), cast("CI | None", change.after)
        if after is not None and after.merged_into is not None and (before is None or before.merged_into is None):
            newest = change
        elif after is None or after.merged_into is None:
            newest = None
    if newest is None:
        raise Conflict("this CI is not merged into another, so there is nothing to undo")
    return newest
