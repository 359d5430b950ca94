"""The application: routes over use cases, and what lives as long as it does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator

import anyio.to_thread
from fastapi import FastAPI

from api import errors
from api.bodies import BodyLimit
from api.compacting import run_steps
from api.context import AppContext
from api.event_stream import EventStreams
from api.follower import Follower
from api.frame import Frame
from api.gate import Gate
from api.guard import Guard
from api.idempotency import Idempotency
from api.metrics import Metrics
from api.parts import Api
from api.routing import described_app
from api.run_feed import RunFeed
from cmdb.amending import Amender
from cmdb.errors import CmdbError
from cmdb.health.keeping import Daily
from cmdb.history.compaction import Compaction
from cmdb.lifecycle.housekeeping import Housekeeping
from discovery.journal import RunJournal
from discovery.scheduler import Ticker


def create_app(context: AppContext) -> FastAPI:
    """The application; its lifespan runs the scheduler and keeps the impact graph current.

    Nothing in it asks another host: the documentation page is our own.
    """
    metrics = Metrics()
    api = Api(
        context=context,
        gate=Gate(),
        streams=EventStreams(metrics),
        runs=RunFeed(metrics),
        journal=RunJournal(context.store, clock=context.clock),
        follower=Follower(context.store, context.impact),
        metrics=metrics,
    )
    context.jobs.observe(api.runs)
    app = described_app(context.version, lifespan=_lifespan)
    app.state.api = api
    errors.add_handlers(app)
    # the last one added is the outermost
    app.add_middleware(Idempotency, clock=context.clock)
    app.add_middleware(BodyLimit)
    app.add_middleware(Guard, token=context.bootstrap_token)
    app.add_middleware(Frame, metrics=metrics)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    api: Api = app.state.api
    context = api.context
    await api.follower.look()
    following = asyncio.create_task(api.follower.run())
    recovering = asyncio.create_task(anyio.to_thread.run_sync(api.journal.recover_interrupted))
    recovering.add_done_callback(_retrieved)

    async def tick() -> None:
        await context.dispatcher.tick()

    amender = Amender(context.store, context.registry, context.policy, clock=context.clock)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    housekeeping = Housekeeping(amender, owner=owner)

    async def keep_house() -> None:
        # a busy or absent store is met again by the next pass
        with contextlib.suppress(CmdbError):
            await api.gate.write(housekeeping.run)

    daily = Daily(context.store, context.registry, context.audits, owner=owner, clock=context.clock)

    async def keep_health() -> None:
        with contextlib.suppress(CmdbError):
            await api.gate.read(daily.run)

    compaction = Compaction(context.store, clock=context.clock)

    async def keep_past() -> None:
        with contextlib.suppress(CmdbError):
            days = context.keep_days
            retention = None if days is None else await api.gate.read(lambda: compaction.plan(days))
            if retention is not None:
                await run_steps(api.gate, compaction, retention)

    tickers = [
        Ticker(tick, every_s=context.scheduler_every_s),
        Ticker(keep_health, every_s=context.health_every_s),
        Ticker(keep_past, every_s=context.compaction_every_s),
        Ticker(keep_house, every_s=context.housekeeping_every_s),
    ]
    for ticker in tickers:
        ticker.start()
    try:
        yield
    finally:
        api.streams.close()
        for ticker in tickers:
            ticker.stop()
        await context.jobs.close()
        await context.dispatcher.close()
        following.cancel()
        await asyncio.wait({following, recovering}, timeout=5)


def _retrieved(task: asyncio.Task[object]) -> None:
    """Take a background task's failure, which the dispatcher's own recovery meets again."""
    if not task.cancelled():
        task.exception()
