"""A collector's calls to its server, over HTTP/1.1 by the standard library.

`http.client`, not `urllib.request`: that one follows redirects and takes along the token, and reads proxies from the environment.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from cmdb.errors import CmdbError, Conflict, Denied, Invalid, NotFound, Unavailable
from discovery.collecting import Heard, LeasedRun, RunWord

CONNECT_S = 5.0
ANSWER_S = 60.0
"""How long a server may take for an answer: an observation may have to wait for an import."""
ANSWER_LIMIT = 4_000_000
"""Bytes of an answer; a run of 10,000 targets is far below."""

_ERRORS: dict[int, type[CmdbError]] = {
    HTTPStatus.UNAUTHORIZED: Denied,
    HTTPStatus.FORBIDDEN: Denied,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.TOO_MANY_REQUESTS: Unavailable,
}


_T = TypeVar("_T")


class _Problem(msgspec.Struct):
    detail: str = ""


class Link:
    """Synchronous, for worker threads; each call opens a connection of its own and is bounded in time and size.

    Raises `Unavailable` when the server cannot be reached or asks to come back later, else what the server's problem
    says: `Denied`, `NotFound`, `Conflict`, `Invalid`.
    """

    def __init__(self, url: str, *, name: str, token: str | None, version: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise Invalid(f"{url!r} is no address of a server; write http://host:8000 or https://host")
        if parts.username is not None or parts.password is not None:
            raise Invalid("the address of the server holds no password; the token comes from CMDB_BOOTSTRAP_TOKEN_FILE")
        try:
            self._port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as exc:
            raise Invalid(f"{url!r} has no port between 0 and 65535") from exc
        self._host = parts.hostname
        self._at = f"{self._host} port {self._port}"
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._path = f"{parts.path.rstrip('/')}/api/v1/collectors/{quote(name, safe='')}"
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token is not None:
            if not (token.isascii() and token.isprintable()):
                raise Invalid("the bootstrap token holds characters that no header can carry; make a new one")
            self._headers["Authorization"] = f"Bearer {token}"
        self._version = version
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def is_exposed(self) -> bool:
        """Whether a token would travel in the clear over a network that is not known to be private."""
        if self._tls is not None or "Authorization" not in self._headers:
            return False
        try:
            return not ipaddress.ip_address(self._host).is_private
        except ValueError:
            return "." in self._host and not self._host.endswith(".localhost")

    @property
    def place(self) -> str:
        """Host and port in a form that a folder may have."""
        return f"{self._host.replace(':', '-')}-{self._port}"

    def lease(self, wait_s: float) -> LeasedRun | None:
        """A run to do, waited for; None when there is none."""
        body = msgspec.json.encode({"version": self._version})
        answer = self._call("POST", f"/lease?wait_s={wait_s:g}", body, timeout_s=wait_s + 10)
        return _decoded(answer, LeasedRun) if answer else None

    def send(self, run_id: str, number: int, body: bytes) -> Heard:
        """Hand over one observation, as `encode_observation` made it."""
        answer = self._call("POST", f"/runs/{quote(run_id, safe='')}/observations?number={number}", body)
        return _decoded(answer, Heard)

    def report(self, run_id: str, word: RunWord) -> Heard:
        """Say how a run goes."""
        return _decoded(self._call("PUT", f"/runs/{quote(run_id, safe='')}", msgspec.json.encode(word)), Heard)

    def close(self) -> None:
        """Break off every call under way; later ones raise `Unavailable`."""
        with self._lock:
            self._is_closed = True
            for opened in self._open:
                with contextlib.suppress(OSError):  # it has ended by itself
                    # not the method of a TLS socket, which pulls its state from under the thread that reads
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)

    def _call(self, method: str, path: str, body: bytes, *, timeout_s: float = ANSWER_S) -> bytes:
        try:
            with self._connected(timeout_s) as connection:
                headers = {**self._headers, "Connection": "close"}
                connection.request(method, self._path + path, body=body, headers=headers)
                with connection.getresponse() as response:
                    content = response.read(ANSWER_LIMIT + 1)
                    status, missing = response.status, response.length
        except (OSError, http.client.HTTPException) as exc:
            # ssl.SSLError is an OSError too
            raise Unavailable(f"{self._at} does not answer: {str(exc) or type(exc).__name__}") from exc
        if len(content) > ANSWER_LIMIT:
            raise Invalid(f"{self._at} answers more than {ANSWER_LIMIT} bytes; is it a cmdb server?")
        if missing:
            raise Unavailable(f"{self._at} broke off its answer")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise _error(status, content)
        return content

    @contextlib.contextmanager
    def _connected(self, timeout_s: float) -> Iterator[http.client.HTTPConnection]:
        """A connection for one call, which `close` can break off."""
        made = (
            http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S)
            if self._tls is None
            else http.client.HTTPSConnection(self._host, self._port, timeout=CONNECT_S, context=self._tls)
        )
        try:
            made.connect()
            opened = made.sock
            opened.settimeout(timeout_s)
            with self._lock:
                if self._is_closed:
                    raise Unavailable("the collector stops")
                self._open.add(opened)
            try:
                yield made
            finally:
                with self._lock:
                    self._open.discard(opened)
        finally:
            made.close()


def _decoded(content: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Invalid(f"the server's answer is not understood: {exc}; use the same version on both sides") from exc


def _error(status: int, content: bytes) -> CmdbError:
    """What a refusal says; only the problem's own sentence is repeated."""
    try:
        detail = msgspec.json.decode(content, type=_Problem).detail[:500]
    except (msgspec.DecodeError, RecursionError):
        detail = ""
    kind = _ERRORS.get(status, Unavailable if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Invalid)
    if status == HTTPStatus.UNAUTHORIZED:
        detail = (
            "the server refuses the bootstrap token; set CMDB_BOOTSTRAP_TOKEN or CMDB_BOOTSTRAP_TOKEN_FILE to its token"
        )
    return kind(detail or f"the server answers HTTP {status}; is it a cmdb server?")
