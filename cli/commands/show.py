"""`cmdb show`."""

from __future__ import annotations

from typing import cast

import click

from cli.ages import second
from cli.options import as_of_option, as_of_view, context, json_option, print_json, store_option
from cli.terminal import console, printable, table
from cli.wiring import utc_now
from cmdb import documents
from cmdb.lifecycle.presence_answers import presences
from cmdb.lookup import find_ci

SHOWN_OF_A_KIND = 8


@click.command()
@click.argument("ci_name", metavar="CI")
@as_of_option
@json_option
@store_option
def show(*, ci_name: str, as_of: str | None, as_json: bool, store_url: str | None) -> None:
    """Show one CI: its attributes, relationships and what each source claims.

    CI is an id, a name, class:name, an FQDN or a unique short name.

    Example: cmdb show server:db01 --as-of 2026-01-31
    """
    with context(store_url) as found:
        view = as_of_view(found.store, as_of)
        ci = find_ci(view, found.registry, ci_name)
        document = documents.show(view, ci)
        if as_of is None:
            document["presence"] = presences(found.store, [ci], found.policy, now=utc_now())[ci.id]
    if as_json:
        print_json(document)
    else:
        _print(document)


def _print(document: documents.Document) -> None:
    out = console()
    out.print(
        f"[bold]{printable(str(document['name']))}[/bold]  {document['class']}  {document['lifecycle']}, {document['state']}",
        markup=True,
    )
    out.print(
        f"{document['id']}  revision {document['revision']}, last seen {second(document['last_seen_at'])}", style="dim"
    )
    if "presence" in document:
        _print_presence(cast("dict[str, object]", document["presence"]))
    attributes = cast("dict[str, object]", document["attributes"])
    out.print(table(("attribute", "value"), attributes.items()))
    rows, left_out = _shown(cast("list[dict[str, object]]", document["relationships"]))
    out.print(table(("relationship", "to", "class", "confidence", "said by"), rows))
    for line in left_out:
        out.print(line, style="dim", markup=False)
    claims = cast("list[dict[str, object]]", document["claims"])
    out.print(
        table(
            ("source", "record", "seen", "attributes"),
            (
                (
                    claim["source"],
                    claim["record"],
                    second(claim["seen_at"]),
                    len(cast("dict[str, object]", claim["attributes"])),
                )
                for claim in claims
            ),
            right=("attributes",),
        )
    )


def _print_presence(presence: dict[str, object]) -> None:
    since = f" since {second(presence['since'])}" if presence["since"] else ""
    run = f" (run {presence['run']})" if presence["run"] else ""
    style = "dim" if presence["state"] == "present" else "yellow"
    said = str(presence["state"]).replace("_", " ")
    console().print(printable(f"{said}{since}: {presence['reason']}{run}"), style=style, markup=False)


def _shown(relationships: list[dict[str, object]]) -> tuple[list[tuple[object, ...]], list[str]]:
    """Rows of at most so many relationships of a kind, and a line for each kind that has more."""
    kinds: dict[tuple[str, str], list[tuple[object, ...]]] = {}
    for relationship in relationships:
        other = cast("dict[str, str]", relationship["ci"])
        arrow = f"-[{relationship['type']}]->" if relationship["direction"] == "out" else f"<-[{relationship['type']}]-"
        row = (arrow, other["name"], other["class"], f"{relationship['confidence']:.3g}", _said_by(relationship))
        kinds.setdefault((arrow, other["class"]), []).append(row)
    rows = [row for found in kinds.values() for row in found[:SHOWN_OF_A_KIND]]
    left_out = [
        f"… and {len(found) - SHOWN_OF_A_KIND} more {arrow} {class_name}; --json shows all"
        for (arrow, class_name), found in kinds.items()
        if len(found) > SHOWN_OF_A_KIND
    ]
    return rows, left_out


def _said_by(relationship: dict[str, object]) -> list[str]:
    """Its sources, each with its own confidence where several make one."""
    said = cast("list[dict[str, float | str]]", relationship["said_by"])
    return [str(one["source"]) if len(said) == 1 else f"{one['source']} {one['confidence']:.3g}" for one in said]
