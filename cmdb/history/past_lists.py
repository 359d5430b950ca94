"""Lists of CIs as they were: candidates are found by what once was, and judged by what was then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from cmdb.asking.condition import Sort
from cmdb.asking.facts import Facts
from cmdb.asking.matching import field_value, matches
from cmdb.asking.order import in_order
from cmdb.asking.surroundings import StoreSurroundings
from cmdb.entities import CI, Entity, Kind, Lifecycle
from cmdb.store.folding import fold
from cmdb.store.listing import Listing
from cmdb.store.paging import Placed, make_cursor
from cmdb.store.protocol import Page
from cmdb.store.view import View

_PIECE = 1000
"""Candidates that are looked at together."""
_NEVER = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
"""The time of a question whose condition has its times written out."""


class Candidates(View, Protocol):
    """A view that also names the CIs which a list may hold."""

    def places_ever(self, listing: Listing, after: tuple[str, str], limit: int) -> tuple[tuple[str, str], ...]:
        """Folded names and ids in order after `after`, a superset of what the list holds."""


def page_then(view: Candidates, listing: Listing) -> Page:
    """The page that the list had in this view."""
    if listing.sort is not None:
        return _sorted(view, listing, listing.sort)
    start = ("", "") if listing.after is None else (str(listing.after[0]), listing.after[1])
    found: list[CI] = []
    for piece in _fitting(view, listing, start, min(_PIECE, listing.limit + 1)):
        found += [facts.ci for facts in piece]
        if len(found) > listing.limit:
            break
    shown = found[: listing.limit]
    more = len(found) > listing.limit
    return Page(tuple(shown), make_cursor(fold(shown[-1].name), shown[-1].id) if more else None)


def _sorted(view: Candidates, listing: Listing, sort: Sort) -> Page:
    best: list[Facts] = []
    is_after = _is_after(listing, sort)
    for piece in _fitting(view, listing, ("", ""), _PIECE):
        best = in_order([*best, *(facts for facts in piece if is_after(facts))], sort)[: listing.limit + 1]
    shown = best[: listing.limit]
    more = len(best) > listing.limit
    cursor = make_cursor(_placed(shown[-1], sort), shown[-1].ci.id, sort) if more else None
    return Page(tuple(facts.ci for facts in shown), cursor)


def _is_after(listing: Listing, sort: Sort) -> Callable[[Facts], bool]:
    if listing.after is None:
        return lambda _: True
    last, last_id = listing.after

    def is_after(facts: Facts) -> bool:
        value = _placed(facts, sort)
        if value is None or last is None:
            return value is None and (last is not None or facts.ci.id > last_id)
        if value == last:
            return facts.ci.id > last_id
        is_greater = value > last  # type: ignore[operator] # a cursor holds values of the field's own type
        return bool(is_greater) is not sort.is_descending

    return is_after


def _placed(facts: Facts, sort: Sort) -> Placed:
    value = field_value(sort.field, facts)
    return None if isinstance(value, tuple) else value


def _fitting(view: Candidates, listing: Listing, start: tuple[str, str], size: int) -> Iterator[Sequence[Facts]]:
    """What the list holds, by folded name and id, in pieces."""
    around = StoreSurroundings(view)
    while places := view.places_ever(listing, start, size):
        entities = view.get_many(Kind.CI, [id_ for _, id_ in places])
        yield [facts for place in places if (facts := _fits(entities, place, listing, around)) is not None]
        start, size = places[-1], _PIECE


def _fits(
    entities: dict[str, Entity], place: tuple[str, str], listing: Listing, around: StoreSurroundings
) -> Facts | None:
    folded, id_ = place
    ci = entities.get(id_)
    if not isinstance(ci, CI) or ci.merged_into is not None or fold(ci.name) != folded:
        return None
    if not _is_in(ci.class_name, listing.class_names) or (
        ci.lifecycle is Lifecycle.RETIRED and not listing.has_retired
    ):
        return None
    facts = Facts(ci, around, _NEVER)
    return facts if listing.condition is None or matches(listing.condition, facts) else None


def _is_in(name: str, names: Collection[str] | None) -> bool:
    return names is None or name in names
