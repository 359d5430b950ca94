"""Edits by people over HTTP: what they say goes first, guarded by the version that was read."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from api.application import create_app
from cmdb.entities import Kind
from cmdb.store.sqlite.store import SqliteStore
from tests.support.api_world import LOOPBACK, SHOP, World, make_context, open_world, utc_now


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as opened:
        await opened.import_graph(*SHOP)
        yield opened


async def test_an_edit_answers_with_the_ci_as_it_is_then(world: World) -> None:
    read = await world.client.get("/api/v1/cis/db1")
    body = {"attributes": {"owner": "Ana", "cpu_count": "8"}, "reason": "asked her"}
    done = await world.client.patch("/api/v1/cis/db1", json=body, headers={"If-Match": read.headers["ETag"]})
    assert done.status_code == 200, done.text
    assert (done.json()["attributes"]["owner"], done.json()["attributes"]["cpu_count"]) == ("Ana", 8)
    again = await world.client.get("/api/v1/cis/db1", headers={"If-None-Match": done.headers["ETag"]})
    assert again.status_code == 304


async def test_an_edit_of_what_has_changed_since_it_was_read_is_refused(world: World) -> None:
    read = await world.client.get("/api/v1/cis/db1")
    body = {"attributes": {"owner": "Ana"}, "reason": "asked her"}
    await world.client.patch("/api/v1/cis/db1", json=body)
    late = await world.client.patch("/api/v1/cis/db1", json=body, headers={"If-Match": read.headers["ETag"]})
    assert late.status_code == 412


async def test_what_an_edit_blocks_stands_in_review_and_in_explain(world: World) -> None:
    await world.client.patch(
        "/api/v1/cis/db1", json={"attributes": {"serial_number": "S-9"}, "reason": "read the label"}
    )
    await world.import_graph(*SHOP)
    review = await world.get("/review")
    items = review["items"]
    assert isinstance(items, list)
    (item,) = items
    assert (item["kind"], item["values"]["attribute"], item["values"]["reason"]) == (
        "blocked_update",
        "serial_number",
        "read the label",
    )
    explained = await world.get("/cis/db1/explain", attribute="serial_number")
    attributes = explained["attributes"]
    assert isinstance(attributes, dict)
    assert attributes["serial_number"]["source"] == "person:api"
    assert attributes["serial_number"]["value"] == "S-9"


async def test_a_relationship_is_said_denied_and_left_to_its_sources(world: World) -> None:
    body: dict[str, object] = {"type": "DEPENDS_ON", "target": "db1", "is_there": False, "reason": "moved away"}
    done = await world.client.put("/api/v1/cis/web/relationships", json=body)
    assert done.status_code == 200, done.text
    await world.import_graph(*SHOP)
    page = await world.get("/cis/db1/relationships")
    assert page["items"] == []
    await world.client.put("/api/v1/cis/web/relationships", json={**body, "is_there": None})
    await world.import_graph(*SHOP)
    page = await world.get("/cis/db1/relationships")
    assert isinstance(page["items"], list)
    assert len(page["items"]) == 1


async def test_an_edit_that_ran_out_is_settled_by_the_server_itself() -> None:
    store = SqliteStore.in_memory()
    context = replace(make_context(store), housekeeping_every_s=0.05)
    app = create_app(context)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=LOOPBACK, timeout=30) as client,
    ):
        world = World(app, client, store, context)
        await world.import_graph(*SHOP)
        until = (utc_now() + dt.timedelta(seconds=0.5)).isoformat()
        body = {"attributes": {"owner": "Ana"}, "reason": "for now", "until": until}
        assert (await client.patch("/api/v1/cis/db1", json=body)).status_code == 200
        for _ in range(200):
            shown = await world.get("/cis/db1")
            attributes = shown["attributes"]
            assert isinstance(attributes, dict)
            if "owner" not in attributes:
                break
            await asyncio.sleep(0.05)
        assert attributes == {"serial_number": "C02XL0AB1234"}
    store.close()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"attributes": {"owner": "Ana"}}, "reason"),
        ({"attributes": {"ownr": "Ana"}, "reason": "x"}, "did you mean owner"),
        ({"unset": ["owner"], "reason": "x"}, "nobody edited owner"),
        ({"attributes": {"owner": "Ana"}, "reason": "x", "until": "2020-01-01T00:00:00Z"}, "which is past"),
        ({"attributes": {"owner": "Ana"}, "reason": "x", "until": "2099-01-01T00:00:00"}, "has no offset"),
        ({"reason": "x"}, "nothing to edit"),
    ],
)
async def test_an_edit_that_cannot_be_right_is_refused(world: World, body: dict[str, object], told: str) -> None:
    answer = await world.client.patch("/api/v1/cis/db1", json=body)
    assert answer.status_code == 422
    assert told in answer.text


async def test_the_policy_of_an_attribute_is_shown(world: World) -> None:
    answer = await world.client.get("/api/v1/policy/server", params={"attribute": "owner"})
    (row,) = answer.json()
    assert (row["effective_days"], row["sources"][0]["sources"]) == (30.0, ["ssh", "local", "agent", "glpi"])
    assert (await world.client.get("/api/v1/policy/server", params={"attribute": "ownr"})).status_code == 404


async def test_a_policy_is_applied_and_what_ran_out_is_ended_over_http(world: World) -> None:
    applied = await world.client.post("/api/v1/policy/apply", params={"dry_run": "true"})
    assert applied.json() == {"cis": 3, "changed_count": 0, "changed": [], "revisions": []}
    tidied = await world.client.post("/api/v1/tidy")
    assert tidied.json() == {"edits": None, "graces": 0, "parked": 0, "clocks": 0}


async def test_a_group_is_said_and_taken_back_over_http(world: World) -> None:
    body: dict[str, object] = {"members": ["web", "db1"], "name": "parts", "reason": "drawn so"}
    said = await world.client.put("/api/v1/cis/shop/groups", json={**body, "min_up": 1})
    assert said.status_code == 200, said.text
    assert len(world.store.scan(Kind.REDUNDANCY)) == 1
    assert (await world.client.put("/api/v1/cis/shop/groups", json=body)).status_code == 200
    assert world.store.scan(Kind.REDUNDANCY) == ()
    assert (await world.client.put("/api/v1/cis/shop/groups", json=body)).status_code == 422
