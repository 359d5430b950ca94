"""Every flag of contract.md says what to do and by which command, and the command exists."""

from __future__ import annotations

import re

import pytest

from cli.main import COMMANDS
from cmdb.reconcile.reviews import REMEDIES

FLAGS = [
    "shared_identifier",
    "placeholder_identifier",
    "virtual_mac",
    "random_mac",
    "identifier_changed",
    "conflicting_evidence",
    "ambiguous_match",
    "insufficient_identity",
    "possible_duplicate",
    "blocked_update",
    "unsafe_retirement",
    "parked",
]
_COMMAND = re.compile(r"\bcmdb ([a-z]+)")


@pytest.mark.parametrize("kind", FLAGS)
def test_a_flag_names_a_command_that_exists(kind: str) -> None:
    named = set(_COMMAND.findall(REMEDIES[kind]))
    assert named
    assert named <= COMMANDS.keys()
