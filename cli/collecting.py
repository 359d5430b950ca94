"""Orders for remote collectors from the command line: put into the store's queue, where any server hands them out."""

from __future__ import annotations

from cli.scanning import Orders
from cli.wiring import Context, utc_now
from cmdb.entities import Run, Schedule
from cmdb.errors import Conflict
from cmdb.ids import new_id
from discovery.collector_queue import CollectorQueue
from discovery.orders import ScanOrder
from discovery.scanner import ScannerRegister


def queue_order(found: Context, order: ScanOrder, *, schedule: Schedule | None = None) -> Run:
    """Queue an order for the collector that it names; raises what the order desk raises.

    Raises `Conflict` while a run of the same schedule waits for its collector or goes on there.
    """
    queue = CollectorQueue(found.store, found.ingest, clock=utc_now)
    if schedule is not None and queue.has_open(schedule.id):
        raise Conflict(f"a run of {schedule.name!r} waits for {order.collector} or goes on there; wait for its end")
    checked = Orders(ScannerRegister.from_entry_points(), found.settings).checked(order)
    return queue.put(
        checked, run_id=new_id(utc_now()), by=found.settings.user, schedule=schedule.id if schedule else None
    )
