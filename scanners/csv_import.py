"""`cmdb import csv`: a table as text."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Generator, Iterator, Mapping
from typing import BinaryIO

from cmdb.errors import Invalid
from cmdb.formats.batch import Batch, Intake, Refused
from cmdb.reconcile.plan import RowOutcome
from cmdb.registry import Registry, default_registry
from scanners.csv_text import find_delimiter, find_encoding, read_rows
from scanners.table_mapping import Mapped, read_mapping, write_mapping
from scanners.table_result import result_lines
from scanners.table_rows import read_table, table_columns


class CsvParser:
    """The parser of delimited text; the headings say what the columns mean, a mapping corrects them."""

    def __init__(self, registry: Registry | None = None) -> None:
        self._registry = registry or default_registry()

    def read(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> None:
        """See `table_rows.read_table`; raises `Invalid` with the line for bytes that are no text or no table."""
        mapped = read_mapping(options, self._registry, format_name="csv")
        with contextlib.closing(_rows(stream, mapped, name, into)) as rows:
            read_table(rows, mapped, self._registry, name=name, into=into)

    def mapping(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> str:
        """The text of a mapping file for this table, as its headings are understood."""
        mapped = read_mapping(options, self._registry, format_name="csv")
        with contextlib.closing(_rows(stream, mapped, name, into)) as rows:
            columns, _ = table_columns(rows, mapped, self._registry, name=name)
        return write_mapping(columns, mapped.settings)

    def result(
        self,
        stream: BinaryIO,
        *,
        name: str,
        options: Mapping[str, str],
        outcomes: Iterator[RowOutcome],
        refused: Iterator[Refused],
    ) -> Iterator[str]:
        """The table again, as lines of CSV, with what became of each row; see `table_result.result_lines`."""
        mapped = read_mapping(options, self._registry, format_name="csv")
        with contextlib.closing(_rows(stream, mapped, name, Batch())) as rows:
            yield from result_lines(rows, mapped, name=name, outcomes=outcomes, refused=refused)


def _rows(stream: BinaryIO, mapped: Mapped, name: str, into: Intake) -> Generator[tuple[int, list[str]], None, None]:
    encoding = mapped.settings.get("encoding")
    if encoding is None:
        encoding = find_encoding(stream, into)
    else:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise Invalid(f"no encoding is called {encoding[:40]!r}; give one such as utf-8 or windows-1252") from None
    delimiter = mapped.settings.get("delimiter")
    if delimiter is None:
        delimiter = find_delimiter(stream, encoding)
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise Invalid(f"the delimiter {delimiter[:20]!r} is not one character; give one such as ; or tab")
    return read_rows(stream, encoding=encoding, delimiter=delimiter, name=name)
