"""A database for one import: in memory while it is small, then on disk, and gone with the process however that ends."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from cmdb.errors import CmdbError, Invalid, Unavailable

MAX_BYTES = 16 * 1024**3
_PAGE_BYTES = 8192
_CACHE_KIB = 32 * 1024
_LISTED = 5000
_ROOM_BYTES = 64 * 1024**2
_TABLES = """
    CREATE TABLE draft (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, rank INTEGER, body BLOB);
    CREATE TABLE link (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE grouping (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE scope (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE refused (number INTEGER PRIMARY KEY, line INTEGER, id TEXT, message TEXT NOT NULL);
    CREATE TABLE outcome (number INTEGER PRIMARY KEY, id TEXT NOT NULL, line INTEGER, ci TEXT, weight INTEGER NOT NULL,
        rule TEXT NOT NULL, reason TEXT NOT NULL, flags TEXT NOT NULL)
"""

Rows = Iterator[tuple[Any, ...]]
"""Rows as SQLite gives them; each query knows the types of its columns."""


class SpoolFile:
    """SQLite's own temporary database, which has no name in the folder for temporary files (sqlite.org/inmemorydb.html).

    Raises `Invalid` past `limit_bytes` and `Unavailable` when the disk is full. One thread at a time may use it.
    """

    def __init__(self, *, limit_bytes: int = MAX_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._fault: CmdbError | None = None
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        with self._translated():
            # nothing of it is ever recovered, so nothing is kept for that
            for setting in (
                f"page_size = {_PAGE_BYTES}",
                "journal_mode = OFF",
                "synchronous = OFF",
                f"cache_size = -{_CACHE_KIB}",
                f"max_page_count = {max(limit_bytes // _PAGE_BYTES, 1)}",
            ):
                self._connection.execute(f"PRAGMA {setting}").fetchall()
            for statement in _TABLES.split(";"):
                self._connection.execute(statement)
            self._connection.execute("BEGIN")

    def write(self, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement for each row; how many rows it changed."""
        with self._translated():
            return self._connection.executemany(statement, rows).rowcount

    def run(self, statement: str) -> None:
        """Run a statement without parameters."""
        with self._translated():
            self._connection.execute(statement)

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Rows:
        """The answer to a query, streamed."""
        with self._translated():
            yield from self._connection.execute(query, parameters)

    def rows_in(self, query: str, texts: Collection[str]) -> Rows:
        """The answers to a query over `json_each(?)`, which holds some of the texts at a time."""
        wanted = sorted(set(texts))
        for start in range(0, len(wanted), _LISTED):
            yield from self.rows(query, (json.dumps(wanted[start : start + _LISTED]),))

    def close(self) -> None:
        """Drop everything; idempotent."""
        self._connection.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        # without a journal a statement that failed leaves ruins, so nothing is asked of the file again
        if self._fault is not None:
            raise self._fault
        try:
            yield
        except sqlite3.Error as error:
            self._fault = self._translate(error)
            raise self._fault from error

    def _translate(self, error: sqlite3.Error) -> CmdbError:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL and self._is_at_limit():
            size = f"{self._limit_bytes / 1024**3:.1f} GiB"
            return Invalid(f"the input takes more than {size} on disk while it is read; split it")
        return Unavailable(
            f"the input cannot be kept in the folder for temporary files: {error}; make room, or set TMPDIR"
        )

    def _is_at_limit(self) -> bool:
        """Whether it is our own limit that was met: the disk still has room for more than a buffer of rows."""
        return shutil.disk_usage(tempfile.gettempdir()).free > _ROOM_BYTES
