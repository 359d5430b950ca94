"""Entities as labels and native properties, so that a person in Neo4j Browser understands the graph unaided.

The exact entity is the body of its `(:State)`; these properties are for reading, finding and joining.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping

from cmdb.entities import CI, Entity, Kind, Relationship
from cmdb.errors import Invalid
from cmdb.search.text import search_text
from cmdb.store.fields import INDEXED_FIELDS
from cmdb.store.folding import fold

Native = str | int | float | bool | dt.datetime | list[str] | list[int] | list[float] | list[bool]
LabelsOf = Callable[[str], tuple[str, ...]]

LABELS: dict[Kind, str] = {
    Kind.CI: "CI",
    Kind.REDUNDANCY: "RedundancyGroup",
    Kind.CLAIM: "Claim",
    Kind.REVIEW: "Review",
    Kind.PARKED: "ParkedDraft",
    Kind.RUN: "Run",
    Kind.SCHEDULE: "Schedule",
    Kind.FIRING: "Firing",
    Kind.HEALTH: "HealthReport",
    Kind.BASELINE: "Baseline",
}
"""Label by kind; a relationship is a relationship."""
LISTED_FIELDS: dict[Kind, str] = {Kind.REDUNDANCY: "members", Kind.REVIEW: "cis"}
"""Indexed fields that hold lists: their elements are nodes, since no index reaches into a list."""
FOLDED = 500
"""Characters of a name that its index orders by; the rest, where there is one, is compared after it."""
_INDEXABLE_BYTES = 4_000
"""A range index takes keys of about 8 kB (Neo4j operations manual, index limitations); composite ones share it."""
_INT64 = 1 << 63


def indexable(text: str) -> str:
    """The text, or a digest in its place where an index could not hold it; equal for equal texts only."""
    if len(text) * 4 <= _INDEXABLE_BYTES or len(text.encode()) <= _INDEXABLE_BYTES:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def live_key(kind: Kind, id_: str) -> str:
    """What `(:State).live` holds for the present state of an entity."""
    return indexable(f"{kind}|{id_}")


def quoted(name: str) -> str:
    """A label in Cypher; `Invalid` for one that Neo4j cannot hold."""
    if not name or "\0" in name:
        raise Invalid(f"{name!r} cannot be a label; correct the class registry")
    return "`" + name.replace("`", "``") + "`"


def labels(ci: CI, labels_of: LabelsOf) -> tuple[str, ...]:
    """`CI` first, then those of the class and its parents, each once."""
    return tuple(dict.fromkeys(("CI", *labels_of(ci.class_name))))


def split_name(name: str) -> tuple[str, str]:
    """The folded name as its index holds it, and the rest."""
    folded = fold(name)
    return folded[:FOLDED], folded[FOLDED:]


def properties(kind: Kind, entity: Entity) -> dict[str, Native]:
    """Every scalar and list of scalars of the entity; what Neo4j cannot hold natively is in the body only."""
    if isinstance(entity, Relationship):
        return _under_own_names(entity.attributes, {"id": entity.id, "confidence": float(entity.confidence)})
    own: dict[str, Native] = {}
    for field in entity.__struct_fields__:
        native = _native(getattr(entity, field))
        if native is not None and field != "attributes":
            own[field] = native
    for field in ("id", *INDEXED_FIELDS[kind]):
        value = own.get(field)
        if isinstance(value, str):
            own[field] = indexable(value)
    if not isinstance(entity, CI):
        return own
    own["folded_name"], rest = split_name(entity.name)
    if rest:
        own["folded_name_rest"] = rest
    text = search_text(entity)
    if text is not None:
        own["search_name"], own["search_rest"] = text.name, text.rest
    return _under_own_names(entity.attributes, own)


_RESERVED = frozenset(
    {
        *CI.__struct_fields__,
        *Relationship.__struct_fields__,
        "folded_name",
        "folded_name_rest",
        "last_seen_at",
        "search_name",
        "search_rest",
    }
)


def _under_own_names(attributes: Mapping[str, object], own: dict[str, Native]) -> dict[str, Native]:
    """The attributes beside the entity's own fields."""
    for name, value in attributes.items():
        native = _native(value)
        if native is not None and name and "\0" not in name:
            own[property_name(name)] = native
    return own


def property_name(attribute: str) -> str:
    """What an attribute is called as a property: one that is called like a field of its entity gets a `_` after its name."""
    return f"{attribute}_" if attribute.rstrip("_") in _RESERVED else attribute


def _native(value: object) -> Native | None:
    match value:
        case bool() | float() | dt.datetime():
            return value
        case str():
            return str(value)
        case int():
            return value if -_INT64 <= value < _INT64 else None
        case list() | tuple():
            return _native_list(value)
        case _:
            return None


def _native_list(values: Iterable[object]) -> list[str] | list[int] | list[float] | list[bool] | None:
    """A list of one type, as Neo4j wants it; None for any other."""
    elements = [_native(value) for value in values]
    texts = [element for element in elements if isinstance(element, str)]
    flags = [element for element in elements if isinstance(element, bool)]
    wholes = [element for element in elements if isinstance(element, int) and not isinstance(element, bool)]
    parts = [element for element in elements if isinstance(element, float)]
    for same in (texts, flags, wholes, parts):
        if len(same) == len(elements):
            return same
    return None
