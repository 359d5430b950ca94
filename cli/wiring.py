"""The composition root: the only place that names a concrete store and puts the parts together."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cli.settings import Settings
from cmdb.errors import Invalid
from cmdb.ingest import Ingest
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.policy_file import read_limits, read_rules
from cmdb.reconcile.precedence import Policy
from cmdb.registry import Registry, default_registry
from cmdb.store.protocol import Store


def utc_now() -> dt.datetime:
    """The time now, aware, UTC."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """What a command works with."""

    settings: Settings
    registry: Registry
    policy: Policy
    store: Store
    ingest: Ingest


def make_registry(settings: Settings) -> Registry:
    """The built-in classes, extended by the site's own when there is a file of them."""
    registry = default_registry()
    if settings.site_model is None:
        return registry
    from cmdb.site.model import read_site_model

    return registry.extended(read_site_model(settings.site_model))


def make_policy(settings: Settings, registry: Registry) -> Policy:
    """The precedence that the product ships, extended by the site's own when there is a file of it."""
    if settings.policy is None:
        return Policy(registry=registry)
    safety, retention = read_limits(settings.policy)
    return Policy(read_rules(settings.policy, registry), registry, safety, retention)


def open_store(url: str, settings: Settings, registry: Registry) -> Store:
    """The store of a URL: `sqlite:///path`, `sqlite:///:memory:`, `neo4j://…`, `bolt://…` and their secure forms.

    Raises `Invalid` for another scheme or a password in the URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = url.removeprefix("sqlite:///")
        if path == url or not path:
            raise Invalid(f"store {url!r} names no file; write sqlite:///relative/path or sqlite:////absolute/path")
        from cmdb.store.sqlite.store import SqliteStore

        if path != ":memory:":
            Path(path).expanduser().absolute().parent.mkdir(parents=True, exist_ok=True)
        return SqliteStore(path if path == ":memory:" else str(Path(path).expanduser().absolute()))
    if parts.scheme.split("+")[0] in ("neo4j", "bolt"):
        if parts.password is not None:
            raise Invalid("a store URL holds no password; set CMDB_NEO4J_PASSWORD or CMDB_NEO4J_PASSWORD_FILE")
        from cmdb.store.neo4j.store import Neo4jStore

        return Neo4jStore(
            url,
            user=settings.neo4j_user,
            password=settings.neo4j_password or "",
            database=settings.neo4j_database,
            labels_of=registry.labels,
        )
    raise Invalid(
        f"store {url!r} is of no known kind; use sqlite:///path, sqlite:///:memory:, neo4j://host:7687 or bolt://host:7687"
    )


@contextlib.contextmanager
def opened(settings: Settings, store_url: str | None = None) -> Iterator[Context]:
    """A context with its store open; closed at the end."""
    registry = make_registry(settings)
    policy = make_policy(settings, registry)
    store = open_store(store_url or settings.store_url, settings, registry)
    try:
        ingest = Ingest(store, Reconciler(registry, policy), clock=utc_now)
        yield Context(settings, registry, policy, store, ingest)
    finally:
        store.close()
