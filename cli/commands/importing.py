"""`cmdb import`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

import click

from cli.options import context, json_option, parse_time, print_json, store_option
from cli.terminal import console, printable
from cli.wiring import utc_now
from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from cmdb.formats.options import read_options
from cmdb.ids import new_id
from cmdb.importing import ImportOrder, ImportReport, land, links_of
from cmdb.reconcile.plan import RowOutcome
from discovery.parsers import Parser, ParserRegister

MAX_SPOOLED_BYTES = 16 * 1024 * 1024
MAX_LISTED = 20
MAX_MAPPING_BYTES = 1_000_000


@click.command(name="import")
@click.argument("format_name", metavar="FORMAT")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--source", help="Name of the source; one per installation. The format's name when left out.")
@click.option("--at", "at_text", metavar="TIME", help="When it was observed; now when left out.")
@click.option("--network", default="default", show_default=True, help="Address space of the addresses.")
@click.option("--strict", "is_strict", is_flag=True, help="Write nothing if any row is refused.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option(
    "--option", "said", metavar="KEY=VALUE", multiple=True, help="Tell the format something; once per option."
)
@click.option("--mapping", metavar="FILE", help="Mapping file of a format that takes one.")
@json_option
@store_option
def import_(
    *,
    format_name: str,
    files: tuple[str, ...],
    source: str | None,
    at_text: str | None,
    network: str,
    is_strict: bool,
    is_dry_run: bool,
    said: tuple[str, ...],
    mapping: str | None,
    as_json: bool,
    store_url: str | None,
) -> int:
    """Import files of a format (graph, nmap); - reads standard input.

    Importing a file again changes nothing.

    Example: cmdb import graph estate.jsonl --source datacentre
    """
    parser = ParserRegister.from_entry_points().get(format_name)
    options = _options(said, mapping)
    now = utc_now()
    at = parse_time(at_text, "--at") if at_text else now
    has_failed = False
    with context(store_url) as found:
        order = ImportOrder(
            source=source or format_name,
            run_id=new_id(now),
            at=at,
            network=network,
            by=found.settings.user,
            is_strict=is_strict,
            is_dry_run=is_dry_run,
        )
        for name in files:
            try:
                report = land(_read(parser, name, options), order, found.ingest, found.registry)
            except Invalid as error:
                place = "" if error.place else f"{_shown(name)}: "
                click.echo(f"cmdb: {place}{printable(str(error))}", err=True)
                has_failed = True
                continue
            _print(_shown(name), report, as_json=as_json, is_dry_run=is_dry_run)
            has_failed = has_failed or bool(report.refused)
    return 1 if has_failed else 0


def _options(said: tuple[str, ...], mapping: str | None) -> dict[str, str]:
    try:
        options = read_options(said)
    except Invalid as error:
        raise click.UsageError(f"--option: {error.message}") from error
    if mapping is not None:
        options["mapping"] = _mapping(mapping)
    return options


def _mapping(name: str) -> str:
    try:
        with Path(name).open("rb") as stream:
            text = stream.read(MAX_MAPPING_BYTES + 1)
    except OSError as error:
        raise Invalid(f"cannot be read: {error.strerror}", place=name) from error
    if len(text) > MAX_MAPPING_BYTES:
        raise Invalid(f"the mapping is larger than {MAX_MAPPING_BYTES} bytes", place=name)
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("the mapping is not UTF-8; save it as UTF-8", place=name) from error


def _read(parser: Parser, name: str, options: Mapping[str, str]) -> Batch:
    batch = Batch()
    if name == "-":
        with tempfile.SpooledTemporaryFile(max_size=MAX_SPOOLED_BYTES) as spool:
            while block := sys.stdin.buffer.read(1024 * 1024):
                spool.write(block)
            spool.seek(0)
            parser.read(cast("BinaryIO", spool), name="standard input", into=batch, options=options)
            return batch
    try:
        with Path(name).open("rb") as stream:
            parser.read(stream, name=name, into=batch, options=options)
            return batch
    except OSError as error:
        raise Invalid(f"cannot be read: {error.strerror}", place=name) from error


def _shown(name: str) -> str:
    return "standard input" if name == "-" else printable(name)


def _print(name: str, report: ImportReport, *, as_json: bool, is_dry_run: bool) -> None:
    for warning in report.warnings:
        click.echo(f"cmdb: {printable(warning)}", err=True)
    for refused in report.refused[:MAX_LISTED] if not as_json else report.refused:
        place = f"{name}:{refused.line}" if refused.line is not None else name
        click.echo(f"cmdb: {place}: {printable(refused.message)}", err=True)
    if len(report.refused) > MAX_LISTED and not as_json:
        click.echo(
            f"cmdb: {name}: {len(report.refused) - MAX_LISTED} more rows are refused; --json lists all", err=True
        )
    if report.is_cut_off and not report.warnings:
        click.echo(
            f"cmdb: {name}: the input ends early; what was complete is kept, and nothing is concluded from what is missing",
            err=True,
        )
    totals = {name_: report.count(name_) for name_ in ("created", "updated", "unchanged", "parked", "refused")}
    if as_json:
        for row in report.rows:
            print_json(_row(row))
        print_json(
            {
                "revision": report.revision if report.is_written else None,
                **totals,
                "ignored": report.links.ignored,
                "relationships": links_of(report.links),
                "unknown_attributes": report.unknown_attributes,
                "incomplete": report.is_cut_off,
                "dry_run": is_dry_run,
            }
        )
        return
    out = console()
    said = ", ".join(
        f"{count} {outcome}" for outcome, count in totals.items() if count or outcome in ("created", "unchanged")
    )
    out.print(f"{name}: {said}; relationships: {report.links.created} created, {report.links.confirmed} confirmed")
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


def _row(row: RowOutcome) -> dict[str, object]:
    return {
        "id": row.local_id,
        "ci": row.ci,
        "outcome": row.outcome,
        "rule": row.rule,
        "reason": row.reason,
        "flags": list(row.flags),
    }
