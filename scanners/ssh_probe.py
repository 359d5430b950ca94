"""Whether something answers on a port, before anything is said to it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from enum import StrEnum

PROBE_S = 5.0
RANGE_PROBE_S = 2.0
"""For an address of a range, of which most are empty; one lost SYN is made up for after 1 s (RFC 6298 §2.1)."""


class Silence(StrEnum):
    """Why no port could be opened."""

    NO_ANSWER = "no answer"
    REFUSED = "refused"


async def open_port(
    address: str, ports: Sequence[int], *, timeout_s: float = PROBE_S
) -> tuple[socket.socket, int] | Silence:
    """A connected socket and its port, of the first port in order that opens; all are tried at once, for 5 s at most.

    Refused where at least one port was refused: then the host is there.
    """
    limit = min(timeout_s, PROBE_S)
    tries = [asyncio.create_task(_open(address, port, limit)) for port in ports]
    best: tuple[socket.socket, int] | None = None
    answers: set[Silence] = set()
    try:
        for port, attempt in zip(ports, tries, strict=True):
            answer = await attempt
            if isinstance(answer, Silence):
                answers.add(answer)
            else:
                best = answer, port
                return best
    finally:
        for attempt in tries:
            attempt.cancel()
        for ended in await asyncio.gather(*tries, return_exceptions=True):
            if isinstance(ended, socket.socket) and (best is None or ended is not best[0]):
                ended.close()
    return Silence.REFUSED if Silence.REFUSED in answers else Silence.NO_ANSWER


async def _open(address: str, port: int, limit: float) -> socket.socket | Silence:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        async with asyncio.timeout(limit):
            await asyncio.get_running_loop().sock_connect(opened, (address, port))
    except ConnectionRefusedError:
        opened.close()
        return Silence.REFUSED
    except (OSError, TimeoutError):
        opened.close()
        return Silence.NO_ANSWER
    except BaseException:
        opened.close()
        raise
    return opened
