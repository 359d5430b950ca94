"""`cmdb review`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cmdb.documents import review_item
from cmdb.entities import CI, Kind, Review
from cmdb.store.protocol import Store
from cmdb.store.walking import every
from cmdb.values import Value

LONG = 3
"""Entries of a list of objects beyond which it is left to --json."""


@click.command()
@json_option
@store_option
def review(*, as_json: bool, store_url: str | None) -> None:
    """List what needs a person: duplicates, shared identifiers, conflicts, parked drafts.

    Example: cmdb review
    """
    with context(store_url) as found:
        items = sorted(every(found.store, Review), key=lambda item: (item.kind, item.since, item.id))
        called = {} if as_json else _names(found.store, items)
    if as_json:
        for item in items:
            print_json(review_item(item))
        return
    shown = [(item.kind, _shown(item), [called.get(ci, ci) for ci in item.cis], item.remedy) for item in items]
    console().print(table(("kind", "values", "CIs", "what to do"), shown))
    console().print(f"{len(items)} item{'' if len(items) == 1 else 's'}")


def _names(store: Store, items: Sequence[Review]) -> dict[str, str]:
    """What the CIs of the items are called, as a command takes it."""
    found = store.get_many(Kind.CI, {ci for item in items for ci in item.cis})
    return {id_: f"{ci.class_name}:{ci.name}" for id_, ci in found.items() if isinstance(ci, CI)}


def _shown(item: Review) -> dict[str, Value]:
    """The values that fit a cell; --json has the rest."""
    return {name: value for name, value in item.values.items() if value != [] and not _is_long(value)}


def _is_long(value: Value) -> bool:
    return isinstance(value, (list, tuple)) and len(value) > LONG and any(isinstance(one, Mapping) for one in value)
