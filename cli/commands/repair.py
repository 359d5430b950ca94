"""`cmdb merge` and `cmdb unmerge`."""

from __future__ import annotations

import click

from cli.options import context, store_option
from cli.terminal import console
from cli.wiring import Context, utc_now
from cmdb.amending import Amender
from cmdb.lookup import find_ci
from cmdb.repair import Repair


def _repair(found: Context) -> Repair:
    return Repair(Amender(found.store, found.registry, found.policy, clock=utc_now))


@click.command()
@click.argument("one", metavar="CI")
@click.argument("other", metavar="CI")
@store_option
def merge(*, one: str, other: str, store_url: str | None) -> None:
    """Say that two CIs are one; the older id remains, and both keep answering.

    Example: cmdb merge web01 server:web01.example.net
    """
    with context(store_url) as found:
        first, second = (find_ci(found.store, found.registry, name) for name in (one, other))
        revision = _repair(found).merge(first.id, second.id, by=found.settings.user)
        remains = find_ci(found.store, found.registry, first.id)
        said = "they are one already" if revision is None else f"revision {revision.number}"
        console().print(f"{remains.name} ({remains.id}): {said}", markup=False)


@click.command()
@click.argument("merged_id", metavar="ID")
@store_option
def unmerge(*, merged_id: str, store_url: str | None) -> None:
    """Undo a join: the CI of this id comes back with its claims and relationships, and stays apart from then on.

    ID is the id that was merged; cmdb history names it.

    Example: cmdb unmerge 01890a5d-ac96-774b-bcce-b302099a8057
    """
    with context(store_url) as found:
        revision = _repair(found).unmerge(merged_id, by=found.settings.user)
        back = find_ci(found.store, found.registry, merged_id)
        number = revision.number if revision is not None else found.store.revision()
        console().print(f"{back.name} ({back.id}): revision {number}", markup=False)
