"""The rows of a table become drafts, and their relationship columns links that name the other end by its key."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from typing import cast

from cmdb.classes.spec import AttributeType
from cmdb.errors import Invalid
from cmdb.formats.batch import Intake, Refused
from cmdb.observation import Draft, Link, Scope, ScopeKind
from cmdb.registry import Registry
from cmdb.values import Value
from scanners.table_headers import Column, Meaning, guess, usual_meaning
from scanners.table_mapping import Mapped

MAX_ROWS = 5_000_000
MAX_COLUMNS = 1_000
Cells = Sequence[str]
_LISTS = re.compile(r"[;|\n]+")
_KEYS = re.compile(r"[;|,\n]+")
_LOCAL_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}\b.*")
_FORMULA = re.compile(r"'+[=+\-@\t\r]")
"""What a writer of safe cells puts an apostrophe before; see `cmdb.formats.csv_writer`."""


def read_table(
    rows: Iterable[tuple[int, Cells]], mapped: Mapped, registry: Registry, *, name: str, into: Intake
) -> None:
    """Take in every row below the headings; `rows` are numbered from 1 as a person counts them, and hold texts.

    Raises `Invalid` for a table that no row of could land: no headings, no class, a mapping of other headings. A row that
    cannot be right is refused with its reason.
    """
    columns, rest = table_columns(rows, mapped, registry, name=name)
    reader = _Reader(columns, mapped, registry)
    if not reader.has_class:
        raise Invalid(
            "neither a column nor an option says of what class the rows are; give --option class=server, or a column 'class'",
            place=name,
        )
    for count, (number, cells) in enumerate(rest):
        if count >= MAX_ROWS:
            raise Invalid(f"more than {MAX_ROWS} rows; split the file", place=f"{name}:{number}")
        if not any(cell.strip() for cell in cells):
            continue
        try:
            draft, links = reader.row(number, cells)
        except Invalid as error:
            into.refuse(Refused(number, reader.id_of(number, cells), error.message))
            continue
        into.draft(draft)
        for link in links:
            into.link(link)
    if mapped.settings.get("complete", "no").casefold() in ("yes", "true") and "class" in mapped.settings:
        into.scope(Scope(kind=ScopeKind.CI_CLASS, class_name=mapped.settings["class"]))


def table_columns(
    rows: Iterable[tuple[int, Cells]], mapped: Mapped, registry: Registry, *, name: str
) -> tuple[tuple[Column, ...], Iterable[tuple[int, Cells]]]:
    """The columns by the heading row, and the rows below it."""
    headings, rest = headings_of(rows, mapped, name=name)
    if not headings:
        return (), rest
    return mapped.applied(guess(headings, registry, mapped.settings.get("class")), name), rest


def headings_of(
    rows: Iterable[tuple[int, Cells]], mapped: Mapped, *, name: str
) -> tuple[list[str], Iterable[tuple[int, Cells]]]:
    """The texts of the heading row, without outer blanks, and the rows below it; raises `Invalid` for two columns of one name."""
    wanted = int(mapped.settings.get("header_row", "1"))
    remaining = iter(rows)
    for number, cells in remaining:
        if number < wanted or not any(cell.strip() for cell in cells):
            continue
        if len(cells) > MAX_COLUMNS:
            raise Invalid(f"more than {MAX_COLUMNS} columns; is the delimiter right?", place=f"{name}:{number}")
        headings = [cell.strip() for cell in cells]
        twice = next((heading for heading in headings if heading and headings.count(heading) > 1), None)
        if twice is not None:
            raise Invalid(f"two columns are called {twice[:80]!r}; rename one", place=f"{name}:{number}")
        return headings, remaining
    return [], iter(())


class _Reader:
    """Rows of one table."""

    def __init__(self, columns: Sequence[Column], mapped: Mapped, registry: Registry) -> None:
        self._columns = columns
        self._registry = registry
        self._class = mapped.settings.get("class")
        separator = mapped.settings.get("list_separator")
        self._lists = re.compile(rf"(?:{re.escape(separator)}|\n)+") if separator else _LISTS
        self._keys = self._lists if separator else _KEYS
        self._at = {column.target: place for place, column in enumerate(columns) if column.meaning is Meaning.ATTRIBUTE}
        # a table without rows needs no class
        self.has_class = self._class is not None or "class" in self._at or not columns

    def id_of(self, number: int, cells: Cells) -> str:
        """The id of a row inside its input: the cell of the column `id`, else its number."""
        return self._cell("id", cells) or f"row {number}"

    def row(self, number: int, cells: Cells) -> tuple[Draft, list[Link]]:
        """One row; raises `Invalid` for one that cannot be right."""
        if len(cells) > len(self._columns) and any(cell.strip() for cell in cells[len(self._columns) :]):
            raise Invalid(
                f"the row has {len(cells)} cells and the table {len(self._columns)} columns; quote cells that hold the delimiter"
            )
        if any("\x00" in cell for cell in cells):
            raise Invalid("the row holds a NUL character; remove it")
        local_id = self.id_of(number, cells)
        class_name = self._registry.get(self._cell("class", cells) or self._class or "").name
        attributes: dict[str, Value] = {}
        links: list[Link] = []
        for column, cell in zip(self._columns, cells, strict=False):
            text = safe_text(cell)
            if not text or column.meaning is Meaning.IGNORED or column.target in ("id", "class", "name", "native_key"):
                continue
            if column.meaning is Meaning.RELATIONSHIP:
                for key in self._keys.split(text):
                    if key.strip():
                        ends = (key.strip(), local_id) if column.is_inbound else (local_id, key.strip())
                        links.append(
                            Link(source=ends[0], type=column.target, target=ends[1], line=number, is_by_key=True)
                        )
            else:
                target = self._target(column, class_name)
                value = self._value(column, target, text, class_name)
                present = attributes.get(target)
                if isinstance(present, list) and isinstance(value, list):
                    attributes[target] = [*present, *value]
                else:
                    attributes[target] = value
        draft = Draft(
            local_id=local_id,
            class_name=class_name,
            name=self._cell("name", cells),
            native_key=self._cell("native_key", cells),
            attributes=attributes,
            line=number,
        )
        return draft, links

    def _cell(self, target: str, cells: Cells) -> str | None:
        place = self._at.get(target)
        return safe_text(cells[place]) or None if place is not None and place < len(cells) else None

    def _target(self, column: Column, class_name: str) -> str:
        """The attribute of a class that the column means; `vendor` is one of software, and of a machine its maker."""
        if column.is_literal:
            return column.target
        known = self._registry.get(class_name).attributes
        usual = usual_meaning(column.heading)
        return usual if column.target not in known and usual is not None and usual in known else column.target

    def _value(self, column: Column, target: str, text: str, class_name: str) -> Value:
        spec = self._registry.get(class_name).attributes.get(target)
        if column.is_literal:
            return _json_or_text(text)
        if column.is_date:
            return _date(text, column)
        if text.startswith(("[", "{")) and (spec is None or spec.type in (AttributeType.TEXTS, AttributeType.OBJECTS)):
            try:
                return cast("Value", json.loads(text))
            except (ValueError, RecursionError):
                if spec is not None and spec.type is AttributeType.OBJECTS:
                    raise Invalid(f"{column.heading}: {text[:40]!r} is no list of objects in JSON") from None
        if spec is not None and spec.type is AttributeType.TEXTS:
            separators = _KEYS if spec.format is not None else self._lists
            return [item.strip() for item in separators.split(text) if item.strip()]
        return text


def _json_or_text(text: str) -> Value:
    try:
        return cast("Value", json.loads(text))
    except (ValueError, RecursionError):
        return text


def _date(text: str, column: Column) -> str:
    """An ISO 8601 date or time; raises `Invalid` for another way to write one unless the column says which."""
    if _is_iso(text):
        return text
    if column.date_format is not None:
        try:
            found = dt.datetime.strptime(text, column.date_format)  # noqa: DTZ007 - a date has no zone
        except ValueError:
            raise Invalid(f"{column.heading}: {text[:40]!r} is no date of the form {column.date_format}") from None
        return found.date().isoformat() if found.time() == dt.time() else found.isoformat()
    if _LOCAL_DATE.fullmatch(text):
        raise Invalid(
            f"{column.heading}: {text[:40]!r} may be read in several ways; write it as 2026-01-31, or say --option date_format=%d/%m/%Y"
        )
    return text


def _is_iso(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def safe_text(cell: str) -> str:
    """What a cell says: outer blanks are off, and so is the apostrophe that keeps a spreadsheet from reading a formula."""
    text = cell.strip(" ")
    return text[1:].strip() if _FORMULA.match(text) else text.strip()
