"""Greetings of this machine's own services: what they say by themselves when somebody connects."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from discovery.hosts.endpoints import ANY, is_loopback
from discovery.hosts.facts import Listener, Product
from discovery.hosts.products import from_greeting

MAX_PORTS = 50
MAX_IN_FLIGHT = 10
WAIT_S = 0.5
MAX_BYTES = 512


async def greetings(listeners: Iterable[Listener]) -> tuple[tuple[str, int, Product], ...]:
    """Protocol, port and product of TCP listeners that greet within 0.5 s on loopback; at most 50 are asked, nothing is sent."""
    asked = [(listener.port, address) for listener in listeners if (address := _loopback_of(listener)) is not None][
        :MAX_PORTS
    ]
    gate = asyncio.Semaphore(MAX_IN_FLIGHT)
    said = await asyncio.gather(*(_greeting(address, port, gate) for port, address in asked))
    return tuple(("tcp", port, product) for (port, _), product in zip(asked, said, strict=True) if product is not None)


def _loopback_of(listener: Listener) -> str | None:
    if listener.protocol != "tcp":
        return None
    for address in sorted(listener.addresses):
        if is_loopback(address):
            return address
        if address in ANY:
            return "::1" if ":" in address and len(listener.addresses) == 1 else "127.0.0.1"
    return None


async def _greeting(address: str, port: int, gate: asyncio.Semaphore) -> Product | None:
    async with gate:
        writer = None
        try:
            async with asyncio.timeout(WAIT_S):
                reader, writer = await asyncio.open_connection(address, port, limit=MAX_BYTES)
                return from_greeting(await reader.read(MAX_BYTES))
        except (OSError, TimeoutError):
            return None
        finally:
            if writer is not None:
                writer.close()
                with contextlib.suppress(OSError, TimeoutError):
                    async with asyncio.timeout(WAIT_S):
                        await writer.wait_closed()
