"""`cmdb revisions` and `cmdb revert`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import click

from cli.ages import second
from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, printable, table
from cli.wiring import utc_now
from cmdb.amending import Amender
from cmdb.changeset import Revision
from cmdb.documents import Document
from cmdb.repairs import answers as repair_answers
from cmdb.repairs.reverting import Reverting
from cmdb.store.protocol import Store

SHOWN = 20
_PAGE = 1_000


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="How many of the newest.")
@click.option("--before", type=click.IntRange(min=1), metavar="REVISION", help="Only those before this one.")
@json_option
@store_option
def revisions(*, limit: int, before: int | None, as_json: bool, store_url: str | None) -> None:
    """List revisions, newest first: when, by whom, and what for.

    Example: cmdb revisions --limit 5
    """
    with context(store_url) as found:
        newest = list(_newest(found.store, before=before, limit=limit))
    if as_json:
        for revision in newest:
            print_json(repair_answers.revision_row(revision))
        return
    rows = [(one.number, second(one.at), printable(one.by), printable(one.reason), one.run_id) for one in newest]
    console().print(table(("revision", "at", "by", "what for", "run"), rows, right=("revision",)))
    if newest and newest[-1].number > 1:
        console().print(f"older ones: cmdb revisions --before {newest[-1].number}", style="dim", markup=False)


def _newest(store: Store, *, before: int | None, limit: int) -> Iterator[Revision]:
    last = store.revision() if before is None else min(store.revision(), before - 1)
    while limit > 0 and last > 0:
        size = min(limit, _PAGE, last)
        page = store.revisions(after=last - size, limit=size)
        yield from reversed(page)
        limit, last = limit - size, last - size


@click.command()
@click.argument("revision", type=click.IntRange(min=1), metavar="REVISION")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--reason", metavar="TEXT", default="", help="Why; shown in the list of revisions.")
@json_option
@store_option
def revert(*, revision: int, is_dry_run: bool, reason: str, as_json: bool, store_url: str | None) -> None:
    """Undo a revision by a new one: values, claims, relationships and identity as they were before it.

    Refused where later work depends on it, with the revisions and CIs that do. A withdrawal is undone as a whole, by any of its
    revisions. A revert is a revision too, and can be reverted.

    Example: cmdb revert 42 --dry-run
    """
    with context(store_url) as found:
        reverting = Reverting(Amender(found.store, found.registry, found.policy, clock=utc_now))
        if is_dry_run:
            done = reverting.plan(revision)
        else:
            done = reverting.revert(revision, by=found.settings.user, reason=reason)
        document = repair_answers.reverted(found.store, done)
    if as_json:
        print_json(document)
    else:
        _print(document, revision, is_dry_run=is_dry_run)


def _shown_changes(ci: Document) -> Iterable[tuple[str, Sequence[object]]]:
    changes = cast("dict[str, list[object]]", ci["changes"])
    return changes.items() if ci["what"] == "changed" and changes else [("", (None, None))]


def _print(document: Document, revision: int, *, is_dry_run: bool) -> None:
    out = console()
    cis = cast("list[Document]", document["cis"])
    rows = [
        (ci["class"], printable(str(ci["name"])), ci["what"], name, was, now)
        for ci in cis[:SHOWN]
        for name, (was, now) in _shown_changes(ci)
    ]
    if rows:
        out.print(table(("class", "CI", "what", "attribute", "was", "is"), rows))
    count = int(str(document["cis_count"]))
    if count > SHOWN:
        out.print(f"… and {count - SHOWN} more CIs; --json names up to {len(cis)}", style="dim", markup=False)
    arrows = cast("dict[str, list[Document]]", document["relationships"])
    for sign, key in (("+", "added"), ("-", "removed")):
        for one in arrows[key][:SHOWN]:
            source, target = (cast("Document", one[end]) for end in ("source", "target"))
            out.print(
                f"{sign} {printable(str(source['name']))} -[{one['type']}]-> {printable(str(target['name']))}",
                markup=False,
            )
        if len(arrows[key]) > SHOWN:
            out.print(f"{sign} … and {len(arrows[key]) - SHOWN} more", style="dim", markup=False)
    made = cast("list[int]", document["revisions"])
    if is_dry_run:
        out.print(f"revision {revision} can be reverted; nothing was written", markup=False)
    elif not made:
        out.print(f"revision {revision}: nothing is left to undo", markup=False)
    else:
        number = f"revision {made[0]}" if len(made) == 1 else f"revisions {made[0]} to {made[-1]}"
        out.print(f"reverted {', '.join(map(str, cast('list[int]', document['undone'])))}: {number}", markup=False)
