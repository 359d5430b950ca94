"""An API on an empty store in memory, with scanners that play scripts."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI

from api.application import create_app
from api.context import AppContext
from api.impact_desk import ImpactDesk
from cli.travel import travel_rules
from cmdb.errors import NotFound
from cmdb.health.audits import load_audits
from cmdb.ingest import Ingest
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.registry import default_registry
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from discovery.credentials import Credential
from discovery.dispatcher import Dispatcher
from discovery.jobs import ScanJobs
from discovery.orders import ScanOrder
from discovery.parsers import ParserRegister
from discovery.runs import Patience
from discovery.scanner import Scanner, ScannerRegister
from discovery.schedules import Schedules
from tests.unit.discovery.fakes import ScriptedScanner, Wait, done, seen

LOOPBACK = "http://127.0.0.1:8000"


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Quick(ScriptedScanner):
    """Sees one server and is done."""

    def __init__(self) -> None:
        super().__init__([seen("a"), done("10.0.0.1")])


class Slow(ScriptedScanner):
    """Sees one server and then takes its time."""

    def __init__(self) -> None:
        super().__init__([seen("a"), done("10.0.0.1"), Wait(60)])


@dataclass
class Desk:
    """Lets orders for known scanners through; knows no credential."""

    scanners: ScannerRegister

    def check(self, order: ScanOrder) -> None:
        self.scanners.make(order.scanner)

    def checked(self, order: ScanOrder) -> ScanOrder:
        self.check(order)
        return order

    def credentials_for(self, order: ScanOrder) -> tuple[Credential, ...]:
        if order.credentials:
            raise NotFound(f"no credential is called {order.credentials[0]!r}")
        return ()

    def options_for(self, order: ScanOrder) -> dict[str, str]:
        return dict(order.options)


def make_context(store: Store, *, token: str | None = None, limit: int = 4) -> AppContext:
    registry = default_registry()
    ingest = Ingest(store, Reconciler(registry, Policy()), clock=utc_now)
    makers: dict[str, type[Scanner]] = {"quick": Quick, "slow": Slow}
    scanners = ScannerRegister(makers)
    desk = Desk(scanners)
    patience = Patience(outage_s=0.5, first_retry_s=0.02, longest_retry_s=0.05, scanner_stop_s=1, drain_s=1)
    jobs = ScanJobs(store, ingest, scanners, orders=desk, clock=utc_now, patience=patience, limit=limit)
    schedules = Schedules(store, clock=utc_now, check=desk.check)
    return AppContext(
        store=store,
        registry=registry,
        audits=load_audits(registry),
        policy=Policy(),
        ingest=ingest,
        impact=ImpactDesk(store, travel_rules(registry)),
        scanners=scanners,
        parsers=ParserRegister.from_entry_points(),
        jobs=jobs,
        schedules=schedules,
        dispatcher=Dispatcher(store, schedules, jobs, owner="test", clock=utc_now),
        clock=utc_now,
        version="test",
        bootstrap_token=token,
        scheduler_every_s=0.2,
    )


@dataclass
class World:
    """A running application, a client of it, and the store behind it."""

    app: FastAPI
    client: httpx.AsyncClient
    store: Store
    context: AppContext
    headers: Mapping[str, str] = field(default_factory=dict)

    async def import_graph(self, *lines: object, **params: str) -> list[dict[str, object]]:
        """Import lines of the graph format; the answer's lines."""
        answer = await self.client.post("/api/v1/imports/graph", content=jsonl(*lines), params=params)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    async def get(self, path: str, **params: str | int) -> dict[str, object]:
        """A document, which must be there."""
        answer = await self.client.get(f"/api/v1{path}", params=params)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert isinstance(document, dict)
        return document


def jsonl(*lines: object) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def ci(id_: str, class_name: str, **attributes: object) -> dict[str, object]:
    return {"ci": {"id": id_, "class": class_name, "name": id_, "native_key": id_, "attributes": attributes}}


def rel(source: str, type_: str, target: str) -> dict[str, object]:
    return {"relationship": {"source": source, "type": type_, "target": target}}


SHOP: Sequence[dict[str, object]] = (
    ci("shop", "business_service"),
    ci("web", "application"),
    ci("db1", "server", serial_number="C02XL0AB1234"),
    rel("shop", "DEPENDS_ON", "web"),
    rel("web", "DEPENDS_ON", "db1"),
)
"""`(shop)-[:DEPENDS_ON]->(web)-[:DEPENDS_ON]->(db1)`."""


@contextlib.asynccontextmanager
async def open_world(*, store: Store | None = None, token: str | None = None, limit: int = 4) -> AsyncIterator[World]:
    """An application between startup and shutdown."""
    kept = store or SqliteStore.in_memory()
    context = make_context(kept, token=token, limit=limit)
    app = create_app(context)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=LOOPBACK, timeout=30) as client,
    ):
        yield World(app, client, kept, context)
    kept.close()


async def ended(world: World, run_id: object) -> dict[str, object]:
    """The run when it is over."""
    for _ in range(1000):
        run = await world.get(f"/scans/{run_id}")
        if run["state"] != "running":
            return run
        await asyncio.sleep(0.02)
    raise AssertionError("the run did not end within 20 s")
