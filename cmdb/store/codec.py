"""Entities as JSON text and back, the same bytes for the same value in every store."""

from __future__ import annotations

import msgspec

from cmdb.entities import ENTITY_TYPES, Entity, Kind
from cmdb.errors import Invalid

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODERS: dict[Kind, msgspec.json.Decoder[Entity]] = {
    kind: msgspec.json.Decoder(entity_type) for kind, entity_type in ENTITY_TYPES.items()
}


def encode(entity: Entity) -> str:
    """The entity as JSON (RFC 8259), object keys sorted; `Invalid` for text that is no Unicode (a lone surrogate)."""
    try:
        return _ENCODER.encode(entity).decode()
    except (UnicodeEncodeError, TypeError, OverflowError, RecursionError) as error:
        message = f"{type(entity).__name__} {entity.id!r} holds a value that JSON cannot: {error}; correct the value"
        raise Invalid(message, ids=[entity.id]) from error


def decode(kind: Kind, body: str) -> Entity:
    """The entity of a body that `encode` made; `Invalid` for any other text."""
    try:
        return _DECODERS[kind].decode(body)
    except msgspec.DecodeError as error:
        message = f"a stored {kind} cannot be read: {error}; the store is damaged or was edited from outside"
        raise Invalid(message) from error


def is_same(kind: Kind, entity: Entity, body: str) -> bool:
    """Whether the entity equals the stored body as values: `1` equals `1.0`, and an instant itself in any zone."""
    text = encode(entity)
    return text == body or decode(kind, text) == decode(kind, body)
