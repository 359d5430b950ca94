"""What a collector still has to tell its server, on disk: it outlives an outage of the server and a kill of the collector."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cmdb.errors import Conflict, Invalid, Unavailable
from discovery.collecting import RunWord

BYTES_KEPT = 512_000_000
"""Of observations that wait, over all runs; when it is full, scans wait."""

_RUN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WORD = "end.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One observation as it is sent; numbers count from 1 within their run."""

    number: int
    body: bytes


class Outbox:
    """A folder that one process holds; callable from any thread. Raises `Conflict` when another process has it."""

    def __init__(self, folder: Path, *, limit_bytes: int = BYTES_KEPT) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._turn = threading.Lock()
        try:
            # an inventory is nobody else's business
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise Unavailable(
                f"{folder} cannot be written: {exc.strerror}; give the collector a folder of its own"
            ) from exc
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(self._lock)
            raise Conflict("a collector of this name runs on this machine already; give another --name") from exc

    def leftovers(self) -> tuple[RunBox, ...]:
        """Boxes of runs that an earlier process left, oldest first; each run has had its last observation."""
        names = sorted(path.name for path in self._folder.iterdir() if _RUN_ID.fullmatch(path.name))
        return tuple(RunBox(self, self._folder / name) for name in names)

    def open(self, run_id: str) -> RunBox:
        """An empty box for a run; raises `Invalid` for an id that is none, `Unavailable` when the disk does not take it."""
        if not _RUN_ID.fullmatch(run_id):
            raise Invalid("the server names a run by something that is no id")
        folder = self._folder / run_id
        try:
            folder.mkdir(mode=0o700)
        except OSError as exc:
            raise Unavailable(f"{folder} cannot be made: {exc.strerror}") from exc
        return RunBox(self, folder)

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)

    def grow(self, count: int, *, is_there: bool = False) -> None:
        """Take room for so many bytes, negative to give it back; raises `Unavailable` when there is none for what is not there yet."""
        with self._turn:
            if count > 0 and not is_there and self._bytes + count > self._limit_bytes:
                raise Unavailable(f"{self._bytes} bytes wait for the server already, and it does not answer")
            self._bytes += count


class RunBox:
    """What waits of one run: observations in order, and at last the word on how it ended."""

    def __init__(self, outbox: Outbox, folder: Path) -> None:
        self.run_id = folder.name
        self._outbox = outbox
        self._folder = folder
        self._waiting = sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit())
        self._sizes = {number: self._path(number).stat().st_size for number in self._waiting}
        self._last = self._waiting[-1] if self._waiting else 0
        outbox.grow(sum(self._sizes.values()), is_there=True)

    @property
    def count(self) -> int:
        """Observations that wait."""
        return len(self._waiting)

    def add(self, body: bytes) -> None:
        """Keep one observation; raises `Unavailable` when there is no room."""
        self._outbox.grow(len(body))
        try:
            self._write(f"{self._last + 1:08}.json", body)
        except Unavailable:
            self._outbox.grow(-len(body))
            raise
        self._last += 1
        self._sizes[self._last] = len(body)
        self._waiting.append(self._last)

    def first(self) -> Entry | None:
        """The oldest observation that waits; None when there is none. Raises `Unavailable` when it cannot be read."""
        if not self._waiting:
            return None
        number = self._waiting[0]
        try:
            return Entry(number, self._path(number).read_bytes())
        except OSError as exc:
            raise Unavailable(f"{self._path(number)} cannot be read: {exc.strerror}") from exc

    def drop(self, number: int) -> None:
        """Forget an observation that has arrived."""
        self._waiting.remove(number)
        self._path(number).unlink(missing_ok=True)
        self._outbox.grow(-self._sizes.pop(number, 0))

    def end(self, word: RunWord) -> None:
        """Keep how the run ended; nothing is added after it."""
        self._write(_WORD, msgspec.json.encode(word))

    def word(self) -> RunWord | None:
        """How the run ended; None while it goes on."""
        try:
            return msgspec.json.decode((self._folder / _WORD).read_bytes(), type=RunWord)
        except (OSError, msgspec.DecodeError):
            return None

    def remove(self) -> None:
        """Forget the run with all that waits."""
        for number in tuple(self._waiting):
            self.drop(number)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08}.json"

    def _write(self, name: str, body: bytes) -> None:
        part = self._folder / f".{name}.part"
        try:
            part.write_bytes(body)
            part.replace(self._folder / name)
        except OSError as exc:
            part.unlink(missing_ok=True)
            raise Unavailable(f"{self._folder} cannot be written: {exc.strerror}") from exc
