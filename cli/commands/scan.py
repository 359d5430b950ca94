"""`cmdb scan`."""

from __future__ import annotations

import asyncio
import ipaddress
import signal

import click

from cli.collecting import queue_order
from cli.options import context, json_option, print_json, store_option
from cli.progress import Progress
from cli.scanning import Scanning
from cli.terminal import console, table
from cmdb.documents import run_document
from cmdb.entities import Run, RunState
from cmdb.errors import Invalid
from discovery.orders import ScanOrder
from discovery.scanner import Outcome

SHOWN = 50


@click.command()
@click.argument("scanner")
@click.argument("targets", nargs=-1, metavar="TARGET…")
@click.option("--exclude", multiple=True, metavar="T", help="Address or network to leave alone; may be repeated.")
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    metavar="NAME",
    help="Credential to try, in order; all that fit when left out.",
)
@click.option(
    "--network", default="default", show_default=True, metavar="SPACE", help="Address space of the addresses."
)
@click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the scanner, such as sudo=yes."
)
@click.option("--yes", "is_confirmed", is_flag=True, help="Scan public addresses, and more than a /16.")
@click.option("--collector", metavar="NAME", help="Queue the scan for this remote collector and return at once.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Scan, say what would be written, and write nothing.")
@json_option
@store_option
def scan(
    *,
    scanner: str,
    targets: tuple[str, ...],
    exclude: tuple[str, ...],
    credentials: tuple[str, ...],
    network: str,
    options: tuple[str, ...],
    is_confirmed: bool,
    collector: str | None,
    is_dry_run: bool,
    as_json: bool,
    store_url: str | None,
) -> int:
    """Run one discovery from this machine, or let a collector run it: local, nmap, snmp or ssh.

    A target is an address, a network such as 10.1.0.0/24, or a host name. One target that fails is a result with a reason and never
    ends the run.

    Example: cmdb scan snmp 10.1.0.0/24 --exclude 10.1.0.5 --credential core
    """
    order = ScanOrder(
        scanner=scanner,
        targets=targets,
        exclude=exclude,
        credentials=credentials,
        network=network,
        options=dict(_option(text) for text in options),
        is_confirmed=is_confirmed,
        collector=collector,
    )
    if collector is not None:
        if is_dry_run:
            raise click.UsageError("--dry-run plans here and --collector scans elsewhere; leave one of them out")
        with context(store_url) as found:
            queued = queue_order(found, order)
        if as_json:
            print_json(run_document(queued))
        else:
            console().print(f"run {queued.id} waits for the collector {collector}", markup=False)
        return 0
    progress = Progress(console(is_error=True))
    with context(store_url) as found:
        scanning = Scanning(found)
        run = asyncio.run(_interruptible(scanning, order, progress, is_dry_run=is_dry_run))
        if as_json:
            print_json(_document(run, scanning, is_dry_run=is_dry_run))
        else:
            _print(run, progress, is_dry_run=is_dry_run)
    return 0 if run.state in (RunState.DONE, RunState.PARTIAL) and _anything_read(run, progress) else 1


def _anything_read(run: Run, progress: Progress) -> bool:
    """A run that was asked for single targets and read none of them has not done what was asked."""
    return run.state is RunState.DONE or any(
        result.outcome in (Outcome.READ, Outcome.PARTIAL) for result in progress.results
    )


async def _interruptible(scanning: Scanning, order: ScanOrder, progress: Progress, *, is_dry_run: bool) -> Run:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        return await scanning.run(order, observers=(progress,), stop=stop, is_dry_run=is_dry_run)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _document(run: Run, scanning: Scanning, *, is_dry_run: bool) -> dict[str, object]:
    document = run_document(run)
    if is_dry_run:
        document["plan"] = [
            {
                "id": row.local_id,
                "ci": row.ci,
                "outcome": row.outcome,
                "rule": row.rule,
                "reason": row.reason,
                "flags": list(row.flags),
            }
            for plan in scanning.plans
            for row in plan.rows
        ]
    return document


def _by_address(target: str) -> tuple[int, bytes, str]:
    """Addresses in their order, then networks and names."""
    try:
        address = ipaddress.ip_address(target)
    except ValueError:
        return 99, b"", target
    return address.version, address.packed, target


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Invalid(f"--option {text!r} is not of the form name=value")
    return name, value


def _print(run: Run, progress: Progress, *, is_dry_run: bool) -> None:
    out = console()
    answered = [result for result in progress.results if result.outcome is not Outcome.NO_ANSWER]
    results = sorted(answered, key=lambda result: _by_address(result.target))
    silent = len(progress.results) - len(results)
    rows = [(r.target, r.outcome.value, r.credential, r.found or r.reason, f"{r.seconds:.1f}") for r in results[:SHOWN]]
    if rows:
        out.print(table(("target", "outcome", "credential", "found", "seconds"), rows, right=("seconds",)))
    if len(results) > SHOWN:
        out.print(f"… and {len(results) - SHOWN} more targets; --json lists all", style="dim")
    counts = ", ".join(
        f"{run.counts.get(name, 0)} {name}"
        for name in ("created", "updated", "unchanged", "parked", "refused")
        if run.counts.get(name)
    )
    out.print(
        f"run {run.state.value}: CIs {counts or 'none'}" + (f"; {silent} addresses gave no answer" if silent else "")
    )
    if run.message:
        out.print(run.message, style="yellow", markup=False)
    if is_dry_run:
        out.print("nothing was written (dry run)")
