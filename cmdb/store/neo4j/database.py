"""One Neo4j database over Bolt: the only module that imports the driver."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import neo4j
from neo4j import exceptions

from cmdb.errors import CmdbError, Conflict, Denied, Invalid, Unavailable

_SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
_CONNECT_S = 5.0
PATIENCE_S = 20.0
"""How long a transaction is tried again after transient errors, unless said otherwise."""
"""How long transient errors (deadlocks, a leader's change) are tried again."""
_TRANSACTION_S = 120.0
_BATCH = 5_000
"""Rows of one UNWIND."""

Answer = TypeVar("Answer")


class Transaction:
    """What a unit of work may do: run queries."""

    def __init__(self, inner: neo4j.ManagedTransaction) -> None:
        self._inner = inner

    def rows(self, query: str, **parameters: object) -> list[list[Any]]:
        """All rows of the answer, each as a list of its columns."""
        return self._inner.run(query, parameters).values()

    def unwind(self, query: str, rows: Sequence[object], **parameters: object) -> list[list[Any]]:
        """The rows of a query that begins with `UNWIND $rows AS row`, run in bounded batches."""
        found: list[list[Any]] = []
        for start in range(0, len(rows), _BATCH):
            found += self.rows(f"UNWIND $rows AS row {query}", rows=rows[start : start + _BATCH], **parameters)
        return found


class Database:
    """Managed transactions with bounded waits; a later one never sees less than an earlier one of this process.

    `Unavailable` when the server does not answer, `Denied` when it refuses the login, `Invalid` for an address that is none.
    """

    def __init__(self, url: str, *, user: str, password: str, database: str, patience_s: float = PATIENCE_S) -> None:
        self._place = f"the Neo4j database {database} at {url}"
        self._database = database
        self._is_closed = False
        if url.partition("://")[0] not in _SCHEMES:
            raise Invalid(f"{self._place} cannot be addressed; begin the store's URL with {', '.join(_SCHEMES)}")
        with self._translated():
            self._driver = neo4j.GraphDatabase.driver(
                url,
                auth=(user, password),
                connection_timeout=_CONNECT_S,
                connection_acquisition_timeout=patience_s,
                max_transaction_retry_time=patience_s,
                notifications_min_severity="OFF",
                user_agent="graph-cmdb",
            )
            self._bookmarks = neo4j.GraphDatabase.bookmark_manager()
        try:
            # Without the patience of a transaction: whoever opens a store wants to know at once that nobody is there.
            with self._session() as session:
                session.run("RETURN 1").consume()
        except BaseException:
            self.close()
            raise

    @property
    def place(self) -> str:
        """What and where it is, for messages."""
        return self._place

    def read(self, work: Callable[[Transaction], Answer]) -> Answer:
        """What `work` returns; it is tried again after transient errors, so it must not keep anything."""
        unit = neo4j.unit_of_work(timeout=_TRANSACTION_S)(lambda inner: work(Transaction(inner)))
        with self._session() as session:
            return session.execute_read(unit)

    def write(self, work: Callable[[Transaction], Answer]) -> Answer:
        """What `work` returns after its commit; it is tried again as a whole, so it must find out what it had done."""
        unit = neo4j.unit_of_work(timeout=_TRANSACTION_S)(lambda inner: work(Transaction(inner)))
        with self._session() as session:
            return session.execute_write(unit)

    @contextlib.contextmanager
    def _session(self) -> Iterator[neo4j.Session]:
        if self._is_closed:
            raise Unavailable(f"{self._place} is closed; open it again")
        with (
            self._translated(),
            self._driver.session(database=self._database, bookmark_manager=self._bookmarks) as session,
        ):
            yield session

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except CmdbError:
            raise
        except exceptions.AuthError as error:
            raise Denied(f"{self._place} refused the login; check user and password") from error
        except exceptions.ConstraintError as error:
            raise Conflict(f"{self._place} holds one of these already: {error.message}; plan again") from error
        except (exceptions.ConfigurationError, exceptions.UnsupportedServerProduct) as error:
            raise Invalid(f"{self._place} cannot be addressed: {error}; correct the store's URL") from error
        except (exceptions.Neo4jError, exceptions.DriverError, OSError) as error:
            raise Unavailable(f"{self._place} does not answer: {_reason(error)}; try again when it is up") from error
        except UnicodeEncodeError as error:
            message = f"a text holds {error.object[error.start]!a}, which is no Unicode character; correct it"
            raise Invalid(message) from error
        except ValueError as error:
            raise Invalid(f"{self._place} cannot be addressed: {error}; correct the store's URL") from error

    def close(self) -> None:
        """Close all connections; idempotent."""
        self._is_closed = True
        self._driver.close()


def _reason(error: Exception) -> str:
    """The first line of what the driver says; later ones repeat it per address."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
