"""Faulty `graph` files through the real command: what contract.md and the ADR on faults say of each."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from cmdb.entities import CI, Kind
from cmdb.store.sqlite.store import SqliteStore
from cmdb.values import Value
from tests.support.command import Command, Finished

RELATED = '{"relationship":{"source":"%s","type":"%s","target":"%s"}}'
ROW_FAULTS: tuple[tuple[str | bytes, str], ...] = (
    ('{"ci":{"id":"f","class":"no_such_class","name":"f"}}', "unknown class 'no_such_class'"),
    ('{"ci":{"id":"f","class":"configuration_item","name":"f"}}', "only groups other classes"),
    ('{"ci":{"id":"f","class":null,"name":"f"}}', "ci.class: expected text, got null"),
    ('{"ci":{"id":"f","name":"f"}}', "ci lacks its class"),
    ('{"ci":{"id":"","class":"server","name":"f"}}', "ci.id is empty"),
    ('{"ci":{"id":7,"class":"server","name":"f"}}', "ci.id: expected text, got a whole number"),
    ('{"ci":{"id":"f","class":"server","name":"f","colour":"red"}}', "unknown field 'colour'"),
    ('{"ci":{"id":"f","class":"server","attributes":[]}}', "ci.attributes: expected an object or null, got a list"),
    ('{"ci":{"id":"f","class":"server","name":"f","attributes":{"cpu_count":"many"}}}', "expected a whole number"),
    ('{"ci":{"id":"f","class":"server","name":"f","attributes":{"host":7}}}', "attribute host: expected text"),
    ('{"ci":{"id":"f","class":"server","name":"f","attributes":{"x":1e400}}}', "expected a finite number"),
    ('{"ci":{"id":"f","class":"server","name":"f","attributes":{"lifecycle":"eternal"}}}', "'eternal' is none of"),
    ('{"ci":{"id":"f","class":"server","name":"f","attributes":{"cpu_count":%s}}}' % ("9" * 6000), "whole number"),
    ('{"ci":{"id":"f","class":"server","name":"%s"}}' % ("x" * 65_537), "name: the text is longer than 64 KiB"),
    ('{"ci":{"id":"f","class":"server","native_key":"%s"}}' % ("x" * 65_537), "longer than 64 KiB"),
    ('{"ci":{"id":"f","class":"server","attributes":{"any":"%s"}}}' % ("x" * 65_537), "longer than 64 KiB"),
    ('{"ci":{"id":"\\ud800","class":"server","name":"f"}}', "id holds half of a surrogate pair"),
    ('{"ci":{"id":"f","class":"server","native_key":"\\udfff"}}', "native_key holds half of a surrogate pair"),
    ('{"ci":{"id":"good","class":"server","name":"again"}}', "id 'good' stands twice"),
    ('{"ci":null}', "ci: expected an object, got null"),
    ('{"thing":{}}', "one of ci, relationship, redundancy, complete is expected at the top"),
    ('{"ci":{"id":"f","class":"server"},"relationship":{}}', "is expected at the top"),
    ("{}", "is expected at the top, not nothing"),
    (b'{"ci":{"id":"f","class":"server","name":"a\x00b"}}', "raw NUL byte"),
    (RELATED % ("vlan", "RUNS_ON", "good"), "RUNS_ON does not join vlan to server"),
    (RELATED % ("good", "EATS", "other"), "unknown relationship type 'EATS'"),
    (RELATED % ("nobody", "DEPENDS_ON", "good"), "'nobody' is no id of this input"),
    ('{"relationship":{"source":"good","type":"DEPENDS_ON","target":"other","confidence":1.5}}', "not between 0 and 1"),
    ('{"redundancy":{"of":"good","members":["other"],"min_up":-1}}', "min_up is -1"),
    ('{"redundancy":{"of":"good","members":["other"]}}', "exactly one of min_up and min_up_percent"),
    ('{"redundancy":{"of":"good","members":[],"min_up":1}}', "has no members"),
    ('{"redundancy":{"of":"good","members":["other"],"min_up_percent":101}}', "between 0 and 100"),
    ('{"complete":{"scope":"everything"}}', "scope 'everything' is none of"),
    ('{"complete":{"scope":"subnet","cidr":"10.0.0.300/24"}}', "does not appear to be"),
)
FILE_FAULTS: dict[str, tuple[bytes, str]] = {
    "not UTF-8": ('{"ci":{"id":"b","class":"server","name":"Müller"}}'.encode("latin-1"), "not UTF-8 (byte 43"),
    "half a surrogate pair in bytes": (b'{"ci":{"id":"b","class":"server","name":"\xed\xa0\x80"}}', "not UTF-8"),
    "NaN": (b'{"ci":{"id":"b","class":"server","attributes":{"cpu_count":NaN}}}', "NaN is no JSON value"),
    "Infinity": (b'{"ci":{"id":"b","class":"server","attributes":{"x":-Infinity}}}', "-Infinity is no JSON value"),
    "a list": (b'[{"ci":{"id":"b","class":"server"}}]', "not a JSON object"),
    "null": (b"null", "not a JSON object"),
    "cut off in the last line": (b'{"ci":{"id":"b","class":"ser', "not JSON"),
    "something after the object": (b'{"ci":{"id":"b","class":"server","name":"b"}} x', "not JSON"),
    "101 levels": (
        b'{"ci":{"id":"b","class":"server","attributes":{"x":' + b"[" * 98 + b"]" * 98 + b"}}}",
        "deeper than 100 levels",
    ),
    "100,000 levels": (b'{"ci":{"id":"b","attributes":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "deeper than 100"),
}


def row(id_: str, class_name: str = "server", **attributes: Value) -> str:
    return json.dumps({"ci": {"id": id_, "class": class_name, "name": id_, "attributes": attributes}})


def stored(command: Command) -> dict[str, CI]:
    """What the command's store holds, by name."""
    with contextlib.closing(SqliteStore(str(command.folder / "store.db"))) as store:
        return {ci.name: ci for ci in store.scan(Kind.CI) if isinstance(ci, CI)}


