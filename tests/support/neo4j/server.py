"""A real Neo4j 5.26 Community for tests, on loopback, with a home of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.support.neo4j.jars import jars

_FOLDER = Path(__file__).resolve().parent
_START_S = 120.0
_STOP_S = 60.0


class Neo4jServer:
    """Starts and stops one server; its data stay in `home` between the two."""

    user = "neo4j"
    password = "only-for-tests"

    def __init__(self, home: Path) -> None:
        self._home = home
        self._library = jars()
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where Bolt answers."""
        return f"bolt://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Return once the server answers; fails after two minutes with the end of its log."""
        java = shutil.which("java")
        assert java is not None
        self._home.mkdir(parents=True, exist_ok=True)
        log = self._home / "output.log"
        command = [java, "-Xmx1g", "-cp", f"{self._library}/*", str(_FOLDER / "Neo4jServer.java")]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, str(self._home), str(self._port), self.password],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + _START_S
        while "ready" not in log.read_text(errors="replace").split():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"Neo4j did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server in order; idempotent."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the server at once, as a crash does."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(_STOP_S)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
