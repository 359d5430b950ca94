"""Every request passes here first: the token where there is one, else proof that it comes from this machine's own pages.

Without a token the server listens on loopback, where a web page of a stranger can still reach it through the user's own
browser (DNS rebinding, cross-site requests): a foreign `Host` or `Origin` is refused.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.binding import is_loopback
from api.errors import NotAuthenticated, of_error
from cmdb.errors import CmdbError, Denied

OPEN_PATHS = frozenset({"/healthz"})
"""What answers without a token: whether the process lives, and nothing else."""


class Guard:
    """ASGI middleware; answers refused requests itself, before anything reads their body."""

    def __init__(self, app: ASGIApp, *, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            if self._token is None:
                _check_local(headers)
            elif scope["path"] not in OPEN_PATHS:
                _check_token(headers, self._token)
        except CmdbError as error:
            await of_error(error, scope)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _check_token(headers: Headers, token: str) -> None:
    kind, _, sent = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(sent.strip().encode(), token.encode()):
        raise NotAuthenticated("this call needs the bootstrap token; send it as Authorization: Bearer <token>")


def _check_local(headers: Headers) -> None:
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not is_loopback(_host(f"//{hosts[0]}") or ""):
        raise Denied(
            "the Host header names another machine; call this server as 127.0.0.1 or localhost, or set a bootstrap token"
        )
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != hosts[0].lower():
        raise Denied("the request comes from a page of another origin; open this server's own pages instead")
    if origin is None and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise Denied("the request comes from a page of another site; open this server's own pages instead")


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
