"""Whether something answers on a port, before anything is said to it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from enum import StrEnum

PROBE_S = 5.0


class Silence(StrEnum):
    """Why no port could be opened."""

    NO_ANSWER = "no answer"
    REFUSED = "refused"


async def open_port(
    address: str, ports: Sequence[int], *, timeout_s: float = PROBE_S
) -> tuple[socket.socket, int] | Silence:
    """A connected socket and its port, of the first port that opens; refused only where every port was refused."""
    limit = min(timeout_s, PROBE_S)
    answers: set[Silence] = set()
    for port in ports:
        opened = await _open(address, port, limit)
        if isinstance(opened, socket.socket):
            return opened, port
        answers.add(opened)
    return Silence.REFUSED if answers == {Silence.REFUSED} else Silence.NO_ANSWER


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
