"""Files of up to 10 MB of anything are refused within 5 s and 200 MB, whatever format they are said to be (contract.md)."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.test_bad_input_limits import MB, SIZE, check
from tests.support.command import Command

BOM = b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":['
STATE = b'{"version":4,"resources":['
INVENTORY = b'{"action":"inventory","deviceid":"x","content":{"hardware":{"name":"x"},"softwares":['
REQUEST = b'<?xml version="1.0"?><REQUEST><CONTENT>'


def workbook(sheet: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return out.getvalue()


JSON: dict[str, Callable[[bytes], bytes]] = {
    "random bytes": lambda _head: random.Random(5).randbytes(SIZE),
    "opening brackets": lambda head: head + b"[" * SIZE,
    "empty lists": lambda head: head + b"[]," * (SIZE // 3) + b"[]]}",
    "empty objects": lambda head: head + b"{}," * (SIZE // 3) + b"{}]}",
    "one quoted text": lambda head: head + b'"' + b"a" * SIZE,
    "not a number": lambda head: head + b"1," * (SIZE // 2) + b"NaN]}",
}
XML: dict[str, Callable[[], bytes]] = {
    "opening tags": lambda: REQUEST + b"<A>" * (SIZE // 3),
    "empty elements": lambda: REQUEST + b"<A/>" * (SIZE // 4),
    "one endless comment": lambda: REQUEST + b"<!--" + b"-a" * (SIZE // 2),
    "one endless text": lambda: REQUEST + b"<NAME>" + b"a" * SIZE,
}
TABLES: dict[str, Callable[[], bytes]] = {
    "random bytes": lambda: random.Random(6).randbytes(SIZE),
    "delimiters": lambda: b"name" + b"," * SIZE,
    "a quotation mark that never ends": lambda: b'name,class\n"' + b"a\n" * (SIZE // 2),
    "NULs": lambda: b"name\n" + b"\x00" * SIZE,
    "no class": lambda: b"name,serial\n" + b"a,b\n" * (SIZE // 4),
    "rows of too many cells": lambda: b"name,class\n" + b"a,server,x\n" * (SIZE // 11),
}


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize(("format_name", "head"), [("cyclonedx", BOM), ("terraform", STATE), ("glpi", INVENTORY)])
def test_a_json_document_of_any_content_is_refused_within_the_limits(
    tmp_path: Path, format_name: str, head: bytes, kind: str
) -> None:
    assert "input" in check(Command(tmp_path / "home"), format_name, JSON[kind](head))


@pytest.mark.parametrize("kind", XML)
@pytest.mark.parametrize("format_name", ["glpi", "cyclonedx"])
def test_an_xml_document_of_any_content_is_refused_within_the_limits(
    tmp_path: Path, format_name: str, kind: str
) -> None:
    assert "input" in check(Command(tmp_path / "home"), format_name, XML[kind]())


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_any_content_is_refused_within_the_limits(tmp_path: Path, kind: str) -> None:
    assert "input" in check(Command(tmp_path / "home"), "csv", TABLES[kind]())


def test_a_walk_of_any_content_is_refused_within_the_limits(tmp_path: Path) -> None:
    assert "no recorded value" in check(Command(tmp_path / "home"), "snmprec", b"x|4|y\n" * (SIZE // 6))


@pytest.mark.parametrize("size", [300 * MB, 30 * MB])
def test_a_workbook_that_unpacks_to_far_more_than_it_is_is_refused_within_the_limits(tmp_path: Path, size: int) -> None:
    assert "more than is sane" in check(Command(tmp_path / "home"), "xlsx", workbook(b" " * size))
