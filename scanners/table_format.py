"""A format whose rows are those of a table: read into drafts, its headings as a mapping, and itself again with results."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import BinaryIO

from cmdb.formats.batch import Batch, Intake, Refused
from cmdb.reconcile.plan import RowOutcome
from cmdb.registry import Registry, default_registry
from scanners.table_mapping import Mapped, read_mapping, write_mapping
from scanners.table_result import result_lines
from scanners.table_rows import read_table, table_columns

Rows = Callable[[BinaryIO, Mapped, str, Intake], Generator[tuple[int, list[str]], None, None]]
"""The numbered rows of a stream of this name; tells the intake of what it had to guess."""


class TableFormat:
    """The parser of one form of tables; `rows` raises `Invalid`, with the place, for what is none."""

    def __init__(self, format_name: str, rows: Rows, registry: Registry | None = None) -> None:
        self._name = format_name
        self._rows = rows
        self._registry = registry or default_registry()

    def read(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> None:
        """See `table_rows.read_table`."""
        mapped = self._mapped(options)
        with contextlib.closing(self._rows(stream, mapped, name, into)) as rows:
            read_table(rows, mapped, self._registry, name=name, into=into)

    def mapping(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> str:
        """The text of a mapping file for this table, as its headings are understood."""
        mapped = self._mapped(options)
        with contextlib.closing(self._rows(stream, mapped, name, into)) as rows:
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
        mapped = self._mapped(options)
        with contextlib.closing(self._rows(stream, mapped, name, Batch())) as rows:
            yield from result_lines(rows, mapped, name=name, outcomes=outcomes, refused=refused)

    def _mapped(self, options: Mapping[str, str]) -> Mapped:
        return read_mapping(options, self._registry, format_name=self._name)
