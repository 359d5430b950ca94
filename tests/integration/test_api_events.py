"""A real server on loopback: event streams with ids, replay and heartbeat, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from api.event_stream import EventStreams, ServerEvent
from api.metrics import Metrics
from api.server import ApiServer
from cmdb.entities import Kind
from cmdb.errors import Denied, Unavailable
from cmdb.store.sqlite.store import SqliteStore
from discovery.schedules import Schedules
from tests.shared import ROOT
from tests.support.api_world import SHOP, ci, jsonl, make_context


class Serving:
    """A server in a thread of its own, on a free port."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(str(path))
        self.server = ApiServer(make_context(self.store), port=0)
        self.url = self.server.url
        self._thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        for _ in range(500):
            if self.server.is_serving:
                return
            time.sleep(0.02)
        raise AssertionError("the server did not start within 10 s")

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()
        self.store.close()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    made = Serving(tmp_path / "store.db")
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def client(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=serving.url, timeout=30) as made:
        yield made


async def events(response: httpx.Response) -> AsyncIterator[tuple[str, str, dict[str, object]]]:
    """Id, name and data of each event of a stream."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


async def test_the_events_of_a_scan_come_in_order_and_end_with_it(client: httpx.AsyncClient) -> None:
    run_id = (await client.post("/api/v1/scans", json={"scanner": "quick"})).json()["id"]
    async with client.stream("GET", f"/api/v1/scans/{run_id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        found = [event async for event in events(response)]
    assert [id_ for id_, _, _ in found] == ["1", "2", "3", "4"]
    names = [name for _, name, _ in found]
    assert (names[0], names[-1]) == ("run_started", "run_finished")
    assert sorted(names[1:-1]) == ["observation_committed", "target_finished"]
    assert found[-1][2]["state"] == "done"


async def test_a_client_that_comes_back_gets_what_it_missed(client: httpx.AsyncClient) -> None:
    run_id = (await client.post("/api/v1/scans", json={"scanner": "slow"})).json()["id"]
    seen = []
    async with client.stream("GET", f"/api/v1/scans/{run_id}/events") as response:
        async for event in events(response):
            seen.append(event)
            if len(seen) == 2:
                break
    await client.delete(f"/api/v1/scans/{run_id}")
    headers = {"Last-Event-ID": seen[-1][0]}
    async with client.stream("GET", f"/api/v1/scans/{run_id}/events", headers=headers) as response:
        rest = [event async for event in events(response)]
    assert [id_ for id_, _, _ in seen + rest] == ["1", "2", "3", "4"]
    assert (rest[-1][1], rest[-1][2]["state"]) == ("run_finished", "cancelled")


async def test_a_run_of_another_process_is_followed_to_its_end(tmp_path: Path, client: httpx.AsyncClient) -> None:
    other = Serving(tmp_path / "store.db")
    other.start()
    run_id = (await client.post("/api/v1/scans", json={"scanner": "quick"})).json()["id"]
    async with httpx.AsyncClient(base_url=other.url, timeout=30) as far:
        async with far.stream("GET", f"/api/v1/scans/{run_id}/events") as response:
            found = [event async for event in events(response)]
        refused = await far.delete(f"/api/v1/scans/{run_id}")
    other.stop()
    assert [name for _, name, _ in found] == ["target_finished", "run_finished"]
    assert refused.status_code == 409


async def test_events_of_no_run_are_a_problem(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/scans/none/events")).status_code == 404
    run_id = (await client.post("/api/v1/scans", json={"scanner": "quick"})).json()["id"]
    answer = await client.get(f"/api/v1/scans/{run_id}/events", headers={"Last-Event-ID": "yesterday"})
    assert (answer.status_code, answer.json()["place"]) == (422, "Last-Event-ID")


async def test_changes_are_followed_live_and_replayed_from_a_cursor(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/imports/graph", content=jsonl(ci("old", "server")))
    live: list[tuple[str, str, dict[str, object]]] = []
    async with client.stream("GET", "/api/v1/changes/events") as response:
        await client.post("/api/v1/imports/graph", content=jsonl(*SHOP))
        async for event in events(response):
            live.append(event)
            if sum(data["kind"] == "ci" for _, _, data in live) == 3:
                break
    assert {data["revision"] for _, _, data in live} == {2}
    names = [data["after"]["name"] for _, _, data in live if data["kind"] == "ci"]  # type: ignore[index]
    assert sorted(names) == ["db1", "shop", "web"]
    page = (await client.get("/api/v1/changes", params={"after": "1"})).json()
    assert [id_ for id_, _, _ in live] == [row["cursor"] for row in page["items"]][: len(live)]
    replayed = []
    async with client.stream("GET", "/api/v1/changes/events", headers={"Last-Event-ID": live[0][0]}) as response:
        async for event in events(response):
            replayed.append(event)
            if len(replayed) == len(live) - 1:
                break
    assert replayed == live[1:]


@pytest.fixture
async def second(tmp_path: Path, serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another server on the same store."""
    assert serving.server.is_serving
    other = Serving(tmp_path / "store.db")
    other.start()
    async with httpx.AsyncClient(base_url=other.url, timeout=30) as made:
        yield made
    other.stop()


