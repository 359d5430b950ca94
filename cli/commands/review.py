"""`cmdb review`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cmdb.documents import review_item
from cmdb.entities import Kind, Review
from cmdb.store.protocol import Store
from cmdb.values import Value


@click.command()
@json_option
@store_option
def review(*, as_json: bool, store_url: str | None) -> None:
    """List what needs a person: duplicates, shared identifiers, conflicts, parked drafts.

    Example: cmdb review
    """
    with context(store_url) as found:
        items = sorted(_items(found.store), key=lambda item: (item.kind, item.since, item.id))
    if as_json:
        for item in items:
            print_json(review_item(item))
        return
    shown = [(item.kind, _shown(item), list(item.cis), item.remedy) for item in items]
    console().print(table(("kind", "values", "CIs", "what to do"), shown))
    console().print(f"{len(items)} item{'' if len(items) == 1 else 's'}")


def _shown(item: Review) -> dict[str, Value]:
    """The values that fit a cell; --json has the rest."""
    return {name: value for name, value in item.values.items() if value != [] and not _is_long(value)}


def _is_long(value: Value) -> bool:
    return isinstance(value, (list, tuple)) and any(isinstance(one, Mapping) for one in value)


def _items(store: Store) -> Iterator[Review]:
    after = ""
    while page := store.scan(Kind.REVIEW, after=after):
        yield from (cast("Review", item) for item in page)
        after = page[-1].id
