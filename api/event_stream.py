"""Server-sent events (WHATWG HTML, server-sent events §9.2): encoding, heartbeat, a bound on open streams, an end at shutdown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from fastapi.responses import StreamingResponse

from api.errors import Busy
from api.metrics import Metrics

MEDIA_TYPE = "text/event-stream"
STREAM_LIMIT = 200
HEARTBEAT_S = 15.0
RETRY_MS = 2000
"""How long a browser waits before it connects again."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `id` comes back as `Last-Event-ID` when the client connects again."""

    id: str
    event: str
    data: object


def encode(event: ServerEvent) -> bytes:
    """The event on the wire; its data is one line of JSON."""
    data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.event}\ndata: {data}\n\n".encode()


class EventStreams:
    """Opens event streams and ends them all when the server stops."""

    def __init__(self, metrics: Metrics, *, heartbeat_s: float = HEARTBEAT_S, limit: int = STREAM_LIMIT) -> None:
        self._metrics = metrics
        self._heartbeat_s = heartbeat_s
        self._limit = limit
        self._open = 0
        self._closing = asyncio.Event()

    def check_room(self) -> None:
        """Raise `Busy` when as many streams as are allowed are open."""
        if self._open >= self._limit:
            raise Busy(f"{self._limit} event streams are open already; close one, or ask for pages instead")

    def close(self) -> None:
        """End every stream after the event that it is sending."""
        self._closing.set()

    @property
    def is_closing(self) -> bool:
        """Whether the server stops, so that nothing may wait for long any more."""
        return self._closing.is_set()

    def respond(self, events: AsyncIterator[ServerEvent]) -> StreamingResponse:
        """An answer that sends `events` as they come, and a comment at least every `heartbeat_s` between them."""
        self.check_room()
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._send(events), media_type=MEDIA_TYPE, headers=headers)

    async def _send(self, events: AsyncIterator[ServerEvent]) -> AsyncIterator[bytes]:
        self._open += 1
        self._metrics.move_streams(1)
        closing = asyncio.create_task(self._closing.wait())
        coming: asyncio.Task[ServerEvent | None] | None = None
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while not closing.done():
                coming = coming or asyncio.create_task(_next(events))
                await asyncio.wait({coming, closing}, timeout=self._heartbeat_s, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    event, coming = coming.result(), None
                    if event is None:
                        return
                    yield encode(event)
                elif not closing.done():
                    yield b": still here\n\n"
        finally:
            self._open -= 1
            self._metrics.move_streams(-1)
            for task in (closing, coming):
                if task is not None and not task.done():
                    task.cancel()


async def _next(events: AsyncIterator[ServerEvent]) -> ServerEvent | None:
    return await anext(events, None)
