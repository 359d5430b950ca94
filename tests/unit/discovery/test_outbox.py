"""The collector's outbox on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cmdb.entities import RunState
from cmdb.errors import Conflict, Invalid, Unavailable
from discovery.collecting import RunWord
from discovery.outbox import Entry, Outbox

RUN = "0199aaaa-0000-7000-8000-000000000001"
LATER = "0199aaaa-0000-7000-8000-000000000002"


def test_what_was_put_in_comes_out_in_order_after_a_restart(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "box")
    box = first.open(LATER)
    for body in (b"one", b"two", b"three"):
        box.add(body)
    box.drop(1)
    ended = first.open(RUN)
    ended.end(RunWord(state=RunState.DONE, message="well", counts={"targets": 3}))
    first.close()
    second = Outbox(tmp_path / "box")
    old, new = second.leftovers()
    assert (old.run_id, old.first(), old.word()) == (
        RUN,
        None,
        RunWord(state=RunState.DONE, message="well", counts={"targets": 3}),
    )
    assert (new.run_id, new.count, new.first(), new.word()) == (LATER, 2, Entry(2, b"two"), None)
    new.drop(2)
    assert new.first() == Entry(3, b"three")
    new.remove()
    assert [box.run_id for box in second.leftovers()] == [RUN]
    second.close()


def test_a_full_outbox_takes_nothing_until_something_has_left(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "box", limit_bytes=10)
    box = outbox.open(RUN)
    box.add(b"123456")
    with pytest.raises(Unavailable, match="6 bytes wait"):
        box.add(b"12345")
    box.drop(1)
    box.add(b"12345")
    assert box.first() == Entry(2, b"12345")
    outbox.close()


def test_what_was_left_counts_against_the_limit(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "box")
    first.open(RUN).add(b"123456")
    first.close()
    second = Outbox(tmp_path / "box", limit_bytes=10)
    (left,) = second.leftovers()
    with pytest.raises(Unavailable):
        second.open(LATER).add(b"12345")
    left.remove()
    second.leftovers()[0].add(b"12345")
    second.close()


def test_nobody_else_may_read_it_and_one_process_holds_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "deep" / "box")
    outbox.open(RUN)
    for folder in (tmp_path / "deep" / "box", tmp_path / "deep" / "box" / RUN):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(Conflict, match="runs on this machine already"):
        Outbox(tmp_path / "deep" / "box")
    outbox.close()
    Outbox(tmp_path / "deep" / "box").close()


@pytest.mark.parametrize("run_id", ["../../etc", "", "a/b", RUN + "\n", RUN.upper()])
def test_a_server_cannot_name_a_folder_elsewhere(tmp_path: Path, run_id: str) -> None:
    outbox = Outbox(tmp_path / "box")
    with pytest.raises(Invalid):
        outbox.open(run_id)
    outbox.close()
    assert [path.name for path in (tmp_path / "box").iterdir()] == ["lock"]
