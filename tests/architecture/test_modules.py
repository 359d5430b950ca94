"""What a reviewer would forget about single modules."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, files, modules, texts
from tests.shared import ROOT

CEILING = 400
EMPTY_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "misc"})


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_module_is_longer_than_the_ceiling() -> None:
    lengths = {_name(path): path.read_text(encoding="utf-8").count("\n") for path in modules()}
    assert {name: length for name, length in lengths.items() if length > CEILING} == {}


def test_init_files_are_empty() -> None:
    full = [
        _name(path)
        for path in modules(PACKAGES)
        if path.name == "__init__.py" and path.read_text(encoding="utf-8").strip()
    ]
    assert full == []


def test_no_module_is_called_after_nothing() -> None:
    assert [_name(path) for path in modules() if path.stem in EMPTY_NAMES] == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        _name(path)
        for path in modules()
        if path.name != "__init__.py" and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []


@pytest.mark.parametrize(
    "word",
    [r"\bTODO\b", r"\bFIXME\b", r"\bXXX\b", r"raise NotImplementedError", r"unittest\.mock", r"monkeypatch\.setattr"],
)
def test_nothing_is_left_for_later_or_mocked(word: str) -> None:
    here = Path(__file__)
    found = [_name(path) for path in modules() if path != here and re.search(word, path.read_text(encoding="utf-8"))]
    assert found == []


def test_no_file_names_a_place_of_one_machine_or_a_registry() -> None:
    hosts = (
        r"(pypi\."
        r"org|files\.python"
        r"hosted|registry\.np"
        r"mjs|repo1?\.mav"
        r"en\.|static\.cra"
        r"tes|deb\.deb"
        r"ian)"
    )
    places = r"(?<![\w.$}])/(wo" r"rk|fa" r"rm|ro" r"ot)/"
    found = [
        _name(path)
        for path in texts()
        if re.search(f"{hosts}|{places}", path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_every_test_asserts() -> None:
    silent = []
    for path in modules(("tests",)):
        if not path.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                source = ast.unparse(node)
                if not re.search(r"\bassert\b|raises\(|warns\(|\bcheck_|\bassert_|\bverify_", source):
                    silent.append(f"{_name(path)}:{node.lineno} {node.name}")
    assert silent == []


def test_only_settings_read_the_environment() -> None:
    allowed = {"cli/settings.py"}
    found = {
        _name(path)
        for path in modules(PACKAGES)
        if re.search(r"os\.environ|os\.getenv|getenv\(", path.read_text(encoding="utf-8"))
    }
    assert found <= allowed


def test_the_top_level_holds_what_it_promises() -> None:
    names = {path.relative_to(ROOT).parts[0] for path in files()}
    promised = {"cmdb", "discovery", "impact", "api", "scanners", "tests", "pyproject.toml", "docker-compose.yml"}
    assert promised | {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile"} <= names
