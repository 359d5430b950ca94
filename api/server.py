"""The server process: a socket, the application, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn

from api.application import create_app
from api.binding import check_bind
from api.context import AppContext
from api.parts import Api
from cmdb.errors import Invalid, Unavailable

GRACE_S = 10
"""How long answers under way may take once the server was told to stop."""
BACKLOG = 512
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ApiServer:
    """Listens from its making on, so that a taken port is told before anything starts.

    Raises `Denied` where strangers would get in (`check_bind`), `Invalid` for a host that is none, `Unavailable` for a port
    that cannot be had. Port 0 takes any free one.
    """

    def __init__(self, context: AppContext, *, host: str = "127.0.0.1", port: int = 8000) -> None:
        check_bind(host, context.bootstrap_token)
        self._app = create_app(context)
        self._socket = _listen(host, port)
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = _Server(config, self._app.state.api)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def is_serving(self) -> bool:
        """Whether it answers now."""
        return self._server.started and not self._server.should_exit

    def run(self, *, on_start: Callable[[str], None] | None = None) -> None:
        """Serve until SIGINT, SIGTERM or `stop`, end what is under way, and return; `on_start` hears the URL."""
        self._server.on_start = on_start if on_start is None else lambda: on_start(self.url)
        try:
            asyncio.run(self._server.serve(sockets=[self._socket]))
        finally:
            self._socket.close()
        if not self._server.started:
            raise Unavailable("the server could not start; its log says why")

    def stop(self) -> None:
        """Let `run` end; callable from any thread."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, api: Api) -> None:
        super().__init__(config)
        self._api = api
        self.on_start: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and self.on_start is not None:
            self.on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # event streams never end by themselves, and uvicorn waits for every answer
        self._api.streams.close()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises caught signals again after the shutdown, which would turn an orderly end into a kill
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise Invalid(f"port {port} is not between 0 and 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as exc:
        raise Invalid(f"{host!r} is no address of this machine: {exc}") from exc
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as exc:
        listener.close()
        raise Unavailable(
            f"cannot listen on {host} port {port}: {exc.strerror}; give another --port, or stop what uses it"
        ) from exc
    listener.setblocking(False)
    return listener
