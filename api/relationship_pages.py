"""A CI's relationships in pages, whatever their number."""

from __future__ import annotations

from typing import cast

from cmdb.documents import relationship_rows
from cmdb.entities import Kind, Relationship
from cmdb.errors import Invalid
from cmdb.store.protocol import PAGE_LIMIT
from cmdb.store.view import View

_DIRECTIONS = (("out", "source"), ("in", "target"))


def relationship_page(
    view: View, ci: str, *, cursor: str | None, limit: int, type_: str | None = None
) -> dict[str, object]:
    """A page of relationships of `ci`: outgoing ones first, then by id. Raises `Invalid` for a cursor that is none."""
    after = _place(cursor)
    found: list[tuple[str, Relationship]] = []
    is_complete = True
    for direction, field in _DIRECTIONS:
        entities = view.find(Kind.RELATIONSHIP, field, (ci,), limit=PAGE_LIMIT)
        is_complete = is_complete and len(entities) < PAGE_LIMIT
        for entity in entities:
            relationship = cast("Relationship", entity)
            if type_ in (None, relationship.type) and (_rank(direction), relationship.id) > after:
                found.append((direction, relationship))
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    return {
        "items": relationship_rows(view, page),
        "cursor": f"{last[0]}.{last[1].id}" if last else None,
        "is_complete": is_complete,
    }


def _rank(direction: str) -> int:
    return 0 if direction == "out" else 1


def _place(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return (-1, "")
    direction, _, id_ = cursor.partition(".")
    if direction not in ("out", "in") or not id_:
        raise Invalid(f"{cursor!r} is no cursor of this list; start again without one", place="cursor")
    return (_rank(direction), id_)