async def test_another_server_knows_what_the_first_imported(
    client: httpx.AsyncClient, second: httpx.AsyncClient
) -> None:
    answer = await client.post("/api/v1/imports/graph", content=jsonl(*SHOP))
    revision = json.loads(answer.text.splitlines()[-1])["revision"]
    radius = (await second.get("/api/v1/impact", params={"ci": "db1", "min_revision": revision})).json()
    assert [row["name"] for row in radius["impacted"]] == ["shop", "web"]


async def test_two_servers_make_up_a_missed_run_once(
    serving: Serving, client: httpx.AsyncClient, second: httpx.AsyncClient
) -> None:
    an_hour_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    schedules = Schedules(serving.store, clock=lambda: an_hour_ago, check=lambda _: None)
    made = schedules.add(schedules.new("minutely", "quick", cron="* * * * *"), by="test")
    for _ in range(500):
        shown = (await second.get("/api/v1/schedules/minutely")).json()
        if shown["firings"] and shown["firings"][0]["outcome"] == "done":
            break
        await asyncio.sleep(0.02)
    schedules.end(made, by="test")
    firings = shown["firings"]
    assert firings[0]["outcome"] == "done"
    runs = (await client.get("/api/v1/scans")).json()["items"]
    # a minute may have passed in between, which is a due time of its own
    assert 1 <= len(firings) <= 2
    assert min(run["id"] for run in runs if run["schedule"] == made.id) == firings[-1]["run"]
    assert {run["by"] for run in runs} == {"schedule:minutely"}


async def test_a_quiet_stream_sends_a_sign_of_life(client: httpx.AsyncClient) -> None:
    streams = EventStreams(Metrics(), heartbeat_s=0.05)
    never = asyncio.Event()

    async def quiet() -> AsyncIterator[ServerEvent]:
        await never.wait()
        yield ServerEvent("1", "never", None)

    response = streams.respond(quiet())
    sent: list[object] = []
    async for block in response.body_iterator:
        sent.append(block)
        if len(sent) == 3:
            streams.close()
    assert sent == [b"retry: 2000\n\n", b": still here\n\n", b": still here\n\n"]


async def test_more_streams_than_allowed_are_turned_away() -> None:
    streams = EventStreams(Metrics(), limit=0)

    async def nothing() -> AsyncIterator[ServerEvent]:
        return
        yield

    with pytest.raises(Unavailable):
        streams.respond(nothing())


async def test_a_stopping_server_ends_streams_and_runs(tmp_path: Path) -> None:
    serving = Serving(tmp_path / "store.db")
    serving.start()
    async with httpx.AsyncClient(base_url=serving.url, timeout=30) as client:
        run_id = (await client.post("/api/v1/scans", json={"scanner": "slow"})).json()["id"]
        async with client.stream("GET", "/api/v1/changes/events") as response:
            serving.server.stop()
            with contextlib.suppress(httpx.HTTPError):
                async for _ in response.aiter_lines():
                    pass
    await asyncio.to_thread(serving.stop)
    kept = SqliteStore(str(tmp_path / "store.db"))
    (run,) = kept.scan(Kind.RUN)
    kept.close()
    assert (run.id, getattr(run, "state", None)) == (run_id, "cancelled")


def test_a_taken_port_is_said_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        store = SqliteStore.in_memory()
        with pytest.raises(Unavailable) as caught:
            ApiServer(make_context(store), port=port)
        assert str(port) in caught.value.message
        store.close()


def test_listening_for_strangers_needs_a_token() -> None:
    store = SqliteStore.in_memory()
    with pytest.raises(Denied):
        ApiServer(make_context(store), host="0.0.0.0", port=0)
    store.close()


PROGRAM = """
import sys
from api.server import ApiServer
from cmdb.store.sqlite.store import SqliteStore
from tests.support.api_world import make_context
store = SqliteStore(sys.argv[1])
ApiServer(make_context(store), port=0).run(on_start=lambda url: print(url, flush=True))
store.close()
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_in_order(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "store.db")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/healthz").json()["status"] == "ok"
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "ended\n")
