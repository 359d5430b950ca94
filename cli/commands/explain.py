"""`cmdb explain`."""

from __future__ import annotations

from typing import cast

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cli.wiring import utc_now
from cmdb.explaining import explain as explained
from cmdb.lookup import find_ci


@click.command()
@click.argument("ci_name", metavar="CI")
@click.argument("attribute", required=False)
@json_option
@store_option
def explain(*, ci_name: str, attribute: str | None, as_json: bool, store_url: str | None) -> None:
    """Say for each value which source won and why, and how the CI was recognised.

    Example: cmdb explain db01 os_version
    """
    with context(store_url) as found:
        document = explained(
            found.store, find_ci(found.store, found.registry, ci_name), found.policy, attribute, now=utc_now()
        )
    if as_json:
        print_json(document)
        return
    out = console()
    matched = cast("list[dict[str, object]]", document["matched"])
    out.print(
        table(
            ("source", "record", "matched by", "on"),
            ((one["source"], one["record"], one["rule"], one["on"]) for one in matched),
        )
    )
    others = [
        (one["source"], each["ci"], each["lost_because"])
        for one in matched
        for each in cast("list[dict[str, str]]", one["considered"])
    ]
    if others:
        out.print(table(("source", "considered", "lost because"), others))
    values = cast("dict[str, dict[str, object]]", document["attributes"])
    rows = []
    for name, won in values.items():
        lost = "; ".join(
            f"{one['source']}: {one['value']} ({one['why']})" for one in cast("list[dict[str, object]]", won["lost"])
        )
        rows.append((name, won["value"], won["source"], won["seen_at"], lost))
    out.print(table(("attribute", "value", "said by", "seen", "lost"), rows))
