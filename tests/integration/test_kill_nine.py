"""Kill -9 of the real `cmdb` in the middle of imports and scans, and a Neo4j that goes away meanwhile."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cmdb.entities import CI, Claim, Kind, Relationship
from cmdb.formats.estate import generate_estate
from cmdb.identity.evidence import STRONG
from cmdb.identity.keys import key
from cmdb.registry import default_registry
from cmdb.store.instants import utc_now
from cmdb.store.neo4j.store import Neo4jStore
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.support.command import Command
from tests.support.neo4j.emptying import empty
from tests.support.neo4j.fixture import neo4j_server
from tests.support.neo4j.server import Neo4jServer

__all__ = ["neo4j_server"]
REGISTRY = default_registry()
CIS = {"sqlite": 3_000, "neo4j": 1_500}
"""Some 11,000 and 5,500 rows: several change sets, and a few seconds on either store."""
IMPORT_KILLS = 12
SCAN_KILLS = 8


class Place:
    """Where a store is, for the command and for looking into it beside the command; `kind` is its kind."""

    def __init__(self, folder: Path, server: Neo4jServer | None = None) -> None:
        self.server = server
        self.kind = "sqlite" if server is None else "neo4j"
        if server is None:
            self.command = Command(folder)
        else:
            empty(server)
            self.command = Command(folder, store=server.url, neo4j_password=server.password)

    def open(self, *, clock: Callable[[], dt.datetime] = utc_now) -> Store:
        if self.server is None:
            return SqliteStore(str(self.command.folder / "store.db"), clock=clock)
        return Neo4jStore(
            self.server.url,
            user=self.server.user,
            password=self.server.password,
            database="neo4j",
            labels_of=REGISTRY.labels,
            clock=clock,
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        folder = self.command.folder
        return self.command.start(*arguments, out=folder / "killed.out", err=folder / "killed.err")

    def export(self) -> str:
        done = self.command.run("export", "graph")
        assert (done.code, done.err) == (0, "")
        return done.out


@pytest.fixture(params=["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    server = request.getfixturevalue("neo4j_server") if request.param == "neo4j" else None
    return Place(tmp_path / "home", server)


def estate(cis: int) -> str:
    """A file whose ids are ids of the product, so that every store keeps them."""
    ids: dict[str, str] = {}

    def renamed(name: str) -> str:
        return ids.setdefault(name, f"01900000-0000-7000-8000-{len(ids):012x}")

    lines = []
    for line in generate_estate(cis, seed=9):
        document: dict[str, Any] = json.loads(line)
        ((kind, body),) = document.items()
        if kind == "ci":
            body["id"] = renamed(body["id"])
        elif kind == "relationship":
            body["source"], body["target"] = renamed(body["source"]), renamed(body["target"])
        else:
            body["of"], body["members"] = renamed(body["of"]), [renamed(member) for member in body["members"]]
        lines.append(json.dumps(document))
    return "\n".join(lines)


def uninterrupted(text: str, folder: Path) -> str:
    """The export of a store that imported the file in one go."""
    whole = Place(folder)
    assert whole.command.run("import", "graph", whole.command.write("estate.jsonl", text)).code == 0
    return whole.export()


def kill_after(process: subprocess.Popen[bytes], store: Store, delay_s: float) -> int:
    """Kill the process after a while; returns the newest revision that a reader had seen by then."""
    deadline = time.monotonic() + delay_s
    seen = store.revision()
    while time.monotonic() < deadline and process.poll() is None:
        seen = max(seen, store.revision())
        time.sleep(0.02)
    process.kill()
    process.wait(30)
    return seen


def entities(store: Store, kind: Kind) -> Iterator[Any]:
    after = ""
    while page := store.scan(kind, after=after):
        yield from page
        after = page[-1].id


def check_nothing_lost_or_doubled(store: Store, seen: int) -> None:
    """Revisions without gaps, all that was seen still there, one CI for each strong key, one relationship for each triple."""
    revisions = [revision.number for revision in store.revisions(limit=10_000)]
    assert sorted(revisions) == list(range(1, store.revision() + 1))
    assert store.revision() >= seen
    cis: dict[str, CI] = {ci.id: ci for ci in entities(store, Kind.CI)}
    claims: list[Claim] = list(entities(store, Kind.CLAIM))
    assert {claim.ci for claim in claims} == {ci.id for ci in cis.values() if ci.merged_into is None}
    owners: dict[str, set[str]] = collections.defaultdict(set)
    for claim in claims:
        for kind in STRONG:
            for value in claim.identifiers.get(kind.value, ()):
                owners[key(kind, value)].add(claim.ci)
    stored = {full: held for start in range(0, len(owners), 5_000) for full, held in _owners(store, owners, start)}
    for full, mine in owners.items():
        assert set(stored[full].owners) == mine
        assert len(mine) == 1 or stored[full].is_shared
    relationships: list[Relationship] = list(entities(store, Kind.RELATIONSHIP))
    triples = collections.Counter((one.source, one.type, one.target) for one in relationships)
    assert set(triples.values()) <= {1}
    assert {end for one in relationships for end in (one.source, one.target)} <= set(cis)


def _owners(store: Store, owners: dict[str, set[str]], start: int) -> list[tuple[str, Any]]:
    return list(store.owners(list(owners)[start : start + 5_000]).items())


def test_an_import_killed_at_random_loses_and_doubles_nothing_and_is_finished_by_importing_again(
    place: Place, tmp_path: Path
) -> None:
    chance = random.Random(9)
    cis = CIS[place.kind]
    text = estate(cis)
    path = place.command.write("estate.jsonl", text)
    was_cut = 0
    with contextlib.closing(place.open()) as watching:
        for _ in range(IMPORT_KILLS):
            process = place.start("import", "graph", path)
            seen = kill_after(process, watching, chance.uniform(0.3, 2.2))
            was_cut += process.returncode == -9
            with contextlib.closing(place.open()) as again:
                check_nothing_lost_or_doubled(again, seen)
                made = sum(again.count(Kind.CI).values())
                assert made in (0, cis)
    assert was_cut
    assert place.command.run("import", "graph", path).code == 0
    assert place.export() == uninterrupted(text, tmp_path / "whole")
    with contextlib.closing(place.open()) as again:
        revision = again.revision()
    assert json.loads(place.command.run("import", "graph", path, "--json").out.splitlines()[-1])["revision"] is None
    with contextlib.closing(place.open()) as again:
        assert again.revision() == revision


def test_a_scan_killed_at_random_loses_and_doubles_nothing_and_the_next_one_completes(place: Place) -> None:
    chance = random.Random(7)
    with contextlib.closing(place.open()) as watching:
        for _ in range(SCAN_KILLS):
            seen = kill_after(place.start("scan", "local"), watching, chance.uniform(0.3, 2.2))
            with contextlib.closing(place.open()) as again:
                check_nothing_lost_or_doubled(again, seen)
                hosts = [ci for ci in entities(again, Kind.CI) if REGISTRY.is_a(ci.class_name, "host")]
                assert len(hosts) <= 1
    done = place.command.run("scan", "local", "--json")
    assert done.code == 0
    assert done.document()["state"] == "done"
    with contextlib.closing(place.open()) as again:
        check_nothing_lost_or_doubled(again, 1)
        assert sum(count for name, count in again.count(Kind.CI).items() if REGISTRY.is_a(name, "host")) == 1


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Neo4jServer]:
    """A Neo4j that the test may stop."""
    server = Neo4jServer(tmp_path / "neo4j")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.mark.neo4j
def test_an_import_goes_on_or_fails_cleanly_when_neo4j_is_stopped_and_started_in_the_middle(
    own_server: Neo4jServer, tmp_path: Path
) -> None:
    place = Place(tmp_path / "home", own_server)
    text = estate(CIS[place.kind])
    path = place.command.write("estate.jsonl", text)
    process = place.start("import", "graph", path)
    with contextlib.closing(place.open()) as watching:
        deadline = time.monotonic() + 60
        while watching.revision() < 1 and time.monotonic() < deadline:
            time.sleep(0.05)
    own_server.kill()
    time.sleep(1)
    own_server.start()
    code = process.wait(180)
    said = (place.command.folder / "killed.err").read_text().splitlines()
    assert (code, len(said)) in ((0, 0), (1, 1))
    assert not any("Traceback" in line for line in said)
    with contextlib.closing(place.open()) as again:
        check_nothing_lost_or_doubled(again, 1)
    assert place.command.run("import", "graph", path).code == 0
    assert place.export() == uninterrupted(text, tmp_path / "whole")
