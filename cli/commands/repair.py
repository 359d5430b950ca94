"""`cmdb merge`, `cmdb unmerge` and `cmdb withdraw`: what was put together wrongly, or said wrongly, put right."""

from __future__ import annotations

from typing import cast

import click

from cli.options import context, json_option, parse_time, print_json, store_option
from cli.terminal import console, printable
from cli.wiring import Context, utc_now
from cmdb.amending import Amender
from cmdb.documents import Document
from cmdb.lookup import find_ci
from cmdb.reconcile.retelling import Window
from cmdb.repairs import answers as repair_answers
from cmdb.repairs.merging import Repair
from cmdb.repairs.withdrawal import Withdrawal

SHOWN = 20


def _amender(found: Context) -> Amender:
    return Amender(found.store, found.registry, found.policy, clock=utc_now)


@click.command()
@click.argument("one", metavar="CI")
@click.argument("other", metavar="CI")
@json_option
@store_option
def merge(*, one: str, other: str, as_json: bool, store_url: str | None) -> None:
    """Say that two CIs are one; the older id remains, and both keep answering. Later runs obey.

    To take it back: cmdb unmerge ID, which says that they are two, or cmdb revert, which says nothing.

    Example: cmdb merge web01 server:web01.example.net
    """
    with context(store_url) as found:
        first, second = (find_ci(found.store, found.registry, name) for name in (one, other))
        revision = Repair(_amender(found)).merge(first.id, second.id, by=found.settings.user)
        document = repair_answers.joined(find_ci(found.store, found.registry, first.id), revision)
    _print_joined(document, as_json=as_json, otherwise="they are one already")


@click.command()
@click.argument("merged_id", metavar="ID")
@json_option
@store_option
def unmerge(*, merged_id: str, as_json: bool, store_url: str | None) -> None:
    """Undo a join: the CI of this id comes back with its claims and relationships, and stays apart from then on.

    ID is the id that was merged; cmdb history names it.

    Example: cmdb unmerge 01890a5d-ac96-774b-bcce-b302099a8057
    """
    with context(store_url) as found:
        revision = Repair(_amender(found)).unmerge(merged_id, by=found.settings.user)
        document = repair_answers.joined(find_ci(found.store, found.registry, merged_id), revision)
    _print_joined(document, as_json=as_json, otherwise="nothing to do")


def _print_joined(document: Document, *, as_json: bool, otherwise: str) -> None:
    if as_json:
        print_json(document)
        return
    said = otherwise if document["revision"] is None else f"revision {document['revision']}"
    console().print(f"{printable(str(document['name']))} ({document['id']}): {said}", markup=False)


@click.command()
@click.argument("source", metavar="SOURCE")
@click.option("--from", "start", metavar="TIME", help="Only what was observed at this time or later.")
@click.option("--to", "end", metavar="TIME", help="Only what was observed at this time or earlier.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--reason", metavar="TEXT", default="", help="Why; shown in the list of revisions.")
@json_option
@store_option
def withdraw(
    *,
    source: str,
    start: str | None,
    end: str | None,
    is_dry_run: bool,
    reason: str,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Take back what a source said: other sources' values stand again, and what only it claimed is retired.

    With --from or --to only what it observed then; what it had said before comes back. People's edits stay. Interrupted, it is
    finished by the same command. To undo it: cmdb revert with any of its revisions.

    Example: cmdb withdraw nmap --from 2026-03-01 --dry-run
    """
    window = Window(
        None if start is None else parse_time(start, "--from"), None if end is None else parse_time(end, "--to")
    )
    with context(store_url) as found:
        withdrawal = Withdrawal(_amender(found))
        if is_dry_run:
            done = withdrawal.plan(source, window)
        else:
            done = withdrawal.withdraw(source, window, by=found.settings.user, reason=reason)
        document = repair_answers.withdrawn(found.store, done)
    if as_json:
        print_json(document)
    else:
        _print_withdrawn(document, is_dry_run=is_dry_run)


def _print_withdrawn(document: Document, *, is_dry_run: bool) -> None:
    out = console()
    retired = cast("list[Document]", document["retired"])
    for ci in retired[:SHOWN]:
        out.print(f"  {ci['class']}  {printable(str(ci['name']))}", style="dim", markup=False)
    count = int(str(document["retired_count"]))
    if count > SHOWN:
        out.print(f"  … and {count - SHOWN} more; --json names up to {len(retired)}", style="dim", markup=False)
    revisions = cast("list[int]", document["revisions"])
    name = printable(str(document["source"]))
    if not is_dry_run and not revisions:
        out.print(f"{name}: nothing is left to withdraw", markup=False)
        return
    things = ", ".join(
        f"{document[key]} {word if document[key] == 1 else word + 's'}"
        for key, word in (
            ("claims", "claim"),
            ("relationships", "relationship"),
            ("redundancy_groups", "redundancy group"),
            ("parked", "parked draft"),
        )
        if document[key]
    )
    verb = "would take back" if is_dry_run else "took back"
    changed = "would change" if is_dry_run else "changed"
    out.print(
        f"{name}: {verb} {things or 'nothing'}; {document['cis']} CIs {changed}, {count} of them retired", markup=False
    )
    if revisions:
        span = f"revision {revisions[0]}" if len(revisions) == 1 else f"revisions {revisions[0]} to {revisions[-1]}"
        out.print(f"{span}; to undo it: cmdb revert {revisions[0]}", markup=False)
