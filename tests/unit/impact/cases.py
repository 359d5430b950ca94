"""The shared graphs with known answers (`impact/cases.json`), and what each of them says."""

from __future__ import annotations

import json
from typing import TypedDict

from tests.shared import fixtures_path

NAMES = (
    "chain",
    "one-of-two-holds",
    "one-of-two-broken",
    "percent-of-three",
    "percent-of-three-one",
    "retired-member",
    "ring",
    "kept-up-by-hand",
    "seen-and-unseen",
    "sample-001-plain",
    "sample-002-cycle",
    "sample-003-count",
    "sample-004-pct",
    "sample-005-nested",
    "sample-006-shared",
    "sample-007-multi_root",
)


class Group(TypedDict, total=False):
    """A redundancy group: `min_up` or `min_up_pct`."""

    of: str
    members: list[str]
    min_up: int
    min_up_pct: float


class Case(TypedDict, total=False):
    """One graph; SOURCE.md beside the file explains the fields."""

    name: str
    nodes: list[str]
    depends_on: list[tuple[str, str]]
    redundancy: list[Group]
    failed: list[str]
    already_down: list[str]
    not_impacted: list[str]
    retired: list[str]
    hidden: list[str]
    expected_impacted: list[str]
    expected_visible: list[str]
    expected_alone: dict[str, int]
    expected_joint: list[tuple[str, str, list[str]]]


def load() -> dict[str, Case]:
    """All cases by name."""
    cases: list[Case] = json.loads((fixtures_path("impact") / "cases.json").read_text())
    return {case["name"]: case for case in cases}
