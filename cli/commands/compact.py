"""`cmdb compact`."""

from __future__ import annotations

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console
from cli.wiring import utc_now
from cmdb.history.compaction import Compaction, Retention, document_of


@click.command()
@click.option(
    "--before",
    "keep_days",
    type=int,
    metavar="DAYS",
    help="Keep every state of so many days, daily ones before [env: CMDB_KEEP_DAYS].",
)
@click.option("--dry-run", is_flag=True, help="Say what would be kept, and drop nothing.")
@json_option
@store_option
def compact(*, keep_days: int | None, dry_run: bool, as_json: bool, store_url: str | None) -> None:
    """Thin out the past: after some days only the last state of each day (UTC) is kept.

    Revisions that a baseline names, and what undoes a merge, stay as they are. Answers from before are those of the last
    kept state, and say so. Interrupted, it is finished by calling it again; a server does it by itself.

    Example: cmdb compact --before 90 --dry-run
    """
    with context(store_url) as found:
        compaction = Compaction(found.store, clock=utc_now)
        days = keep_days if keep_days is not None else found.settings.keep_days
        retention = None if days is None else compaction.plan(days)
        dropped = 0
        if not dry_run:
            dropped = sum(compaction.unfinished() if retention is None else compaction.steps(retention))
    if as_json:
        print_json(document_of(retention, None if dry_run else dropped))
        return
    for line in _lines(retention, days, dropped, is_dry_run=dry_run):
        console().print(line, markup=False)


def _lines(retention: Retention | None, days: int | None, dropped: int, *, is_dry_run: bool) -> list[str]:
    if retention is None:
        kept = (
            "every state is kept for ever (CMDB_KEEP_DAYS=all)"
            if days is None
            else f"nothing new is older than {days} days"
        )
        return [kept, *([f"{dropped} states and sightings dropped, which were left"] if dropped else [])]
    first = 1 if retention.former is None else retention.former.then.revision + 1
    last = retention.horizon.then.revision
    would = "would be" if is_dry_run else "are"
    daily, named = len(retention.daily), len(retention.named)
    line = (
        f"answers until {retention.horizon.at:%Y-%m-%d} (UTC) {would} daily:"
        f" of revisions {first}–{last} {daily} end a day and {named} are named or undo a merge"
    )
    return [line] if is_dry_run else [line, f"{dropped} states and sightings dropped"]
