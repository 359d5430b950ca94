"""Scans from the command line: orders checked, credentials found by name, runs made with the context's store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

from cli.settings import Settings
from cli.wiring import Context, utc_now
from cmdb.entities import Run
from cmdb.errors import Invalid
from cmdb.ids import new_id
from cmdb.ingest import Ingest, Ingested
from cmdb.observation import Observation
from cmdb.reconcile.plan import Plan
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from discovery.credentials import Credential, CredentialBook, CredentialKind, load_credentials
from discovery.journal import RunJournal
from discovery.known_ports import known_ports
from discovery.orders import ScanOrder
from discovery.progress import RunObserver
from discovery.runs import run_scan
from discovery.safety import check_scan, is_range
from discovery.scanner import ScannerRegister, ScanRequest

_SSH = frozenset({CredentialKind.SSH_KEY, CredentialKind.SSH_PASSWORD})


def credential_book(settings: Settings) -> CredentialBook:
    """The credentials that this machine has."""
    path = settings.credentials_file if settings.credentials_file.exists() else None
    return load_credentials(path, settings.credential_variables)


class Orders:
    """Checks orders and fills in what they leave out; the one place where a scan becomes allowed."""

    def __init__(self, scanners: ScannerRegister, settings: Settings, store: Store | None = None) -> None:
        self._scanners = scanners
        self._settings = settings
        self._store = store

    def check(self, order: ScanOrder) -> None:
        """Raise what `discovery.orders.OrderCheck` says."""
        self.checked(order)

    def checked(self, order: ScanOrder) -> ScanOrder:
        """The order with its targets as they may be scanned."""
        scanner = self._scanners.make(order.scanner)
        if order.collector is not None:
            # names mean what they mean where the scan runs, and the collector checks all of the order there
            ranges = [target for target in order.targets if is_range(target)]
            if ranges:
                check_scan(ranges, is_confirmed=order.is_confirmed)
            return order
        if not scanner.needs_targets:
            if order.targets:
                raise Invalid(f"the {order.scanner} scanner takes no target; leave {order.targets[0]!r} out")
            return order
        scan = check_scan(order.targets, order.exclude, is_confirmed=order.is_confirmed)
        return replace(order, targets=scan.targets, exclude=scan.exclude)

    def credentials(self, names: Sequence[str]) -> tuple[Credential, ...]:
        """Credentials by name, in order; all of them when none is named, and each scanner takes those of its kinds."""
        book = credential_book(self._settings)
        return book.select(names) if names else tuple(c for kind in CredentialKind for c in book.by_kind(kind))

    def credentials_for(self, order: ScanOrder) -> tuple[Credential, ...]:
        """Those that the order names, else all of the kinds that its scanner takes."""
        if order.credentials:
            return self.credentials(order.credentials)
        kinds = self._scanners.make(order.scanner).credential_kinds
        if not kinds:
            return ()
        book = credential_book(self._settings)
        return tuple(credential for kind in CredentialKind if kind in kinds for credential in book.by_kind(kind))

    def options_for(self, order: ScanOrder) -> dict[str, str]:
        """The order's options, what the store knows, and for what speaks SSH the file of pinned host keys."""
        speaks_ssh = self._scanners.make(order.scanner).credential_kinds & _SSH
        place = {"host_keys_file": str(self._settings.host_keys_file)} if speaks_ssh else {}
        # an order from elsewhere never names a file of this machine
        return {**self.known_for(order), **order.options, **place}

    def known_for(self, order: ScanOrder) -> dict[str, str]:
        """Options that the store fills in, for a scan here or at a collector: for sweeps the ports known to be open."""
        if self._store is None or not getattr(self._scanners.make(order.scanner), "takes_known_ports", False):
            return {}
        return {"known_ports": json.dumps(known_ports(self._store, order.targets, order.network))}


class _DryIngest:
    """Plans what would be written and keeps the plans."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self.plans: list[Plan] = []

    def submit(self, observation: Observation, *, by: str) -> Ingested:
        """Plan only."""
        plan = self._ingest.plan(observation, by=by)
        self.plans.append(plan)
        return Ingested(plan, None)


class Scanning:
    """Runs scans in the foreground."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._scanners = ScannerRegister.from_entry_points()
        self._orders = Orders(self._scanners, context.settings, context.store)
        self._dry = _DryIngest(context.ingest)

    @property
    def plans(self) -> list[Plan]:
        """What dry runs would have written."""
        return self._dry.plans

    async def run(
        self,
        order: ScanOrder,
        *,
        observers: Sequence[RunObserver],
        stop: asyncio.Event,
        is_dry_run: bool = False,
        schedule: str | None = None,
    ) -> Run:
        """One scan to its end; raises what `Orders.check` raises before anything is sent."""
        order = self._orders.checked(order)
        now = utc_now()
        request = ScanRequest(
            run_id=new_id(now),
            started_at=now,
            targets=order.targets,
            exclude=order.exclude,
            credentials=self._orders.credentials_for(order),
            network=order.network,
            limits=order.limits,
            options=self._orders.options_for(order),
        )
        scanner = self._scanners.make(order.scanner)
        if not is_dry_run:
            RunJournal(self._context.store, clock=utc_now).recover_interrupted()
        # a dry run records its run in a store that is thrown away
        store = SqliteStore.in_memory() if is_dry_run else self._context.store
        ingestor = self._dry if is_dry_run else self._context.ingest
        return await run_scan(
            scanner,
            request,
            ingestor=ingestor,
            store=store,
            by=self._context.settings.user,
            clock=utc_now,
            observers=observers,
            schedule=schedule,
            stop=stop,
        )
