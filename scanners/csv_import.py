"""`cmdb import csv`: a table as text."""

from __future__ import annotations

import codecs
from collections.abc import Generator
from typing import BinaryIO

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake
from cmdb.registry import Registry
from scanners.csv_text import find_delimiter, find_encoding, read_rows
from scanners.table_format import TableFormat
from scanners.table_mapping import Mapped


class CsvParser(TableFormat):
    """The parser of delimited text; the headings say what the columns mean, a mapping corrects them."""

    def __init__(self, registry: Registry | None = None) -> None:
        super().__init__("csv", _rows, registry)


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
