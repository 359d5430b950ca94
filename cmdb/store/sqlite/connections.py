"""Connections to one SQLite database: one writer at a time, readers that nobody blocks."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cmdb.errors import CmdbError, Invalid, Unavailable
from cmdb.store.sqlite.functions import add_functions
from cmdb.store.sqlite.schema import prepare

MEMORY = ":memory:"
_WAIT_S = 30.0
"""The longest that a writer waits for another one, in this process and again in others."""
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
"""What SQLite says when there is no room for the file, or for its index of the write-ahead log."""
_CACHE_KIB = 64 * 1024
_STATEMENT_S = 60.0
_STEPS = 100_000
"""Instructions of SQLite's machine between two looks at the clock."""


@contextlib.contextmanager
def bounded(connection: sqlite3.Connection) -> Iterator[None]:
    """Statements end after a minute with `Unavailable`, so that no filter holds a connection for ever."""
    until = time.monotonic() + _STATEMENT_S
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        raise Unavailable(
            f"the question was not answered within {_STATEMENT_S:.0f} s; ask a smaller class, or fewer hops"
        ) from error
    finally:
        connection.set_progress_handler(None, 0)


class Connections:
    """Opens a database file, or one in memory; `Invalid` or `Unavailable` say why it cannot be used."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._is_memory = path == MEMORY
        self._lock = threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        self._is_closed = False
        with self._translated():
            self._refuse_what_is_no_file()
            self._writer = self._connect()
            try:
                prepare(self._writer, self._place)
            except BaseException:
                self._writer.close()
                raise

    @property
    def _place(self) -> str:
        return "the store in memory" if self._is_memory else f"the store {self._path}"

    def _refuse_what_is_no_file(self) -> None:
        if self._is_memory:
            return
        path = Path(self._path)
        if path.is_dir():
            raise Invalid(f"{self._place} is a folder; name a file in it")
        if not path.parent.is_dir():
            raise Unavailable(f"{self._place} cannot be made: there is no folder {path.parent}; make it first")
        if not path.exists():
            # An inventory is nobody else's business: the file is its owner's alone, and SQLite gives -wal and -shm the same mode.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        elif not os.access(path, os.W_OK):
            raise Unavailable(f"{self._place} cannot be written; allow this user to write it")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            # Asked first: the header is read here, so that a file of another kind is named as such.
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            add_functions(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one committed state, the newest at its first statement."""
        if self._is_memory:
            with self._locked(), self._translated():
                yield self._writer
            return
        with self._translated():
            self._refuse_when_closed()
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if self._is_closed:
                    connection.close()
                else:
                    self._idle.append(connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The one writer inside a transaction: committed at the end, rolled back on any error."""
        with self._locked(), self._translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=_WAIT_S):
            raise Unavailable(f"{self._place} was busy for {_WAIT_S:.0f} s; try again later")
        try:
            self._refuse_when_closed()
            yield
        finally:
            self._lock.release()

    def _refuse_when_closed(self) -> None:
        if self._is_closed:
            raise Unavailable(f"{self._place} is closed; open it again")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except CmdbError:
            raise
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                raise Invalid(f"{self._place} is no SQLite database; name another file for the store") from error
            if getattr(error, "sqlite_errorcode", None) in _FULL:
                raise Unavailable(
                    f"{self._place}: the disk is full, and this was not written; what was confirmed before is there."
                    " Free some space on that disk, then do it again"
                ) from error
            raise Unavailable(
                f"{self._place} does not work: {error}; check the file, its folder and the disk"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{self._place} cannot be opened: {error.strerror}; check the folder and its rights"
            ) from error
        except UnicodeEncodeError as error:
            raise Invalid(
                f"a text holds {error.object[error.start]!a}, which is no Unicode character; correct it"
            ) from error

    def close(self) -> None:
        """Close every idle connection and the writer; idempotent."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            for connection in (*self._idle, self._writer):
                connection.close()
            self._idle.clear()
