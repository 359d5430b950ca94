"""`cmdb collector`."""

from __future__ import annotations

import asyncio
import signal
import socket
from importlib.metadata import version

import click

from cli.scanning import Orders
from cli.settings import Settings, read_settings
from cli.terminal import printable
from cli.wiring import utc_now
from cmdb.entities import RunState
from cmdb.store.sqlite.store import SqliteStore
from discovery.collecting import check_name
from discovery.collector_jobs import Collector
from discovery.collector_link import Link
from discovery.outbox import Outbox
from discovery.scanner import ScannerRegister


@click.command()
@click.option(
    "--server", required=True, metavar="URL", help="Address of the server, such as https://cmdb.example:8000."
)
@click.option("--name", help="Name that orders and schedules call it by; the host's name when left out.")
@click.option("--once", "is_once", is_flag=True, help="Take one scan, wait until the server has it all, and end.")
@click.option(
    "--wait",
    "patience_s",
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to try at the start when the server does not answer.",
)
def collector(*, server: str, name: str | None, is_once: bool, patience_s: float) -> int:
    """Take scans from a server, run them from this machine and send what they see, until Ctrl-C.

    The token comes from CMDB_BOOTSTRAP_TOKEN or CMDB_BOOTSTRAP_TOKEN_FILE, credentials from this machine's own file: no secret travels.

    Example: cmdb collector --server https://cmdb.example:8000 --name branch-1
    """
    settings = read_settings()
    called = check_name(name or socket.gethostname())
    link = _link(server, called, settings)
    if link.is_exposed:
        _tell("the token travels in the clear to a host that is not known to be near; put TLS before the server")
    # apart by server: what waits for one is never offered to another
    outbox = Outbox(settings.data_folder / "collector" / f"{called}@{link.place}")
    try:
        ended = asyncio.run(_run(server, called, settings, outbox, patience_s, is_once=is_once))
    finally:
        outbox.close()
    return 0 if not is_once or ended in (RunState.DONE, RunState.PARTIAL) else 1


async def _run(
    server: str, name: str, settings: Settings, outbox: Outbox, patience_s: float, *, is_once: bool
) -> RunState | None:
    scanners = ScannerRegister.from_entry_points()
    made = Collector(
        lambda: _link(server, name, settings),
        outbox,
        scanners,
        orders=Orders(scanners, settings),
        # the server keeps the record; a run here needs one only while it goes
        make_journal=SqliteStore.in_memory,
        clock=utc_now,
        tell=_tell,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _tell(f"collector {name}: takes scans from {server}; Ctrl-C stops")
    try:
        return await made.run(stop, patience_s=patience_s, is_once=is_once)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _link(server: str, name: str, settings: Settings) -> Link:
    return Link(server, name=name, token=settings.bootstrap_token, version=version("graph-cmdb"))


def _tell(line: str) -> None:
    click.echo(printable(line), err=True)
