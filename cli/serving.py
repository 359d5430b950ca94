"""The server put together: one store, one ingest, one impact graph, the scans and schedules on top."""

from __future__ import annotations

import os
import socket
from importlib.metadata import version

from api.context import AppContext
from api.impact_desk import ImpactDesk
from cli.scanning import Orders
from cli.travel import travel_rules
from cli.wiring import Context, utc_now
from cmdb.health.audits import load_audits
from discovery.collector_queue import CollectorQueue
from discovery.dispatcher import Dispatcher
from discovery.jobs import ScanJobs
from discovery.parsers import ParserRegister
from discovery.scanner import ScannerRegister
from discovery.schedules import Schedules


def app_context(found: Context) -> AppContext:
    """What the API works with, made from a command's context."""
    scanners = ScannerRegister.from_entry_points()
    orders = Orders(scanners, found.settings, found.store)
    schedules = Schedules(found.store, clock=utc_now, check=orders.check)
    queue = CollectorQueue(found.store, found.ingest, clock=utc_now, known_for=orders.known_for)
    jobs = ScanJobs(found.store, found.ingest, scanners, orders=orders, clock=utc_now, queue=queue)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    return AppContext(
        store=found.store,
        registry=found.registry,
        policy=found.policy,
        audits=load_audits(found.registry, found.settings.audits),
        ingest=found.ingest,
        impact=ImpactDesk(found.store, travel_rules(found.registry)),
        scanners=scanners,
        parsers=ParserRegister.from_entry_points(),
        jobs=jobs,
        schedules=schedules,
        dispatcher=Dispatcher(found.store, schedules, jobs, owner=owner, clock=utc_now),
        clock=utc_now,
        version=version("graph-cmdb"),
        keep_days=found.settings.keep_days,
        bootstrap_token=found.settings.bootstrap_token,
    )
