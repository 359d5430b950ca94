"""What the API works with, made once at the composition root."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from api.impact_desk import ImpactDesk
from cmdb.health.audits import Audit
from cmdb.ingest import Ingest
from cmdb.reconcile.precedence import Policy
from cmdb.registry import Registry
from cmdb.store.protocol import Store
from discovery.dispatcher import Dispatcher
from discovery.jobs import ScanJobs
from discovery.parsers import ParserRegister
from discovery.scanner import ScannerRegister
from discovery.schedules import Schedules


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    """Collaborators and settings of one application; `bootstrap_token` None means loopback only (`check_bind`)."""

    store: Store
    registry: Registry
    policy: Policy
    audits: tuple[Audit, ...]
    ingest: Ingest
    impact: ImpactDesk
    scanners: ScannerRegister
    parsers: ParserRegister
    jobs: ScanJobs
    schedules: Schedules
    dispatcher: Dispatcher
    clock: Callable[[], dt.datetime]
    user: str = "api"
    """Who is named as the author of what is written over HTTP, until users exist."""
    version: str = "0"
    bootstrap_token: str | None = field(default=None, repr=False)
    scheduler_every_s: float = 1.0
    housekeeping_every_s: float = 60.0
    health_every_s: float = 3600.0
    keep_days: int | None = None
    """For how many days every state is kept; None is for ever."""
    compaction_every_s: float = 3600.0
