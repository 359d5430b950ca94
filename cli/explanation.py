"""How an account of values is laid out for people: what stands in bold, what lost beneath it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.ages import ago
from cli.terminal import cell_text, printable, table
from cmdb.documents import Document

_SHOWN_LOST = 5


def print_explanation(out: Console, document: Document, attribute: str | None, *, now: dt.datetime) -> None:
    """The CI, how it was recognised (without an attribute), and each value with its source, age, rule and losers."""
    head = Text(printable(str(document["name"])), style="bold")
    out.print(head.append(f"  {document['class']}  {document['id']}", style="dim"))
    values = cast("dict[str, Document]", document["attributes"])
    if attribute is None:
        out.print()
        _print_matches(out, cast("list[Document]", document["matched"]))
    out.print()
    if not values:
        out.print(f"nobody says {attribute}" if attribute else "nobody says anything of it", markup=False)
        return
    out.print(_values(values, now=now, is_single=attribute is not None))
    relationships = cast("list[Document]", document["relationships"])
    if relationships:
        out.print()
        out.print(table(("people say", "to", "by", "age", "until", "why"), _said(relationships, now)))


def _print_matches(out: Console, matched: list[Document]) -> None:
    out.print(
        table(
            ("source", "record", "matched by", "on"),
            ((one["source"], one["record"], one["rule"], one["on"]) for one in matched),
        )
    )
    others = [
        (one["source"], each.get("name", each["ci"]), each["lost_because"])
        for one in matched
        for each in cast("list[dict[str, str]]", one["considered"])
    ]
    if others:
        out.print()
        out.print(table(("source", "considered", "lost because"), others))
    joined = [(one["source"], ci) for one in matched for ci in cast("list[str]", one.get("joined", []))]
    if joined:
        out.print()
        out.print(table(("source", "joined with it"), joined))
    aside = [
        (one["source"], each["kind"], each["value"], each["because"])
        for one in matched
        for each in cast("list[dict[str, str]]", one.get("set_aside", []))
    ]
    if aside:
        out.print()
        out.print(table(("source", "set aside", "value", "because"), aside))


def _values(values: dict[str, Document], *, now: dt.datetime, is_single: bool) -> Table:
    drawn = Table(box=None, pad_edge=False, header_style="bold dim")
    for column in ("attribute", "value", "said by", "age", "why"):
        drawn.add_column(column, overflow="fold", no_wrap=column == "age")
    for name, won in values.items():
        lost = cast("list[Document]", won["lost"])
        drawn.add_row(
            Text(printable(name)),
            Text(cell_text(won["value"]), style="bold"),
            Text(_sources(won, lost)),
            Text(ago(won["seen_at"], now=now)),
            Text(_why(won, now=now, has_place=is_single), style="dim"),
        )
        if "still_shown" in won:
            still = Text(cell_text(won["still_shown"]) or "nothing", style="yellow")
            drawn.add_row(
                "",
                still,
                "",
                "",
                Text("still shown, until the next look, cmdb tidy or cmdb policy apply", style="yellow"),
            )
        others = [one for one in lost if one["cause"] != "same"]
        shown = others if is_single else others[:_SHOWN_LOST]
        for one in shown:
            reason = f": {one['reason']}" if one.get("reason") else ""
            drawn.add_row(
                "",
                Text(cell_text(one["value"]), style="dim"),
                Text(str(one["source"]), style="dim"),
                Text(ago(one["seen_at"], now=now), style="dim"),
                Text(f"lost: {one['why']}{reason}", style="yellow" if one["cause"] == "blocked" else "dim"),
            )
        if len(others) > len(shown):
            drawn.add_row("", Text(f"… {len(others) - len(shown)} more; name the attribute to see all", style="dim"))
    return drawn


def _sources(won: Document, lost: list[Document]) -> str:
    """Who says it: the winner first, then who says the same."""
    said_by = cast("dict[str, list[str]] | None", won.get("said_by"))
    if said_by is not None:
        return ", ".join(sorted({source for sources in said_by.values() for source in sources}))
    same = sorted({str(one["source"]) for one in lost if one["cause"] == "same"} - {str(won["source"])})
    return ", ".join(filter(None, (cell_text(won["source"]), *same)))


def _why(won: Document, *, now: dt.datetime, has_place: bool) -> str:
    said = str(won["rule"])
    if won.get("reason"):
        said += f": {won['reason']}"
    if won.get("until"):
        said += f" (runs out {ago(won['until'], now=now)})"
    return f"{said} ({won['rule_at']})" if has_place and won.get("rule_at") else said


def _said(relationships: Iterable[Document], now: dt.datetime) -> Iterable[tuple[object, ...]]:
    for one in relationships:
        arrow = f"{'' if one['is_there'] else 'not '}-[{one['type']}]->"
        other = cast("Document", one["ci"])
        yield (
            arrow,
            other["name"] or other["id"],
            one["source"],
            ago(one["said_at"], now=now),
            ago(one["until"], now=now),
            one["reason"],
        )
