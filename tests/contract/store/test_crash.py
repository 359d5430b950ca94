"""Kill -9 of writers, and a server that goes away: what was confirmed stays, and nothing is half there."""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdb.entities import Kind
from cmdb.errors import Unavailable
from cmdb.store.protocol import Store
from tests.contract.store.builders import change_set, ci, made
from tests.contract.store.opening import neo4j_store, place_of
from tests.contract.store.racer import WRITES_OF_A_FILL, opened
from tests.contract.store.test_concurrency import start
from tests.support.neo4j.server import Neo4jServer

KILLS = 20


def kill_in_the_middle(writer: subprocess.Popen[str], delay_s: float) -> list[str]:
    """Kill the writer some time after it opened the store; returns the change sets that it had confirmed."""
    assert writer.stdout is not None
    assert writer.stdout.readline() == "open\n"
    time.sleep(delay_s)
    writer.kill()
    rest, _ = writer.communicate(timeout=30)
    # The last line may be cut off by the kill; a whole one ends with a line feed.
    return [line.replace(" ", "-") for line in rest.split("\n")[:-1]]


def check_whole(store: Store, confirmed: list[str]) -> None:
    """All that was confirmed is there, and every revision is there as a whole."""
    revisions = store.revisions(limit=10_000)
    assert [revision.number for revision in revisions] == list(range(1, store.revision() + 1))
    landed = [revision.change_set for revision in revisions]
    assert len(set(landed)) == len(landed)
    assert set(confirmed) <= set(landed)
    assert store.count(Kind.CI).get("server", 0) == 10 * len(landed)
    assert store.count(Kind.RELATIONSHIP).get("RUNS_ON", 0) == 9 * len(landed)
    assert sum(len(batch) for batch in store.iter_edges()) == 9 * len(landed)
    entries = 0
    after, sequence = 0, None
    while news := store.changes(after=after, after_sequence=sequence, limit=10_000):
        entries += len(news)
        after, sequence = news[-1].revision, news[-1].sequence
    assert entries == WRITES_OF_A_FILL * len(landed)


def test_a_writer_killed_at_random_loses_nothing_that_was_confirmed(place: str) -> None:
    chance = random.Random(4)
    confirmed: list[str] = []
    # Long enough for some change sets each, so that the kill meets any moment of one.
    longest_s = 0.4 if "|" not in place else 1.5
    for number in range(KILLS):
        confirmed += kill_in_the_middle(start(place, f"w{number}", "fill", 10_000), chance.uniform(0.0, longest_s))
        with contextlib.closing(opened(place)) as store:
            check_whole(store, confirmed)
    assert confirmed


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Neo4jServer]:
    """A Neo4j that the test may take down."""
    server = Neo4jServer(tmp_path / "neo4j")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.mark.neo4j
def test_a_server_that_crashes_and_comes_back_has_each_change_set_whole_or_not_at_all(own_server: Neo4jServer) -> None:
    store = neo4j_store(own_server)
    outcomes: dict[str, bool] = {}
    is_over = threading.Event()

    def keep_writing() -> None:
        number = 0
        while not is_over.is_set():
            id_ = f"change-{number}"
            try:
                made_here = made(*(ci(f"{number}-{place}") for place in range(10)))
                store.apply(change_set(*made_here, planned_at=store.revision(), id_=id_))
                outcomes[id_] = True
            except Unavailable:
                outcomes[id_] = False
            number += 1

    writer = threading.Thread(target=keep_writing)
    writer.start()
    time.sleep(2)
    own_server.kill()
    time.sleep(1)
    own_server.start()
    deadline = time.monotonic() + 90
    before = len(outcomes)
    while len(outcomes) < before + 5 and time.monotonic() < deadline:
        time.sleep(0.2)
    is_over.set()
    writer.join(timeout=90)
    landed = {id_ for id_ in outcomes if store.revision_of(id_) is not None}
    assert {id_ for id_, is_confirmed in outcomes.items() if is_confirmed} <= landed
    assert outcomes[list(outcomes)[-1]]
    assert store.count(Kind.CI) == {"server": 10 * len(landed)}
    assert store.revision() == len(landed)
    store.close()
    with contextlib.closing(opened(place_of(own_server))) as again:
        assert again.revision() == len(landed)


@pytest.mark.neo4j
def test_a_server_that_is_gone_is_unavailable_within_a_bounded_time(own_server: Neo4jServer) -> None:
    store = neo4j_store(own_server, patience_s=3.0)
    store.apply(change_set(*made(ci("a"))))
    own_server.kill()
    with pytest.raises(Unavailable, match="does not answer"):
        store.apply(change_set(*made(ci("b")), planned_at=1))
    with pytest.raises(Unavailable, match="does not answer"):
        store.get_many(Kind.CI, ["a"])
    store.close()
