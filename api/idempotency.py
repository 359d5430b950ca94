"""`Idempotency-Key` on posts: the same key with the same body is done once, and answered the same way again.

After draft-ietf-httpapi-idempotency-key-header-07 §2: another body under the same key is 422, a second call while the first is under
way 409. Kept in this process's memory, for a day at most: behind several servers the balancer must keep a client on one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import of_error
from cmdb.errors import CmdbError, Conflict, Invalid

KEYS_KEPT = 1_000
ANSWER_LIMIT = 64_000
"""Bytes of an answer that are kept; a longer one is not repeated, but the call is not done again either."""
KEPT_FOR = dt.timedelta(days=1)
LONGEST_KEY = 255


@dataclass(slots=True)
class _Entry:
    at: dt.datetime
    body_digest: str | None = None
    messages: list[Message] = field(default_factory=list)
    size: int = 0
    is_done: bool = False


class Idempotency:
    """ASGI middleware for POST requests that carry the header; others pass."""

    def __init__(self, app: ASGIApp, *, clock: Callable[[], dt.datetime]) -> None:
        self._app = app
        self._clock = clock
        self._entries: OrderedDict[tuple[str, str, str], _Entry] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = (
            Headers(scope=scope).get("idempotency-key")
            if scope["type"] == "http" and scope["method"] == "POST"
            else None
        )
        if key is None:
            await self._app(scope, receive, send)
            return
        try:
            if not 1 <= len(key) <= LONGEST_KEY:
                raise Invalid(
                    f"the Idempotency-Key has {len(key)} characters; give 1 to {LONGEST_KEY}", place="Idempotency-Key"
                )
            name = (scope["path"], scope.get("query_string", b"").decode("latin-1"), key)
            entry = self._entries.get(name)
            if entry is not None and self._clock() - entry.at < KEPT_FOR:
                messages = await _again(entry, receive)
            else:
                messages = None
        except CmdbError as error:
            await of_error(error, scope)(scope, receive, send)
            return
        if messages is not None:
            for message in messages:
                await send(message)
            return
        await self._first(name, scope, receive, send)

    async def _first(self, name: tuple[str, str, str], scope: Scope, receive: Receive, send: Send) -> None:
        entry = self._entries[name] = _Entry(self._clock())
        self._entries.move_to_end(name)
        while len(self._entries) > KEYS_KEPT:
            self._entries.popitem(last=False)
        digest = hashlib.sha256()

        async def receive_noted() -> Message:
            message = await receive()
            digest.update(message.get("body", b""))
            return message

        async def send_noted(message: Message) -> None:
            entry.size += len(message.get("body", b""))
            if entry.size <= ANSWER_LIMIT:
                entry.messages.append(message)
            await send(message)

        try:
            await self._app(scope, receive_noted, send_noted)
            entry.body_digest, entry.is_done = digest.hexdigest(), True
        finally:
            status = entry.messages[0].get("status", 500) if entry.messages else 500
            # what failed without an effect may be tried again under the same key
            if (not entry.is_done or status >= 400) and self._entries.get(name) is entry:
                del self._entries[name]


async def _again(entry: _Entry, receive: Receive) -> list[Message]:
    """The kept answer; raises `Conflict` or `Invalid` where there is none to repeat."""
    if not entry.is_done:
        raise Conflict("a call with this Idempotency-Key is under way; ask again when it has ended")
    digest = hashlib.sha256()
    while True:
        message = await receive()
        digest.update(message.get("body", b""))
        if not message.get("more_body", False):
            break
    if digest.hexdigest() != entry.body_digest:
        raise Invalid(
            "this Idempotency-Key was used with another body; use a new key for a new call", place="Idempotency-Key"
        )
    if entry.size > ANSWER_LIMIT:
        raise Conflict("a call with this Idempotency-Key has been done; its answer was too long to be kept")
    return entry.messages
