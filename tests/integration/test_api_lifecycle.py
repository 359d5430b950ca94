"""Things end over HTTP: deleted, retired on request, purged, erased."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.api_world import SHOP, World, open_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as opened:
        await opened.import_graph(*SHOP)
        yield opened


async def test_a_ci_is_deleted_with_a_reason_and_its_presence_says_who(world: World) -> None:
    assert (await world.client.delete("/api/v1/cis/db1")).status_code == 422
    done = await world.client.delete("/api/v1/cis/db1", params={"reason": "scrapped"})
    assert done.status_code == 200, done.text
    assert [ci["name"] for ci in done.json()["retired"]] == ["db1"]
    shown = await world.get("/cis/db1")
    assert shown["lifecycle"] == "retired"
    presence = await world.get("/cis/db1/presence")
    assert (presence["state"], presence["run"]) == ("gone", None)


async def test_a_purge_shows_first_and_needs_a_plain_no_to_the_dry_run(world: World) -> None:
    await world.client.delete("/api/v1/cis/db1", params={"reason": "scrapped"})
    early = await world.client.post("/api/v1/purge", json={"cis": ["db1"]})
    assert early.status_code == 409, early.text
    shown = await world.client.post("/api/v1/purge", json={"cis": ["db1"], "retired_for_days": 0})
    assert [(one["name"], one["revision"]) for one in shown.json()["items"]] == [("db1", None)]
    id_ = shown.json()["items"][0]["id"]
    assert (await world.client.get("/api/v1/cis/db1")).status_code == 200
    done = await world.client.post("/api/v1/purge", json={"retired_for_days": 0, "dry_run": False})
    assert [one["name"] for one in done.json()["items"]] == ["db1"]
    gone = await world.client.get(f"/api/v1/cis/{id_}")
    assert gone.status_code == 404
    assert "was purged" in gone.json()["detail"]


async def test_a_person_is_erased_by_login(world: World) -> None:
    done = await world.client.post("/api/v1/erase", json={"person": "person:ada"})
    assert done.status_code == 200, done.text
    assert done.json()["pseudonym"].startswith("erased-")
    unknown = await world.client.post("/api/v1/erase", json={"person": "nobody"})
    assert unknown.status_code == 422


async def test_only_a_stopped_run_is_retired_on_request(world: World) -> None:
    unknown = await world.client.post("/api/v1/review/nothing/retire")
    assert unknown.status_code == 404
