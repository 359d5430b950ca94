"""`cmdb search`."""

from __future__ import annotations

import datetime as dt

import click

from cli.ages import ago
from cli.options import context, json_option, print_json, store_option
from cli.terminal import ci_table, console
from cli.wiring import utc_now
from cmdb.documents import Document
from cmdb.errors import Invalid
from cmdb.search.answers import search_rows
from cmdb.search.searching import HITS_LIMIT, search


@click.command(name="search")
@click.argument("text", nargs=-1, required=True)
@click.option("--limit", default=50, show_default=True, help="The most hits to print.")
@json_option
@store_option
def search_command(*, text: tuple[str, ...], limit: int, as_json: bool, store_url: str | None) -> None:
    """Find CIs by name, address, MAC, serial, asset tag, domain name, model or description, best first.

    Beginnings of words will do, in any order and case, and MACs and serials in any spelling. Each hit says which of its
    values was found; retired CIs come last.

    Example: cmdb search 00:1b:21
    """
    if not 1 <= limit <= HITS_LIMIT:
        raise Invalid(f"--limit {limit} is not between 1 and {HITS_LIMIT}")
    with context(store_url) as found:
        hits = search(found.store, " ".join(text), limit=limit)
        rows = [
            row for start in range(0, len(hits), 200) for row in search_rows(found.store, hits[start : start + 200])
        ]
    if as_json:
        for row in rows:
            print_json(row)
    else:
        _print(rows, limit)


def _print(rows: list[Document], limit: int) -> None:
    if not rows:
        console().print("no CI fits; every word must begin a word of its name, addresses, serials or descriptions")
        return
    now = utc_now()
    columns = ("name", "class", "state", "found in", "value", "last seen", "id")
    console().print(ci_table(columns, (_shown(row, now) for row in rows)))
    if len(rows) == limit:
        console().print(f"the best {limit}; there may be more")
    else:
        console().print(f"{len(rows)} CI{'' if len(rows) == 1 else 's'}")


def _shown(row: Document, now: dt.datetime) -> tuple[object, ...]:
    state = row["state"] if row["lifecycle"] == "live" else row["lifecycle"]
    value = "" if row["field"] == "name" else _short(str(row["value"]))
    return row["name"], row["class"], state, row["field"], value, ago(row["last_seen_at"], now=now), row["id"]


def _short(value: str) -> str:
    return value if len(value) <= 60 else value[:59] + "…"
