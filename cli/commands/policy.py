"""`cmdb policy`: what the policy says, and whether a file of it can be read."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from cli.options import context, json_option, print_json, store_option
from cli.settings import read_settings
from cli.terminal import console, table
from cli.wiring import make_policy, make_registry, utc_now
from cmdb.amending import Amender
from cmdb.documents import Document
from cmdb.policy_answers import policy_of, resettled
from cmdb.reconcile.policy_file import read_rules
from cmdb.repairs.resettling import Resettling

SHOWN = 50
"""CIs that a terminal is shown."""


@click.group()
def policy() -> None:
    """Whose value stands, for how long, and when what is gone is retired.

    Example: cmdb policy show server owner
    """


@policy.command()
@click.argument("class_name", metavar="CLASS")
@click.argument("attribute", required=False)
@json_option
def show(*, class_name: str, attribute: str | None, as_json: bool) -> None:
    """Print what holds for a class, or for one attribute of it, and which line says so.

    Example: cmdb policy show server owner
    """
    settings = read_settings()
    registry = make_registry(settings)
    rows = policy_of(make_policy(settings, registry), class_name, attribute)
    if as_json:
        print_json(rows)
        return
    out = console()
    alike: dict[str, list[Document]] = {}
    for row in rows:
        about = {name: value for name, value in row.items() if name != "attribute"}
        alike.setdefault("" if row["attribute"] == "*" else str(about), []).append(row)
    for some in alike.values():
        _print(some[0], ", ".join(str(row["attribute"]) for row in some))
    grace = cast("dict[str, float]", rows[0]["grace"])
    out.print(
        f"gone after {grace['scans']} complete scans without it and {grace['days']:g} days, whichever is later",
        style="dim",
    )


def _print(row: Document, attributes: str) -> None:
    out = console()
    about = "every attribute without rules of its own" if attributes == "*" else attributes
    out.print(f"[bold]{row['class']}[/bold]  {about}")
    if row["union"]:
        out.print("  the union of what all sources say; none goes before another")
        return
    tiers = cast("list[dict[str, object]]", row["sources"])
    rows: list[tuple[object, ...]] = [(1, "person:*", "always")]
    rows += [
        (place, ", ".join(cast("list[str]", tier["sources"])), tier["rule"]) for place, tier in enumerate(tiers, 2)
    ]
    out.print(table(("", "sources", "rule"), rows, right=("",)))
    clears = ", ".join(cast("list[str]", row["may_clear"])) or "nobody but people"
    special = cast("dict[str, float]", row["effective_days_of"])
    but = "".join(f", of {source} {days:g}" for source, days in special.items())
    out.print(f"a word holds for {row['effective_days']:g} days of silence{but}; may clear: {clears}\n", style="dim")


@policy.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@json_option
def check(*, file: Path | None, as_json: bool) -> None:
    """Read a policy file and say whether it is right; without FILE that of CMDB_POLICY.

    Example: cmdb policy check policy.yaml
    """
    settings = read_settings()
    path = file if file is not None else settings.policy
    rules = read_rules(path, make_registry(settings))
    own = [rule for rule in rules if path is not None and rule.place.startswith(f"{path}:")]
    if as_json:
        print_json(
            {"file": None if path is None else str(path), "rules": len(own), "shipped_rules": len(rules) - len(own)}
        )
        return
    console().print(
        f"{path or 'no file of the site'}: {len(own)} rule{'' if len(own) == 1 else 's'}, before {len(rules) - len(own)} that ship",
        markup=False,
    )


@policy.command(name="apply")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would change; write nothing.")
@json_option
@store_option
def apply_(*, is_dry_run: bool, as_json: bool, store_url: str | None) -> None:
    """Settle every CI anew by the policy of now; without this each takes it up when a look touches it next.

    Example: cmdb policy apply --dry-run
    """
    with context(store_url) as found:
        amender = Amender(found.store, found.registry, found.policy, clock=utc_now)
        done = Resettling(amender).run(by=found.settings.user, is_dry_run=is_dry_run)
    document = resettled(done)
    if as_json:
        print_json(document)
        return
    rows = [
        (row["name"], row["class"], name, was, now)
        for row in cast("list[Document]", document["changed"])[:SHOWN]
        for name, (was, now) in cast("dict[str, list[object]]", row["changes"]).items()
    ]
    out = console()
    if rows:
        out.print(table(("CI", "class", "attribute", "was", "is"), rows))
    if done.changed_count > SHOWN:
        out.print(f"… and {done.changed_count - SHOWN} more CIs; --json names 1,000", style="dim")
    written = (
        f"revision {' to '.join(str(number) for number in done.revisions)}" if done.revisions else "nothing written"
    )
    out.print(
        f"{done.changed_count} of {done.cis} CIs {'would ' if is_dry_run else ''}change{'' if is_dry_run else 'd'}; {written}",
        markup=False,
    )
