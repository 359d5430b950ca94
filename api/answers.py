"""Answers as bytes: JSON, JSON Lines, entity tags."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec
from fastapi import Request, Response

from api.errors import Stale

_encoder = msgspec.json.Encoder()


def json_answer(document: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """One JSON document; times in RFC 3339."""
    return Response(_encoder.encode(document), status, headers, "application/json")


def json_texts(rows: Iterable[object]) -> Iterator[str]:
    """Each object as one line, without its end."""
    for row in rows:
        yield _encoder.encode(row).decode()


def editable_answer(document: object, *, version: object) -> Response:
    """A record that may be edited, with the `ETag` of its version: what the record itself says, without what surrounds it."""
    return Response(_encoder.encode(document), 200, {"ETag": _tag(_encoder.encode(version))}, "application/json")


def record_answer(request: Request, document: object) -> Response:
    """One record with its `ETag`; 304 without a body when `If-None-Match` names it (RFC 9110 §13.1.2)."""
    body = _encoder.encode(document)
    tag = _tag(body)
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, 200, {"ETag": tag}, "application/json")


def check_match(request: Request, version: object) -> None:
    """Raise `Stale` when `If-Match` is sent and does not name this version (RFC 9110 §13.1.1)."""
    sent = request.headers.get("if-match")
    if sent is None or sent.strip() == "*":
        return
    if _tag(_encoder.encode(version)) not in _tags(sent):
        raise Stale("the record has changed since you read it; read it again and decide anew")


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _tags(header: str) -> set[str]:
    return {part.strip().removeprefix("W/") for part in header.split(",")}
