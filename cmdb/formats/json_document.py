"""JSON that a stranger wrote: read whole, within bounds, or refused with the place (contract.md, *What a file may do to us*)."""

from __future__ import annotations

import json
from collections import Counter
from typing import BinaryIO, NoReturn

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake
from cmdb.values import Value

MAX_DEPTH = 100
MAX_BYTES = 100_000_000
"""The largest file that is one document, and so is held in memory."""
MAX_OPENINGS = 500_000
LEAST_BYTES_EACH = 12
"""More lists and objects than this refuse the input, if they take fewer bytes each: in memory they take many times that."""
_MOST_DIGITS = 20
"""Digits of the longest whole number that is kept as one; longer ones are text to every attribute anyway."""
_MOST_DOUBLES = 100
BOM = b"\xef\xbb\xbf"
WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
"""Marks of UTF-16 and UTF-32 (Unicode 15, section 23.8)."""


class Doubles:
    """Warns of keys that stand twice in one object, the first 100 times."""

    def __init__(self, into: Intake) -> None:
        self._into = into
        self._told = 0

    def tell(self, items: list[tuple[str, Value]], place: str) -> None:
        """Say which of the keys stands twice."""
        self._told += 1
        if self._told <= _MOST_DOUBLES:
            twice = min(key for key, times in Counter(key for key, _ in items).items() if times > 1)
            self._into.warn(f"{place}: key {twice[:80]!r} stands twice; the last one counts")


def read_json(stream: BinaryIO, *, name: str, into: Intake) -> dict[str, Value]:
    """The one object that a file is; raises `Invalid` for one over 100 MB, not UTF-8, not JSON, no object, deeper than 100,
    or of hardly anything but brackets.
    """
    raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise Invalid(f"larger than {MAX_BYTES // 1_000_000} MB; split it", place=name)
    if not raw.strip():
        raise Invalid("the file is empty", place=name)
    if raw.startswith(WIDE_BOMS):
        raise Invalid("the text is UTF-16 or UTF-32, not UTF-8; save the file as UTF-8", place=name)
    openings = raw.count(b"{") + raw.count(b"[")
    if openings > MAX_OPENINGS and openings * LEAST_BYTES_EACH > len(raw):
        raise Invalid(
            f"more than {MAX_OPENINGS} lists and objects with hardly anything in them; split the file", place=name
        )
    return parse_object(raw.removeprefix(BOM), name, Doubles(into), hint="give the whole file")


def parse_object(raw: bytes, place: str, doubles: Doubles, *, hint: str) -> dict[str, Value]:
    """A JSON object (RFC 8259) of at most 100 levels, without NaN and Infinity; `hint` says what was expected there."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start)
        where = f"byte {error.start + 1}" if not line else f"line {line + 1}"
        raise Invalid(f"the text is not UTF-8 ({where}); save the file as UTF-8", place=place) from error

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
        raise Invalid(f"not JSON: {error}; {hint}", place=place) from error
    if not isinstance(document, dict):
        raise Invalid(f"not a JSON object; {hint}", place=place)
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
