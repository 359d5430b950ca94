"""Where the shared recordings lie, beside the checkout; a test that needs them skips without them and fails in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def is_ci() -> bool:
    """Whether a missing component is a failure rather than a skip."""
    return os.environ.get("CI", "").lower() == "true"


def lack(what: str) -> None:
    """Skip the running test for want of a component, or fail it in CI."""
    if is_ci():
        pytest.fail(f"{what} is missing, and CI=true allows no skips", pytrace=False)
    pytest.skip(f"{what} is missing")


def fixtures_path(folder: str) -> Path:
    """The folder of shared fixtures, such as `fixtures_path("nmap")`."""
    shared = Path(os.environ.get("CMDB_SHARED", ROOT.parent / "shared"))
    path = shared / "fixtures" / folder
    if not path.is_dir():
        lack(f"the shared fixtures folder {folder}")
    return path
