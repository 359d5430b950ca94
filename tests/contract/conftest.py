"""The stores that every contract test runs against."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.contract.store.builders import Clock
from tests.contract.store.opening import neo4j_store, place_of
from tests.support.neo4j.emptying import empty
from tests.support.neo4j.fixture import neo4j_server

__all__ = ["neo4j_server"]
KINDS = ("sqlite-file", "sqlite-memory", pytest.param("neo4j", marks=pytest.mark.neo4j))


@pytest.fixture
def clock() -> Clock:
    """The stores' clock; each question moves it by a second."""
    return Clock()


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """An empty store of each kind."""
    with contextlib.closing(_open(request, tmp_path, clock)) as opened:
        yield opened


def _open(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Store:
    match request.param:
        case "sqlite-file":
            return SqliteStore(str(tmp_path / "store.db"), clock=clock)
        case "sqlite-memory":
            return SqliteStore.in_memory(clock=clock)
        case _:
            server = request.getfixturevalue("neo4j_server")
            return neo4j_store(server, clock=clock)


@pytest.fixture(params=["sqlite-file", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store is that several processes can open."""
    if request.param == "sqlite-file":
        return str(tmp_path / "store.db")
    server = request.getfixturevalue("neo4j_server")
    empty(server)
    return place_of(server)
