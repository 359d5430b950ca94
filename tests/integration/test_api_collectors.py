"""The endpoints of remote collectors, and what they refuse."""

from __future__ import annotations

import asyncio
import datetime as dt
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.collector_models import CollectorRow, HeardAnswer, LeaseAnswer
from cmdb.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from cmdb.observation import Draft, Observation
from discovery.collecting import OBSERVATION_LIMIT, encode_observation
from discovery.collector_link import Link
from tests.support.api_world import World, open_world

AT = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made


def body(run_id: str, name: str = "a") -> bytes:
    draft = Draft(local_id="a", class_name="server", name=name, native_key=name)
    return encode_observation(Observation(source="quick", run_id=run_id, at=AT, drafts=(draft,)))


async def order(world: World) -> str:
    answer = await world.client.post("/api/v1/scans", json={"scanner": "quick", "collector": "far"})
    assert answer.status_code == 202
    return str(answer.json()["id"])


async def taken(world: World) -> str:
    run_id = await order(world)
    answer = await world.client.post("/api/v1/collectors/far/lease?wait_s=0", json={"version": "7"})
    assert LeaseAnswer.model_validate(answer.json()).run == run_id
    return run_id


async def test_a_run_goes_from_the_queue_to_its_end(world: World) -> None:
    run_id = await order(world)
    answer = await world.client.post("/api/v1/collectors/far/lease", json={"version": "7"})
    lease = LeaseAnswer.model_validate(answer.json())
    assert (lease.run, lease.scanner, lease.network, lease.lease_s) == (run_id, "quick", "default", 15.0)
    path = f"/api/v1/collectors/far/runs/{run_id}"
    sent = await world.client.post(f"{path}/observations?number=1", content=body(run_id))
    assert HeardAnswer.model_validate(sent.json()).counts["created"] == 1
    result = {"target": "t", "outcome": "read", "reason": "", "credential": None, "seconds": 1.5, "found": "a"}
    word = {"state": "done", "counts": {"targets": 1}, "results": [result]}
    ended = await world.client.put(path, json=word)
    assert HeardAnswer.model_validate(ended.json()).state == "done"
    run = await world.get(f"/scans/{run_id}")
    assert (run["state"], run["collector"], run["results"]) == ("done", "far", [result])
    (row,) = (await world.client.get("/api/v1/collectors")).json()
    found = CollectorRow.model_validate(row)
    assert (found.name, found.version, found.running, found.queued) == ("far", "7", [], 0)
    metrics = (await world.client.get("/metrics")).text
    assert 'cmdb_runs_total{source="quick",state="done"} 1.0' in metrics


async def test_a_collector_that_waits_gets_the_run_that_comes(world: World) -> None:
    waiting = asyncio.create_task(world.client.post("/api/v1/collectors/far/lease?wait_s=20", json={}))
    await asyncio.sleep(0.2)
    run_id = await order(world)
    assert (await asyncio.wait_for(waiting, 15)).json()["run"] == run_id


async def test_without_a_run_the_answer_is_empty(world: World) -> None:
    await order(world)
    answer = await world.client.post("/api/v1/collectors/near/lease?wait_s=0.1", json={})
    assert (answer.status_code, answer.content) == (204, b"")
    names = {row["name"]: row["queued"] for row in (await world.client.get("/api/v1/collectors")).json()}
    assert names == {"far": 1, "near": 0}


async def test_what_does_not_fit_is_refused(world: World) -> None:
    run_id = await taken(world)
    path = f"/api/v1/collectors/far/runs/{run_id}"
    answers = [
        await world.client.post("/api/v1/collectors/-x/lease?wait_s=0", json={}),
        await world.client.post("/api/v1/collectors/far/lease?wait_s=21", json={}),
        await world.client.post(f"{path}/observations?number=0", content=body(run_id)),
        await world.client.post(f"{path}/observations?number=1", content=b'{"drafts": 1}'),
        await world.client.post(f"{path}/observations?number=2", content=b"0" * (OBSERVATION_LIMIT + 1)),
        await world.client.post(f"/api/v1/collectors/near/runs/{run_id}/observations?number=1", content=body(run_id)),
        await world.client.put("/api/v1/collectors/far/runs/none", json={"state": "running"}),
        await world.client.put(path, json={"state": "well"}),
        await world.client.put(path, json={"state": "queued"}),
        await world.client.post("/api/v1/scans", json={"scanner": "quick", "collector": "a/b"}),
        await world.client.post("/api/v1/scans", json={"scanner": "nonsuch", "collector": "far"}),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 413, 409, 404, 422, 409, 422, 422]
    assert (await world.get(f"/scans/{run_id}"))["counts"] == {"observations_lost": 1}


