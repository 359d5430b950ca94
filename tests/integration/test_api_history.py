"""The past over HTTP: as of then, differences, baselines, intended states, compaction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import cast

import pytest

from api.history_models import BaselineAnswer, CompactionAnswer, DifferencePage
from api.models import CiAnswer, CiPage, HistoryPage, RelationshipPage
from cmdb.store.sqlite.store import SqliteStore
from tests.support.api_world import World, ci, jsonl, open_world, rel

HOUSE = (ci("db1", "server", os_version="11"), ci("esx1", "hypervisor"), rel("db1", "RUNS_ON", "esx1"))
MOVED = (ci("db1", "server", os_version="12"), ci("esx2", "hypervisor"), rel("db1", "RUNS_ON", "esx2"))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        await made.import_graph(*HOUSE)
        await made.import_graph(*MOVED)
        yield made


async def test_a_ci_a_list_and_its_relationships_are_answered_as_of_a_revision(world: World) -> None:
    then = CiAnswer.model_validate(await world.get("/cis/db1", as_of="1"))
    assert (then.attributes["os_version"], then.revision, then.warnings) == ("11", 1, [])
    page = CiPage.model_validate(await world.get("/cis", as_of="@1"))
    assert [row.name for row in page.items] == ["db1", "esx1"]
    around = RelationshipPage.model_validate(await world.get("/cis/db1/relationships", as_of="1"))
    assert [row.ci.name for row in around.items] == ["esx1"]
    history = HistoryPage.model_validate(await world.get("/cis/db1/history", as_of="1"))
    assert [row.revision for row in history.items] == [1]


async def test_a_time_is_the_time_of_commit(world: World) -> None:
    first = world.store.revisions(limit=1)[0].at
    then = CiAnswer.model_validate(await world.get("/cis/db1", as_of=first.isoformat()))
    assert then.attributes["os_version"] == "11"
    before = await world.client.get("/api/v1/cis/db1", params={"as_of": (first - dt.timedelta(days=1)).isoformat()})
    assert before.status_code == 404


@pytest.mark.parametrize(("as_of", "status"), [("yesterday", 422), ("99", 404)])
async def test_what_is_no_point_of_the_past_is_refused(world: World, as_of: str, status: int) -> None:
    answer = await world.client.get("/api/v1/cis/db1", params={"as_of": as_of})
    assert (answer.status_code, "as_of" in answer.json()["detail"]) == (status, True)


async def test_what_differs_comes_in_pages(world: World) -> None:
    rows = []
    params: dict[str, str | int] = {"from": "1", "limit": 1}
    while True:
        page = DifferencePage.model_validate(await world.get("/diff", **params))
        rows += [(row.kind, row.what) for row in page.items]
        if page.cursor is None:
            break
        params["cursor"] = page.cursor
    assert sorted(rows) == [("ci", "appeared"), ("ci", "changed"), ("relationship", "appeared")]
    only = DifferencePage.model_validate(await world.get("/diff", **{"from": "1", "to": "2", "class": "database"}))
    assert (only.items, only.from_, only.to) == ([], 1, 2)


async def test_the_earlier_point_is_from(world: World) -> None:
    answer = await world.client.get("/api/v1/diff", params={"from": "2", "to": "1"})
    assert answer.status_code == 422


async def test_a_baseline_is_set_shown_compared_and_forgotten(world: World) -> None:
    put = await world.client.put("/api/v1/baselines/agreed", json={"at": "1", "class": "server", "reason": "CAB"})
    made = BaselineAnswer.model_validate(put.json())
    assert (made.name, made.revision, made.class_, made.reason) == ("agreed", 1, "server", "CAB")
    assert BaselineAnswer.model_validate(await world.get("/baselines/agreed")) == made
    listed = await world.client.get("/api/v1/baselines")
    assert [row["name"] for row in listed.json()] == ["agreed"]
    drift = DifferencePage.model_validate(await world.get("/baselines/agreed/diff", to="2"))
    assert ("ci", "changed") in [(row.kind, row.what) for row in drift.items]
    assert (await world.client.delete("/api/v1/baselines/agreed")).status_code == 204
    assert (await world.client.get("/api/v1/baselines/agreed")).status_code == 404


async def test_an_intended_state_is_compared_and_nothing_is_written(world: World) -> None:
    body = jsonl(ci("db1", "server", os_version="13"), ci("db9", "server"))
    answer = await world.client.post("/api/v1/intended/graph", content=body)
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [(row["what"], row["ci"]["name"]) for row in rows if row["ci"]["class"] == "server"] == [
        ("differs", "db1"),
        ("missing", "db9"),
    ]
    assert rows[0]["changes"] == {"os_version": ["13", "12"]}
    assert world.store.revision() == 2


async def test_the_past_is_thinned_out_and_a_feed_from_a_lost_place_is_gone() -> None:
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    store = SqliteStore.in_memory(clock=lambda: now)
    async with open_world(store=store) as world:
        for version in ("10", "11", "12"):
            await world.import_graph(ci("db1", "server", os_version=version))
        tried = await world.client.post("/api/v1/compaction", json={"keep_days": 1, "dry_run": True})
        assert CompactionAnswer.model_validate(tried.json()).dropped is None
        done = await world.client.post("/api/v1/compaction", json={"keep_days": 1})
        answer = CompactionAnswer.model_validate(done.json())
        assert (answer.revision, answer.days, answer.named) == (3, 1, 0)
        assert cast("int", answer.dropped) > 0
        gone = await world.client.get("/api/v1/changes", params={"after": "2"})
        assert (gone.status_code, gone.json()["title"]) == (410, "Kept no longer")
        assert (await world.client.get("/api/v1/changes", params={"after": "3"})).status_code == 200
