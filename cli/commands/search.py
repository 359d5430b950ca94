"""`cmdb search`."""

from __future__ import annotations

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cmdb.asking.question import Question, pages
from cmdb.documents import list_rows


@click.command()
@click.argument("text")
@click.option("--limit", default=100, show_default=True, help="The most rows to print.")
@json_option
@store_option
def search(*, text: str, limit: int, as_json: bool, store_url: str | None) -> None:
    """List the CIs whose name holds a text.

    Example: cmdb search db
    """
    with context(store_url) as found:
        question = Question(search=text)
        rows = [row for page in pages(found.store, question, limit=limit) for row in list_rows(found.store, page)]
    if as_json:
        for row in rows:
            print_json(row)
        return
    shown = [(row["name"], row["class"], row["state"], row["last_seen_at"], row["id"]) for row in rows]
    console().print(table(("name", "class", "state", "last seen", "id"), shown))