async def test_the_events_of_a_collectors_run_come_with_its_end(world: World) -> None:
    run_id = await taken(world)
    path = f"/api/v1/collectors/far/runs/{run_id}"
    following = asyncio.create_task(world.client.get(f"/api/v1/scans/{run_id}/events"))
    await asyncio.sleep(0.2)
    await world.client.put(path, json={"state": "done"})
    assert "event: run_finished" in (await asyncio.wait_for(following, 20)).text


async def test_collectors_need_the_token_too() -> None:
    async with open_world(token="a-token-of-sixteen") as world:
        refused = await world.client.post("/api/v1/collectors/far/lease?wait_s=0", json={})
        headers = {"Authorization": "Bearer a-token-of-sixteen"}
        let_in = await world.client.post("/api/v1/collectors/far/lease?wait_s=0", json={}, headers=headers)
    assert (refused.status_code, let_in.status_code) == (401, 204)


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers what it was told to, and keeps what it was asked."""

    answer: ClassVar[tuple[int, dict[str, str], bytes]] = (200, {}, b"")
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_POST(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization")))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, content = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class Quiet(http.server.ThreadingHTTPServer):
    """Says nothing of clients that hang up."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Stranger.asked.clear()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, {}, b"<html>hello</html>"), Invalid),
        ((200, {}, b'{"run": 1}'), Invalid),
        ((200, {}, b"[" * 100_000), Invalid),
        ((200, {}, b"0" * 4_000_001), Invalid),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), Invalid),
        ((401, {}, b"{}"), Denied),
        ((404, {}, b"nothing here"), NotFound),
        ((409, {}, b'{"detail": "no"}'), Conflict),
        ((422, {}, b'{"detail": 3}'), Invalid),
        ((429, {}, b""), Unavailable),
        ((500, {}, b""), Unavailable),
        ((200, {"Content-Length": "100"}, b"{}"), Unavailable),
    ],
)
def test_whatever_a_server_answers_becomes_an_error_of_ours(
    stranger: str, answer: tuple[int, dict[str, str], bytes], error: type[Exception]
) -> None:
    Stranger.answer = answer
    link = Link(f"{stranger}/base/", name="far", token="secret-token-0001")
    with pytest.raises(error) as caught:
        link.lease(1)
    assert "secret-token" not in str(caught.value)
    assert Stranger.asked == [("/base/api/v1/collectors/far/lease?wait_s=1", "Bearer secret-token-0001")]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that only it has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_a_server_must_prove_who_it_is(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server = Quiet(("127.0.0.1", 0), Stranger)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"https://127.0.0.1:{server.server_address[1]}"
    Stranger.asked.clear()
    Stranger.answer = (204, {}, b"")
    try:
        with pytest.raises(Unavailable, match="certificate verify failed"):
            Link(url, name="far", token="t" * 16).lease(1)
        assert Stranger.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert Link(url, name="far", token="t" * 16).lease(1) is None
        assert len(Stranger.asked) == 1
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_a_call_that_waits_is_broken_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        link = Link(f"http://127.0.0.1:{silent.getsockname()[1]}", name="far", token=None)
        found: list[Exception] = []

        def ask() -> None:
            try:
                link.lease(20)
            except Unavailable as exc:
                found.append(exc)

        thread = threading.Thread(target=ask)
        thread.start()
        accepted, _ = silent.accept()
        accepted.recv(1000)
        link.close()
        thread.join(10)
        accepted.close()
    assert not thread.is_alive()
    assert len(found) == 1
    with pytest.raises(Unavailable):
        link.lease(1)


@pytest.mark.parametrize(
    "url",
    ["server:8000", "ftp://server", "http://", "http://server:99999", "http://ann:pw@server", "http://server/?x=1"],
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        Link(url, name="far", token=None)


@pytest.mark.parametrize(
    ("url", "is_exposed"),
    [
        ("http://server:8000", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("http://10.1.2.3:8000", False),
        ("https://cmdb.example", False),
        ("http://cmdb.example", True),
        ("http://8.8.8.8", True),
    ],
)
def test_a_token_in_the_clear_is_noticed(url: str, is_exposed: bool) -> None:
    assert Link(url, name="far", token="t" * 16).is_exposed is is_exposed
    assert not Link(url, name="far", token=None).is_exposed
