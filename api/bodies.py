"""How large a body may be, before anything reads it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import TooLarge, as_http, of_error
from discovery.collecting import OBSERVATION_LIMIT

JSON_LIMIT = 1_000_000
IMPORT_LIMIT = 64_000_000
_IMPORTS = ("/api/v1/imports/", "/api/v1/intended/")
_COLLECTORS = "/api/v1/collectors/"


def limit_of(path: str) -> int:
    """Bytes that a request to `path` may carry."""
    if path.startswith(_IMPORTS):
        return IMPORT_LIMIT
    return OBSERVATION_LIMIT if path.startswith(_COLLECTORS) else JSON_LIMIT


class BodyLimit:
    """ASGI middleware: a declared length beyond the limit is refused at once, an undeclared one when it passes it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            await of_error(_too_large(limit), scope)(scope, receive, send)
            return
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # FastAPI turns any other exception that it meets while reading a body into 400
                raise as_http(_too_large(limit))
            return message

        await self._app(scope, receive_limited, send)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit} bytes; send less at once, or import the file with cmdb import")
