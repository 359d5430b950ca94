"""`cmdb explain`."""

from __future__ import annotations

import click

from cli.explanation import print_explanation
from cli.options import context, json_option, print_json, store_option
from cli.terminal import console
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
    now = utc_now()
    with context(store_url) as found:
        ci = find_ci(found.store, found.registry, ci_name)
        document = explained(found.store, ci, found.policy, attribute, now=now)
    if as_json:
        print_json(document)
    else:
        print_explanation(console(), document, attribute, now=now)
