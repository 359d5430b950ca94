"""Limits and cursors of lists, the same in every store."""

from __future__ import annotations

import base64
import binascii
import json

from cmdb.asking.condition import Attribute, FieldType, Sort
from cmdb.errors import Invalid
from cmdb.store.protocol import PAGE_LIMIT

Placed = str | int | float | None
"""A value by which lists are ordered, as conditions compare it; None where the CI has none."""


def checked_limit(limit: int) -> int:
    """The limit itself; `Invalid` outside 1 to `PAGE_LIMIT`."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise Invalid(f"a page of {limit} was asked for; ask for 1 to {PAGE_LIMIT}")
    return limit


def make_cursor(value: Placed, id_: str, sort: Sort | None = None) -> str:
    """An opaque, URL-safe word that continues a list after this CI, whose value in the list's order is `value`."""
    place = [value, id_] if sort is None else [value, id_, _mark(sort)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str, sort: Sort | None = None) -> tuple[Placed, str]:
    """Value and id that `make_cursor` was given for a list of this order; `Invalid` for any other text."""
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        value, id_, *mark = place
    except (binascii.Error, ValueError, TypeError) as error:
        raise Invalid("the cursor is not one of this list; start again without it") from error
    is_right = isinstance(value, str) if sort is None else value is None or isinstance(value, _TYPES[sort.field.type])
    if not is_right or not isinstance(id_, str) or mark != ([] if sort is None else [_mark(sort)]):
        raise Invalid("the cursor is not one of this list; start again without it")
    return value, id_


def _mark(sort: Sort) -> str:
    """What tells the cursors of one order from those of another."""
    name = sort.field.name if isinstance(sort.field, Attribute) else f".{sort.field.column}"
    return f"{'-' if sort.is_descending else ''}{name}"


_TYPES: dict[FieldType, type | tuple[type, ...]] = {
    FieldType.TEXT: str,
    FieldType.NUMBER: (int, float),
    FieldType.FLAG: int,
    FieldType.TIME: int,
    FieldType.TEXTS: (),
}
