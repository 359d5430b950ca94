"""`cmdb schedule add|list|remove|run`."""

from __future__ import annotations

import asyncio

import click

from cli.collecting import queue_order
from cli.options import context, json_option, print_json, store_option
from cli.progress import Progress
from cli.scanning import Orders, Scanning
from cli.terminal import console, table
from cli.wiring import Context, utc_now
from cmdb.documents import moment, run_document
from cmdb.entities import RunState, Schedule
from discovery.scanner import ScannerRegister
from discovery.schedules import Schedules, order_of


@click.group()
def schedule() -> None:
    """Schedules: scans that `cmdb serve` runs by itself.

    Example: cmdb schedule add nightly snmp 10.1.0.0/24 --cron "0 2 * * *" --timezone Europe/Berlin
    """


def _schedules(found: Context) -> Schedules:
    return Schedules(
        found.store, clock=utc_now, check=Orders(ScannerRegister.from_entry_points(), found.settings).check
    )


@schedule.command()
@click.argument("name")
@click.argument("scanner")
@click.argument("targets", nargs=-1, metavar="TARGET…")
@click.option("--cron", help="Five fields: minute hour day-of-month month day-of-week.")
@click.option("--every", "interval_s", type=int, metavar="SECONDS", help="Interval, instead of cron.")
@click.option("--timezone", default="UTC", show_default=True, help="Time zone of cron's fields.")
@click.option(
    "--jitter", "jitter_s", default=0, show_default=True, metavar="SECONDS", help="Start up to so much later."
)
@click.option("--exclude", multiple=True, metavar="T", help="Address or network to leave alone.")
@click.option("--credential", "credentials", multiple=True, metavar="NAME", help="Credential to try, in order.")
@click.option(
    "--network", default="default", show_default=True, metavar="SPACE", help="Address space of the addresses."
)
@click.option("--collector", metavar="NAME", help="Remote collector that scans; the server itself when left out.")
@json_option
@store_option
def add(
    *,
    name: str,
    scanner: str,
    targets: tuple[str, ...],
    cron: str | None,
    interval_s: int | None,
    timezone: str,
    jitter_s: int,
    exclude: tuple[str, ...],
    credentials: tuple[str, ...],
    network: str,
    collector: str | None,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Add a schedule.

    Example: cmdb schedule add hourly nmap 10.1.0.0/24 --every 3600
    """
    with context(store_url) as found:
        schedules = _schedules(found)
        made = schedules.add(
            schedules.new(
                name,
                scanner,
                targets=targets,
                exclude=exclude,
                credentials=credentials,
                network=network,
                cron=cron,
                interval_s=interval_s,
                timezone=timezone,
                jitter_s=jitter_s,
                collector=collector,
            ),
            by=found.settings.user,
        )
        if as_json:
            print_json(_document(made, schedules))
        else:
            console().print(f"{made.name}: next run {moment(schedules.next_due(made))}", markup=False)


@schedule.command(name="list")
@json_option
@store_option
def list_(*, as_json: bool, store_url: str | None) -> None:
    """List the schedules with their next run and last outcome.

    Example: cmdb schedule list
    """
    with context(store_url) as found:
        schedules = _schedules(found)
        documents = [_document(one, schedules) for one in schedules.list()]
    if as_json:
        for document in documents:
            print_json(document)
        return
    shown = ("name", "scanner", "targets", "collector", "when", "next_at", "last_outcome")
    rows = [tuple(document[name] for name in shown) for document in documents]
    console().print(table(tuple(name.replace("_at", " run").replace("_", " ") for name in shown), rows))


@schedule.command()
@click.argument("name")
@store_option
def remove(*, name: str, store_url: str | None) -> None:
    """Remove a schedule; its runs stay on record.

    Example: cmdb schedule remove nightly
    """
    with context(store_url) as found:
        removed = _schedules(found).remove(name, by=found.settings.user)
        console().print(f"{removed.name}: removed", markup=False)


@schedule.command()
@click.argument("name")
@json_option
@store_option
def run(*, name: str, as_json: bool, store_url: str | None) -> int:
    """Run a schedule's scan now, in the foreground; one of a remote collector is queued for it.

    Example: cmdb schedule run nightly
    """
    with context(store_url) as found:
        wanted = _schedules(found).get(name)
        if wanted.collector is not None:
            return _queue(found, wanted, as_json=as_json)
        progress = Progress(console(is_error=True))
        done = asyncio.run(
            Scanning(found).run(order_of(wanted), observers=(progress,), stop=asyncio.Event(), schedule=wanted.id)
        )
    if as_json:
        print_json(run_document(done))
    else:
        console().print(f"run {done.state.value}: {done.counts}", markup=False)
    return 0 if done.state in (RunState.DONE, RunState.PARTIAL) else 1


def _queue(found: Context, wanted: Schedule, *, as_json: bool) -> int:
    queued = queue_order(found, order_of(wanted), schedule=wanted)
    if as_json:
        print_json(run_document(queued))
    else:
        console().print(f"run {queued.id} waits for the collector {wanted.collector}", markup=False)
    return 0


def _document(one: Schedule, schedules: Schedules) -> dict[str, object]:
    firings = schedules.firings(one)
    return {
        "id": one.id,
        "name": one.name,
        "scanner": one.scanner,
        "targets": list(one.targets),
        "exclude": list(one.exclude),
        "credentials": list(one.credentials),
        "network": one.network,
        "when": one.cron or f"every {one.interval_s} s",
        "timezone": one.timezone,
        "jitter_s": one.jitter_s,
        "enabled": one.enabled,
        "collector": one.collector,
        "next_at": moment(schedules.next_due(one)),
        "last_at": moment(firings[0].due_at) if firings else None,
        "last_outcome": firings[0].outcome if firings else None,
    }
