"""What `cmdb import` does for tables beside landing them: a mapping file to change, and the table again with results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import click

from cli.terminal import printable
from cli.whole_file import write_whole
from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from cmdb.importing import ImportReport
from discovery.parsers import Parser, TableParser


def check_table_options(
    parser: Parser, files: tuple[str, ...], *, format_name: str, result: str | None, write_mapping: str | None
) -> None:
    """Raises a usage error where a mapping or a result was asked for and cannot be made."""
    asked = "--result" if result else "--write-mapping" if write_mapping else None
    if asked is None:
        return
    if not isinstance(parser, TableParser):
        raise click.UsageError(f"{asked} is for tables, csv and xlsx, and not for {format_name}")
    if len(files) != 1 or files[0] == "-":
        raise click.UsageError(f"{asked} takes one file, and not standard input")


def save_mapping(parser: Parser, name: str, options: Mapping[str, str], out: str, *, format_name: str) -> None:
    """Write how the headings of a table are understood, and say what to do with it."""
    assert isinstance(parser, TableParser)
    told = Batch()
    with _opened(name) as stream:
        text = parser.mapping(stream, name=name, into=told, options=options)
    for warning in told.warnings:
        click.echo(f"cmdb: {printable(warning)}", err=True)
    write_whole(Path(out), text.splitlines())
    click.echo(f"{out}: how the columns of {name} are understood; change it, then:")
    click.echo(f"  cmdb import {format_name} {name} --mapping {out}")


def save_result(parser: Parser, name: str, options: Mapping[str, str], report: ImportReport, out: str) -> None:
    """Write the table again with what became of each row."""
    assert isinstance(parser, TableParser)
    with _opened(name) as stream:
        lines = parser.result(stream, name=name, options=options, outcomes=report.rows(), refused=report.refused())
        write_whole(Path(out), lines)


def _opened(name: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise Invalid(f"cannot be read: {error.strerror}", place=name) from error
