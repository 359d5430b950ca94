"""Scans and schedules over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from api.models import RunAnswer, RunPage, ScheduleAnswer
from cmdb.entities import Kind
from tests.support.api_world import World, ended, open_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made


async def test_a_scan_runs_to_its_recorded_end(world: World) -> None:
    started = await world.client.post("/api/v1/scans", json={"scanner": "quick"})
    assert started.status_code == 202
    run_id = started.json()["id"]
    assert started.headers["location"] == f"/api/v1/scans/{run_id}"
    run = RunAnswer.model_validate(await ended(world, run_id))
    assert (run.state, run.counts["created"], run.results[0].target) == ("done", 1, "10.0.0.1")
    page = RunPage.model_validate(await world.get("/scans"))
    assert [row.id for row in page.items] == [run_id]


async def test_a_scan_is_stopped_and_keeps_what_it_confirmed(world: World) -> None:
    started = (await world.client.post("/api/v1/scans", json={"scanner": "slow"})).json()
    stopped = await world.client.delete(f"/api/v1/scans/{started['id']}")
    assert stopped.status_code == 202
    run = await ended(world, started["id"])
    assert run["state"] == "cancelled"
    again = await world.client.delete(f"/api/v1/scans/{started['id']}")
    assert (again.status_code, again.json()["ids"]) == (409, [started["id"]])


async def test_what_a_scan_needs_and_is_not_there_is_said(world: World) -> None:
    unknown = await world.client.post("/api/v1/scans", json={"scanner": "nonsuch"})
    assert unknown.status_code == 422
    assert "quick" in unknown.json()["detail"]
    lacking = await world.client.post("/api/v1/scans", json={"scanner": "quick", "credentials": ["core"]})
    assert lacking.status_code == 422
    assert world.store.count(Kind.RUN) == {}
    missing = await world.client.get("/api/v1/scans/0193-none")
    assert missing.status_code == 404


async def test_more_scans_than_a_server_takes_are_turned_away() -> None:
    async with open_world(limit=1) as world:
        await world.client.post("/api/v1/scans", json={"scanner": "slow"})
        second = await world.client.post("/api/v1/scans", json={"scanner": "slow"})
        assert second.status_code == 503


async def test_a_schedule_is_added_shown_run_and_removed(world: World) -> None:
    body = {"name": "nightly", "scanner": "quick", "cron": "0 3 * * *", "timezone": "Europe/Berlin"}
    added = await world.client.post("/api/v1/schedules", json=body)
    assert added.status_code == 201
    shown = await world.client.get("/api/v1/schedules/nightly")
    schedule = ScheduleAnswer.model_validate(shown.json())
    assert (schedule.name, schedule.firings) == ("nightly", [])
    assert schedule.next_due_at is not None
    started = await world.client.post("/api/v1/schedules/nightly/run")
    assert started.status_code == 202
    run = await ended(world, started.json()["id"])
    assert (run["state"], run["schedule"]) == ("done", schedule.id)
    stale = await world.client.delete("/api/v1/schedules/nightly", headers={"If-Match": '"of another time"'})
    assert stale.status_code == 412
    removed = await world.client.delete("/api/v1/schedules/nightly", headers={"If-Match": shown.headers["etag"]})
    assert removed.status_code == 204
    assert (await world.client.get("/api/v1/schedules")).json() == []


async def test_a_schedule_that_cannot_work_names_the_field(world: World) -> None:
    body = {"name": "nightly", "scanner": "quick", "cron": "0 25 * * *"}
    answer = await world.client.post("/api/v1/schedules", json=body)
    assert (answer.status_code, answer.json()["place"]) == (422, "cron")


async def test_a_schedule_that_runs_is_not_run_beside_itself(world: World) -> None:
    await world.client.post("/api/v1/schedules", json={"name": "slow", "scanner": "slow", "interval_s": 3600})
    assert (await world.client.post("/api/v1/schedules/slow/run")).status_code == 202
    assert (await world.client.post("/api/v1/schedules/slow/run")).status_code == 409
