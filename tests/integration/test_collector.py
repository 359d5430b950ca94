"""A real server process and real collector processes: scans run there, and nothing that was seen is lost on the way."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest

from cmdb.entities import CI, Kind, RunState
from cmdb.store.sqlite.store import SqliteStore
from discovery.journal import RUN_LEASE_S, RunJournal
from tests.shared import ROOT
from tests.support.row_scanner import SERVERS, install

TOKEN = "a-token-for-one-test-0001"
NAMES = [f"srv{number:02}" for number in range(SERVERS)]
LONGEST_S = 60.0
Json = dict[str, object]


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def until(is_true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not is_true():
        assert time.monotonic() < deadline, f"{what}: not within {LONGEST_S} s"
        time.sleep(0.05)


class World:
    """A server on a free port of loopback with its store on disk, and collectors that have homes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store_path = folder / "store.db"
        (folder / "token").write_text(TOKEN + "\n", encoding="utf-8")
        (folder / "wrong").write_text("another-token-0002\n", encoding="utf-8")
        self._packages = install(folder / "packages")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
        )
        self.processes: list[subprocess.Popen[str]] = []
        self.server: subprocess.Popen[str] | None = None

    def _start(self, home: str, *arguments: str, token: str = "token") -> subprocess.Popen[str]:
        (self.folder / home).mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CMDB_", "XDG_"))}
        environment = {
            **kept,
            "HOME": str(self.folder / home),
            "CMDB_STORE": f"sqlite:///{self.store_path}" if home == "server" else "sqlite:////dev/null/none",
            "CMDB_BOOTSTRAP_TOKEN_FILE": str(self.folder / token),
            "PYTHONPATH": f"{ROOT}:{self._packages}",
            "NUMBA_CACHE_DIR": str(ROOT / ".venv" / "numba-cache"),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=self.folder,
        )
        self.processes.append(process)
        return process

    def serve(self) -> None:
        """Start the server and wait until it answers."""
        self.server = self._start("server", "serve", "--port", str(self.port))
        until(self._is_ready, "the server answers")

    def _is_ready(self) -> bool:
        assert self.server is not None
        assert self.server.poll() is None, self.server.stdout.read() if self.server.stdout else ""
        try:
            return self.client.get("/collectors").status_code == 200
        except httpx.TransportError:
            return False

    def kill_server(self) -> None:
        assert self.server is not None
        self.server.kill()
        self.server.wait(10)

    def collect(self, *options: str, token: str = "token") -> subprocess.Popen[str]:
        """Start the collector `far`."""
        return self._start("collector", "collector", "--server", self.url, "--name", "far", *options, token=token)

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that works on the server's store."""
        return self._start("server", *arguments)

    def order(self, scanner: str, *targets: str, **options: str) -> str:
        """Order a scan from the collector; its run's id."""
        body = {"scanner": scanner, "targets": targets, "collector": "far", "options": options}
        answer = self.client.post("/scans", json=body)
        assert answer.status_code == 202, answer.text
        assert (answer.json()["state"], answer.json()["collector"]) == ("queued", "far")
        return str(answer.json()["id"])

    def run(self, run_id: str) -> Json:
        return cast("Json", self.client.get(f"/scans/{run_id}").json())

    def count(self, run_id: str, name: str) -> int:
        return cast("dict[str, int]", self.run(run_id)["counts"]).get(name, 0)

    def servers(self) -> list[str]:
        """Names of the servers in the store, sorted."""
        store = SqliteStore(str(self.store_path))
        found = sorted(ci.name for ci in store.scan(Kind.CI) if isinstance(ci, CI) and ci.class_name == "server")
        store.close()
        return found

    def spooled(self) -> int:
        """Observations that wait on the collector's disk."""
        return len(list((self.folder / "collector").glob(".local/share/graph-cmdb/collector/*/*/0*.json")))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.client.close()
    for process in made.processes:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code of a process that ends by itself, and what it said."""
    said, _ = process.communicate(timeout=LONGEST_S)
    return process.returncode, said


def test_a_scan_that_is_ordered_over_http_runs_at_the_collector(world: World) -> None:
    world.serve()
    run_id = world.order("row")
    code, said = ended(world.collect("--once"))
    assert code == 0, said
    run = world.run(run_id)
    assert (run["state"], run["by"], run["collector"]) == ("done", "api", "far")
    assert run["counts"] == {
        **dict.fromkeys(("updated", "unchanged", "parked", "refused", "observations_lost", "results_left_out"), 0),
        **dict.fromkeys(("created", "observations", "targets", "targets_read"), SERVERS),
    }
    assert [result["target"] for result in cast("list[Json]", run["results"])] == NAMES
    assert world.servers() == NAMES
    (row,) = world.client.get("/collectors").json()
    assert (row["name"], row["running"], row["queued"]) == ("far", [], 0)
    assert row["last_seen_at"] is not None
    assert world.spooled() == 0


def test_the_built_in_scanners_run_at_the_collector_too(world: World) -> None:
    world.serve()
    local, swept = world.order("local"), world.order("nmap", "127.0.0.1")
    assert [ended(world.collect("--once"))[0] for _ in range(2)] == [0, 0]
    assert (world.run(local)["state"], world.run(swept)["state"]) == ("done", "done")
    hosts = world.client.get("/cis", params={"class": "host", "limit": 1000}).json()["items"]
    assert socket.gethostname().split(".")[0].lower() in {str(row["name"]).split(".")[0].lower() for row in hosts}
    assert [result["target"] for result in cast("list[Json]", world.run(swept)["results"])] == ["127.0.0.1"]


def test_a_collector_with_the_wrong_token_is_refused_in_one_line(world: World) -> None:
    world.serve()
    code, said = ended(world.collect("--once", token="wrong"))
    assert code == 1
    (complaint,) = [line for line in said.splitlines() if line.startswith("cmdb: ")]
    assert "refuses the bootstrap token" in complaint
    assert "another-token" not in said


def test_a_collector_whose_server_is_not_there_says_so_and_gives_up(world: World) -> None:
    code, said = ended(world.collect("--wait", "1"))
    assert code == 1
    assert said.splitlines()[-1].startswith(f"cmdb: 127.0.0.1 port {world.port} does not answer")
    assert "trying again for 1 s" in said


def test_a_server_that_is_killed_in_the_middle_loses_nothing(world: World) -> None:
    world.serve()
    run_id = world.order("row", pause_s="0.1")
    collector = world.collect("--once")
    until(lambda: world.count(run_id, "observations") >= 5, "some observations have arrived")
    world.kill_server()
    until(lambda: world.spooled() >= 5, "what is seen meanwhile waits on disk")
    world.serve()
    code, said = ended(collector)
    assert code == 0, said
    run = world.run(run_id)
    counts = cast("dict[str, int]", run["counts"])
    assert (run["state"], counts["observations"], counts["observations_lost"]) == ("done", SERVERS, 0)
    # the commit whose answer was lost is found unchanged
    assert counts["created"] + counts["unchanged"] == SERVERS
    assert world.servers() == NAMES


def test_a_run_that_was_taken_for_dead_goes_on_when_its_collector_is_heard_again(world: World) -> None:
    world.serve()
    run_id = world.order("row", pause_s="0.2")
    collector = world.collect("--once")
    until(lambda: world.count(run_id, "observations") >= 3, "some observations have arrived")
    world.kill_server()
    store = SqliteStore(str(world.store_path))
    later = RunJournal(store, clock=lambda: utc_now() + dt.timedelta(seconds=RUN_LEASE_S + 1))
    assert [(run.id, run.state) for run in later.recover_interrupted()] == [(run_id, RunState.INTERRUPTED)]
    store.close()
    world.serve()
    code, said = ended(collector)
    assert code == 0, said
    assert (world.run(run_id)["state"], world.servers()) == ("done", NAMES)


def test_a_killed_collector_leaves_an_interrupted_run_and_what_it_had_seen_arrives_with_its_next_start(
    world: World,
) -> None:
    world.serve()
    run_id = world.order("row", pause_s="0.1")
    collector = world.collect()
    until(lambda: world.count(run_id, "observations") >= 3, "some observations have arrived")
    world.kill_server()
    until(lambda: world.spooled() >= 5, "what is seen meanwhile waits on disk")
    collector.send_signal(signal.SIGKILL)
    collector.wait(10)
    left = world.spooled()
    store = SqliteStore(str(world.store_path))
    later = RunJournal(store, clock=lambda: utc_now() + dt.timedelta(seconds=RUN_LEASE_S + 1))
    assert [run.id for run in later.recover_interrupted()] == [run_id]
    store.close()
    known = len(world.servers())
    world.serve()
    second = world.collect()
    until(lambda: world.spooled() == 0, "what was left is sent")
    until(lambda: "what it had seen is kept" in str(world.run(run_id)["message"]), "the run is closed")
    assert world.run(run_id)["state"] == "interrupted"
    found = world.servers()
    assert found == NAMES[: len(found)]
    # the first that was left may have been committed just before the kill
    assert len(found) in (known + left, known + left - 1)
    second.send_signal(signal.SIGTERM)
    assert ended(second)[0] == 0


def test_a_collector_that_is_told_to_end_cancels_its_run(world: World) -> None:
    world.serve()
    run_id = world.order("row", pause_s="1")
    collector = world.collect()
    until(lambda: world.count(run_id, "observations") >= 1, "the scan goes on")
    collector.send_signal(signal.SIGTERM)
    code, said = ended(collector)
    assert code == 0, said
    run = world.run(run_id)
    assert (run["state"], run["message"]) == ("cancelled", "stopped on request; what was confirmed is kept")


def test_an_idle_collector_ends_at_once_when_it_is_interrupted(world: World) -> None:
    world.serve()
    collector = world.collect()
    until(lambda: len(world.client.get("/collectors").json()) == 1, "the collector has called")
    collector.send_signal(signal.SIGINT)
    assert ended(collector)[0] == 0


def test_a_scan_is_stopped_over_http_while_it_waits_and_while_it_goes_on(world: World) -> None:
    world.serve()
    waiting = world.order("row")
    assert world.client.delete(f"/scans/{waiting}").json()["state"] == "cancelled"
    assert world.client.delete(f"/scans/{waiting}").status_code == 409
    going = world.order("row", pause_s="0.5")
    collector = world.collect("--once")
    until(lambda: world.count(going, "observations") >= 1, "the scan goes on")
    assert world.client.delete(f"/scans/{going}").status_code == 202
    assert ended(collector)[0] == 1
    assert world.run(going)["state"] == "cancelled"


def test_a_run_that_cannot_start_at_the_collector_fails_with_the_reason(world: World) -> None:
    world.serve()
    body = {"scanner": "row", "collector": "far", "credentials": ["only-at-the-server"]}
    run_id = world.client.post("/scans", json=body).json()["id"]
    assert ended(world.collect("--once"))[0] == 1
    run = world.run(run_id)
    assert run["state"] == "failed"
    assert str(run["message"]).startswith("not started: ")
    assert "only-at-the-server" in str(run["message"])


def test_a_schedule_with_a_collector_runs_there(world: World) -> None:
    world.serve()
    body = {"name": "nightly", "scanner": "row", "interval_s": 3600, "collector": "far"}
    assert world.client.post("/schedules", json=body).json()["collector"] == "far"
    started = world.client.post("/schedules/nightly/run")
    assert (started.status_code, started.json()["state"]) == (202, "queued")
    assert world.client.post("/schedules/nightly/run").status_code == 409
    assert ended(world.collect("--once"))[0] == 0
    run = world.run(started.json()["id"])
    assert (run["state"], run["schedule"]) == ("done", started.json()["schedule"])
    assert world.servers() == NAMES


def test_scans_are_ordered_from_the_command_line_too(world: World) -> None:
    world.serve()
    code, said = ended(world.command("scan", "row", "--collector", "far", "--json"))
    assert code == 0, said
    queued = json.loads(said)
    assert (queued["state"], queued["collector"]) == ("queued", "far")
    assert ended(world.collect("--once"))[0] == 0
    assert world.run(queued["id"])["state"] == "done"
    added = world.command("schedule", "add", "hourly", "row", "--every", "3600", "--collector", "far")
    assert ended(added)[0] == 0
    code, said = ended(world.command("schedule", "run", "hourly"))
    assert (code, "waits for the collector far" in said) == (0, True)
    again, said = ended(world.command("schedule", "run", "hourly"))
    assert (again, "waits for far or goes on there" in said) == (1, True)
    assert ended(world.collect("--once"))[0] == 0
    refused, said = ended(world.command("scan", "snmp", "8.8.8.0/24", "--collector", "far"))
    assert (refused, "--yes" in said) == (1, True)


def test_two_collectors_of_one_name_do_not_share_a_home(world: World) -> None:
    world.serve()
    first = world.collect()
    until(lambda: len(world.client.get("/collectors").json()) == 1, "the collector has called")
    code, said = ended(world.collect())
    assert code == 1
    assert "runs on this machine already" in said
    first.send_signal(signal.SIGTERM)
    assert ended(first)[0] == 0
