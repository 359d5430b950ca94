"""`cmdb purge` and `cmdb erase`: removal for good."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable
from typing import cast

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, printable, table
from cli.wiring import Context, utc_now
from cmdb.amending import Amender
from cmdb.documents import Document
from cmdb.entities import CI
from cmdb.errors import Invalid, NotFound
from cmdb.lifecycle import answers as lifecycle_answers
from cmdb.lifecycle.pseudonyms import PERSON_PREFIX, Pseudonyms
from cmdb.lifecycle.purging import Purging, without_parts
from cmdb.lookup import find_ci

SHOWN = 30


def _amender(found: Context) -> Amender:
    return Amender(found.store, found.registry, found.policy, clock=utc_now)


@click.command()
@click.argument("ci_names", metavar="[CI]...", nargs=-1)
@click.option(
    "--retired-for",
    "days",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Only what was retired for so long; default from the policy: 365.",
)
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would go, and what would stay; write nothing.")
@click.option("--yes", "is_confirmed", is_flag=True, help="Do not ask.")
@json_option
@store_option
def purge(
    *,
    ci_names: tuple[str, ...],
    days: int | None,
    is_dry_run: bool,
    is_confirmed: bool,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Remove retired CIs for good, from the past too: their history reads "purged" from then on.

    Without CI: everything that has been retired for long enough. What is inside a CI goes with it; what depends on it stays.
    What would go is shown first. It cannot be undone.

    Example: cmdb purge --retired-for 730 --dry-run
    """
    with context(store_url) as found:
        purging = Purging(_amender(found))
        retired_for = found.policy.retention if days is None else dt.timedelta(days=days)
        if ci_names:
            cis: Iterable[CI] = [find_ci(found.store, found.registry, name) for name in ci_names]
        else:
            cis = list(purging.due(retired_for=retired_for))
        plans = without_parts([purging.plan(ci.id, retired_for=retired_for) for ci in cis])
        documents = [lifecycle_answers.purge(plan, None) for plan in plans]
        if not as_json:
            _print(documents)
        if is_dry_run or not plans:
            _print_json(documents, as_json=as_json)
            return
        _confirm(len(plans), is_confirmed=is_confirmed)
        done: list[Document] = []
        for plan in plans:
            purged, revision = purging.purge(plan.ci.id, retired_for=retired_for, by=found.settings.user)
            done.append(lifecycle_answers.purge(purged, revision))
        _print_json(done, as_json=as_json)
        if not as_json:
            console().print(f"purged {len(done)}, revision {done[-1]['revision']}", markup=False)


def _confirm(count: int, *, is_confirmed: bool) -> None:
    if is_confirmed:
        return
    if not sys.stdin.isatty():
        raise Invalid("nothing was purged: it cannot be undone; give --yes, or --dry-run to see it only")
    click.confirm(f"Purge {count} for good?", abort=True)


def _print_json(documents: list[Document], *, as_json: bool) -> None:
    if as_json:
        for document in documents:
            print_json(document)


def _print(documents: list[Document]) -> None:
    out = console()
    if not documents:
        out.print("nothing has been retired for long enough", markup=False)
        return
    rows = [
        (
            document["class"],
            printable(str(document["name"])),
            str(document["retired_since"])[:10],
            len(cast("list[object]", document["purged_with_it"])),
            document["kept_count"],
            _others(document),
        )
        for document in sorted(documents, key=lambda one: (str(one["class"]), str(one["name"])))[:SHOWN]
    ]
    out.print(
        table(
            ("class", "name", "retired since", "parts purged with it", "relationships ended", "kept, without it"),
            rows,
            right=("parts purged with it", "relationships ended"),
        )
    )
    if len(documents) > SHOWN:
        out.print(f"… and {len(documents) - SHOWN} more; --dry-run --json shows all", style="dim", markup=False)


def _others(document: Document) -> str:
    kept = cast("list[Document]", document["kept"])
    names = list(dict.fromkeys(printable(str(cast("Document", one["ci"])["name"])) for one in kept))
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


@click.command()
@click.argument("who", metavar="PERSON")
@click.option("--yes", "is_confirmed", is_flag=True, help="Do not ask.")
@json_option
@store_option
def erase(*, who: str, is_confirmed: bool, as_json: bool, store_url: str | None) -> None:
    """Erase a person's data: a random pseudonym stands wherever their name or login stood, in the past too.

    PERSON is person:LOGIN, or a CI of class person. What they did stays readable. It cannot be undone.

    Example: cmdb erase person:ada --yes
    """
    with context(store_url) as found:
        ci = _person(found, who)
        if not is_confirmed:
            if not sys.stdin.isatty():
                raise Invalid("nothing was erased: it cannot be undone; give --yes")
            click.confirm(f"Erase {ci.name if ci else who} for good?", abort=True)
        pseudonyms = Pseudonyms(_amender(found))
        by = found.settings.user
        done = pseudonyms.erase_login(who, by=by) if ci is None else pseudonyms.erase_ci(ci.id, by=by)
    document = lifecycle_answers.erased(done)
    if as_json:
        print_json(document)
    else:
        console().print(f"{document['pseudonym']} stands instead, revision {document['revision']}", markup=False)


def _person(found: Context, who: str) -> CI | None:
    """The CI that is meant; None for a login."""
    try:
        return find_ci(found.store, found.registry, who)
    except NotFound:
        if who.startswith(PERSON_PREFIX):
            return None
        raise
