"""Errors as problem details (RFC 9457): the only module that knows HTTP status codes of errors.

NotFound 404 · Gone 410 · Conflict 409 (Stale 412) · Invalid 422 (TooLarge 413) · Unavailable 503 (Busy 429) · Denied 403 (NotAuthenticated 401)
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from cmdb.errors import CmdbError, Conflict, Denied, Gone, Invalid, NotFound, Unavailable

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MAX_FAULTS = 100
"""Faults of one request that a problem lists; the rest is counted in its detail."""


class Stale(Conflict):
    """The record has changed since the caller read it (`If-Match`)."""


class TooLarge(Invalid):
    """The body is larger than this endpoint takes."""


class Busy(Unavailable):
    """Too much is waiting already; the same call may succeed later."""


class NotAuthenticated(Denied):
    """No token, or not the right one."""


_STATUS: tuple[tuple[type[CmdbError], HTTPStatus, str], ...] = (
    (Stale, HTTPStatus.PRECONDITION_FAILED, "stale"),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large"),
    (Busy, HTTPStatus.TOO_MANY_REQUESTS, "busy"),
    (NotAuthenticated, HTTPStatus.UNAUTHORIZED, "not-authenticated"),
    (NotFound, HTTPStatus.NOT_FOUND, "not-found"),
    (Gone, HTTPStatus.GONE, "gone"),
    (Conflict, HTTPStatus.CONFLICT, "conflict"),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    (Denied, HTTPStatus.FORBIDDEN, "denied"),
)
_TITLES = {
    "stale": "The record has changed",
    "too-large": "The body is too large",
    "busy": "Too much is waiting",
    "not-authenticated": "A token is needed",
    "not-found": "No such thing",
    "gone": "Kept no longer",
    "conflict": "Another state stands against it",
    "invalid": "The input cannot be right",
    "unavailable": "A component does not answer",
    "denied": "Not permitted",
    "internal": "A fault of the server",
}


class Fault(BaseModel):
    """One fault of the input; `place` is a JSON pointer into the body, or the parameter's name."""

    place: str
    message: str


class Problem(BaseModel):
    """Problem details (RFC 9457); `type` is stable and names the kind of error."""

    type: str = Field(examples=["urn:cmdb:problem:not-found"])
    title: str
    status: int
    detail: str = Field(description="What was observed and what to do next.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str
    ids: list[str] = Field(default=[], description="What it is about, such as the candidates of an ambiguous name.")
    place: str | None = Field(default=None, description="File and line, or the field, where known.")
    errors: list[Fault] = []


PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, description in (
        (401, "A bootstrap token is set and was not sent."),
        (403, "Not permitted, such as a foreign Host or Origin."),
        (404, "No such thing."),
        (409, "Another state stands against it, or a name fits several CIs."),
        (422, "The input cannot be right."),
        (429, "Too much is waiting already."),
        (500, "A fault of the server."),
        (503, "The store or another component does not answer."),
    )
}
"""What every endpoint may answer beside its own result, as OpenAPI responses."""


def problem(
    kind: str,
    status: int,
    detail: str,
    *,
    scope: Mapping[str, object],
    title: str | None = None,
    ids: Sequence[str] = (),
    place: str | None = None,
    errors: Sequence[Fault] = (),
) -> Response:
    """The response for one problem of the request of an ASGI `scope`."""
    state = scope.get("state")
    request_id = str(state.get("request_id", "")) if isinstance(state, dict) else ""
    body = Problem(
        type=f"urn:cmdb:problem:{kind}",
        title=title or _TITLES[kind],
        status=status,
        detail=detail,
        instance=str(scope.get("path", "")),
        request_id=request_id,
        ids=list(ids),
        place=place,
        errors=list(errors),
    )
    headers = {}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = "1"
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="cmdb"'
    return Response(json.dumps(body.model_dump(), ensure_ascii=False), status, headers, MEDIA_TYPE)


def of_error(error: CmdbError, scope: Mapping[str, object]) -> Response:
    """The response for a deliberate error."""
    for error_type, status, kind in _STATUS:
        if isinstance(error, error_type):
            return problem(kind, status, error.message, scope=scope, ids=error.ids, place=error.place)
    return internal(scope)


def as_http(error: CmdbError) -> HTTPException:
    """A deliberate error as the framework's own exception, for places that let no other pass."""
    status = next(status for error_type, status, _ in _STATUS if isinstance(error, error_type))
    return HTTPException(status, error.message)


def internal(scope: Mapping[str, object]) -> Response:
    """The response for an unexpected error: no more than where to look for it."""
    detail = "the server met an unexpected error; its log has the details under this request_id"
    return problem("internal", HTTPStatus.INTERNAL_SERVER_ERROR, detail, scope=scope)


def add_handlers(app: FastAPI) -> None:
    """Let every error of the application's routes become a problem."""
    app.add_exception_handler(CmdbError, _on_deliberate)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_deliberate(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, CmdbError)
    return of_error(exc, request.scope)


async def _on_validation(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    found = [Fault(place=_pointer(fault["loc"]), message=str(fault["msg"])) for fault in exc.errors()]
    first = f"{found[0].place}: {found[0].message}" if found else "the request does not fit its schema"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return problem(
        "invalid", HTTPStatus.UNPROCESSABLE_ENTITY, first + more, scope=request.scope, errors=found[:MAX_FAULTS]
    )


async def _on_http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    status = HTTPStatus(exc.status_code)
    details = {
        HTTPStatus.NOT_FOUND: "there is no such endpoint; /api/v1/openapi.json lists them all",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not answered here; the Allow header lists what is",
    }
    known = {status: kind for _, status, kind in _STATUS}
    kind = known.get(status, status.phrase.lower().replace(" ", "-"))
    title = _TITLES.get(kind, status.phrase)
    response = problem(kind, status, details.get(status, str(exc.detail)), scope=request.scope, title=title)
    for name, value in (exc.headers or {}).items():
        response.headers[name] = value
    return response


def _pointer(location: Sequence[str | int]) -> str:
    """A JSON pointer (RFC 6901) for a place in a body, else the parameter's name."""
    where, *path = location
    if where != "body":
        return ".".join(str(part) for part in path) or str(where)
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path) if path else ""
