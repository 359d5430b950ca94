"""The files that belong to the project, as git knows them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from tests.shared import ROOT

PACKAGES = ("cmdb", "discovery", "scanners", "impact", "api", "cli")
CODE = (*PACKAGES, "tests", "benchmarks")


@cache
def files() -> tuple[Path, ...]:
    """Tracked and new files, those that git ignores left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout.splitlines()
    return tuple(path for name in sorted(set(listed)) if (path := ROOT / name).is_file())


def modules(folders: tuple[str, ...] = CODE) -> list[Path]:
    """Python modules below these folders."""
    return [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]


def texts() -> list[Path]:
    """Files that people read: code, documents, build files."""
    kinds = {".py", ".md", ".toml", ".yml", ".yaml", ".sh", ".txt", ".go", ".java", ".xml", ""}
    return [path for path in files() if path.suffix in kinds and path.stat().st_size < 1_000_000]
