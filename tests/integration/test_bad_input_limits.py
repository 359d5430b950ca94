"""Files of up to 10 MB of anything are refused within 5 s and 200 MB beyond the program's own start (contract.md)."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.test_bad_input_graph import row, stored
from tests.support.command import Command

MB = 1_000_000
SIZE = 10 * MB
CPU_S = 5.0
EXTRA_BYTES = 200 * MB
NOT_A_NUMBER = '{"ci":{"id":"z","class":NaN}}'


def filled(make: Callable[[int], str], last: str = "") -> bytes:
    """Rows that `make` gives for 0, 1, 2 … up to 10 MB, then the last one."""
    rows: list[bytes] = []
    size = len(last)
    while size < SIZE:
        rows.append(make(len(rows)).encode())
        size += len(rows[-1]) + 1
    return b"\n".join([*rows[:-1], last.encode()])


def smallest(number: int, class_name: str, *more: str) -> str:
    """A row of few bytes."""
    return '{"ci":{' + ",".join((f'"id":"{number:x}"', f'"class":"{class_name}"', *more)) + "}}"


def nested(item: str) -> Callable[[int], str]:
    """Rows of nearly 1 MB with many of the item in one attribute."""
    many = ",".join([item] * (900_000 // (len(item) + 1)))
    return lambda number: smallest(number, "ups", f'"attributes":{{"any":[{many}]}}')


def typical(number: int) -> str:
    return row(f"server-{number}", serial_number=f"SN-{number}", ip_addresses=[f"10.1.{number % 250}.7"])


GRAPHS: dict[str, Callable[[], bytes]] = {
    "random bytes": lambda: random.Random(4).randbytes(SIZE),
    "opening brackets": lambda: b"[" * SIZE,
    "one quoted line": lambda: b'"' + b"a" * SIZE,
    "raw NULs": lambda: b"\x00" * SIZE,
    "empty objects": lambda: b"{}\n" * (SIZE // 3),
    "digits": lambda: b"9" * 999_000,
    "every second row wrong": lambda: filled(lambda n: typical(n) if n % 2 else smallest(n, "ups", '"x":1')),
    "a class that nobody knows": lambda: filled(lambda n: smallest(n, "x")),
    "not a number in the last row": lambda: filled(typical, NOT_A_NUMBER),
    "the smallest rows, then not a number": lambda: filled(lambda n: smallest(n, "ups"), NOT_A_NUMBER),
    "small lists": lambda: filled(nested("[1]"), NOT_A_NUMBER),
    "small objects": lambda: filled(nested('{"a":1}'), NOT_A_NUMBER),
}
XML_HEAD = b'<?xml version="1.0"?><nmaprun scanner="nmap" start="1767225600" version="7.94">'
DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "random bytes": lambda: random.Random(4).randbytes(SIZE),
    "opening tags": lambda: XML_HEAD + b"<host>" * (SIZE // 6),
    "one endless attribute": lambda: XML_HEAD + b'<host comment="' + b"a" * SIZE,
    "one endless comment": lambda: XML_HEAD + b"<!--" + b"-a" * (SIZE // 2),
    "attributes without end": lambda: XML_HEAD + b"<host " + b" ".join(b'a%d=""' % n for n in range(SIZE // 10)),
    "blanks": lambda: b" " * SIZE,
}


def check(command: Command, format_name: str, content: bytes, *options: str) -> str:
    """Import; refused within the limits, with nothing stored; the one line is returned."""
    start = command.run("--version")
    done = command.run("import", format_name, command.write("input", content), *options)
    assert done.code == 1
    (line,) = done.said()
    assert len(line) < 2000
    assert done.cpu_s - start.cpu_s < CPU_S
    assert done.peak_bytes - start.peak_bytes < EXTRA_BYTES
    assert stored(command) == {}
    return line


@pytest.mark.parametrize("kind", GRAPHS)
def test_a_graph_file_of_any_content_is_refused_within_the_limits(tmp_path: Path, kind: str) -> None:
    assert "input" in check(Command(tmp_path / "home"), "graph", GRAPHS[kind]())


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_an_nmap_document_of_any_content_is_refused_within_the_limits(tmp_path: Path, kind: str) -> None:
    assert "input" in check(Command(tmp_path / "home"), "nmap", DOCUMENTS[kind]())


def test_one_wrong_row_at_the_end_of_10_mb_refuses_a_strict_import_within_the_limits(tmp_path: Path) -> None:
    line = check(Command(tmp_path / "home"), "graph", filled(typical, row("z", "no_such_class")), "--strict")
    assert "unknown class 'no_such_class'" in line


def test_30_000_equal_keys_are_one_warning_within_the_limits(tmp_path: Path) -> None:
    command = Command(tmp_path / "home")
    start = command.run("--version")
    pairs = ",".join(f'"k{n}":1,"k{n}":2' for n in range(30_000))
    done = command.run(
        "import", "graph", "-", stdin=smallest(1, "server", f'"name":"a","attributes":{{{pairs}}}').encode()
    )
    assert (done.code, done.said()) == (0, ["cmdb: standard input:1: key 'k0' stands twice; the last one counts"])
    assert done.cpu_s - start.cpu_s < CPU_S


def test_a_line_of_50_mb_is_read_past_in_little_memory(tmp_path: Path) -> None:
    command = Command(tmp_path / "home")
    start = command.run("--version")
    long = b'{"ci":{"id":"b","class":"server","name":"' + b"x" * 50 * MB + b'"}}'
    path = command.write("estate.jsonl", b"\n".join([row("before").encode(), long, row("after").encode()]))
    done = command.run("import", "graph", path)
    assert (done.code, done.said()) == (1, [f"cmdb: {path}:2: the line is longer than 1 MB; split it"])
    assert set(stored(command)) == {"before", "after"}
    assert done.cpu_s - start.cpu_s < CPU_S
    assert done.peak_bytes - start.peak_bytes < 60 * MB
