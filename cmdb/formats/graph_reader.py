"""The `graph` format: JSON Lines, one object a line (contract.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO, NoReturn, cast

import msgspec

from cmdb.errors import Invalid
from cmdb.formats.batch import Batch, Refused
from cmdb.observation import Draft, Link, RedundancyDraft, Scope, ScopeKind
from cmdb.values import Value

MAX_LINE_BYTES = 1_000_000
MAX_ROWS = 5_000_000
MAX_DEPTH = 100
_BOM = b"\xef\xbb\xbf"


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


class GraphParser:
    """The parser of `cmdb import graph`."""

    def read(self, stream: BinaryIO, *, name: str) -> Batch:
        """See `read_graph`."""
        return read_graph(stream, name=name)


def read_graph(stream: BinaryIO, *, name: str) -> Batch:
    """The whole input. Faults of one row are kept in `Batch.refused`; raises `Invalid` with file and line for a fault of form or
    encoding, which refuses the input: text that is not UTF-8, a line that is no JSON object, NaN or Infinity, more than 100 levels.
    """
    batch = Batch()
    for number, raw in _lines(stream):
        place = f"{name}:{number}"
        if raw is None:
            batch.refused.append(Refused(number, None, "the line is longer than 1 MB; split it"))
            continue
        if b"\x00" in raw:
            batch.refused.append(Refused(number, None, "the line holds a raw NUL byte; remove it"))
            continue
        document = _document(raw, place, batch)
        if document is None:
            continue
        if len(batch.drafts) + len(batch.links) > MAX_ROWS:
            raise Invalid(f"more than {MAX_ROWS} rows; split the file", place=place)
        try:
            _add(batch, document, number)
        except (msgspec.ValidationError, Invalid) as error:
            local_id = document.get("ci", {})
            id_ = local_id.get("id") if isinstance(local_id, dict) else None
            batch.refused.append(Refused(number, id_ if isinstance(id_, str) else None, str(error)))
    return batch


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines without their ends; None for a line over the limit, which is read past in bounded memory."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 2):
        number += 1
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield number, None
            continue
        if number == 1:
            line = line.removeprefix(_BOM)
        stripped = line.strip()
        if stripped:
            yield number, stripped


def _document(raw: bytes, place: str, batch: Batch) -> dict[str, Value] | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(
            f"the text is not UTF-8 (byte {error.start + 1} of the line); save the file as UTF-8", place=place
        ) from error

    def pairs(items: list[tuple[str, Value]]) -> dict[str, Value]:
        found = dict(items)
        if len(found) != len(items) and len(batch.warnings) < 100:
            twice = sorted({key for key, _ in items if sum(other == key for other, _ in items) > 1})
            batch.warnings.append(f"{place}: key {twice[0]!r} stands twice; the last one counts")
        return found

    try:
        document = json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant)
    except RecursionError as error:
        raise Invalid(f"nested deeper than {MAX_DEPTH} levels", place=place) from error
    except ValueError as error:
        raise Invalid(f"not JSON: {error}; each line is one JSON object", place=place) from error
    if not isinstance(document, dict):
        raise Invalid('not a JSON object; each line is one object such as {"ci": …}', place=place)
    if _is_deeper(document, MAX_DEPTH):
        raise Invalid(f"nested deeper than {MAX_DEPTH} levels", place=place)
    return document


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON value")


def _is_deeper(value: Value, levels: int) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value)
    return False


def _add(batch: Batch, document: dict[str, Value], line: int) -> None:
    if len(document) != 1 or next(iter(document)) not in _TYPES:
        raise Invalid(
            f"one of {', '.join(_TYPES)} is expected at the top, not {', '.join(sorted(document)) or 'nothing'}"
        )
    ((kind, body),) = document.items()
    row = msgspec.convert(body, _TYPES[kind])
    if isinstance(row, _CI):
        if not row.id.strip():
            raise Invalid("ci.id is empty; give each row an id of its own in the file")
        batch.drafts.append(
            Draft(
                local_id=row.id,
                class_name=row.class_,
                name=_said(row.name),
                native_key=row.native_key if row.native_key and row.native_key.strip() else None,
                attributes=_attributes(row.attributes),
                line=line,
            )
        )
    elif isinstance(row, _Relationship):
        confidence = 1.0 if row.confidence is None else row.confidence
        if not 0 <= confidence <= 1:
            raise Invalid(f"confidence {confidence} is not between 0 and 1")
        batch.links.append(
            Link(
                source=row.source,
                type=row.type,
                target=row.target,
                attributes=_attributes(row.attributes),
                confidence=confidence,
                line=line,
            )
        )
    elif isinstance(row, _Redundancy):
        batch.redundancy.append(_redundancy(row, line))
    elif isinstance(row, _Complete):
        batch.scopes.append(_scope(row, line))


def _redundancy(row: _Redundancy, line: int) -> RedundancyDraft:
    if (row.min_up is None) == (row.min_up_percent is None):
        raise Invalid("redundancy needs exactly one of min_up and min_up_percent")
    if row.min_up is not None and row.min_up < 0:
        raise Invalid(f"min_up is {row.min_up}; it is 0 or more")
    if row.min_up_percent is not None and not 0 <= row.min_up_percent <= 100:
        raise Invalid(f"min_up_percent is {row.min_up_percent}; it is between 0 and 100")
    if not row.members:
        raise Invalid("redundancy has no members")
    return RedundancyDraft(
        of=row.of,
        members=tuple(row.members),
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
    if text is None:
        return None
    kept = "".join(character for character in text if character.isprintable()).strip()
    return kept or None


def _attributes(attributes: dict[str, object] | None) -> dict[str, Value]:
    return cast("dict[str, Value]", attributes or {})
