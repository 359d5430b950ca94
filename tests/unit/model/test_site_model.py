"""A site's own classes and types: what is taken, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmdb.errors import Invalid
from cmdb.registry import Registry, default_registry
from cmdb.site.model import read_site_model

GOOD = """\
classes:
  receipt_printer:
    parent: till_part
    description: Prints receipts
  till:
    parent: computer
    description: A till with its screen and drawer
    aliases: [cash_register]
    layer: Shops
    attributes:
      till_number: {type: integer, description: Number in the shop, weight: required}
      paper_width_mm: {type: number, unit: mm, description: Width of the paper}
      tender: {description: What it takes, choices: [Cash only, Cards]}
      scanners: {type: list of text, description: Attached scanners}
  till_part:
    parent: hardware_component
    description: A part of a till
    abstract: true
relationship_types:
  STANDS_IN_FOR:
    description: The source takes over when the target fails
    pairs: [[[server, till], till]]
    source_down: degraded
failure:
  LOCATED_IN: {target_down: null}
  USES: {target_down: down}
"""


def _read(tmp_path: Path, text: str) -> Registry:
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")
    return default_registry().extended(read_site_model(file))


def test_a_class_of_the_site_is_a_class_like_any_other(tmp_path: Path) -> None:
    registry = _read(tmp_path, GOOD)
    assert registry.get("cash_register").name == "till"
    assert registry.labels("Till") == ("CI", "Hardware", "Device", "Host", "Computer", "Till")
    assert "till" in registry.subclasses("host")
    assert registry.get("receipt_printer").family == "dependent"
    assert (registry.get("till_part").is_abstract, registry.get("receipt_printer").is_abstract) == (True, False)
    known, unknown, problems = registry.validate_attributes(
        "till",
        {
            "till_number": "7",
            "paper_width_mm": "80",
            "tender": "cash only",
            "scanners": ["a"],
            "serial_number": "X1",
            "else": 1,
        },
    )
    assert (known, unknown, problems) == (
        {"till_number": 7, "paper_width_mm": 80.0, "tender": "Cash only", "scanners": ["a"], "serial_number": "X1"},
        {"else": 1},
        [],
    )
    properties = registry.json_schema("till")["properties"]
    assert isinstance(properties, dict)
    assert properties["paper_width_mm"]["x-unit"] == "mm"


def test_a_type_of_the_site_joins_its_pairs(tmp_path: Path) -> None:
    registry = _read(tmp_path, GOOD)
    kind = registry.relationship_type("stands_in_for")
    assert (kind.source_down, kind.target_down, kind.degraded_travels) == ("degraded", None, None)
    registry.check_pair("STANDS_IN_FOR", "hypervisor", "till")
    with pytest.raises(Invalid, match="does not join switch to till"):
        registry.check_pair("STANDS_IN_FOR", "switch", "till")


def test_a_site_changes_how_failure_travels_here_and_nowhere_else(tmp_path: Path) -> None:
    registry = _read(tmp_path, GOOD)
    assert (registry.relationship_type("LOCATED_IN").target_down, registry.relationship_type("USES").target_down) == (
        None,
        "down",
    )
    assert registry.relationship_type("LOCATED_IN").pairs == default_registry().relationship_type("LOCATED_IN").pairs
    assert default_registry().relationship_type("LOCATED_IN").target_down == "down"
    with pytest.raises(Invalid):
        default_registry().get("till")


def test_an_empty_file_adds_nothing(tmp_path: Path) -> None:
    assert _read(tmp_path, "").names() == default_registry().names()


REFUSED = [
    ("classes:\n  till:\n    parent: komputer\n    description: A till\n", 3, "unknown class 'komputer'"),
    ("classes:\n  till:\n    description: A till\n", 2, "parent"),
    ("classes:\n  till:\n    parent: computer\n", 2, "description"),
    ("classes:\n  server:\n    parent: computer\n    description: Another\n", 2, "server is taken by server"),
    ("classes:\n  vm:\n    parent: computer\n    description: Another\n", 2, "taken by virtual_machine"),
    (
        "classes:\n  till:\n    parent: computer\n    description: A till\n    aliases:\n      - good\n      - server\n",
        7,
        "taken by server",
    ),
    (
        "classes:\n  till:\n    parent: computer\n    description: A\n  till:\n    parent: computer\n    description: B\n",
        5,
        "till is there twice",
    ),
    ("classes:\n  Till:\n    parent: computer\n    description: A till\n", 2, "not safe"),
    ("classes:\n  till`) DETACH DELETE n //:\n    parent: computer\n    description: A till\n", 2, "not safe"),
    ("classes:\n  a_b:\n    parent: computer\n    description: A till\n", 2, "not safe"),
    ("classes:\n  till:\n    parent: computer\n    description: A till\n    colour: red\n", 5, "colour is no key"),
    ("clases:\n  till: {}\n", 1, "clases is no key"),
    (
        "classes:\n  till:\n    parent: computer\n    description: A till\n    attributes:\n      size: {type: huge, description: x}\n",
        6,
        "type",
    ),
    (
        "classes:\n  till:\n    parent: computer\n    description: A till\n    attributes:\n      size:\n        type: integer\n",
        6,
        "description",
    ),
    (
        "classes:\n  till:\n    parent: computer\n    description: A\n    attributes:\n      serial_number: {description: x}\n",
        6,
        "attribute of computer",
    ),
    (
        "classes:\n  till:\n    parent: computer\n    description: A\n    attributes:\n      id: {description: x}\n",
        6,
        "reserved",
    ),
    (
        "classes:\n  till:\n    parent: computer\n    description: A\n    attributes:\n      model_dump: {description: x}\n",
        6,
        "reserved",
    ),
    (
        "classes:\n  till:\n    parent: computer\n    description: A\n    attributes:\n      family: {description: x}\n",
        6,
        "reserved",
    ),
    (
        "classes:\n  till:\n    parent: computer\n    description: A\n    attributes:\n      'a b': {description: x}\n",
        6,
        "not safe",
    ),
    (
        "classes:\n  till:\n    parent: computer\n    description: A\n    attributes:\n      size: {description: x, identity: true}\n",
        6,
        "catalogue",
    ),
    (
        "classes:\n  till:\n    parent: computer\n    description: A\n    attributes:\n      size: {type: integer, description: x, format: mac}\n",
        6,
        "text only",
    ),
    (
        "classes:\n  one:\n    parent: two\n    description: A\n  two:\n    parent: one\n    description: B\n",
        3,
        "circle",
    ),
    ("classes:\n  till:\n    parent: [device, server]\n    description: A\n", 3, "do not go together"),
    ("relationship_types:\n  RUNS_ON:\n    description: x\n    pairs: [[server, server]]\n", 2, "type of the product"),
    ("relationship_types:\n  feeds:\n    description: x\n    pairs: [[server, server]]\n", 2, "not safe"),
    ("relationship_types:\n  FEEDS:\n    description: x\n", 2, "at least one pair"),
    (
        "relationship_types:\n  FEEDS:\n    description: x\n    pairs:\n      - [server, server]\n      - [server, sever]\n",
        6,
        "unknown class 'sever'",
    ),
    ("relationship_types:\n  FEEDS:\n    description: x\n    pairs: [[server]]\n", 4, "pairs"),
    (
        "relationship_types:\n  FEEDS:\n    description: x\n    pairs: [[server, server]]\n    target_down: broken\n",
        5,
        "target_down",
    ),
    ("failure:\n  RUNS_OFF: {target_down: down}\n", 2, "unknown relationship type"),
    ("failure:\n  RUNS_ON:\n    pairs: []\n", 3, "pairs is no key"),
    ("classes: [\n", 2, "not valid YAML"),
    ("classes: &a {}\nfailure: *a\n", 2, "aliases"),
    ("classes: !!python/object/apply:os.system ['true']\n", 1, "tags"),
    ("classes: text\n", 1, "classes: expected a mapping"),
    ("- one\n", 1, "mapping"),
    ("classes: " + "[" * 50 + "]" * 50 + "\n", 1, "nested deeper"),
    ("classes: \x00\n", 1, "not valid YAML"),
]


@pytest.mark.parametrize(("text", "line", "message"), REFUSED, ids=[message for _, _, message in REFUSED])
def test_what_cannot_be_right_is_refused_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        _read(tmp_path, text)
    assert message in refused.value.message
    assert refused.value.place == f"{tmp_path / 'site.yaml'}:{line}"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        read_site_model(tmp_path / "missing.yaml")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_bytes("classes: {}  # Größe\n".encode("latin-1"))
    with pytest.raises(Invalid, match="not UTF-8"):
        read_site_model(tmp_path / "site.yaml")
