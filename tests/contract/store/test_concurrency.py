"""Several writers and readers at once, in threads and in processes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from cmdb.changeset import Change
from cmdb.entities import Kind
from cmdb.store.protocol import Store
from tests.contract.store.builders import NOW
from tests.contract.store.racer import WRITES_OF_A_FILL, fill, opened, race
from tests.shared import ROOT

SERIALS = 25


@contextlib.contextmanager
def stores(place: str, number: int) -> Iterator[list[Store]]:
    """The same store opened several times."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(opened(place))) for _ in range(number)]


def start(place: str, name: str, what: str, times: int) -> subprocess.Popen[str]:
    """A racer in a process of its own."""
    command = [sys.executable, "-m", "tests.contract.store.racer", place, name, what, str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def check_one_owner_each(store: Store, won: list[list[str]]) -> None:
    """Every serial was won by exactly one racer, and its CI is the only one."""
    keys = [f"|serial|{number}" for number in range(SERIALS)]
    assert sorted(key for keys_of_one in won for key in keys_of_one) == sorted(keys)
    assert store.count(Kind.CI) == {"server": SERIALS}
    assert sorted(owner for held in store.owners(keys).values() for owner in held.owners) == sorted(
        node.id for batch in store.iter_nodes() for node in batch
    )


def test_two_threads_never_make_the_same_thing_twice(place: str) -> None:
    with stores(place, 1) as (store,), ThreadPoolExecutor(2) as pool:
        racers = [pool.submit(race, store, name, SERIALS) for name in ("left", "right")]
        check_one_owner_each(store, [racer.result(timeout=120) for racer in racers])


def test_two_processes_never_make_the_same_thing_twice(place: str) -> None:
    with stores(place, 1) as (store,):
        racers = [start(place, name, "race", SERIALS) for name in ("left", "right")]
        printed = [racer.communicate(timeout=120)[0].split()[1:] for racer in racers]
        assert [racer.returncode for racer in racers] == [0, 0]
        check_one_owner_each(store, printed)


def followed(store: Store, is_over: Callable[[], bool]) -> list[Change]:
    """The feed as a reader sees it that asks again and again until the writers are done."""
    seen: list[Change] = []
    after, sequence = 0, None
    while True:
        was_over = is_over()
        news = store.changes(after=after, after_sequence=sequence, limit=50)
        seen += news
        if news:
            after, sequence = news[-1].revision, news[-1].sequence
        elif was_over:
            return seen


def test_a_reader_of_the_feed_misses_nothing_while_others_write(place: str) -> None:
    times = 10
    with stores(place, 2) as (writer, reader), ThreadPoolExecutor(3) as pool:
        is_over = threading.Event()
        following = pool.submit(followed, reader, is_over.is_set)
        other = start(place, "other", "fill", times)
        try:
            here = [pool.submit(fill, writer, name, times) for name in ("left", "right")]
            for one in here:
                one.result(timeout=120)
            other.communicate(timeout=120)
        finally:
            is_over.set()
            other.kill()
            other.communicate()
        assert other.returncode == 0
        seen = following.result(timeout=120)
    assert [(change.revision, change.sequence) for change in seen] == [
        (revision, sequence) for revision in range(1, 3 * times + 1) for sequence in range(WRITES_OF_A_FILL)
    ]


def test_many_threads_read_and_write_one_store(place: str) -> None:
    with stores(place, 1) as (store,), ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(fill, store, f"writer{number}", 3) for number in range(4)]
        readers = [pool.submit(lambda: [len(store.scan(Kind.CI)) for _ in range(20)]) for _ in range(4)]
        for one in writers:
            one.result(timeout=120)
        for reader in readers:
            sizes = reader.result(timeout=120)
            assert sizes == sorted(sizes)
            assert all(size % 10 == 0 for size in sizes)
        assert store.revision() == 12


def test_only_one_of_many_takes_a_lease(place: str) -> None:
    with stores(place, 1) as (store,), ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda owner: store.acquire_lease("job", str(owner), now=NOW, ttl_s=60), range(8)))
    assert taken.count(True) == 1
