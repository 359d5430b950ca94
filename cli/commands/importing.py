"""`cmdb import`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

import click

from cli.import_output import print_report
from cli.import_progress import ImportProgress
from cli.options import context, json_option, parse_time, store_option
from cli.table_import import check_table_options, save_mapping, save_result
from cli.terminal import console, printable
from cli.wiring import utc_now
from cmdb.errors import Invalid
from cmdb.formats.options import read_options
from cmdb.ids import new_id
from cmdb.importing import ImportOrder, land
from cmdb.spool.intake import Spool
from discovery.parsers import Parser, ParserRegister

MAX_SPOOLED_BYTES = 16 * 1024 * 1024
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
@click.option("--mapping", metavar="FILE", help="Mapping file of a table: what its columns mean.")
@click.option("--write-mapping", metavar="FILE", help="Write how a table's columns are understood, and import nothing.")
@click.option("--result", metavar="FILE", help="Write a table again, as CSV, with what became of each row.")
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
    write_mapping: str | None,
    result: str | None,
    as_json: bool,
    store_url: str | None,
) -> int:
    """Import files of a format (csv, cyclonedx, glpi, graph, nmap, snmprec, terraform, xlsx); - reads standard input.

    Importing a file again changes nothing.

    Example: cmdb import graph estate.jsonl --source datacentre
    """
    parser = ParserRegister.from_entry_points().get(format_name)
    options = _options(said, mapping)
    check_table_options(parser, files, format_name=format_name, result=result, write_mapping=write_mapping)
    if write_mapping is not None:
        save_mapping(parser, files[0], options, write_mapping, format_name=format_name)
        return 0
    now = utc_now()
    at = parse_time(at_text, "--at") if at_text else now
    has_failed = False
    with context(store_url) as found, ImportProgress(console(is_error=True)) as progress:
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
                with Spool(order.observation(), found.registry) as spool:
                    _read(parser, name, options, spool, progress)
                    report = land(spool, order, found.ingest, progress.landed)
                    progress.end()
                    print_report(_shown(name), report, as_json=as_json, is_dry_run=is_dry_run)
                    if result is not None:
                        save_result(parser, name, options, report, result)
                    has_failed = has_failed or bool(report.refused_count)
            except Invalid as error:
                progress.end()
                place = "" if error.place else f"{_shown(name)}: "
                click.echo(f"cmdb: {place}{printable(str(error))}", err=True)
                has_failed = True
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


def _read(parser: Parser, name: str, options: Mapping[str, str], spool: Spool, progress: ImportProgress) -> None:
    if name == "-":
        with tempfile.SpooledTemporaryFile(max_size=MAX_SPOOLED_BYTES) as kept:
            while block := sys.stdin.buffer.read(1024 * 1024):
                kept.write(block)
            size = kept.tell()
            kept.seek(0)
            with progress.reading("standard input", size, kept.tell):
                parser.read(cast("BinaryIO", kept), name="standard input", into=spool, options=options)
        return
    try:
        with Path(name).open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            with progress.reading(_shown(name), size or None, stream.tell):
                parser.read(stream, name=name, into=spool, options=options)
    except OSError as error:
        raise Invalid(f"cannot be read: {error.strerror}", place=name) from error


def _shown(name: str) -> str:
    return "standard input" if name == "-" else printable(name)
