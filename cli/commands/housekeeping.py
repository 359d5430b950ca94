"""`cmdb housekeeping`."""

from __future__ import annotations

import os
import socket

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console
from cli.wiring import utc_now
from cmdb.amending import Amender
from cmdb.errors import Conflict
from cmdb.housekeeping import Housekeeping


@click.command()
@json_option
@store_option
def housekeeping(*, as_json: bool, store_url: str | None) -> None:
    """End what has run out, such as edits with --until; a server does so every minute by itself.

    Example: cmdb housekeeping
    """
    with context(store_url) as found:
        amender = Amender(found.store, found.registry, found.policy, clock=utc_now)
        kept = Housekeeping(amender, owner=f"{socket.gethostname()}:{os.getpid()}").run(by=found.settings.user)
    if kept is None:
        raise Conflict("another process does the housekeeping of this store now; try again in a moment")
    number = None if kept.edits is None else kept.edits.number
    if as_json:
        print_json({"edits": number})
        return
    console().print("edits: none ran out" if number is None else f"edits: ran out, revision {number}", markup=False)
