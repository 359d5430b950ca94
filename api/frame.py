"""Around every request: an id that both sides can name, its measure, and an answer even when the code fails."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import internal
from api.metrics import Metrics

_log = logging.getLogger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
PREFIX = "/api/v1"
"""Under which all but the process's own endpoints live."""

_SAFETY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
}
"""Nothing that this API answers may be framed, sniffed or made to load from elsewhere (OWASP Secure Headers Project)."""


class Frame:
    """The outermost ASGI middleware of the application."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent_id = Headers(scope=scope).get("x-request-id", "")
        request_id = sent_id if _REQUEST_ID.fullmatch(sent_id) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0
        began = time.perf_counter()

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in _SAFETY.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_framed)
        except Exception:
            _log.exception("request %s failed: %s %s", request_id, scope["method"], scope["path"])
            if status:
                raise
            await internal(scope)(scope, receive, send_framed)
        finally:
            self._metrics.count_request(
                scope["method"], _pattern(scope), status or 499, seconds=time.perf_counter() - began
            )


def _pattern(scope: Scope) -> str:
    """The pattern of the route that answered, such as `/api/v1/cis/{ci}`."""
    pattern = str(getattr(scope.get("route"), "path", "unmatched"))
    # FastAPI 0.165 keeps the pattern within the router, without the prefix under which it is included
    is_inner = scope["path"].startswith(PREFIX) and pattern.startswith("/") and not pattern.startswith(PREFIX)
    return PREFIX + pattern if is_inner else pattern
