"""Errors are problem details, whoever makes them; strangers and floods are turned away at the door."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from api.binding import check_bind, is_loopback
from api.errors import Busy, Problem
from api.gate import Lane
from cmdb.entities import Kind
from cmdb.errors import Denied
from cmdb.store.sqlite.store import SqliteStore
from tests.support.api_world import LOOPBACK, SHOP, World, ci, ended, jsonl, open_world

TOKEN = "b3f1c0ffee-and-then-some-random"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made


def problem_of(answer: httpx.Response) -> Problem:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate(answer.json())
    assert problem.status == answer.status_code
    assert problem.request_id == answer.headers["x-request-id"]
    return problem


async def test_a_missing_ci_is_a_problem_with_its_path(world: World) -> None:
    problem = problem_of(await world.client.get("/api/v1/cis/nobody"))
    assert (problem.status, problem.type) == (404, "urn:cmdb:problem:not-found")
    assert problem.instance == "/api/v1/cis/nobody"
    assert "nobody" in problem.detail


async def test_an_unknown_path_and_a_wrong_method_are_problems(world: World) -> None:
    assert problem_of(await world.client.get("/api/v2/cis")).status == 404
    answer = await world.client.put("/api/v1/scans", json={})
    assert problem_of(answer).status == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) <= {"GET", "POST", "HEAD"}


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/api/v1/scans", {"scanner": 7}, "/scanner"),
        ("/api/v1/scans", {"scanner": "quick", "colour": "red"}, "/colour"),
        ("/api/v1/scans", {}, "/scanner"),
        ("/api/v1/impact", {"min_confidence": 1.5}, "/min_confidence"),
        ("/api/v1/schedules", {"name": "x", "scanner": "quick", "interval_s": "soon"}, "/interval_s"),
    ],
)
async def test_a_body_that_does_not_fit_names_the_place(
    world: World, path: str, body: dict[str, object], place: str
) -> None:
    problem = problem_of(await world.client.post(path, json=body))
    assert (problem.status, problem.type) == (422, "urn:cmdb:problem:invalid")
    assert [fault.place for fault in problem.errors] == [place]


async def test_a_body_that_is_no_json_is_a_problem(world: World) -> None:
    headers = {"content-type": "application/json"}
    assert problem_of(await world.client.post("/api/v1/scans", content=b'{"scanner": ', headers=headers)).status == 422


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=many", "cursor=none-of-ours"])
async def test_pages_have_bounds_and_cursors_are_checked(world: World, query: str) -> None:
    assert problem_of(await world.client.get(f"/api/v1/cis?{query}")).status == 422


async def test_an_unexpected_error_says_nothing_but_where_to_look() -> None:
    class Broken(SqliteStore):
        def revisions(self, **_: object) -> tuple[()]:
            raise RuntimeError("password hunter2 on line 7")

    async with open_world(store=Broken(":memory:")) as world:
        answer = await world.client.get("/api/v1/revisions", headers={"X-Request-Id": "abc-1"})
        problem = problem_of(answer)
    assert (problem.status, problem.request_id) == (500, "abc-1")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


async def test_a_request_id_is_echoed_or_made(world: World) -> None:
    echoed = await world.client.get("/healthz", headers={"X-Request-Id": "trace:42"})
    assert echoed.headers["x-request-id"] == "trace:42"
    for bad in ("", "a b", "x" * 200, "<script>"):
        made = await world.client.get("/healthz", headers={"X-Request-Id": bad})
        assert len(made.headers["x-request-id"]) == 32


async def test_answers_may_not_be_framed_sniffed_or_load_from_elsewhere(world: World) -> None:
    headers = (await world.client.get("/")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(world: World) -> None:
    declared = await world.client.post("/api/v1/scans", content=b"x" * 1_000_001)
    assert problem_of(declared).status == 413

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    undeclared = await world.client.post(
        "/api/v1/scans", content=blocks(), headers={"content-type": "application/json"}
    )
    assert problem_of(undeclared).status == 413


async def test_an_import_may_be_larger_than_other_bodies(world: World) -> None:
    rows = [ci(f"srv{number}", "server", description="x" * 500) for number in range(3000)]
    body = jsonl(*rows)
    assert len(body) > 1_500_000
    answer = await world.client.post("/api/v1/imports/graph", content=body, params={"dry_run": "true"})
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "192.0.2.7:8000", "127.0.0.1.evil.example", ""])
async def test_a_foreign_host_is_refused_without_a_token(world: World, host: str) -> None:
    assert problem_of(await world.client.get("/api/v1/cis", headers={"Host": host})).status == 403


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "cmdb.localhost"])
async def test_this_machine_by_any_name_is_let_in(world: World, host: str) -> None:
    assert (await world.client.get("/api/v1/cis", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:3000", "http://127.0.0.1:9999"])
async def test_a_page_of_another_origin_is_refused(world: World, origin: str) -> None:
    answer = await world.client.post("/api/v1/scans", json={"scanner": "quick"}, headers={"Origin": origin})
    assert problem_of(answer).status == 403
    assert (await world.client.get("/api/v1/cis", headers={"Origin": LOOPBACK})).status_code == 200
    crossed = await world.client.get("/api/v1/cis", headers={"Sec-Fetch-Site": "cross-site"})
    assert problem_of(crossed).status == 403


async def test_with_a_token_every_call_but_the_sign_of_life_needs_it() -> None:
    async with open_world(token=TOKEN) as world:
        for path in ("/api/v1/cis", "/api/v1/openapi.json", "/readyz", "/metrics", "/", "/nowhere"):
            answer = await world.client.get(path)
            assert problem_of(answer).status == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for wrong in ("Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer {TOKEN}x", "Bearer tökèn"):
            sent = {"Authorization": wrong.encode()}
            assert (await world.client.get("/api/v1/cis", headers=sent)).status_code == 401  # type: ignore[arg-type]
        right = {"Authorization": f"Bearer {TOKEN}", "Host": "cmdb.example"}
        assert (await world.client.get("/api/v1/cis", headers=right)).status_code == 200
        assert (await world.client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "cmdb.example", "localhost.evil.example", ""])
def test_another_address_than_loopback_needs_a_token(host: str) -> None:
    with pytest.raises(Denied) as caught:
        check_bind(host, None)
    assert "CMDB_BOOTSTRAP_TOKEN" in caught.value.message
    check_bind(host, TOKEN)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    check_bind(host, None)
    assert is_loopback(host)


def test_a_short_token_is_refused_and_not_shown() -> None:
    with pytest.raises(Denied) as caught:
        check_bind("127.0.0.1", "hunter2")
    assert "hunter2" not in caught.value.message


async def test_the_same_key_and_body_are_done_once(world: World) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = await world.client.post("/api/v1/scans", json={"scanner": "quick"}, headers=headers)
    again = await world.client.post("/api/v1/scans", json={"scanner": "quick"}, headers=headers)
    assert (again.status_code, again.json(), again.headers["location"]) == (
        202,
        first.json(),
        first.headers["location"],
    )
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    await ended(world, first.json()["id"])
    assert len((await world.get("/scans"))["items"]) == 1  # type: ignore[arg-type]
    other = await world.client.post("/api/v1/scans", json={"scanner": "slow"}, headers=headers)
    assert problem_of(other).place == "Idempotency-Key"


async def test_a_call_that_failed_may_be_tried_again_under_its_key(world: World) -> None:
    headers = {"Idempotency-Key": "order-2"}
    body = {"name": "nightly", "scanner": "quick", "cron": "never"}
    assert (await world.client.post("/api/v1/schedules", json=body, headers=headers)).status_code == 422
    body["cron"] = "0 3 * * *"
    assert (await world.client.post("/api/v1/schedules", json=body, headers=headers)).status_code == 201


async def test_a_second_call_while_the_first_is_under_way_is_a_conflict() -> None:
    gate = threading.Event()

    class Held(SqliteStore):
        def scan(self, kind: Kind, **_: object) -> tuple[()]:
            if kind is Kind.SCHEDULE:
                gate.wait(20)
            return ()

    async with open_world(store=Held(":memory:")) as world:
        headers = {"Idempotency-Key": "order-3"}
        body = {"name": "nightly", "scanner": "quick", "cron": "0 3 * * *"}
        first = asyncio.create_task(world.client.post("/api/v1/schedules", json=body, headers=headers))
        await asyncio.sleep(0.1)
        second = await world.client.post("/api/v1/schedules", json=body, headers=headers)
        gate.set()
        assert problem_of(second).status == 409
        assert (await first).status_code == 201


@pytest.fixture
def door() -> Iterator[threading.Event]:
    opened = threading.Event()
    yield opened
    opened.set()


async def test_a_lane_runs_its_width_queues_its_room_and_turns_the_rest_away(door: threading.Event) -> None:
    lane = Lane("writes", width=1, waiting=2)
    order: list[int] = []

    def work(number: int) -> int:
        door.wait(20)
        order.append(number)
        return number

    tasks = [asyncio.create_task(lane.run(lambda number=number: work(number))) for number in range(3)]  # type: ignore[misc]
    await asyncio.sleep(0.05)
    assert lane.inside == 3
    with pytest.raises(Busy):
        await lane.run(lambda: work(99))
    door.set()
    assert await asyncio.gather(*tasks) == [0, 1, 2]
    assert order == [0, 1, 2]
    assert lane.inside == 0


async def test_rows_that_are_refused_do_not_stop_the_others(world: World) -> None:
    lines = await world.import_graph(*SHOP, ci("x", "teapot"))
    assert (lines[-1]["created"], lines[-1]["refused"]) == (3, 1)
    strict = await world.import_graph(ci("fine", "server"), ci("x", "teapot"), strict="true")
    assert strict[-1]["revision"] is None
    assert (await world.client.get("/api/v1/cis/fine")).status_code == 404
