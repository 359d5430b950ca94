"""A disk that is full: said so with the place and what to do, and what was confirmed is there afterwards."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdb.entities import Kind
from cmdb.store.sqlite.store import SqliteStore
from tests.integration.test_kill_nine import check_nothing_lost_or_doubled
from tests.support.command import Command

SIZE_MB = 6
BATCH = 400


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes (needs root, as the lab does)."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)], check=True, timeout=30)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=30)


def _servers(batch: int) -> str:
    return "\n".join(
        json.dumps({"ci": {"id": f"s{number}", "class": "server", "attributes": {"serial_number": f"SN-{number}"}}})
        for number in range(batch * BATCH, (batch + 1) * BATCH)
    )


def test_a_full_disk_is_said_and_loses_nothing_that_was_confirmed(small_disk: Path, tmp_path: Path) -> None:
    path = small_disk / "store.db"
    command = Command(tmp_path / "home", store=f"sqlite:///{path}")
    landed, done = 0, None
    for batch in range(100):
        done = command.run("import", "graph", command.write("batch.jsonl", _servers(batch)))
        if done.code != 0:
            break
        landed += 1
    assert done is not None
    assert (done.code, landed > 0) == (1, True)
    (line,) = done.said()
    assert str(path) in line
    assert "disk is full" in line
    assert "Free some space on that disk" in line
    with contextlib.closing(SqliteStore(str(path))) as store:
        check_nothing_lost_or_doubled(store, landed)
        assert store.count(Kind.CI) == {"server": landed * BATCH}
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True, timeout=30)
    again = command.run("import", "graph", str(command.folder / "batch.jsonl"))
    assert again.code == 0, again.err
