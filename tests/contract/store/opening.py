"""Opening a store on a real Neo4j."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from cmdb.store.instants import utc_now
from cmdb.store.neo4j.database import PATIENCE_S
from cmdb.store.neo4j.store import Neo4jStore
from tests.support.neo4j.emptying import empty
from tests.support.neo4j.server import Neo4jServer


def labels_of(class_name: str) -> tuple[str, ...]:
    """Labels as the class registry gives them: the class and its parents, in words."""
    words = "".join(part.capitalize() for part in class_name.split("_"))
    return ("Hardware", words) if class_name in ("server", "switch", "router") else (words,)


def neo4j_store(
    server: Neo4jServer,
    *,
    clock: Callable[[], dt.datetime] = utc_now,
    is_fresh: bool = True,
    patience_s: float = PATIENCE_S,
) -> Neo4jStore:
    """A store on the server, emptied first unless said otherwise."""
    if is_fresh:
        empty(server)
    return Neo4jStore(
        server.url,
        user=server.user,
        password=server.password,
        database="neo4j",
        labels_of=labels_of,
        clock=clock,
        patience_s=patience_s,
    )


def place_of(server: Neo4jServer) -> str:
    """The server as one argument of `tests.contract.store.racer`."""
    return f"{server.url}|{server.user}|{server.password}"
