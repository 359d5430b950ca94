"""Five services that answer version probes as the programs that they are named after would."""

from __future__ import annotations

import asyncio
from contextlib import suppress

IDLE_S = 5.0
# protocol::HandshakeV10 of MySQL's client/server protocol: version 8.0.36, thread 8, capabilities and salt
_MYSQL = (
    b"\x4a\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00abcdefgh\x00\xff\xff\xff\x02\x00\xff\xc7\x15"
    + bytes(10)
    + b"abcdefghijkl\x00mysql_native_password\x00"
)
_HTTP = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SERVICES: dict[int, bytes | None] = {
    22: b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    25: b"220 mail.example ESMTP Postfix\r\n",
    80: None,
    3306: _MYSQL,
    8080: None,
}
"""What is said first on each port; None speaks HTTP, where the client begins."""


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak the port's protocol as far as a version probe needs."""
    greeting = SERVICES[writer.get_extra_info("sockname")[1]]
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        async with asyncio.timeout(IDLE_S):
            if greeting is None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_HTTP)
            else:
                writer.write(greeting)
                await reader.read(100)
            await writer.drain()
    writer.close()


async def serve() -> None:
    """Listen on every address until killed."""
    listening = [await asyncio.start_server(answer, "0.0.0.0", port, backlog=4096) for port in SERVICES]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in listening))


if __name__ == "__main__":
    asyncio.run(serve())
