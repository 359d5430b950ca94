"""Every command: help with an example, exit codes, hints for what does not exist, and stores that cannot be opened."""

from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path

import pytest

from cli.main import COMMANDS
from tests.integration.test_bad_input_graph import row
from tests.support.command import Command

LINKED = '{"relationship":{"source":"app","type":"DEPENDS_ON","target":"db01"}}'
JSON_COMMANDS = (
    ("classes", "--json"),
    ("list", "server", "--json"),
    ("search", "db", "--json"),
    ("show", "db01", "--json"),
    ("explain", "db01", "--json"),
    ("history", "db01", "--json"),
    ("impact", "db01", "--json"),
    ("review", "--json"),
    ("runs", "--json"),
    ("schedule", "list", "--json"),
    ("doctor", "--json"),
    ("export", "graph"),
)
WRONG_USAGE = (
    ("no-such-command",),
    ("list",),
    ("list", "server", "--no-such-option"),
    ("list", "server", "--limit", "many"),
    ("import", "graph"),
    ("show",),
    ("export", "no-such-format"),
)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A store with two servers of one name among others; the tests only read it."""
    made = Command(tmp_path_factory.mktemp("home"))
    rows = [
        row("db01", serial_number="SN-1"),
        row("app", "application"),
        '{"ci":{"id":"t1","class":"server","name":"twin","attributes":{"serial_number":"SN-2"}}}',
        '{"ci":{"id":"t2","class":"switch","name":"twin","attributes":{"serial_number":"SN-3"}}}',
        LINKED,
    ]
    assert made.run("import", "graph", "-", stdin="\n".join(rows).encode()).code == 0
    return made


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(command: Command, name: str) -> None:
    done = command.run(name, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"Example: cmdb {name}" in done.out


@pytest.mark.parametrize("arguments", JSON_COMMANDS, ids=" ".join)
def test_json_output_parses_line_by_line_and_nothing_else_is_there(
    command: Command, arguments: tuple[str, ...]
) -> None:
    done = command.run(*arguments)
    assert done.err == ""
    assert all(isinstance(json.loads(line), dict | list) for line in done.out.splitlines())


@pytest.mark.parametrize("arguments", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_exits_2(command: Command, arguments: tuple[str, ...]) -> None:
    done = command.run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Error" in done.err
    assert "Traceback" not in done.err


def test_an_unknown_format_is_refused_with_the_known_ones(command: Command) -> None:
    done = command.run("import", "cobol", "-")
    assert done.code in (1, 2)
    assert "graph" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["show", "explain", "history", "impact"])
def test_an_unknown_ci_is_one_line_with_a_hint(command: Command, name: str) -> None:
    done = command.run(name, "nowhere")
    assert (done.code, done.out) == (1, "")
    (line,) = done.said()
    assert "nowhere" in line
    assert "cmdb " in line.removeprefix("cmdb: ")


def test_an_ambiguous_name_lists_the_candidates_and_its_class_decides(command: Command) -> None:
    done = command.run("show", "twin", "--json")
    assert (done.code, done.out) == (1, "")
    candidates = [json.loads(command.run("show", f"{kind}:twin", "--json").out)["id"] for kind in ("server", "switch")]
    assert all(id_ in done.err for id_ in candidates)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    command = Command(tmp_path / "home")
    (command.folder / "store.db").write_bytes(b"these are my notes\n" * 100)
    done = command.run("list", "server")
    assert (done.code, done.out, len(done.said())) == (1, "", 1)
    assert (command.folder / "store.db").read_bytes() == b"these are my notes\n" * 100


def test_a_store_that_is_newer_than_the_program_is_refused(tmp_path: Path) -> None:
    command = Command(tmp_path / "home")
    assert command.run("list", "server").code == 0
    with sqlite3.connect(command.folder / "store.db") as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    done = command.run("list", "server")
    assert (done.code, done.out, len(done.said())) == (1, "", 1)
    assert "newer" in done.err


def test_a_neo4j_that_does_not_answer_is_one_line_within_half_a_minute(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        command = Command(tmp_path / "home", store=f"bolt://127.0.0.1:{taken.getsockname()[1]}", neo4j_password="x")
        done = command.run("list", "server", longest_s=30)
    assert (done.code, done.out, len(done.said())) == (1, "", 1)
    assert "does not answer" in done.err


def test_a_neo4j_that_accepts_and_says_nothing_is_one_line_within_half_a_minute(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        command = Command(tmp_path / "home", store=f"bolt://127.0.0.1:{silent.getsockname()[1]}", neo4j_password="x")
        done = command.run("list", "server", longest_s=30)
    assert (done.code, done.out, len(done.said())) == (1, "", 1)


@pytest.mark.parametrize("url", ["mysql://here", "sqlite://", "neo4j://user:secret-word@127.0.0.1:1"])
def test_a_wrong_store_url_is_one_line_and_tells_no_secret(tmp_path: Path, url: str) -> None:
    done = Command(tmp_path / "home", store=url).run("list", "server")
    assert (done.code, done.out, len(done.said())) == (1, "", 1)
    assert "secret-word" not in done.err
