"""Imports as a test makes them: what a parser says lands in a store, and what became of it is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from cmdb.formats.batch import Intake, Refused
from cmdb.importing import ImportOrder, ImportReport, land
from cmdb.ingest import Ingest
from cmdb.reconcile.plan import LinkCounts, Reconciler, RowOutcome
from cmdb.reconcile.precedence import Policy
from cmdb.registry import default_registry
from cmdb.spool.intake import MAX_ROWS, Spool
from cmdb.store.protocol import Store

REGISTRY = default_registry()


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, after its spool is gone."""

    rows: list[RowOutcome]
    refused: list[Refused]
    totals: dict[str, int]
    links: LinkCounts
    revision: int | None
    is_written: bool

    @classmethod
    def of(cls, report: ImportReport) -> Imported:
        return cls(
            list(report.rows()),
            list(report.refused()),
            report.totals(),
            report.links,
            report.revision,
            report.is_written,
        )


def imported(
    store: Store,
    read: Callable[[Intake], None],
    order: ImportOrder,
    *,
    clock: Callable[[], dt.datetime],
    piece_rows: int = MAX_ROWS,
) -> Imported:
    """Land what `read` puts into the intake, in pieces of so many rows."""
    with Spool(order.observation(), REGISTRY, piece_rows=piece_rows) as spool:
        read(spool)
        return Imported.of(land(spool, order, Ingest(store, Reconciler(REGISTRY, Policy()), clock=clock)))
