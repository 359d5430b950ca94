"""Full-text search against a plain LIKE scan of the same words: `python -m benchmarks.search [--cis N] [--store FILE]`.

One SQLite store of the estate of `cmdb generate`, its machines with MACs, domain names, models and descriptions beside. Every
kind of question is asked of values all over the estate; a question's time is the median of three, p50 and p95 are over the
questions, in wall time and in processor time, which other programs disturb less. The scan asks the table of words that the index is made of, stops at the same number of hits, and ranks nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cmdb.changeset import ChangeSet, Write
from cmdb.entities import CI, Kind
from cmdb.formats.estate import generate_estate
from cmdb.ids import new_id
from cmdb.search.ranking import Query
from cmdb.search.searching import search
from cmdb.store.instants import utc_now
from cmdb.store.sqlite.search_tables import SEARCH, write_search
from cmdb.store.sqlite.store import SqliteStore
from cmdb.store.validation import EncodedWrite
from cmdb.values import Value

ROWS = 5_000
HITS = 50
REPEATS = 3
_MODELS = ("PowerEdge R740", "ProLiant DL380 Gen10", "UCS C220 M5", "ThinkSystem SR650", "Catalyst 9300-48P")
_MACHINES = frozenset({"router", "switch", "hypervisor", "server", "load_balancer", "storage_array", "virtual_machine"})


def cis(count: int, seed: int) -> Iterator[CI]:
    """The estate's CIs, machines with more to be found by."""
    chance = random.Random(seed)
    at = utc_now()
    for line in generate_estate(count, seed=seed):
        document = json.loads(line).get("ci")
        if document is None:
            continue
        attributes: dict[str, Value] = dict(document["attributes"])
        if document["class"] in _MACHINES:
            mac = f"001b21{chance.getrandbits(24):06x}"
            attributes["mac_addresses"] = [":".join(mac[start : start + 2] for start in range(0, 12, 2))]
            attributes["fqdn"] = f"{document['name']}.{attributes['site']}.example.com"
            attributes["model"] = chance.choice(_MODELS)
            attributes["description"] = f"rack {chance.randrange(400)} unit {chance.randrange(42)}"
        yield CI(
            id=new_id(at), class_name=document["class"], name=document["name"], attributes=attributes, created_at=at
        )


def fill(store: SqliteStore, count: int, seed: int) -> tuple[float, float]:
    """Seconds of all writing, and seconds that the index takes of the same writes alone."""
    alone = sqlite3.connect(":memory:", isolation_level=None)
    for statement in SEARCH.split(";"):
        alone.execute(statement)
    total_s = index_s = 0.0
    piece: list[CI] = []

    def write() -> None:
        nonlocal total_s, index_s
        writes = tuple(Write(Kind.CI, ci.id, None, ci) for ci in piece)
        at = utc_now()
        planned_at = store.revision()
        started = time.perf_counter()
        store.apply(ChangeSet(id=new_id(at), at=at, by="benchmark", reason="", run_id="", source="", planned_at=planned_at, writes=writes))  # fmt: skip
        total_s += time.perf_counter() - started
        started = time.perf_counter()
        alone.execute("BEGIN")
        write_search(alone, [EncodedWrite(one, None, "") for one in writes])
        alone.execute("COMMIT")
        index_s += time.perf_counter() - started
        piece.clear()

    for ci in cis(count, seed):
        piece.append(ci)
        if len(piece) == ROWS:
            write()
    if piece:
        write()
    return total_s, index_s


def questions(sample: Sequence[CI], count: int) -> dict[str, list[str]]:
    """Texts by kind of question."""
    machines = [ci for ci in sample if "mac_addresses" in ci.attributes][:count]
    names = [ci.name for ci in sample][:count]
    serials = [str(ci.attributes["serial_number"]) for ci in sample if "serial_number" in ci.attributes][:count]
    macs = [str(list(ci.attributes["mac_addresses"])[0]) for ci in machines]  # type: ignore[arg-type]  # noqa: RUF015
    addresses = [str(list(ci.attributes["ip_addresses"])[0]) for ci in machines if "ip_addresses" in ci.attributes]  # type: ignore[arg-type]  # noqa: RUF015
    return {
        "whole name": names,
        "beginning of a name": [name[: max(3, len(name) - 2)] for name in names],
        "serial": serials,
        "beginning of a serial": [serial[:6] for serial in serials],
        "MAC, another spelling": [mac.upper().replace(":", "-") for mac in macs],
        "beginning of a MAC": [mac[:11] for mac in macs],
        "address": addresses,
        "beginning of an address": [address.rpartition(".")[0] + "." for address in addresses],
        "domain name": [str(ci.attributes["fqdn"]) for ci in machines],
        "two words of a model": ["poweredge r740", "proliant gen10", "catalyst 9300"],
        "words of several fields": [f"{ci.name} rack" for ci in machines],
        "a word of very many": ["server", "database", "example", "rack", "s", "10."],
        "nothing like it": [f"nothing{number}like" for number in range(min(count, 20))],
    }


