"""The form of a text table: its encoding and its delimiter, found out from the bytes."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator
from typing import BinaryIO

from charset_normalizer import from_bytes

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake

SAMPLE_BYTES = 256 * 1024
SAMPLE_ROWS = 50
TELLING_BYTES = 64
"""Bytes beyond ASCII that it takes to tell one encoding from another by its letters."""
MAX_CELL_CHARACTERS = 1_000_000
DELIMITERS = (",", ";", "\t", "|")
_BLOCK_BYTES = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, the longer before those that begin like them (Unicode 15, section 23.8)."""
_USUAL = "windows-1252"
"""What spreadsheets in western Europe write when they do not write UTF-8."""


def find_encoding(stream: BinaryIO, into: Intake) -> str:
    """The encoding of the rest of a seekable stream: by its mark, else UTF-8 if all of it is, else the likeliest one, with a warning."""
    start = stream.tell()
    sample = stream.read(SAMPLE_BYTES)
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            stream.seek(start)
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, block = 0, sample
    try:
        while block:
            decoder.decode(block)
            offset += len(block)
            block = stream.read(_BLOCK_BYTES)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        around = sample + block[max(0, error.start - SAMPLE_BYTES // 2) : error.start + SAMPLE_BYTES // 2]
        encoding = _likeliest(around)
        into.warn(
            f"the text is not UTF-8 (byte {offset + error.start + 1}), read as {encoding}; if names look wrong, say --option encoding=NAME"
        )
        return encoding
    finally:
        stream.seek(start)
    return "utf-8"


def _likeliest(sample: bytes) -> str:
    """The encoding that makes the best text of a sample; too few letters beyond ASCII tell nothing."""
    if sum(byte > 0x7F for byte in sample) < TELLING_BYTES:
        return _USUAL
    best = from_bytes(sample).best()
    return best.encoding if best is not None and best.encoding not in ("utf_8", "ascii") else _USUAL


def find_delimiter(stream: BinaryIO, encoding: str) -> str:
    """The delimiter that cuts most of the first rows into the same number of cells, at least two; a comma when none does."""
    start = stream.tell()
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(stream.read(SAMPLE_BYTES))
    stream.seek(start)

    def fit(delimiter: str) -> tuple[int, int]:
        widths = []
        try:
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
                if row:
                    widths.append(len(row))
                if len(widths) == SAMPLE_ROWS:
                    break
        except csv.Error:
            return (0, 0)
        if not widths or widths[0] < 2:
            return (0, 0)
        return (100 * sum(width == widths[0] for width in widths) // len(widths), widths[0])

    best = max(DELIMITERS, key=fit)
    return best if fit(best) > (0, 0) else ","


def read_rows(
    stream: BinaryIO, *, encoding: str, delimiter: str, name: str
) -> Generator[tuple[int, list[str]], None, None]:
    """Rows with the number of the line on which each begins, streamed; raises `Invalid` with the line for what is no table (RFC 4180)."""
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise Invalid(
            f"the row that begins here cannot be read: {error}; is a quotation mark missing, or the delimiter another than {delimiter!r}?",
            place=f"{name}:{line}",
        ) from error
    except UnicodeError as error:
        raise Invalid(f"the text is not {encoding}; say --option encoding=NAME", place=f"{name}:{line}") from error
    finally:
        # the stream is the caller's to close
        text.detach()
