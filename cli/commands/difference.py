"""`cmdb diff`."""

from __future__ import annotations

import click

from cli.difference_output import print_difference
from cli.options import context, json_option, print_json, store_option
from cmdb.history.as_of import describe, then
from cmdb.history.difference import differences
from cmdb.history.extent import Extent
from cmdb.history.past import Past
from cmdb.lookup import find_ci


@click.command()
@click.argument("first", metavar="T1")
@click.argument("second", metavar="[T2]", required=False)
@click.option("--scope", "class_name", metavar="CLASS", help="Only CIs of this class and its subclasses.")
@click.option("--ci", "ci_name", metavar="CI", help="Only this CI, as it is called at T2 (or at T1, if it is gone).")
@json_option
@store_option
def diff(
    *,
    first: str,
    second: str | None,
    class_name: str | None,
    ci_name: str | None,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Show what differs between two points of time: what appeared, vanished and changed, and which relationships.

    T1 and T2 are times of commit (2026-01-31, 2026-01-31T12:00Z) or revisions (@12); T2 is now when left out.

    Example: cmdb diff 2026-01-01 2026-02-01 --scope server
    """
    with context(store_url) as found:
        store, registry = found.store, found.registry
        start = then(store, first, place="T1")
        end = then(store, second if second is not None else f"@{store.revision()}", place="T2")
        ci = None if ci_name is None else find_ci(Past(store, end), registry, ci_name, or_in=Past(store, start)).id
        classes = None if class_name is None else frozenset(registry.subclasses(registry.get(class_name).name))
        rows = (
            row
            for _, row in differences(store, start.revision, end.revision, extent=Extent(class_names=classes, ci=ci))
        )
        if as_json:
            for row in rows:
                print_json(row)
        else:
            between = f"from {describe(store, start.revision)} to {describe(store, end.revision)}"
            print_difference(rows, between=between)
