"""`cmdb history`."""

from __future__ import annotations

from typing import cast

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cmdb.history import history as history_of
from cmdb.lookup import find_ci


@click.command()
@click.argument("ci_name", metavar="CI")
@json_option
@store_option
def history(*, ci_name: str, as_json: bool, store_url: str | None) -> None:
    """List the revisions of a CI, oldest first.

    Example: cmdb history web01
    """
    with context(store_url) as found:
        rows = list(history_of(found.store, find_ci(found.store, found.registry, ci_name).id))
    if as_json:
        for row in rows:
            print_json(row)
        return
    shown = [
        (
            row["revision"],
            row["at"],
            row["by"],
            row["what"],
            ", ".join(cast("dict[str, object]", row["changes"])),
            row["relationships"],
        )
        for row in rows
    ]
    console().print(table(("revision", "at", "by", "what", "changes", "relationships"), shown, right=("revision",)))
