"""Ingest beside a bare insert of the same documents: `python -m benchmarks.ingest [--cis N] [--there N]… [--no-neo4j] [--no-http]`.

One run; each figure is the median of `--repeats`. A batch is `--cis` servers with native key, serial number, MAC, address and
name, as `graph` lines: created, imported again unchanged a day later, and again with one row in ten changed, into a store that
holds `--there` CIs already (give it more than once to compare sizes; 1000000 takes long). Ours reads the lines, identifies,
keeps claims, identity keys, history and sightings. The peer only inserts the lines: SQLite, WAL with full sync, 5,000 rows a
transaction, a primary key; Neo4j, `UNWIND` of 5,000 and `MERGE` on a constrained id under two labels, properties native.
Rates are CIs a second of wall time; the ratio is to the bare insert of the same store in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import json
import resource
import select
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cmdb.formats.graph_reader import read_graph
from cmdb.importing import ImportOrder, land
from cmdb.ingest import Ingest
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.registry import default_registry
from cmdb.spool.intake import MAX_ROWS, Spool
from cmdb.store.neo4j.store import Neo4jStore
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.support.neo4j.emptying import driver_of, empty
from tests.support.neo4j.server import Neo4jServer

REGISTRY = default_registry()
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_READY_S = 60.0
_ANSWER_S = 600.0
Send = Callable[[bytes, dt.datetime], None]


def documents(first: int, count: int, *, changed: bool = False) -> list[str]:
    """Lines of `count` servers, numbered from `first`; the same ones for the same numbers, but for one in ten if `changed`."""
    lines = []
    for number in range(first, first + count):
        version = "12.7" if changed and number % 10 == 0 else "12.5"
        mac = ":".join(f"{number >> shift & 255:02x}" for shift in (16, 8, 0))
        attributes = {
            "serial_number": f"SN{number * 7919:012X}",
            "mac_addresses": [f"00:50:56:{mac}"],
            "ip_addresses": [f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"],
            "os_name": "Debian GNU/Linux",
            "os_version": version,
            "site": f"site-{number % 50}",
        }
        row = {"id": f"s{number}", "class": "server", "name": f"srv-{number}", "native_key": f"vm-{number}"}
        lines.append(json.dumps({"ci": {**row, "attributes": attributes}}, separators=(",", ":")))
    return lines


@dataclass(frozen=True, slots=True)
class Figure:
    """CIs a second of one way of doing one thing."""

    what: str
    there: int
    rates: tuple[float, ...]

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


def in_process(store: Store) -> Send:
    """Imports as the command does, without a process of its own."""
    ingest = Ingest(store, Reconciler(REGISTRY, Policy()), clock=lambda: dt.datetime.now(dt.UTC))

    def send(body: bytes, at: dt.datetime) -> None:
        order = ImportOrder(source="bench", run_id=f"run-{at.timestamp()}", at=at, by="bench")
        with Spool(order.observation(), REGISTRY) as spool:
            read_graph(io.BytesIO(body), name="bench", into=spool)
            report = land(spool, order, ingest)
            assert report.refused_count == 0

    return send


@contextlib.contextmanager
def over_http(path: Path) -> Iterator[Send]:
    """Imports into a running `cmdb serve` on this file."""
    command = [sys.executable, "-m", "cli.main", "serve", "--port", "0", "--store", f"sqlite:///{path}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        url = ""
        while not url:
            assert select.select([process.stderr], [], [], _READY_S)[0], "the server did not start"
            line = process.stderr.readline().decode()
            assert line, "the server ended"
            url = next((word.rstrip(";") for word in line.split() if word.startswith("http://")), "")

        def send(body: bytes, at: dt.datetime) -> None:
            asked = f"{url.rstrip('/')}/api/v1/imports/graph?source=bench&at={at:%Y-%m-%dT%H:%M:%SZ}"
            with urllib.request.urlopen(
                urllib.request.Request(asked, body, method="POST"), timeout=_ANSWER_S
            ) as answer:
                totals = json.loads(answer.read().splitlines()[-1])
            assert totals["refused"] == 0

        yield send
    finally:
        process.terminate()
        process.wait(_READY_S)


def fill(send: Send, there: int) -> None:
    """Have so many CIs there, numbered from 0."""
    step = 100_000
    for first in range(0, there, step):
        send("\n".join(documents(first, min(step, there - first))).encode(), START)


def measure(name: str, send: Send, *, there: int, cis: int, repeats: int, first: int) -> list[Figure]:
    """Create, replay and change `repeats` batches, numbered from `first`."""
    rates: dict[str, list[float]] = {"create": [], "unchanged": [], "10 % changed": []}
    for repeat in range(repeats):
        start = first + repeat * cis
        for day, (what, changed) in enumerate((("create", False), ("unchanged", False), ("10 % changed", True)), 1):
            body = "\n".join(documents(start, cis, changed=changed)).encode()
            began = time.perf_counter()
            send(body, START + dt.timedelta(days=day))
            rates[what].append(cis / (time.perf_counter() - began))
    return [Figure(f"{name}: {what}", there, tuple(found)) for what, found in rates.items()]


def bare_sqlite(path: Path, *, there: int, cis: int, repeats: int) -> Figure:
    """The same lines into one table, and nothing else."""
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -65536"):
        connection.execute(f"PRAGMA {setting}").fetchall()
    connection.execute("CREATE TABLE document (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID")

    def insert(first: int, lines: Sequence[str]) -> None:
        for start in range(0, len(lines), MAX_ROWS):
            connection.execute("BEGIN IMMEDIATE")
            rows = [(f"s{first + start + place}", line) for place, line in enumerate(lines[start : start + MAX_ROWS])]
            connection.executemany("INSERT INTO document VALUES (?, ?)", rows)
            connection.execute("COMMIT")

    insert(0, documents(0, there))
    rates = []
    for repeat in range(repeats):
        lines = documents(there + repeat * cis, cis)
        began = time.perf_counter()
        insert(there + repeat * cis, lines)
        rates.append(cis / (time.perf_counter() - began))
    connection.close()
    return Figure("SQLite: bare insert", there, tuple(rates))


def bare_neo4j(server: Neo4jServer, *, there: int, cis: int, repeats: int) -> Figure:
    """The same documents by a labelled `UNWIND … MERGE`, on the server that we measured on, emptied."""
    empty(server)
    query = "UNWIND $rows AS row MERGE (c:Bare {id: row.id}) SET c:Server, c += row"
    with driver_of(server) as driver, driver.session(database="neo4j") as session:
        session.run("CREATE CONSTRAINT bare_id IF NOT EXISTS FOR (c:Bare) REQUIRE c.id IS UNIQUE").consume()
        session.run("CALL db.awaitIndexes()").consume()

        def merge(first: int, count: int) -> float:
            found = [json.loads(line)["ci"] for line in documents(first, count)]
            rows = [{**row["attributes"], "id": row["id"], "name": row["name"]} for row in found]
            began = time.perf_counter()
            for start in range(0, len(rows), MAX_ROWS):
                session.run(query, rows=rows[start : start + MAX_ROWS]).consume()
            return time.perf_counter() - began

        merge(0, there)
        rates = [cis / merge(there + repeat * cis, cis) for repeat in range(repeats)]
        session.run("DROP CONSTRAINT bare_id").consume()
    empty(server)
    return Figure("Neo4j: bare MERGE", there, tuple(rates))


def sqlite_figures(arguments: argparse.Namespace, there: int, folder: Path) -> list[Figure]:
    """Bare, in process, over HTTP."""
    size = {"there": there, "cis": arguments.cis, "repeats": arguments.repeats}
    figures = [bare_sqlite(folder / f"bare-{there}.db", **size)]
    path = folder / f"store-{there}.db"
    with contextlib.closing(SqliteStore(str(path))) as store:
        send = in_process(store)
        fill(send, there)
        figures += measure("SQLite in process", send, first=there, **size)
    if arguments.http:
        with over_http(path) as send:
            figures += measure("SQLite over HTTP", send, first=there + arguments.cis * arguments.repeats, **size)
    return figures


def neo4j_figures(arguments: argparse.Namespace, there: int, folder: Path) -> list[Figure]:
    """Bare and in process, on one server."""
    size = {"there": there, "cis": arguments.cis, "repeats": arguments.repeats}
    server = Neo4jServer(folder / "neo4j")
    server.start()
    try:
        figures = [bare_neo4j(server, **size)]
        store = Neo4jStore(
            server.url, user=server.user, password=server.password, database="neo4j", labels_of=REGISTRY.labels
        )
        with contextlib.closing(store):
            send = in_process(store)
            fill(send, there)
            figures += measure("Neo4j in process", send, first=there, **size)
        return figures
    finally:
        server.kill()


def show(figures: Sequence[Figure]) -> None:
    """One line a figure, with its ratio to the bare insert of its store, and of sizes to each other."""
    bare = {
        (figure.what.split()[0].rstrip(":"), figure.there): figure.rate for figure in figures if "bare" in figure.what
    }
    smallest = min(figure.there for figure in figures)
    at_smallest = {figure.what: figure.rate for figure in figures if figure.there == smallest}
    table = Table("what", "there", "CIs/s", "slowest to fastest", "of bare", f"of that at {smallest}", box=None)
    for figure in figures:
        peer = bare.get((figure.what.split()[0].rstrip(":"), figure.there))
        table.add_row(
            figure.what,
            f"{figure.there:,}",
            f"{figure.rate:,.0f}",
            f"{min(figure.rates):,.0f}–{max(figure.rates):,.0f}",
            f"{figure.rate / peer:.3f}" if peer else "",
            f"{figure.rate / at_smallest[figure.what]:.2f}" if figure.there != smallest else "",
        )
    Console(width=120).print(table)
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="ingest beside bare inserts")
    parser.add_argument("--cis", type=int, default=10_000, help="CIs in a batch")
    parser.add_argument("--there", type=int, action="append", help="CIs that are there already [10000]")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-neo4j", dest="neo4j", action="store_false")
    parser.add_argument("--no-http", dest="http", action="store_false")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    for there in arguments.there or [10_000]:
        folder = Path(tempfile.mkdtemp())
        try:
            figures += sqlite_figures(arguments, there, folder)
            if arguments.neo4j:
                figures += neo4j_figures(arguments, there, folder)
        finally:
            shutil.rmtree(folder)
    show(figures)


if __name__ == "__main__":
    main()
