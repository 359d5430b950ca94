"""The one interface of every import format, and their register.

A parser reads one input to its end and says what it holds; it opens no file and no connection. Built-in parsers are registered by entry
point (`cmdb.parsers`), exactly as a third party's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import BinaryIO, Protocol, runtime_checkable

from cmdb.errors import NotFound
from cmdb.formats.batch import Intake, Refused
from cmdb.reconcile.plan import RowOutcome

ENTRY_POINT_GROUP = "cmdb.parsers"


class Parser(Protocol):
    """Reads one format."""

    def read(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> None:
        """Read the whole input, row by row in bounded memory; `stream` is seekable, `name` goes into messages.

        Raises `Invalid` with the place for what refuses the input as a whole, and for an option that the format does not know,
        naming those that it does (`check_options`).
        """


@runtime_checkable
class TableParser(Parser, Protocol):
    """Reads a table, whose columns a person may map and whose rows may be mended."""

    def mapping(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> str:
        """The text of a mapping file for this table, as its headings are understood. Raises as `read`."""

    def result(
        self,
        stream: BinaryIO,
        *,
        name: str,
        options: Mapping[str, str],
        outcomes: Iterator[RowOutcome],
        refused: Iterator[Refused],
    ) -> Iterator[str]:
        """The table again, as lines of CSV, with what became of each row; both iterators by line."""


class ParserRegister:
    """Parsers by format, from entry points."""

    def __init__(self, parsers: Mapping[str, Callable[[], Parser]]) -> None:
        self._parsers = dict(parsers)

    @classmethod
    def from_entry_points(cls) -> ParserRegister:
        """Everything that installed packages register under `cmdb.parsers`; each is imported when it is first asked for."""
        return cls({point.name: _maker(point) for point in entry_points(group=ENTRY_POINT_GROUP)})

    def names(self) -> tuple[str, ...]:
        """All formats, sorted."""
        return tuple(sorted(self._parsers))

    def get(self, name: str) -> Parser:
        """The parser of a format; raises `NotFound` with the formats that exist."""
        if name not in self._parsers:
            raise NotFound(f"no format is called {name!r}; there are: {', '.join(self.names())}")
        return self._parsers[name]()


def _maker(point: EntryPoint) -> Callable[[], Parser]:
    def make() -> Parser:
        parser: Parser = point.load()()
        return parser

    return make
