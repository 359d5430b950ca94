"""`cmdb list` and `cmdb search`."""

from __future__ import annotations

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cmdb.documents import list_rows
from cmdb.entities import CI
from cmdb.errors import Invalid
from cmdb.registry import Registry
from cmdb.store.protocol import Store

MAX_LIMIT = 1_000_000


@click.command(name="list")
@click.argument("class_name", metavar="CLASS")
@click.option("--search", "text", help="Only names that hold this text.")
@click.option("--limit", default=1000, show_default=True, help="The most rows to print.")
@json_option
@store_option
def list_(*, class_name: str, text: str | None, limit: int, as_json: bool, store_url: str | None) -> None:
    """List the CIs of a class and its subclasses, by name.

    Example: cmdb list host --search web
    """
    with context(store_url) as found:
        registry = found.registry
        spec = registry.get(class_name)
        _print(found.store, _pages(found.store, registry, spec.name, text, limit), as_json=as_json)


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
        _print(found.store, _pages(found.store, found.registry, None, text, limit), as_json=as_json)


def _pages(store: Store, registry: Registry, class_name: str | None, text: str | None, limit: int) -> list[CI]:
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"--limit {limit} is not between 1 and {MAX_LIMIT}")
    classes = None if class_name is None else registry.subclasses(class_name)
    cis: list[CI] = []
    cursor = None
    while len(cis) < limit:
        page = store.list_cis(class_names=classes, search=text, after=cursor, limit=min(1000, limit - len(cis)))
        cis += page.items
        cursor = page.cursor
        if cursor is None:
            break
    return cis


def _print(store: Store, cis: list[CI], *, as_json: bool) -> None:
    rows = [row for start in range(0, len(cis), 500) for row in list_rows(store, cis[start : start + 500])]
    if as_json:
        for row in rows:
            print_json(row)
        return
    shown = [
        (
            ci.name,
            ci.class_name,
            ci.state.value if ci.lifecycle == "live" else ci.lifecycle.value,
            ci.attributes.get("ip_addresses"),
            row["last_seen_at"],
            ci.id,
        )
        for ci, row in zip(cis, rows, strict=True)
    ]
    console().print(table(("name", "class", "state", "addresses", "last seen", "id"), shown))
    console().print(f"{len(cis)} CI{'' if len(cis) == 1 else 's'}")
