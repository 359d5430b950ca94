"""The local scanner on the machine that the tests run on, with real services started for the purpose."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cmdb.observation import Draft, Observation
from discovery.scanner import Limits, Observed, Outcome, ScanRequest, TargetDone
from scanners.local import TARGET, LocalScanner
from tests.shared import lack

SERVER = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
held = []
while True:
    connection, _ = server.accept()
    connection.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
    held.append(connection)
"""
CLIENT = """
import os, socket, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
open(sys.argv[2], "w").write(str(os.getpid()))
time.sleep(60)
"""
"""Leaves the family of the tests, as a daemon does: what the reader's own family does is no dependency."""

CLIENT_NAME = "test-client"
"""What the kernel calls the client: the name of the file that was executed."""


async def observed() -> tuple[Observation, TargetDone]:
    request = ScanRequest(
        run_id="run", started_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC), limits=Limits(target_timeout_s=60.0)
    )
    events = [event async for event in LocalScanner().scan(request)]
    (done,) = [event for event in events if isinstance(event, TargetDone)]
    observations = [event.observation for event in events if isinstance(event, Observed)]
    return observations[0], done


def named(observation: Observation, class_name: str, name: str) -> Draft | None:
    return next((draft for draft in observation.drafts if draft.class_name == class_name and draft.name == name), None)


@contextmanager
def service(port: int, greeting: str = "") -> Iterator[int]:
    """A program that listens on loopback and greets; gives its process id."""
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(port), greeting])
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=5)


@contextmanager
def client(port: int, folder: Path) -> Iterator[int]:
    """A daemon that holds a connection to the port; gives its process id."""
    pid_file = folder / "client.pid"
    program = folder / CLIENT_NAME
    program.symlink_to(Path(sys.executable).resolve())
    subprocess.run([program, "-c", CLIENT, str(port), str(pid_file)], check=True, timeout=10)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not (pid_file.exists() and pid_file.read_text()):
        time.sleep(0.05)
    pid = int(pid_file.read_text())
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGTERM)


def low_port() -> int:
    """A free port below those that the kernel hands out."""
    for port in range(21_700, 21_900):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


async def test_this_machine_is_named_with_its_system_and_hardware() -> None:
    observation, done = await observed()
    host = observation.drafts[0]
    assert (done.target, done.outcome) == (TARGET, Outcome.READ)
    assert host.name == socket.gethostname().partition(".")[0]
    assert host.attributes["kernel_version"] == platform.release()
    assert host.attributes["cpu_count"] == psutil.cpu_count()
    assert host.attributes["memory_bytes"] == psutil.virtual_memory().total


async def test_its_interfaces_and_root_file_system_are_drafted() -> None:
    observation, _done = await observed()
    loopback, root = named(observation, "interface", "lo"), named(observation, "file_system", "/")
    if loopback is None and not Path("/proc/net").exists():
        lack("an interface called lo")
    assert loopback is not None
    assert root is not None
    assert loopback.attributes["interface_type"] == "loopback"
    state = os.statvfs("/")
    assert root.attributes["size_bytes"] == state.f_blocks * state.f_frsize


def dpkg_packages() -> set[str]:
    """Names of installed packages, as dpkg-query lists them."""
    words = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\n"]
    listed = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout
    return {line[3:] for line in listed.splitlines() if line.startswith("ii ")}


async def test_installed_packages_are_those_of_the_package_manager() -> None:
    if not Path("/var/lib/dpkg/status").exists():
        lack("dpkg")
    expected = dpkg_packages()
    observation, _done = await observed()
    assert {draft.name for draft in observation.drafts if draft.class_name == "software_product"} == expected


async def test_a_listening_service_is_drafted_with_its_process_and_what_it_greets_with() -> None:
    port = low_port()
    with service(port, r"SSH-2.0-OpenSSH_9.2p1 Test\r\n") as pid:
        observation, _done = await observed()
        process = psutil.Process(pid).name()[:15]
    draft = named(observation, "network_service", f"tcp/{port}")
    assert draft is not None
    assert draft.attributes == {
        "host": "host",
        "port": port,
        "protocol": "tcp",
        "bind_addresses": ["127.0.0.1"],
        "user": psutil.Process().username(),
        "process": process,
        "service": "ssh",
        "product": "OpenSSH",
        "version": "9.2p1",
    }
    assert ("RUNS_ON", f"instance:{process}") in {
        (link.type, link.target) for link in observation.links if link.source == draft.local_id
    }


async def test_a_port_that_the_kernel_handed_out_to_the_tests_is_no_service() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        observation, _done = await observed()
    assert named(observation, "network_service", f"tcp/{port}") is None


async def test_a_daemons_connection_to_a_service_here_is_a_dependency(tmp_path: Path) -> None:
    port = low_port()
    with service(port), client(port, tmp_path) as pid:
        observation, _done = await observed()
        unit = Path(f"/proc/{pid}/cgroup").read_text() if Path("/proc").exists() else ""
    if "/user.slice/" in unit:
        pytest.skip("these tests run in a login session, whose connections are left out on purpose")
    depends = {(link.source, link.target) for link in observation.links if link.type == "DEPENDS_ON"}
    assert (f"instance:{CLIENT_NAME}", f"service:tcp/{port}") in depends


async def test_nothing_that_passes_is_said(tmp_path: Path) -> None:
    port = low_port()
    with service(port) as pid, client(port, tmp_path):
        observation, _done = await observed()
    said = [value for draft in observation.drafts for value in draft.attributes.values()]
    assert pid not in said
    assert {"uptime", "load", "used_bytes", "pid"} & {
        name for draft in observation.drafts for name in draft.attributes
    } == set()


async def test_a_machine_that_answers_too_slowly_is_a_timeout_and_not_a_fault() -> None:
    request = ScanRequest(
        run_id="run", started_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC), limits=Limits(target_timeout_s=0.001)
    )
    events = [event async for event in LocalScanner().scan(request)]
    assert [(event.outcome, event.reason) for event in events if isinstance(event, TargetDone)] == [
        (Outcome.TIMED_OUT, "timed out after 0.001 s")
    ]
    assert [event for event in events if isinstance(event, Observed)] == []