def timed(ask: Callable[[str], object], texts: Sequence[str], repeats: int) -> tuple[list[float], list[float]]:
    """Median milliseconds of each text, by the wall clock and of the processor."""
    ask(texts[0])
    wall: list[float] = []
    processor: list[float] = []
    for text in texts:
        each = []
        for _ in range(repeats):
            started, busy = time.perf_counter(), time.process_time()
            ask(text)
            each.append(((time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000))
        wall.append(statistics.median(one for one, _ in each))
        processor.append(statistics.median(one for _, one in each))
    return wall, processor


def sampled(path: str, store: SqliteStore, count: int) -> list[CI]:
    """Some CIs from all over a store."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (last,) = connection.execute("SELECT max(number) FROM searched").fetchone()
        numbers = random.Random(1).sample(range(1, last + 1), min(count, last))
        places = ", ".join("?" * len(numbers))
        ids = [row[0] for row in connection.execute(f"SELECT id FROM searched WHERE number IN ({places})", numbers)]
    return [ci for ci in store.get_many(Kind.CI, ids).values() if isinstance(ci, CI)]


def p(percent: int, times: Sequence[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cis", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--scans", type=int, default=6, help="questions of a kind that the scan is asked too")
    parser.add_argument("--store", help="a store that an earlier run kept here; made where there is none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.store or str(Path(folder) / "store.db")
        is_there = Path(path).exists()
        store = SqliteStore(path)
        if not is_there:
            total_s, index_s = fill(store, options.cis, seed=1)
            rate = options.cis / total_s
            print(
                f"{options.cis:,} CIs written in {total_s:.1f} s, {rate:,.0f} a second; the index takes {index_s / total_s:.0%}"
            )
            print(f"store of {Path(path).stat().st_size / 1e6:,.0f} MB")
        report(path, store, options.questions, options.scans)
        store.close()


def report(path: str, store: SqliteStore, count: int, scan_count: int) -> None:
    scanner = sqlite3.connect(path)

    def scan(text: str) -> int:
        words = [f"%{word}%" for word in Query.of(text).ways[0]]
        where = " AND ".join("words LIKE ?" for _ in words)
        return len(scanner.execute(f"SELECT id FROM searched WHERE {where} LIMIT {HITS}", words).fetchall())

    def ask(text: str) -> int:
        return len(search(store, text, limit=HITS))

    sample = sampled(path, store, 2_000)
    ours: list[float] = []
    ours_busy: list[float] = []
    theirs: list[float] = []
    print(
        f"{'milliseconds':26} {'p50':>8} {'p95':>8} {'CPU p50':>8} {'p95':>8} {'hits':>5} {'scan p50':>10} {'p95':>8}"
    )
    for kind, texts in questions(sample, count).items():
        mine, busy = timed(ask, texts, REPEATS)
        scans, _ = timed(scan, texts[:scan_count], 1)
        hits = statistics.median(ask(text) for text in texts)
        print(
            f"{kind:26} {p(50, mine):8.2f} {p(95, mine):8.2f} {p(50, busy):8.2f} {p(95, busy):8.2f} {hits:5.0f}"
            f" {p(50, scans):10.1f} {p(95, scans):8.1f}",
            flush=True,
        )
        ours += mine
        ours_busy += busy
        theirs += scans
    print(
        f"{'all':26} {p(50, ours):8.2f} {p(95, ours):8.2f} {p(50, ours_busy):8.2f} {p(95, ours_busy):8.2f} {'':5}"
        f" {p(50, theirs):10.1f} {p(95, theirs):8.1f}"
    )
    print(f"p95 of the scan by p95 of the search: {p(95, theirs) / p(95, ours):.0f}; goal: p95 within 50 ms")
    scanner.close()


if __name__ == "__main__":
    main()
