"""The `graph` format: JSON Lines, one object a line (contract.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, cast

import msgspec

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake, Refused
from cmdb.formats.graph_rows import add_row, id_of
from cmdb.formats.json_document import (
    BOM,
    LEAST_BYTES_EACH,
    MAX_DEPTH,
    MAX_OPENINGS,
    WIDE_BOMS,
    Doubles,
    parse_object,
)
from cmdb.formats.options import check_options
from cmdb.values import Value

MAX_LINE_BYTES = 1_000_000


class GraphParser:
    """The parser of `cmdb import graph`."""

    def read(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> None:
        """See `read_graph`."""
        check_options(options, (), format_name="graph")
        read_graph(stream, name=name, into=into)


def read_graph(stream: BinaryIO, *, name: str, into: Intake) -> None:
    """The whole input. Faults of one row refuse that row; raises `Invalid` with file and line for a fault of form or
    encoding, which refuses the input: text that is not UTF-8, a line that is no JSON object, NaN or Infinity, more than 100 levels,
    hardly a line that could be right.
    """
    openings = read_bytes = 0
    doubles = Doubles(into)
    for number, raw in _lines(stream):
        place = f"{name}:{number}"
        if number == 1 and raw is not None and raw.startswith(WIDE_BOMS):
            raise Invalid("the text is UTF-16 or UTF-32, not UTF-8; save the file as UTF-8", place=place)
        if raw is None:
            into.refuse(Refused(number, None, "the line is longer than 1 MB; split it"))
            continue
        if b"\x00" in raw:
            into.refuse(Refused(number, None, "the line holds a raw NUL byte; remove it"))
            continue
        opened = raw.count(b"{") + raw.count(b"[")
        openings += opened
        read_bytes += len(raw)
        if openings > MAX_OPENINGS and openings * LEAST_BYTES_EACH > read_bytes:
            raise Invalid(
                f"more than {MAX_OPENINGS} lists and objects with hardly anything in them; split the file", place=place
            )
        document = _plain(raw) if opened <= MAX_DEPTH else None
        if document is None:
            document = parse_object(raw, place, doubles, hint='each line is one JSON object such as {"ci": …}')
        try:
            add_row(into, document, number)
        except Invalid as error:
            into.refuse(Refused(number, id_of(document), error.message))


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines without their ends; None for a line over the limit, which is read past in bounded memory."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 2):
        number += 1
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield number, None
            continue
        if number == 1:
            line = line.removeprefix(BOM)
        stripped = line.strip()
        if stripped:
            yield number, stripped


_LONG_NUMBER = re.compile(rb"\d{19}")
_NESTED = (dict, list)
_DECODER = msgspec.json.Decoder(dict[str, object])


def _plain(raw: bytes) -> dict[str, Value] | None:
    """The object of a line that is written as programs write it, fast; None for any other line, which is then looked at closely.

    Each key of it is followed by a colon at once, so that a key which stands twice shows in their number.
    """
    if b" :" in raw or b"\t:" in raw or b"\r:" in raw or _LONG_NUMBER.search(raw):
        return None
    try:
        document = cast("dict[str, Value]", _DECODER.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return document if _keys(document) == raw.count(b'":') else None


def _keys(value: Value) -> int:
    """How many keys a JSON value has at all levels."""
    if isinstance(value, dict):
        return len(value) + sum([_keys(item) for item in value.values() if type(item) in _NESTED])
    if isinstance(value, list):
        return sum([_keys(item) for item in value if type(item) in _NESTED])
    return 0
