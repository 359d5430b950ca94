"""`cmdb tidy`."""

from __future__ import annotations

import os
import socket

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console
from cli.wiring import utc_now
from cmdb.amending import Amender
from cmdb.errors import Conflict
from cmdb.lifecycle.housekeeping import Housekeeping
from cmdb.policy_answers import tidied


@click.command()
@json_option
@store_option
def tidy(*, as_json: bool, store_url: str | None) -> None:
    """End what has run out: edits with --until, graces, parked drafts. A server does so every minute by itself.

    Example: cmdb tidy
    """
    with context(store_url) as found:
        amender = Amender(found.store, found.registry, found.policy, clock=utc_now)
        kept = Housekeeping(amender, owner=f"{socket.gethostname()}:{os.getpid()}").run(by=found.settings.user)
    if kept is None:
        raise Conflict("another process tidies this store now; try again in a moment")
    if as_json:
        print_json(tidied(kept))
        return
    ended = kept.tidied
    said = [
        *([] if kept.edits is None else [f"edits ran out (revision {kept.edits.number})"]),
        *([f"graces of {ended.graces} claims ended"] if ended.graces else []),
        *([f"{ended.parked} parked drafts expired"] if ended.parked else []),
        *([f"{ended.clocks} questions about clocks forgotten"] if ended.clocks else []),
    ]
    console().print("; ".join(said) if said else "nothing has run out", markup=False)
