"""Which CIs a list holds, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cmdb.asking.condition import (
    And,
    Column,
    Compare,
    Condition,
    Looks,
    OfClass,
    Operator,
    OwnColumn,
    TextTest,
    TextValue,
)
from cmdb.entities import CI, Kind
from cmdb.store.codec import decode
from cmdb.store.folding import fold
from cmdb.store.listing import Listing
from cmdb.store.neo4j.conditions import Compiler, Parameters
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.properties import FOLDED, split_name
from cmdb.store.paging import make_cursor
from cmdb.store.protocol import Page

_STATE = "MATCH (s:State {live: 'ci|' + id})"


def list_cis(transaction: Transaction, listing: Listing) -> Page:
    """A page of CIs that are not merged."""
    return _by_name(transaction, listing) if listing.sort is None else _sorted(transaction, listing)


def _by_name(transaction: Transaction, listing: Listing) -> Page:
    parameters = Parameters()
    # An index of two properties answers only questions that speak of both (Cypher manual, composite indexes).
    conditions = ["n0.folded_name IS NOT NULL", "n0.id IS NOT NULL", *_conditions(listing, parameters)]
    if listing.after is not None:
        value, id_ = listing.after
        at, beyond = parameters.bind(str(value)[:FOLDED]), parameters.bind(str(value)[FOLDED:])
        rest = "coalesce(n0.folded_name_rest, '')"
        is_later = f"{rest} > {beyond} OR ({rest} = {beyond} AND n0.id > {parameters.bind(id_)})"
        conditions += [f"n0.folded_name >= {at}", f"(n0.folded_name > {at} OR {is_later})"]
    # Without a class names come in the order of their index, and a page ends the walk; of a class all of it is sorted.
    hint = "USING INDEX n0:CI(folded_name, id)" if listing.class_names is None else ""
    rows = transaction.rows(
        f"MATCH (n0:CI) {hint} WHERE {' AND '.join(conditions)} WITH n0.folded_name AS folded,"
        f" coalesce(n0.folded_name_rest, '') AS rest, n0.id AS id ORDER BY folded, rest, id LIMIT {_more(listing, parameters)}"
        f" {_STATE} RETURN folded + rest, id, s.body ORDER BY folded, rest, id",
        **parameters.values,
    )
    return _page(rows, listing)


def _sorted(transaction: Transaction, listing: Listing) -> Page:
    sort = listing.sort
    assert sort is not None
    parameters = Parameters()
    conditions = _conditions(listing, parameters)
    value = Compiler(parameters).field(sort.field)
    direction, beyond = ("DESC", "<") if sort.is_descending else ("ASC", ">")
    after = ""
    if listing.after is not None:
        last, id_ = listing.after
        last_id = parameters.bind(id_)
        if last is None:
            after = f"WHERE value IS NULL AND id > {last_id}"
        else:
            at = parameters.bind(last)
            after = f"WHERE value {beyond} {at} OR (value = {at} AND id > {last_id}) OR value IS NULL"
    order = f"ORDER BY value IS NULL, value {direction}, id"
    rows = transaction.rows(
        f"MATCH (n0:CI) WHERE {' AND '.join(conditions)} WITH {value} AS value, n0.id AS id {after}"
        f" WITH value, id {order} LIMIT {_more(listing, parameters)} {_STATE} RETURN value, id, s.body {order}",
        **parameters.values,
    )
    return _page(rows, listing)


def _more(listing: Listing, parameters: Parameters) -> str:
    return parameters.bind(listing.limit + 1)


def _conditions(listing: Listing, parameters: Parameters) -> list[str]:
    conditions = ["n0.merged_into IS NULL"]
    if listing.class_names is not None:
        conditions.append(f"n0.class_name IN {parameters.bind(list(listing.class_names))}")
    if listing.names is not None:
        pairs = [list(split_name(name)) for name in listing.names]
        conditions.append(
            f"n0.folded_name IN {parameters.bind([pair[0] for pair in pairs])}"
            f" AND [n0.folded_name, coalesce(n0.folded_name_rest, '')] IN {parameters.bind(pairs)}"
        )
    if listing.search:
        conditions.append(
            f"n0.folded_name + coalesce(n0.folded_name_rest, '') CONTAINS {parameters.bind(fold(listing.search))}"
        )
    if not listing.has_retired:
        conditions.append("n0.lifecycle <> 'retired'")
    if listing.condition is not None:
        conditions += _narrowed(listing.condition, parameters)
        conditions.append(Compiler(parameters).condition(listing.condition))
    return conditions


def _narrowed(condition: Condition, parameters: Parameters) -> Iterator[str]:
    """What follows from a condition and an index can answer: the class, and the name or its beginning."""
    for part in condition.of if isinstance(condition, And) else (condition,):
        match part:
            case OfClass(names=names):
                yield f"n0.class_name IN {parameters.bind(list(names))}"
            case Compare(left=OwnColumn(column=Column.NAME), operator=Operator.EQUAL, right=TextValue(value=name)):
                yield f"n0.folded_name = {parameters.bind(name[:FOLDED])}"
            case Looks(of=OwnColumn(column=Column.NAME), test=TextTest.STARTS_WITH, text=text):
                yield f"n0.folded_name STARTS WITH {parameters.bind(text[:FOLDED])}"


def _page(rows: Sequence[Sequence[Any]], listing: Listing) -> Page:
    shown = rows[: listing.limit]
    items = tuple(decode(Kind.CI, body) for *_, body in shown)
    cursor = None
    if len(rows) > listing.limit:
        value, id_, _ = shown[-1]
        cursor = make_cursor(value, id_, listing.sort)
    return Page(tuple(item for item in items if isinstance(item, CI)), cursor)
