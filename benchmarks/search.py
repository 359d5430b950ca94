"""Full-text search against a plain LIKE scan of the same words: `python -m benchmarks.search [--cis N] [--questions N]`.

One SQLite store of the estate of `cmdb generate`, its machines with MACs, domain names, models and descriptions beside. Every
kind of question is asked of values all over the estate; a question's time is the median of three, p50 and p95 are over the
questions. The scan asks the table of words that the index is made of, stops at the same number of hits, and ranks nothing.
"""

from __future__ import annotations

import argparse
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


def fill(store: SqliteStore, count: int, seed: int) -> tuple[float, float, list[CI]]:
    """Seconds of all writing, seconds that the index takes of the same writes alone, and a sample of the CIs."""
    alone = sqlite3.connect(":memory:", isolation_level=None)
    for statement in SEARCH.split(";"):
        alone.execute(statement)
    total_s = index_s = 0.0
    sample: list[CI] = []
    chance = random.Random(seed)
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
        sample.extend(chance.sample(piece, min(4, len(piece))))
        piece.clear()

    for ci in cis(count, seed):
        piece.append(ci)
        if len(piece) == ROWS:
            write()
    if piece:
        write()
    return total_s, index_s, sample


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


def timed(ask: Callable[[str], object], texts: Sequence[str], repeats: int) -> list[float]:
    """Median milliseconds of each text."""
    ask(texts[0])
    times: list[float] = []
    for text in texts:
        each = []
        for _ in range(repeats):
            started = time.perf_counter()
            ask(text)
            each.append((time.perf_counter() - started) * 1000)
        times.append(statistics.median(each))
    return times


def p(percent: int, times: Sequence[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cis", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--scans", type=int, default=6, help="questions of a kind that the scan is asked too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "store.db")
        store = SqliteStore(path)
        total_s, index_s, sample = fill(store, options.cis, seed=1)
        print(
            f"{options.cis:,} CIs written in {total_s:.1f} s, {options.cis / total_s:,.0f} CIs/s; index {index_s / total_s:.0%} of it"
        )
        print(f"store {Path(path).stat().st_size / 1e6:,.0f} MB")
        scanner = sqlite3.connect(path)

        def scan(text: str) -> int:
            words = [f"%{word}%" for word in search_text_of(text)]
            where = " AND ".join("words LIKE ?" for _ in words)
            query = f"SELECT id FROM searched WHERE {where} LIMIT {HITS}"
            return len(scanner.execute(query, words).fetchall())

        random.Random(2).shuffle(sample)
        ours: list[float] = []
        theirs: list[float] = []
        print(f"{'question':26} {'ours p50':>10} {'p95':>8} {'hits':>6} {'scan p50':>10} {'p95':>8}")
        for kind, texts in questions(sample, options.questions).items():
            mine = timed(lambda text: search(store, text, limit=HITS), texts, REPEATS)
            scans = timed(scan, texts[: options.scans], 1)
            hits = statistics.median(len(search(store, text, limit=HITS)) for text in texts)
            print(
                f"{kind:26} {p(50, mine):10.2f} {p(95, mine):8.2f} {hits:6.0f} {p(50, scans):10.1f} {p(95, scans):8.1f}"
            )
            ours += mine
            theirs += scans
        print(f"{'all':26} {p(50, ours):10.2f} {p(95, ours):8.2f} {'':6} {p(50, theirs):10.1f} {p(95, theirs):8.1f}")
        print(f"p95 of the scan by p95 of the search: {p(95, theirs) / p(95, ours):.0f}; goal: p95 within 50 ms")
        store.close()


def search_text_of(text: str) -> list[str]:
    """What the scan looks for: the words of the text, as the table spells them."""
    from cmdb.search.ranking import Query

    return list(Query.of(text).ways[0])


if __name__ == "__main__":
    main()