def expect_one_line(done: Finished, place: str, said: str) -> None:
    assert done.code == 1
    (line,) = done.said()
    assert line.startswith(f"cmdb: {place}: ")
    assert said in line


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home")


def test_each_faulty_row_is_one_line_with_its_place_and_the_others_land(command: Command) -> None:
    good = [row("good"), row("other"), row("vlan", "vlan", vlan_id=7)]
    faulty = [
        (line.encode() if isinstance(line, str) else line).replace(b'"id":"f"', b'"id":"f%d"' % number)
        for number, (line, _) in enumerate(ROW_FAULTS)
    ]
    path = command.write("estate.jsonl", b"\n".join([*(line.encode() for line in good), *faulty, row("last").encode()]))
    done = command.run("import", "graph", path, "--json")
    assert done.code == 1
    by_place = {line.split(": ")[1]: line for line in done.said()}
    assert len(done.said()) == len(ROW_FAULTS)
    for number, (_, said) in enumerate(ROW_FAULTS, start=len(good) + 1):
        assert said in by_place[f"{path}:{number}"]
    assert set(stored(command)) == {"good", "other", "vlan", "last"}
    *rows, totals = done.documents()
    assert {shown["id"]: shown["outcome"] for shown in rows if shown["outcome"] != "refused"} == dict.fromkeys(
        ("good", "other", "vlan", "last"), "created"
    )
    assert (totals["created"], totals["revision"]) == (4, 1)


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_a_fault_of_form_refuses_the_whole_file(command: Command, fault: str) -> None:
    content, said = FILE_FAULTS[fault]
    path = command.write("estate.jsonl", row("good").encode() + b"\n" + content)
    done = command.run("import", "graph", path)
    expect_one_line(done, f"{path}:2", said)
    assert done.out == ""
    assert stored(command) == {}


def test_utf_16_is_refused_by_its_mark(command: Command) -> None:
    path = command.write("estate.jsonl", row("good").encode("utf-16"))
    expect_one_line(command.run("import", "graph", path), f"{path}:1", "UTF-16")
    assert stored(command) == {}


def test_a_mark_of_utf_8_and_windows_line_ends_are_fine(command: Command) -> None:
    path = command.write("estate.jsonl", b"\xef\xbb\xbf" + f"{row('one')}\r\n\r\n{row('two')}\r\n".encode())
    done = command.run("import", "graph", path)
    assert (done.code, done.err) == (0, "")
    assert set(stored(command)) == {"one", "two"}


@pytest.mark.parametrize("content", [b"", b"\n \r\n\t\n"])
def test_an_empty_input_lands_nothing_and_succeeds(command: Command, content: bytes) -> None:
    done = command.run("import", "graph", "-", "--json", stdin=content)
    assert (done.code, done.err) == (0, "")
    assert done.document()["revision"] is None
    assert stored(command) == {}


def test_of_two_equal_keys_the_last_wins_with_a_warning(command: Command) -> None:
    path = command.write("estate.jsonl", '{"ci":{"id":"a","class":"server","name":"first","name":"second"}}')
    done = command.run("import", "graph", path)
    assert done.code == 0
    assert done.said() == [f"cmdb: {path}:1: key 'name' stands twice; the last one counts"]
    assert set(stored(command)) == {"second"}


def test_control_characters_are_stripped_and_half_characters_replaced(command: Command) -> None:
    lines = [
        '{"ci":{"id":"a","class":"server","name":"web\\u0000\\u001b01","attributes":{"description":"a\\u0000b\\ud800c"}}}',
        '{"ci":{"id":"b","class":"server","name":"raw\ttab\x01","attributes":{"any":["\\udfff"],"\\u0000":1}}}',
    ]
    path = command.write("estate.jsonl", "\n".join(lines))
    done = command.run("import", "graph", path)
    assert (done.code, done.err) == (0, "")
    found = stored(command)
    assert set(found) == {"web01", "raw tab"}
    assert found["web01"].attributes == {"description": "ab�c"}
    assert found["raw tab"].attributes == {"any": ["�"]}


