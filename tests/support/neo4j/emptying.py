"""Takes everything out of a test server, so that each test begins with an empty database."""

from __future__ import annotations

import neo4j

from tests.support.neo4j.server import Neo4jServer


def driver_of(server: Neo4jServer) -> neo4j.Driver:
    """A driver of one's own beside the store, as Neo4j Browser is."""
    return neo4j.GraphDatabase.driver(
        server.url, auth=(server.user, server.password), notifications_min_severity="OFF", connection_timeout=5
    )


def empty(server: Neo4jServer) -> None:
    """Delete all nodes and relationships; constraints and indexes stay."""
    with driver_of(server) as driver, driver.session(database="neo4j") as session:
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS").consume()
