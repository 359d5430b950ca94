"""`cmdb runs`."""

from __future__ import annotations

import click

from cli.ages import second
from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cli.wiring import utc_now
from cmdb.documents import run_document
from discovery.journal import RunJournal


@click.command()
@click.option("--limit", default=20, show_default=True, help="How many of the newest.")
@json_option
@store_option
def runs(*, limit: int, as_json: bool, store_url: str | None) -> None:
    """List discovery runs with their outcome, newest first.

    Example: cmdb runs --limit 5
    """
    with context(store_url) as found:
        newest = RunJournal(found.store, clock=utc_now).newest(limit=limit)
    if as_json:
        for run in newest:
            print_json(run_document(run))
        return
    rows = [
        (
            second(run.started_at),
            run.source,
            run.state.value,
            list(run.targets),
            run.counts,
            run.message or "",
            run.id,
        )
        for run in newest
    ]
    console().print(table(("started", "scanner", "outcome", "targets", "counts", "message", "id"), rows))
