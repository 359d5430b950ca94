"""`cmdb policy`: what the policy says, and whether a file of it can be read."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from cli.options import json_option, print_json
from cli.settings import read_settings
from cli.terminal import console, table
from cli.wiring import make_policy, make_registry
from cmdb.documents import Document
from cmdb.policy_answers import policy_of
from cmdb.reconcile.policy_file import read_rules


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
    for row in rows:
        _print(row)
    grace = cast("dict[str, float]", rows[0]["grace"])
    out.print(
        f"gone after {grace['scans']} complete scans without it and {grace['days']:g} days, whichever is later",
        style="dim",
    )


def _print(row: Document) -> None:
    out = console()
    about = "every attribute without rules of its own" if row["attribute"] == "*" else str(row["attribute"])
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
    out.print(f"a word holds for {row['effective_days']:g} days of silence; may clear: {clears}\n", style="dim")


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
