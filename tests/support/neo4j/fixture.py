"""Fixtures that give a real Neo4j; import them into a `conftest.py` to use them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.neo4j.server import Neo4jServer


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """One server for the whole run; whoever uses it empties it first (`tests.support.neo4j.emptying`)."""
    server = Neo4jServer(tmp_path_factory.mktemp("neo4j"))
    server.start()
    try:
        yield server
    finally:
        server.kill()  # its home is thrown away: an orderly stop would only take 10 s longer
