"""The fields by which `Store.find` finds, as data."""

from __future__ import annotations

from cmdb.entities import Entity, Kind
from cmdb.errors import Invalid

INDEXED_FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.CI: ("class_name", "merged_into"),
    Kind.RELATIONSHIP: ("source", "target"),
    Kind.REDUNDANCY: ("of", "members"),
    Kind.CLAIM: ("ci", "source", "expires_in"),
    Kind.REVIEW: ("cis", "kind"),
    Kind.PARKED: ("waiting_for",),
    Kind.RUN: ("state",),
    Kind.SCHEDULE: ("name",),
    Kind.FIRING: ("schedule",),
    Kind.HEALTH: (),
    Kind.BASELINE: (),
}


def checked_field(kind: Kind, field: str) -> str:
    """The field itself; `Invalid` when entities of this kind are not found by it."""
    if field not in INDEXED_FIELDS[kind]:
        message = f"{kind} is not indexed by {field!r}; indexed: {', '.join(INDEXED_FIELDS[kind])}"
        raise Invalid(message)
    return field


def indexed_values(kind: Kind, entity: Entity) -> set[tuple[str, str]]:
    """(field, value) pairs that find the entity; a list counts by element, None not at all."""
    pairs: set[tuple[str, str]] = set()
    for field in INDEXED_FIELDS[kind]:
        value = getattr(entity, field)
        if isinstance(value, str):
            pairs.add((field, str(value)))
        elif value is not None:
            pairs.update((field, element) for element in value)
    return pairs
