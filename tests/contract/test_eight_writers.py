"""Eight processes import overlapping halves of one estate at once: the graph of one writer, and nobody is told of a lost race."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from pathlib import Path

import pytest

from cmdb.entities import CI, Claim, Kind, Redundancy, Relationship
from cmdb.formats.estate import generate_estate
from cmdb.store.neo4j.store import Neo4jStore
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.contract.store.opening import labels_of
from tests.support.command import Command

WRITERS = 8
CIS = 1000
AT = "2026-03-01T12:00:00Z"
_LONGEST_S = 280.0


def _opened(place: str) -> Store:
    if "|" not in place:
        return SqliteStore(place)
    url, user, password = place.split("|")
    return Neo4jStore(url, user=user, password=password, database="neo4j", labels_of=labels_of)


def _command(folder: Path, place: str) -> Command:
    if "|" not in place:
        return Command(folder, store=f"sqlite:///{place}")
    url, _, password = place.split("|")
    return Command(folder, store=url, neo4j_password=password)


def _halves(lines: list[str]) -> list[list[str]]:
    """For each writer half of the CIs, begun an eighth further on than the one before, with the relationships inside it."""
    ids = [document["ci"]["id"] for line in lines if "ci" in (document := json.loads(line))]
    halves = []
    for writer in range(WRITERS):
        start = writer * len(ids) // WRITERS
        mine = set((ids + ids)[start : start + len(ids) // 2])
        halves.append([line for line in lines if _ends(json.loads(line)) <= mine])
    return halves


def _ends(document: dict[str, dict[str, object]]) -> set[str]:
    ((kind, body),) = document.items()
    if kind == "ci":
        return {str(body["id"])}
    if kind == "redundancy":
        members = body["members"]
        assert isinstance(members, list)
        return {str(body["of"]), *members}
    return {str(body["source"]), str(body["target"])}


def _graph(store: Store) -> dict[str, Counter[tuple[str, ...]]]:
    """The store's content without its ids."""
    cis = {entity.id: entity for entity in store.scan(Kind.CI) if isinstance(entity, CI)}
    name = {id_: ci.name for id_, ci in cis.items()}
    found: dict[str, Counter[tuple[str, ...]]] = {
        "cis": Counter((ci.class_name, ci.name, json.dumps(ci.attributes, sort_keys=True)) for ci in cis.values())
    }
    found["relationships"] = Counter(
        (name[one.source], one.type, name[one.target], *sorted(one.claimed))
        for one in store.scan(Kind.RELATIONSHIP)
        if isinstance(one, Relationship)
    )
    found["groups"] = Counter(
        (name[one.of], one.name or "", *sorted(name[member] for member in one.members), *one.sources)
        for one in store.scan(Kind.REDUNDANCY)
        if isinstance(one, Redundancy)
    )
    found["claims"] = Counter(
        (name[one.ci], one.source, one.record) for one in store.scan(Kind.CLAIM) if isinstance(one, Claim)
    )
    return found


@pytest.mark.parametrize("sources", [1, 4])
def test_eight_writers_of_overlapping_halves_leave_the_graph_of_one(place: str, tmp_path: Path, sources: int) -> None:
    lines = list(generate_estate(CIS, seed=8))
    # what has no serial number is one thing to its own source only
    ids = {
        document["ci"]["id"]
        for line in lines
        if "ci" in (document := json.loads(line)) and (sources == 1 or "serial_number" in document["ci"]["attributes"])
    }
    inputs = []
    for writer, half in enumerate(_halves([line for line in lines if _ends(json.loads(line)) <= ids])):
        path = tmp_path / f"half-{writer}.jsonl"
        path.write_text("\n".join(half), encoding="utf-8")
        inputs.append((str(path), f"source-{writer % sources}"))
    command = _command(tmp_path / "home", place)
    with contextlib.closing(_opened(place)):
        pass
    said = [(tmp_path / f"out-{writer}", tmp_path / f"err-{writer}") for writer in range(WRITERS)]
    running = [
        command.start("import", "graph", path, "--source", source, "--at", AT, out=out, err=err)
        for (path, source), (out, err) in zip(inputs, said, strict=True)
    ]
    codes = [process.wait(_LONGEST_S) for process in running]
    assert [err.read_text(encoding="utf-8") for _, err in said] == [""] * WRITERS
    assert codes == [0] * WRITERS
    other = str(tmp_path / "one.db")
    one = _command(tmp_path / "other", other)
    for name, source in inputs:
        assert one.run("import", "graph", name, "--source", source, "--at", AT).code == 0
    with contextlib.closing(_opened(place)) as raced, contextlib.closing(_opened(other)) as alone:
        assert _graph(raced) == _graph(alone)
        named = Counter(ci.name for ci in raced.scan(Kind.CI) if isinstance(ci, CI) and ci.merged_into is None)
        assert set(named) == ids
        assert set(named.values()) == {1}
