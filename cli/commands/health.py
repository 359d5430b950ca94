"""`cmdb health` and `cmdb coverage`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import click

from cli.ages import second
from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cli.wiring import utc_now
from cmdb.documents import Document
from cmdb.errors import NotFound
from cmdb.health.answers import health_document
from cmdb.health.assessment import assess
from cmdb.health.audits import Audit, load_audits
from cmdb.health.coverage_reading import address_document, range_document, ranges_of
from cmdb.health.keeping import keep, kept
from cmdb.health.services import MAX_PARTS, parts_of
from cmdb.lookup import find_ci

SHOWN_CLASSES = 15


@click.command()
@click.option("--class", "class_name", metavar="CLASS", help="Only CIs of a class and its subclasses.")
@click.option("--service", metavar="CI", help="Only a service and everything that it needs.")
@click.option("--audit", "audit_name", metavar="NAME", help="Only one audit, with its rule and the CIs that fail it.")
@click.option("--history", "is_history", is_flag=True, help="The figures that were kept, a day a line.")
@click.option("--keep", "is_kept", is_flag=True, help="Keep today's figures; cmdb serve does it every day.")
@json_option
@store_option
def health(
    *,
    class_name: str | None,
    service: str | None,
    audit_name: str | None,
    is_history: bool,
    is_kept: bool,
    as_json: bool,
    store_url: str | None,
) -> None:
    """How complete, correct and compliant the graph is: over everything, a class, or a service.

    Example: cmdb health --service "service:Online shop"
    """
    with context(store_url) as found:
        if is_history:
            _print_history(kept(found.store), as_json=as_json)
            return
        audits = load_audits(found.registry, found.settings.audits)
        if audit_name is not None:
            audits = (_one(audits, audit_name),)
        ids: Sequence[str] | None = None
        if service is not None:
            ids, is_all = parts_of(found.store, found.registry, find_ci(found.store, found.registry, service))
            if not is_all:
                click.echo(f"cmdb: the service needs more than {MAX_PARTS} CIs; the nearest are judged", err=True)
        now = utc_now()
        document = health_document(assess(found.store, found.registry, audits, now=now, class_name=class_name, ids=ids))
        if is_kept:
            keep(found.store, document, now=now)
    if as_json:
        print_json(document)
    elif audit_name is not None:
        _print_audit(cast("list[Document]", document["audits"])[0])
    else:
        _print(document)


def _one(audits: Sequence[Audit], name: str) -> Audit:
    found = next((audit for audit in audits if audit.name == name), None)
    if found is None:
        raise NotFound(f"there is no audit {name!r}; there are {', '.join(audit.name for audit in audits)}")
    return found


def _print(document: Document) -> None:
    out = console()
    duplicates, orphans, stale = (cast("dict[str, int]", document[name]) for name in ("duplicates", "orphans", "stale"))
    out.print(f"[bold]Health {document['score']} %[/bold] of {document['cis']} CIs at revision {document['revision']}")
    rows = [
        ("completeness", f"{document['completeness']} %", "of what the classes ask for is known"),
        (
            "correctness",
            f"{document['correctness']} %",
            f"{duplicates['surplus']} surplus duplicates, {orphans['count']} orphans, {stale['count']} not seen for 30 days",
        ),
        ("compliance", f"{document['compliance']} %", "of what audits judged is as it must be"),
    ]
    out.print(table(("score", "", "because"), rows, right=("",)))
    classes = cast("list[Document]", document["classes"])
    worst = sorted(classes, key=lambda one: (-cast("int", one["cis"]), str(one["class"])))
    out.print()
    out.print(
        table(
            ("class", "CIs", "complete", "most often missing", "orphans", "stale"),
            (
                (
                    one["class"],
                    one["cis"],
                    f"{one['completeness']} %",
                    ", ".join(
                        f"{name} ({count})" for name, count in list(cast("dict[str, int]", one["missing"]).items())[:3]
                    ),
                    one["orphans"],
                    one["stale"],
                )
                for one in worst[:SHOWN_CLASSES]
            ),
            right=("CIs", "complete", "orphans", "stale"),
        )
    )
    if len(worst) > SHOWN_CLASSES:
        out.print(f"… and {len(worst) - SHOWN_CLASSES} more classes; --json shows all", style="dim")
    audits = cast("list[Document]", document["audits"])
    failing = [one for one in audits if one["failing"]]
    order = {"high": 0, "medium": 1, "low": 2}
    out.print()
    if failing:
        out.print(
            table(
                ("audit", "severity", "failing", "of", "owner", "why it matters"),
                (
                    (one["name"], one["severity"], one["failing"], one["judged"], one["owner"], one["why"])
                    for one in sorted(
                        failing, key=lambda one: (order[str(one["severity"])], -cast("int", one["failing"]))
                    )
                ),
                right=("failing", "of"),
            )
        )
        out.print("see who fails one: cmdb health --audit NAME", style="dim")
    out.print(f"{len(audits) - len(failing)} of {len(audits)} audits pass", style="dim")


def _print_audit(one: Document) -> None:
    out = console()
    out.print(f"[bold]{one['name']}[/bold]  {one['severity']}, {one['owner']}: {one['why']}")
    out.print(f"of every {one['class']}: {one['require']}", style="dim", markup=False)
    out.print(f"{one['failing']} of {one['judged']} fail")
    examples = cast("list[dict[str, str]]", one["examples"])
    if examples:
        out.print(table(("name", "class", "id"), ((ci["name"], ci["class"], ci["id"]) for ci in examples)))
    left_out = cast("int", one["failing"]) - len(examples)
    if left_out:
        out.print(
            f"… and {left_out} more: cmdb list {one['class']} --filter '!({one['require']})'", style="dim", markup=False
        )


def _print_history(reports: Sequence[Document], *, as_json: bool) -> None:
    if as_json:
        for report in reports:
            print_json(report)
        return
    columns = ("day", "CIs", "score", "completeness", "correctness", "compliance")
    console().print(
        table(
            columns,
            (
                (
                    str(report["at"])[:10],
                    *(report[name] for name in ("cis", "score", "completeness", "correctness", "compliance")),
                )
                for report in reports
            ),
            right=columns[1:],
        )
    )
    if not reports:
        console().print("nothing is kept yet: cmdb health --keep", style="dim")


@click.command()
@click.argument("address", required=False)
@click.option("--network", metavar="SPACE", default="default", show_default=True, help="Address space.")
@json_option
@store_option
def coverage(*, address: str | None, network: str, as_json: bool, store_url: str | None) -> None:
    """Which addresses were seen, by which source and when; and why nothing is known of the others.

    Without an address every range is shown that a schedule, a run or a subnet names; with one, who looked at it.

    Example: cmdb coverage 10.1.0.7
    """
    with context(store_url) as found:
        if address is not None:
            one = address_document(found.store, address, network)
            print_json(one) if as_json else _print_address(one)
            return
        rows = [range_document(each) for each in ranges_of(found.store, network)]
    if as_json:
        print_json({"ranges": rows})
        return
    console().print(
        table(
            ("range", "named by", "seen", "of", "share", "by", "last scan", "not seen because"),
            (
                (
                    row["range"],
                    row["named_by"],
                    row["seen"],
                    row["size"],
                    "" if row["share"] is None else f"{row['share']} %",
                    ", ".join(
                        f"{name} {source['seen']}"
                        for name, source in cast("dict[str, Document]", row["sources"]).items()
                    ),
                    f"{str(row['last_scan_at'])[:16]} {row['last_scan_by']}" if row["last_scan_at"] else "never",
                    ", ".join(
                        f"{count} {reason.replace('_', ' ')}"
                        for reason, count in cast("dict[str, int]", row["unseen"]).items()
                        if count
                    ),
                )
                for row in rows
            ),
            right=("seen", "of", "share"),
        )
    )
    if not rows:
        console().print("no range is known yet: cmdb scan, cmdb schedule or a subnet names one", style="dim")


def _print_address(one: Document) -> None:
    out = console()
    cis = cast("list[dict[str, str]]", one["cis"])
    what = ", ".join(f"{ci['class']} {ci['name']}" for ci in cis) or f"nothing known: {one['because']}"
    out.print(f"[bold]{one['address']}[/bold]  {what}")
    seen, looks = cast("list[Document]", one["seen_by"]), cast("list[Document]", one["looks"])
    if seen:
        out.print(table(("seen by", "last"), ((each["source"], second(each["last_seen_at"])) for each in seen)))
    if looks:
        out.print(
            table(
                ("looked", "when", "outcome", "reason"),
                ((each["source"], second(each["at"]), each["outcome"], each["reason"]) for each in looks),
            )
        )
