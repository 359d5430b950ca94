"""`cmdb list`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import cast

import click

from cli.ages import ago
from cli.options import as_of_option, as_of_view, context, json_option, print_json, store_option
from cli.terminal import ci_table, console
from cli.wiring import utc_now
from cmdb.asking.question import Question, make_question, pages
from cmdb.documents import Document, list_rows
from cmdb.errors import Invalid

MAX_LIMIT = 1_000_000
_SHOWN_ANYWAY = frozenset({"name", "ip_addresses"})
_MOST_COLUMNS = 4
"""Attributes of filter and order that are shown beside the usual columns."""


@click.command(name="list")
@click.argument("class_name", metavar="CLASS")
@click.option("--filter", "filter_text", metavar="CEL", help="Only CIs of which this is true: 'os_name == \"Linux\"'.")
@click.option("--search", "text", help="Only names that hold this text.")
@click.option(
    "--sort", metavar="FIELD", help="Order by this field, -FIELD for the greatest first; by name when left out."
)
@as_of_option
@click.option("--limit", default=1000, show_default=True, help="The most rows to print.")
@json_option
@store_option
def list_(
    *,
    class_name: str,
    filter_text: str | None,
    text: str | None,
    sort: str | None,
    as_of: str | None,
    limit: int,
    as_json: bool,
    store_url: str | None,
) -> None:
    """List the CIs of a class and its subclasses, by name.

    A filter is CEL over the attributes of the class: ==, !=, <, in, &&, ||, !, has(), contains(), related() and more
    (docs/guides/asking.md).

    Example: cmdb list host --filter 'os_name == "Linux" && memory_bytes > 8*1024*1024*1024' --sort -memory_bytes
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"--limit {limit} is not between 1 and {MAX_LIMIT}")
    with context(store_url) as found:
        question = make_question(
            found.registry, now=utc_now(), class_name=class_name, search=text, filter_text=filter_text, sort_text=sort
        )
        seen_from = as_of_view(found.store, as_of)
        rows = chain.from_iterable(list_rows(seen_from, page) for page in pages(seen_from, question, limit=limit))
        if as_json:
            for row in rows:
                print_json(row)
        else:
            _print(rows, question, limit)


def _print(rows: Iterable[Document], question: Question, limit: int) -> None:
    extra = [name for name in question.attributes if name not in _SHOWN_ANYWAY][:_MOST_COLUMNS]
    shown = list(_shown(rows, extra))
    console().print(ci_table(("name", "class", "state", *extra, "addresses", "last seen", "id"), shown))
    many = f"{len(shown)} CI{'' if len(shown) == 1 else 's'}"
    console().print(many if len(shown) < limit else f"the first {many}; --limit shows more")


def _shown(rows: Iterable[Document], extra: list[str]) -> Iterator[tuple[object, ...]]:
    now = utc_now()
    for row in rows:
        attributes = cast("dict[str, object]", row["attributes"])
        state = row["state"] if row["lifecycle"] == "live" else row["lifecycle"]
        values = (attributes.get(name) for name in extra)
        seen = ago(row["last_seen_at"], now=now)
        yield row["name"], row["class"], state, *values, attributes.get("ip_addresses"), seen, row["id"]
