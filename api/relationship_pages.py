"""A CI's relationships in pages, whatever their number."""

from __future__ import annotations

from typing import cast

from cmdb.documents import brief, moment
from cmdb.entities import CI, Kind, Relationship
from cmdb.errors import Invalid
from cmdb.store.protocol import PAGE_LIMIT, Store

_DIRECTIONS = (("out", "source"), ("in", "target"))


def relationship_page(
    store: Store, ci: str, *, cursor: str | None, limit: int, type_: str | None = None
) -> dict[str, object]:
    """A page of relationships of `ci`: outgoing ones first, then by id. Raises `Invalid` for a cursor that is none."""
    after = _place(cursor)
    found: list[tuple[str, Relationship]] = []
    is_complete = True
    for direction, field in _DIRECTIONS:
        entities = store.find(Kind.RELATIONSHIP, field, (ci,), limit=PAGE_LIMIT)
        is_complete = is_complete and len(entities) < PAGE_LIMIT
        for entity in entities:
            relationship = cast("Relationship", entity)
            if type_ in (None, relationship.type) and (_rank(direction), relationship.id) > after:
                found.append((direction, relationship))
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    return {
        "items": _rows(store, page),
        "cursor": f"{last[0]}.{last[1].id}" if last else None,
        "is_complete": is_complete,
    }


def _rows(store: Store, page: list[tuple[str, Relationship]]) -> list[dict[str, object]]:
    others = store.get_many(Kind.CI, {_other(direction, relationship) for direction, relationship in page})
    seen = store.seen([f"{relationship.id}@{source}" for _, relationship in page for source in relationship.claimed])
    rows: list[dict[str, object]] = []
    for direction, relationship in page:
        other = others.get(_other(direction, relationship))
        if not isinstance(other, CI):
            continue
        subjects = [f"{relationship.id}@{source}" for source in relationship.claimed]
        sightings = [seen[subject] for subject in subjects if subject in seen]
        rows.append(
            {
                "type": relationship.type,
                "direction": direction,
                "ci": brief(other),
                "confidence": relationship.confidence,
                "attributes": relationship.attributes,
                "sources": sorted(relationship.claimed),
                "first_seen_at": moment(min((one.first_at for one in sightings), default=None)),
                "last_seen_at": moment(max((one.last_at for one in sightings), default=None)),
            }
        )
    return rows


def _other(direction: str, relationship: Relationship) -> str:
    return relationship.target if direction == "out" else relationship.source


def _rank(direction: str) -> int:
    return 0 if direction == "out" else 1


def _place(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return (-1, "")
    direction, _, id_ = cursor.partition(".")
    if direction not in ("out", "in") or not id_:
        raise Invalid(f"{cursor!r} is no cursor of this list; start again without one", place="cursor")
    return (_rank(direction), id_)
