# ruff: noqa: S608 - only constants, compiled conditions and names of parameters are put into a statement
"""Which CIs a list holds, and in which order."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable

from cmdb.store.folding import fold
from cmdb.store.listing import Listing
from cmdb.store.paging import Placed
from cmdb.store.sqlite.conditions import BODY, Compiler, Parameters, is_in_body, needs_body
from cmdb.store.sqlite.narrowing import narrowed

Place = tuple[Placed, str]
"""Value in the order of the list, and id."""
_NAMES = 500
"""Names in one statement."""


def places_of_cis(connection: sqlite3.Connection, listing: Listing) -> list[Place]:
    """The next places of CIs that are not merged, in order, at most one more than the limit."""
    if listing.sort is not None:
        return _sorted(connection, listing)
    # One ordered index range per class (or list of names) and a merge of them: no sort of all that fits.
    ranges: list[Iterable[Place]] = []
    for class_names in [None] if listing.class_names is None else [(name,) for name in listing.class_names]:
        for names in _pieces(listing.names):
            parameters = Parameters()
            where, join = _where(listing, parameters, class_names, names)
            if listing.after is not None:
                value, id_ = listing.after
                where += f" AND (n0.folded, n0.id) > ({parameters.bind(value)}, {parameters.bind(id_)})"
            query = f"SELECT n0.folded, n0.id FROM node n0 {join} WHERE {where} ORDER BY n0.folded, n0.id LIMIT {_more(listing, parameters)}"
            ranges.append(connection.execute(query, parameters.values).fetchall())
    merged = heapq.merge(*ranges)
    return [place for place, _ in zip(merged, range(listing.limit + 1), strict=False)]


def _sorted(connection: sqlite3.Connection, listing: Listing) -> list[Place]:
    sort = listing.sort
    assert sort is not None
    parameters = Parameters()
    where, join = _where(listing, parameters, listing.class_names, listing.names)
    if is_in_body(sort.field) and not join:
        join = BODY.format(level=0)
    value = Compiler(parameters).field(sort.field)
    direction, beyond = ("DESC", "<") if sort.is_descending else ("ASC", ">")
    after = "1"
    if listing.after is not None:
        last, id_ = listing.after
        last_id = parameters.bind(id_)
        if last is None:
            after = f"(value IS NULL AND id > {last_id})"
        else:
            last_value = parameters.bind(last)
            after = f"(value {beyond} {last_value} OR (value = {last_value} AND id > {last_id}) OR value IS NULL)"
    query = (
        f"SELECT value, id FROM (SELECT {value} AS value, n0.id AS id FROM node n0 {join} WHERE {where}) WHERE {after}"
        f" ORDER BY value IS NULL, value {direction}, id LIMIT {_more(listing, parameters)}"
    )
    return connection.execute(query, parameters.values).fetchall()


def _more(listing: Listing, parameters: Parameters) -> str:
    return parameters.bind(listing.limit + 1)


def _pieces(names: tuple[str, ...] | None) -> list[tuple[str, ...] | None]:
    if names is None:
        return [None]
    folded = sorted({fold(name) for name in names})
    return [tuple(folded[start : start + _NAMES]) for start in range(0, len(folded), _NAMES)]


def _where(
    listing: Listing, parameters: Parameters, class_names: tuple[str, ...] | None, names: tuple[str, ...] | None
) -> tuple[str, str]:
    """Conditions on `n0`, and what is joined for them."""
    where = ["n0.merged_into IS NULL"]
    if class_names is not None:
        where.append(f"n0.class_name IN ({parameters.bind_all(class_names)})")
    if names is not None:
        where.append(f"n0.folded IN ({parameters.bind_all(tuple(fold(name) for name in names))})")
    if listing.search:
        where.append(f"instr(n0.folded, {parameters.bind(fold(listing.search))}) > 0")
    if not listing.has_retired:
        where.append("n0.lifecycle != 'retired'")
    join = ""
    if listing.condition is not None:
        where += narrowed(listing.condition, parameters)
        where.append(Compiler(parameters).condition(listing.condition))
        join = BODY.format(level=0) if needs_body(listing.condition) else ""
    return " AND ".join(where), join
