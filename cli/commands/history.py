"""`cmdb history`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import click

from cli.ages import second
from cli.options import as_of_option, as_of_view, context, json_option, print_json, store_option
from cli.terminal import console, printable, table
from cmdb.documents import Document
from cmdb.entities import CI, Kind
from cmdb.history.timeline import history as history_of
from cmdb.history.timeline import sightings_of
from cmdb.lookup import find_ci
from cmdb.store.view import View

SHOWN_OF_A_REVISION = 12
VALUE_WIDTH = 60
_USUAL = (("lifecycle", "live"), ("state", "present"))
"""What is not worth a line when something new has it."""


@click.command()
@click.argument("ci_name", metavar="CI")
@as_of_option
@json_option
@store_option
def history(*, ci_name: str, as_of: str | None, as_json: bool, store_url: str | None) -> None:
    """List the revisions of a CI, oldest first: its values, what was merged into it, its relationships.

    With --as-of it ends there. Two versions of it: cmdb diff @12 @17 --ci web01

    Example: cmdb history web01
    """
    with context(store_url) as found:
        view = as_of_view(found.store, as_of)
        ci = find_ci(view, found.registry, ci_name)
        rows = history_of(view, ci.id)
        if as_json:
            for row in rows:
                print_json(row)
        else:
            _print(view, ci, list(rows))


def _print(view: View, ci: CI, rows: Sequence[Document]) -> None:
    out = console()
    out.print(f"{printable(ci.name)}  {ci.class_name}", style="bold", markup=False)
    names = _names(view, rows)
    shown: list[tuple[object, ...]] = []
    for row in rows:
        lines = list(_lines(row, ci.id, names))
        more = [f"… and {len(lines) - SHOWN_OF_A_REVISION} more; --json shows all"]
        kept = lines if len(lines) <= SHOWN_OF_A_REVISION + 1 else lines[:SHOWN_OF_A_REVISION] + more
        shown.append((row["revision"], second(row["at"]), row["by"], row["what"], "\n".join(kept)))
    out.print(table(("revision", "at (UTC)", "by", "what", "changes"), shown, right=("revision",)))
    for source, seen in sightings_of(view, ci.id).items():
        out.print(
            f"seen by {source} from {second(seen.first_at)} to {second(seen.last_at)}",
            style="dim",
            markup=False,
        )


def _lines(row: Document, ci: str, names: dict[str, str]) -> Iterator[str]:
    for name, (before, after) in cast("dict[str, list[object]]", row["changes"]).items():
        if before is not None or (name, after) not in _USUAL:
            yield changed_line(name, before, after)
    for id_ in cast("list[str]", row.get("merged", [])):
        yield f"merged in {names.get(id_, id_)}"
    relationships = cast("dict[str, list[str]]", row["relationships"])
    for sign, way in (("+", "added"), ("-", "removed")):
        for text in relationships[way]:
            source, type_, target = text.split(" ")
            other = printable(names.get(target if source == ci else source, target if source == ci else source))
            yield f"{sign} {type_} → {other}" if source == ci else f"{sign} {other} {type_} → it"


def changed_line(name: str, before: object, after: object) -> str:
    """One changed value, as `name: before → after`, long values cut."""
    if before is None:
        return f"{name}: {_short(after)}"
    return f"{name}: {_short(before)} → {'nothing' if after is None else _short(after)}"


def _short(value: object) -> str:
    text = ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
    text = printable(text)
    return text if len(text) <= VALUE_WIDTH else text[: VALUE_WIDTH - 1] + "…"


def _names(view: View, rows: Iterable[Document]) -> dict[str, str]:
    ids: set[str] = set()
    for row in rows:
        ids.update(cast("list[str]", row.get("merged", [])))
        for texts in cast("dict[str, list[str]]", row["relationships"]).values():
            ids.update(text.split(" ")[place] for text in texts for place in (0, 2))
    return {id_: cast("CI", ci).name for id_, ci in view.get_many(Kind.CI, ids).items()}
