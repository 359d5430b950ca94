"""Workbooks: what cells mean, and what is no workbook."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import openpyxl
import pytest

from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from scanners.xlsx_import import XlsxParser

Cell = str | int | float | bool | dt.datetime | None


def workbook(*rows: tuple[Cell, ...], title: str = "Servers") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(raw: bytes, **options: str) -> Batch:
    batch = Batch()
    XlsxParser().read(io.BytesIO(raw), name="a.xlsx", into=batch, options=options)
    return batch


def test_cells_are_read_as_a_person_would_type_them() -> None:
    raw = workbook(
        ("name", "serial", "warranty", "cpu_count", "runs on"),
        ("web1", 1234567, dt.datetime(2027, 1, 31), 4.0, "esx1"),  # noqa: DTZ001 - a spreadsheet knows no zones
    )
    batch = read(raw, **{"class": "server"})
    assert batch.drafts[0].attributes == {"serial_number": "1234567", "warranty_until": "2027-01-31", "cpu_count": "4"}
    assert [link.target for link in batch.links] == ["esx1"]
    assert batch.drafts[0].line == 2


def test_the_sheet_that_is_asked_for_is_read() -> None:
    assert read(workbook(("name", "class"), ("a", "server")), sheet="Servers").drafts[0].name == "a"
    with pytest.raises(Invalid, match="no sheet 'Hosts'; there are Servers"):
        read(workbook(("name", "class")), sheet="Hosts")


def test_headings_may_stand_below_a_title() -> None:
    raw = workbook(("Inventory 2026",), (None,), ("name", "class"), ("a", "server"))
    assert [draft.name for draft in read(raw, header_row="3").drafts] == ["a"]


def test_what_is_no_workbook_is_refused() -> None:
    with pytest.raises(Invalid, match="no ZIP archive"):
        read(b"name,class\na,server\n")


def test_a_workbook_with_an_entity_is_refused() -> None:
    raw = workbook(("name", "class"), ("a", "server"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            body = old.read(part)
            if part.endswith("sheet1.xml"):
                body = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>' + body.partition(b"?>")[2]
            new.writestr(part, body)
    with pytest.raises(Invalid, match="XML entities"):
        read(out.getvalue())


def test_a_part_that_unpacks_to_a_thousand_times_its_size_is_refused() -> None:
    raw = workbook(("name", "class"), ("a", "server"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, old.read(part) + (b" " * 20_000_000 if part.endswith("sheet1.xml") else b""))
    with pytest.raises(Invalid, match="more than is sane"):
        read(out.getvalue())
