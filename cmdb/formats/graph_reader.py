"""The `graph` format: JSON Lines, one object a line (contract.md)."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NoReturn, cast

import msgspec

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake, Refused
from cmdb.formats.graph_rows import add_row, id_of
from cmdb.formats.options import check_options
from cmdb.values import Value

MAX_LINE_BYTES = 1_000_000
MAX_DEPTH = 100
_MAX_OPENINGS = 500_000
_LEAST_BYTES_EACH = 12
"""More lists and objects than this refuse the input, if they take fewer bytes each: in memory they take many times that."""
_MOST_DIGITS = 20
"""Digits of the longest whole number that is kept as one; longer ones are text to every attribute anyway."""
_MOST_DOUBLES = 100
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
"""Marks of UTF-16 and UTF-32 (Unicode 15, section 23.8)."""


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
    doubles = _Doubles(into)
    for number, raw in _lines(stream):
        place = f"{name}:{number}"
        if number == 1 and raw is not None and raw.startswith(_WIDE_BOMS):
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
        if openings > _MAX_OPENINGS and openings * _LEAST_BYTES_EACH > read_bytes:
            raise Invalid(
                f"more than {_MAX_OPENINGS} lists and objects with hardly anything in them; split the file", place=place
            )
        document = _plain(raw) if opened <= MAX_DEPTH else None
        if document is None:
            document = _document(raw, place, doubles)
        try:
            add_row(into, document, number)
        except Invalid as error:
            into.refuse(Refused(number, id_of(document), error.message))


class _Doubles:
    """Warns of keys that stand twice in one object, the first 100 times."""

    def __init__(self, into: Intake) -> None:
        self._into = into
        self._told = 0

    def tell(self, items: list[tuple[str, Value]], place: str) -> None:
        self._told += 1
        if self._told <= _MOST_DOUBLES:
            twice = min(key for key, times in Counter(key for key, _ in items).items() if times > 1)
            self._into.warn(f"{place}: key {twice!r} stands twice; the last one counts")


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
            line = line.removeprefix(_BOM)
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


def _document(raw: bytes, place: str, doubles: _Doubles) -> dict[str, Value]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(
            f"the text is not UTF-8 (byte {error.start + 1} of the line); save the file as UTF-8", place=place
        ) from error

    def pairs(items: list[tuple[str, Value]]) -> dict[str, Value]:
        found = dict(items)
        if len(found) != len(items):
            doubles.tell(items, place)
        return found

    try:
        document = json.loads(
            text, object_pairs_hook=pairs, parse_constant=_no_constant, parse_int=_whole, strict=False
        )
    except RecursionError as error:
        raise Invalid(f"nested deeper than {MAX_DEPTH} levels", place=place) from error
    except ValueError as error:
        raise Invalid(f"not JSON: {error}; each line is one JSON object", place=place) from error
    if not isinstance(document, dict):
        raise Invalid('not a JSON object; each line is one object such as {"ci": …}', place=place)
    if _is_deeper(document, MAX_DEPTH):
        raise Invalid(f"nested deeper than {MAX_DEPTH} levels", place=place)
    return document


def _whole(digits: str) -> Value:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON value")


def _is_deeper(value: Value, levels: int) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value)
    return False
