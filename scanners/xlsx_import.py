"""`cmdb import xlsx`: a sheet of a workbook (ECMA-376), read row by row."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Generator
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from cmdb.errors import Invalid
from cmdb.registry import Registry
from scanners.table_format import TableFormat
from scanners.table_mapping import Mapped

MAX_UNPACKED_BYTES = 2_000_000_000
MAX_STRINGS_BYTES = 200_000_000
"""The table of shared texts, which is kept in memory as a whole."""
MAX_RATIO = 200
"""How many times larger than packed a part may be; spreadsheets reach about 30, bombs a thousand."""
_SMALL_BYTES = 1_000_000
_UNREADABLE = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    KeyError,
    ValueError,
    EOFError,
    OSError,
    TypeError,
    IndexError,
    AttributeError,
)
"""What the library lets through of a damaged workbook."""


class XlsxParser(TableFormat):
    """The parser of workbooks; cells with formulas count by the value that was saved with them."""

    def __init__(self, registry: Registry | None = None) -> None:
        super().__init__("xlsx", lambda stream, mapped, name, _into: _rows(stream, mapped, name), registry)


def _rows(stream: BinaryIO, mapped: Mapped, name: str) -> Generator[tuple[int, list[str]], None, None]:
    _check_size(stream, name)
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        wanted = mapped.settings.get("sheet")
        names = book.sheetnames
        if wanted is not None and wanted not in names:
            raise Invalid(f"there is no sheet {wanted[:80]!r}; there are {', '.join(names[:20])}", place=name)
        sheet = book[wanted] if wanted is not None else book[names[0]]
        # the size that a file claims for its sheet may be wrong, and is padded to
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield number, [_text(value) for value in row]
    except _UNREADABLE as error:
        if isinstance(error, DefusedXmlException) or isinstance(error.__context__, DefusedXmlException):
            raise Invalid(
                "the workbook declares XML entities, which no spreadsheet does; save it anew", place=name
            ) from error
        said = str(error).partition("\n")[0]
        raise Invalid(f"not a workbook that can be read: {said}; save it as .xlsx again", place=name) from error


def _check_size(stream: BinaryIO, name: str) -> None:
    start = stream.tell()
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        raise Invalid("not a workbook: it is no ZIP archive; save it as .xlsx", place=name) from error
    finally:
        stream.seek(start)
    for part in parts:
        is_bomb = part.file_size > _SMALL_BYTES and part.file_size > MAX_RATIO * max(part.compress_size, 1)
        if is_bomb or (part.filename.endswith("sharedStrings.xml") and part.file_size > MAX_STRINGS_BYTES):
            raise Invalid(f"{part.filename[:80]} unpacks to {part.file_size} bytes, more than is sane", place=name)
    if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise Invalid(f"the workbook unpacks to more than {MAX_UNPACKED_BYTES} bytes; split it", place=name)


def _text(value: Any) -> str:
    """A cell as a person would type it into a text table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)
