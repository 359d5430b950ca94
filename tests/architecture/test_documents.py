"""Everything that a person can use is written down, and what is written down is there."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from cli.main import COMMANDS, cmdb
from tests.architecture.tree import files, modules
from tests.shared import ROOT

DOCUMENTS = [path for path in files() if path.suffix == ".md"]


def _commands() -> list[tuple[str, click.Command]]:
    context = click.Context(cmdb)
    found: list[tuple[str, click.Command]] = []
    for name in COMMANDS:
        command = cmdb.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {sub}", inner) for sub, inner in command.commands.items()]
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (document.parent / target).exists()] == []


def test_every_command_has_help_with_an_example() -> None:
    silent = [name for name, command in _commands() if "Example: cmdb" not in (command.help or "")]
    assert silent == []


def test_every_command_stands_in_the_reference() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    assert [name for name, _ in _commands() if f"`cmdb {name}" not in text] == []


def test_every_setting_stands_in_the_reference() -> None:
    names = set(re.findall(r'"(CMDB_[A-Z0-9_]+)"', (ROOT / "cli/settings.py").read_text(encoding="utf-8")))
    text = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert len(names) > 5
    assert [name for name in sorted(names) if name not in text] == []


def test_every_scanner_and_format_stands_in_the_reference() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    names = [point.name for group in ("cmdb.scanners", "cmdb.parsers") for point in entry_points(group=group)]
    assert len(names) >= 6
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_scanner_has_a_harness_for_the_contract_suite() -> None:
    harnesses = {path.stem.removeprefix("harness_") for path in modules(("tests",)) if path.stem.startswith("harness_")}
    assert {point.name for point in entry_points(group="cmdb.scanners")} <= harnesses
