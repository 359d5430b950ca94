"""The processes that the lab started, by process id and start time, so that no other is ever ended."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Started:
    """One process; the start time (proc(5), field 22 of stat, clock ticks) tells it from a later one of the same id."""

    pid: int
    start_ticks: str

    @classmethod
    def of(cls, pid: int) -> Started:
        """The process that has this id now."""
        return cls(pid, _start_ticks(pid) or "")

    @classmethod
    def start(cls, words: Sequence[str], *, log: Path) -> Started:
        """Start a program that outlives this one, with a session of its own; what it prints is added to `log`."""
        with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
            actions = [
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
            ]
            return cls.of(os.posix_spawnp(words[0], list(words), os.environ, file_actions=actions, setsid=True))

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return _start_ticks(self.pid) == self.start_ticks

    @property
    def child(self) -> int | None:
        """Its first child, which for a node is the init of the node."""
        if not self.is_alive:
            return None
        try:
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def kill(self) -> None:
        """End it and its first child with all of its namespace; returns once they are gone, or after 5 s."""
        child = self.child
        # an init is gone only when every process of its namespace is (pid_namespaces(7))
        ending = [self] if child is None else [Started.of(child), self]
        for process in ending:
            if process.is_alive:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while any(process.is_alive for process in ending) and time.monotonic() < deadline:
            time.sleep(0.02)
        # collects it where it was started by this very process
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)


class ProcessTable:
    """Name to process, kept in a file of the lab's running state."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Started]:
        """Everything started and not removed; empty when the lab is down."""
        try:
            stored = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        return {name: Started(int(pid), str(ticks)) for name, (pid, ticks) in stored.items()}

    def put(self, name: str, process: Started) -> None:
        """Record one process."""
        self._write({**self.read(), name: process})

    def remove(self, name: str) -> None:
        """Forget one process."""
        self._write({other: process for other, process in self.read().items() if other != name})

    def _write(self, table: dict[str, Started]) -> None:
        unfinished = self._path.with_suffix(".part")
        unfinished.write_text(
            json.dumps({name: [item.pid, item.start_ticks] for name, item in table.items()}, indent=1)
        )
        unfinished.replace(self._path)


def _start_ticks(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rsplit(") ", 1)[1].split()
    # a zombie has ended, whoever still has to collect it
    return None if fields[0] == "Z" else fields[19]