def test_numbers_beyond_64_bits_are_kept_as_text_where_no_class_says_otherwise(command: Command) -> None:
    path = command.write(
        "estate.jsonl", '{"ci":{"id":"a","class":"server","name":"a","attributes":{"any":%s}}}' % ("9" * 30)
    )
    assert command.run("import", "graph", path).code == 0
    assert stored(command)["a"].attributes == {"any": "9" * 30}


def test_one_hundred_levels_and_64_kib_are_still_fine(command: Command) -> None:
    deep = '{"ci":{"id":"a","class":"server","name":"a","attributes":{"any":' + "[" * 97 + "1" + "]" * 97 + "}}}"
    path = command.write("estate.jsonl", deep + "\n" + row("b", description="x" * 65_536))
    assert command.run("import", "graph", path).code == 0
    assert set(stored(command)) == {"a", "b"}


def test_a_row_with_nothing_to_go_by_is_parked_and_a_relationship_to_itself_ignored(command: Command) -> None:
    lines = [row("good"), '{"ci":{"id":"b","class":"server","name":"  "}}', RELATED % ("good", "DEPENDS_ON", "good")]
    done = command.run("import", "graph", "-", "--json", stdin="\n".join(lines).encode())
    assert (done.code, done.err) == (0, "")
    _, parked, totals = done.documents()
    assert (parked["ci"], parked["outcome"]) == (None, "parked")
    assert (totals["created"], totals["parked"], totals["refused"], totals["ignored"]) == (1, 1, 0, 1)


def test_strict_writes_nothing_when_one_row_is_refused(command: Command) -> None:
    path = command.write("estate.jsonl", f"{row('good')}\n{row('bad', 'no_such_class')}\n")
    done = command.run("import", "graph", path, "--strict")
    expect_one_line(done, f"{path}:2", "unknown class")
    assert stored(command) == {}


def test_strict_looks_at_relationships_too(command: Command) -> None:
    lines = [row("a"), row("v", "vlan", vlan_id=7), RELATED % ("v", "RUNS_ON", "a")]
    path = command.write("estate.jsonl", "\n".join(lines))
    done = command.run("import", "graph", path, "--strict")
    expect_one_line(done, f"{path}:3", "RUNS_ON does not join")
    assert stored(command) == {}


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(command: Command) -> None:
    path = command.write("estate.jsonl", row("good"))
    done = command.run("import", "graph", path, "--dry-run", "--json")
    assert done.code == 0
    shown, totals = done.documents()
    assert (shown["id"], shown["outcome"], totals["revision"], totals["dry_run"]) == ("good", "created", None, True)
    assert stored(command) == {}


def test_the_time_of_observation_may_lie_in_the_past_but_must_be_a_time(command: Command) -> None:
    path = command.write("estate.jsonl", row("good"))
    assert command.run("import", "graph", path, "--at", "2026-01-31T12:00:00+02:00").code == 0
    shown = command.run("show", "good", "--json").document()
    assert shown["last_seen_at"] == "2026-01-31T10:00:00Z"
    wrong = command.run("import", "graph", path, "--at", "yesterday")
    assert (wrong.code, len(wrong.said())) == (1, 1)
    assert "yesterday" in wrong.err


def test_a_file_that_cannot_be_read_is_named_and_the_others_land(command: Command) -> None:
    good = command.write("good.jsonl", row("good"))
    missing, folder = str(command.folder / "missing.jsonl"), str(command.folder)
    done = command.run("import", "graph", missing, folder, good)
    assert done.code == 1
    assert done.said() == [
        f"cmdb: {missing}: cannot be read: No such file or directory",
        f"cmdb: {folder}: cannot be read: Is a directory",
    ]
    assert set(stored(command)) == {"good"}


def test_standard_input_is_read_to_its_end_before_the_first_row_lands(command: Command) -> None:
    done = command.run("import", "graph", "-", stdin=f"{row('good')}\nnull\n".encode())
    expect_one_line(done, "standard input:2", "not a JSON object")
    assert stored(command) == {}


def test_two_files_are_two_imports_and_replaying_them_makes_no_revision(command: Command) -> None:
    paths = [command.write(f"{name}.jsonl", row(name)) for name in ("one", "two")]
    at = ("--at", "2026-02-01")
    first = command.run("import", "graph", *paths, *at, "--json").documents()
    again = command.run("import", "graph", *paths, *at, "--json").documents()
    assert [document["revision"] for document in first if "revision" in document] == [1, 2]
    assert [document["revision"] for document in again if "revision" in document] == [None, None]
