"""What `cmdb import` prints: a summary for people, a line a row for programs."""

from __future__ import annotations

from itertools import islice

import click

from cli.options import print_json
from cli.terminal import console, printable, table
from cmdb.import_answers import row_document, totals_document
from cmdb.importing import ImportReport

MAX_LISTED = 20


def print_report(name: str, report: ImportReport, *, as_json: bool, is_dry_run: bool) -> None:
    """Refusals to standard error, the rest to standard output; a terminal gets at most 20 of each, JSON everything."""
    _print_faults(name, report, as_json=as_json)
    if as_json:
        for row in report.rows():
            print_json(row_document(row))
        print_json(totals_document(report, is_dry_run=is_dry_run))
    else:
        _print_summary(name, report, is_dry_run=is_dry_run)


def _print_faults(name: str, report: ImportReport, *, as_json: bool) -> None:
    for warning in report.warnings:
        click.echo(f"cmdb: {printable(warning)}", err=True)
    for refused in islice(report.refused(), None if as_json else MAX_LISTED):
        place = f"{name}:{refused.line}" if refused.line is not None else name
        click.echo(f"cmdb: {place}: {printable(refused.message)}", err=True)
    if report.refused_count > MAX_LISTED and not as_json:
        click.echo(
            f"cmdb: {name}: {report.refused_count - MAX_LISTED} more rows are refused; --json lists all", err=True
        )
    if report.is_cut_off and not report.warnings:
        click.echo(
            f"cmdb: {name}: the input ends early; what was complete is kept, and nothing is concluded from what is missing",
            err=True,
        )


def _print_summary(name: str, report: ImportReport, *, is_dry_run: bool) -> None:
    out = console()
    totals = report.totals()
    if is_dry_run:
        _print_rows(report)
    said = ", ".join(
        f"{count} {outcome}" for outcome, count in totals.items() if count or outcome in ("created", "unchanged")
    )
    refused = f", {report.links.refused} refused" if report.links.refused else ""
    out.print(
        f"{name}: {said}; relationships: {report.links.created} created, {report.links.confirmed} confirmed{refused}"
    )
    if report.unknown_attributes:
        out.print(
            f"{report.unknown_attributes} values of attributes that the classes do not know are kept as claims",
            style="dim",
        )
    if not report.is_written:
        out.print("nothing was written" + (" (dry run)" if is_dry_run else " (strict: at least one row is refused)"))
    elif report.revision is None:
        out.print("no revision: everything was known already" if totals["unchanged"] else "no revision", style="dim")
    else:
        out.print(f"revision {report.revision}", style="dim")


def _print_rows(report: ImportReport) -> None:
    shown = list(islice(report.rows(), MAX_LISTED + 1))
    rows = [
        (
            row.line,
            printable(row.local_id),
            row.outcome,
            "" if row.outcome == "created" else row.ci,
            row.rule,
            "; ".join((*((printable(row.reason),) if row.reason else ()), *row.flags)),
        )
        for row in shown[:MAX_LISTED]
    ]
    if rows:
        out = console()
        out.print(table(("line", "id", "would be", "CI", "rule", "because"), rows, right=("line",)))
        if len(shown) > MAX_LISTED:
            out.print("… and more rows; --json lists all", style="dim")
        out.print()
