# ruff: noqa: S608 - only lists of "?", constants and conditions of this package are put into a statement
"""By what entities were found once: kept when they are found by it no longer, so that the past can be asked by it."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from cmdb.entities import CI, Entity, Kind
from cmdb.store.fields import indexed_values
from cmdb.store.folding import fold
from cmdb.store.sqlite.parameters import lists
from cmdb.store.validation import EncodedWrite


def keep_former(connection: sqlite3.Connection, writes: Sequence[EncodedWrite]) -> None:
    """Keep what finds the states before these writes and not those after them."""
    lookups: set[tuple[str, str, str]] = set()
    nodes: set[tuple[str, str, str]] = set()
    for encoded in writes:
        write = encoded.write
        if write.before is None:
            continue
        former = indexed_values(write.kind, write.before) - _values(write.kind, write.after)
        lookups.update((f"{write.kind}.{field}", value, write.id) for field, value in former)
        if (place := _place(write.before)) is not None and place != _place(write.after):
            nodes.add(place)
    connection.executemany("INSERT OR IGNORE INTO former_lookup VALUES (?, ?, ?)", sorted(lookups))
    connection.executemany("INSERT OR IGNORE INTO former_node VALUES (?, ?, ?)", sorted(nodes))


def _values(kind: Kind, entity: Entity | None) -> set[tuple[str, str]]:
    return set() if entity is None else indexed_values(kind, entity)


def _place(entity: Entity | None) -> tuple[str, str, str] | None:
    """Where lists have a CI; None for one that they leave out."""
    if not isinstance(entity, CI) or entity.merged_into is not None:
        return None
    return fold(entity.name), entity.id, entity.class_name


def ids_ever(
    connection: sqlite3.Connection, field: str, values: Collection[str], after: str, limit: int
) -> tuple[str, ...]:
    """Ids after `after` that a field finds or once found, in order."""
    ids: set[str] = set()
    for places, piece in lists(values):
        query = (
            f"SELECT id FROM lookup WHERE field = ? AND value IN ({places}) AND id > ? UNION"
            f" SELECT id FROM former_lookup WHERE field = ? AND value IN ({places}) AND id > ? ORDER BY id LIMIT ?"
        )
        ids.update(id_ for (id_,) in connection.execute(query, (field, *piece, after, field, *piece, after, limit)))
    return tuple(heapq.nsmallest(limit, ids))


def places_ever(
    connection: sqlite3.Connection,
    *,
    class_names: Collection[str] | None,
    names: Collection[str] | None,
    search: str | None,
    after: tuple[str, str],
    limit: int,
) -> tuple[tuple[str, str], ...]:
    """Folded names and ids of CIs that a list holds or once would have held, in order after `after`."""
    condition = "(folded, id) > (?, ?)" + (" AND instr(folded, ?) > 0" if search else "")
    parameters = (*after, *((fold(search),) if search else ()))

    def found(and_also: str, values: Iterable[str]) -> Iterator[Iterable[tuple[str, str]]]:
        # a CI that was merged is where it was before, among the former ones; so the indexes of lists serve
        for table, and_live in (("node", " AND merged_into IS NULL"), ("former_node", "")):
            query = f"SELECT folded, id FROM {table} WHERE {condition}{and_live}{and_also} ORDER BY folded, id LIMIT ?"
            yield connection.execute(query, (*parameters, *values, limit)).fetchall()

    ranges: list[Iterable[tuple[str, str]]] = []
    for and_class, class_value in _each_class(class_names):
        if names is None:
            ranges.extend(found(and_class, class_value))
        else:
            for places, piece in lists({fold(name) for name in names}):
                ranges.extend(found(f"{and_class} AND folded IN ({places})", (*class_value, *piece)))
    return tuple(islice(_distinct(heapq.merge(*ranges)), limit))


def _each_class(values: Collection[str] | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    if values is None:
        yield "", ()
    else:
        for value in sorted(set(values)):
            yield " AND class_name = ?", (value,)


def _distinct(places: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    previous = None
    for place in places:
        if place != previous:
            yield place
        previous = place
