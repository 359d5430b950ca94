"""`cmdb delete` and `cmdb retire`: retirement by people."""

from __future__ import annotations

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, printable
from cli.wiring import Context, utc_now
from cmdb.amending import Amender
from cmdb.documents import Document
from cmdb.lifecycle import answers as lifecycle_answers
from cmdb.lifecycle.retirement import Retirement
from cmdb.lookup import find_ci

SHOWN = 20


def _retirement(found: Context) -> Retirement:
    return Retirement(Amender(found.store, found.registry, found.policy, clock=utc_now))


@click.command()
@click.argument("ci_name", metavar="CI")
@click.option("--reason", required=True, metavar="TEXT", help="Why; shown in its history.")
@json_option
@store_option
def delete(*, ci_name: str, reason: str, as_json: bool, store_url: str | None) -> None:
    """Retire a CI by hand, with what is inside it. Its relationships, claims and history stay.

    A later scan that sees it makes it live again, and cmdb review says so. To remove it for good: cmdb purge.

    Example: cmdb delete server:old01 --reason "scrapped, ticket 4711"
    """
    with context(store_url) as found:
        ci = find_ci(found.store, found.registry, ci_name)
        done = _retirement(found).delete(ci.id, by=found.settings.user, reason=reason)
        document = lifecycle_answers.retired(found.store, done)
    if as_json:
        print_json({"id": ci.id, **document})
    elif done.revision is None:
        console().print(f"{printable(ci.name)} ({ci.id}) is retired already", markup=False)
    else:
        _print(document, f"{printable(ci.name)} ({ci.id})")


@click.command()
@click.argument("review_id", metavar="REVIEW")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would be retired; write nothing.")
@json_option
@store_option
def retire(*, review_id: str, is_dry_run: bool, as_json: bool, store_url: str | None) -> None:
    """Retire what a run was stopped from retiring: say that what it missed is gone.

    REVIEW is the id of an unsafe_retirement item of cmdb review. What was seen since stays.

    Example: cmdb retire 6f1c2f0e-4a4e-5a0b-9f6e-0c7f4b2f6a11 --dry-run
    """
    with context(store_url) as found:
        done = _retirement(found).confirm(review_id, by=found.settings.user, is_dry_run=is_dry_run)
        document = lifecycle_answers.retired(found.store, done)
    if as_json:
        print_json(document)
    else:
        _print(document, "what the run had missed")


def _print(document: Document, subject: str) -> None:
    out = console()
    count, revision = document["retired_count"], document["revision"]
    listed = document["retired"]
    assert isinstance(listed, list)
    for ci in listed[:SHOWN]:
        out.print(f"  {ci['class']}  {printable(str(ci['name']))}", markup=False)
    if int(str(count)) > SHOWN:
        out.print(f"  … and {int(str(count)) - SHOWN} more; --json shows all", style="dim", markup=False)
    things = f"{count} CI{'' if count == 1 else 's'}"
    said = f"would retire {things}" if revision is None else f"retired {things}, revision {revision}"
    out.print(f"{subject}: {said}", markup=False)
