"""The rows of the `graph` format: a JSON object of one line becomes a draft, a link, a group or a scope."""

from __future__ import annotations

import re
from typing import cast

import msgspec

from cmdb.classes.checks import TEXT_LIMIT_BYTES, WrongValue, check_unknown
from cmdb.errors import Invalid
from cmdb.formats.batch import Intake
from cmdb.normalise import forms
from cmdb.observation import Draft, Link, RedundancyDraft, Scope, ScopeKind
from cmdb.values import Value


class _CI(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    class_: str = msgspec.field(name="class")
    name: str | None = None
    native_key: str | None = None
    attributes: dict[str, object] | None = None


class _Relationship(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    type: str
    target: str
    attributes: dict[str, object] | None = None
    confidence: float | None = None


class _Redundancy(msgspec.Struct, forbid_unknown_fields=True):
    of: str
    members: list[str]
    min_up: int | None = None
    min_up_percent: float | None = None
    name: str | None = None


class _Complete(msgspec.Struct, forbid_unknown_fields=True):
    scope: str
    class_: str | None = msgspec.field(default=None, name="class")
    within: str | None = None
    cidr: str | None = None
    type: str | None = None


_TYPES: dict[str, type[msgspec.Struct]] = {
    "ci": _CI,
    "relationship": _Relationship,
    "redundancy": _Redundancy,
    "complete": _Complete,
}


_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def id_of(document: dict[str, Value]) -> str | None:
    """The local id of a row that is refused, as far as it has one that can be printed."""
    body = document.get("ci")
    id_ = body.get("id") if isinstance(body, dict) else None
    return id_ if isinstance(id_, str) and _is_unicode(id_) else None


def add_row(into: Intake, document: dict[str, Value], line: int) -> None:
    """Add what the object says; raises `Invalid` when a field is unknown, missing or of a wrong type or value."""
    if len(document) != 1 or next(iter(document)) not in _TYPES:
        found = ", ".join(repr(key) if len(key) <= 40 else f"{key[:40]!r}…" for key in sorted(document)[:3])
        raise Invalid(f"one of {', '.join(_TYPES)} is expected at the top, not {found or 'nothing'}")
    ((kind, body),) = document.items()
    try:
        row = msgspec.convert(body, _TYPES[kind])
    except msgspec.ValidationError as error:
        raise Invalid(_in_words(kind, str(error))) from error
    if isinstance(row, _CI):
        if not row.id.strip():
            raise Invalid("ci.id is empty; give each row an id of its own in the file")
        native_key = row.native_key if row.native_key and row.native_key.strip() else None
        into.draft(
            Draft(
                local_id=_verbatim(row.id, "id"),
                class_name=_verbatim(row.class_, "class"),
                name=_said(row.name),
                native_key=None if native_key is None else _verbatim(native_key, "native_key"),
                attributes=_named(row.attributes),
                line=line,
            )
        )
    elif isinstance(row, _Relationship):
        confidence = 1.0 if row.confidence is None else row.confidence
        if not 0 <= confidence <= 1:
            raise Invalid(f"confidence {confidence} is not between 0 and 1")
        into.link(
            Link(
                source=_verbatim(row.source, "source"),
                type=_verbatim(row.type, "type"),
                target=_verbatim(row.target, "target"),
                attributes=_attributes(row.attributes),
                confidence=confidence,
                line=line,
            )
        )
    elif isinstance(row, _Redundancy):
        into.group(_redundancy(row, line))
    elif isinstance(row, _Complete):
        into.scope(_scope(row, line))


def _in_words(kind: str, fault: str) -> str:
    """Msgspec's message in the product's words: which field of the row, and what would be right."""
    unknown = re.search(r"unknown field `(.*)`", fault)
    if unknown is not None:
        beside = "; what is not of the format belongs into attributes" if kind in ("ci", "relationship") else ""
        return f"{kind} has an unknown field {unknown[1][:40]!r}{beside}"
    missing = re.search(r"missing required field `(.*?)`", fault)
    if missing is not None:
        return f"{kind} lacks its {missing[1]}"
    wrong = re.search(r"Expected `(.*?)`, got `(.*?)`(?: - at `\$\.?(.*)`)?", fault)
    if wrong is None:
        return f"{kind}: {fault}"
    expected = " or ".join(_WORDS.get(word, word) for word in wrong[1].split(" | "))
    field = f"{kind}.{wrong[3]}" if wrong[3] else kind
    return f"{field}: expected {expected}, got {_WORDS.get(wrong[2], wrong[2])}"


def _redundancy(row: _Redundancy, line: int) -> RedundancyDraft:
    if (row.min_up is None) == (row.min_up_percent is None):
        raise Invalid("redundancy needs exactly one of min_up and min_up_percent")
    if row.min_up is not None and not 0 <= row.min_up < 2**63:
        raise Invalid(f"min_up is {row.min_up}; it is 0 or more and fits into 64 bits")
    if row.min_up_percent is not None and not 0 <= row.min_up_percent <= 100:
        raise Invalid(f"min_up_percent is {row.min_up_percent}; it is between 0 and 100")
    if not row.members:
        raise Invalid("redundancy has no members")
    return RedundancyDraft(
        of=_verbatim(row.of, "of"),
        members=tuple(_verbatim(member, "members") for member in row.members),
        min_up=row.min_up,
        min_up_percent=row.min_up_percent,
        name=_said(row.name),
        line=line,
    )


def _scope(row: _Complete, line: int) -> Scope:
    try:
        kind = ScopeKind(row.scope)
    except ValueError:
        raise Invalid(f"scope {row.scope!r} is none of {', '.join(ScopeKind)}") from None
    if kind is ScopeKind.SUBNET and not row.cidr:
        raise Invalid("a subnet scope needs its cidr")
    if kind is ScopeKind.CI_CLASS and not row.class_:
        raise Invalid("a ci_class scope needs its class")
    return Scope(
        kind=kind, class_name=row.class_, within=row.within, cidr=row.cidr, relationship_type=row.type, line=line
    )


def _said(text: str | None) -> str | None:
    """A name without control characters; None when nothing is left."""
    if text is None:
        return None
    _measured(text, "name")
    return forms.text(text)


def _verbatim(text: str, field: str) -> str:
    """A key as it was written; raises `Invalid` when no store could keep it."""
    _measured(text, field)
    if not _is_unicode(text):
        raise Invalid(f"{field} holds half of a surrogate pair, which is no text; write the whole character")
    return text


def _measured(text: str, field: str) -> None:
    if len(text) * 4 > TEXT_LIMIT_BYTES and len(text.encode("utf-8", "surrogatepass")) > TEXT_LIMIT_BYTES:
        raise Invalid(f"{field}: the text is longer than 64 KiB; shorten it")


def _is_unicode(text: str) -> bool:
    """Whether a text has a UTF-8 form; half surrogate pairs, which JSON can escape, have none (RFC 8259 §8.2)."""
    return text.isprintable() or not any("\ud800" <= character <= "\udfff" for character in text)


def _named(attributes: dict[str, object] | None) -> dict[str, Value]:
    """Attributes of a CI as they were said; its class checks them."""
    for name in attributes or ():
        _measured(name, "an attribute's name")
    return cast("dict[str, Value]", attributes or {})


def _attributes(attributes: dict[str, object] | None) -> dict[str, Value]:
    """Attributes of a relationship, cleaned; no class says of what type they are."""
    try:
        cleaned = check_unknown(cast("dict[str, Value]", attributes or {}))
    except WrongValue as wrong:
        raise Invalid(f"attributes: {wrong}") from wrong
    return dict(cleaned) if isinstance(cleaned, dict) else {}
