"""The built-in sweep: real connections on loopback, and a made-up network for what loopback cannot show."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing

from scanners.sweep import Answer, Sweep, SweptHost, connect

LIVENESS = (22, 80)


async def swept(sweep: Sweep, addresses: Iterable[str], ports: Iterable[int]) -> list[SweptHost]:
    asked = sorted(ports)
    async with aclosing(sweep.hosts(addresses, liveness=LIVENESS, ports=lambda _address: asked)) as hosts:
        return sorted([host async for host in hosts], key=lambda host: host.address)


async def test_a_listening_port_is_open_and_a_closed_one_is_refused() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    was_open = await connect("127.0.0.1", port)
    server.close()
    await server.wait_closed()
    assert was_open is Answer.OPEN
    assert await connect("127.0.0.1", port) is Answer.REFUSED


async def test_only_hosts_that_answer_are_asked_for_more_ports() -> None:
    asked: list[tuple[str, int]] = []

    async def network(address: str, port: int) -> Answer:
        asked.append((address, port))
        if address == "192.0.2.1":
            return Answer.OPEN if port in (80, 443) else Answer.REFUSED
        return Answer.NONE

    found = await swept(Sweep(connector=network, max_rate=10_000), ["192.0.2.1", "192.0.2.2"], (22, 443, 8080))
    assert found == [SweptHost("192.0.2.1", (80, 443))]
    assert {port for address, port in asked if address == "192.0.2.2"} == set(LIVENESS)
    assert len(asked) == len(set(asked))


async def test_a_port_that_never_answers_is_given_up() -> None:
    async def network(_address: str, _port: int) -> Answer:
        await asyncio.sleep(3600)
        return Answer.OPEN

    assert await swept(Sweep(connector=network, max_rate=10_000, timeout_s=0.05), ["192.0.2.1"], (22,)) == []


async def test_no_more_connections_are_open_at_once_than_allowed() -> None:
    open_now = most = 0

    async def network(_address: str, _port: int) -> Answer:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.001)
        open_now -= 1
        return Answer.REFUSED

    addresses = [f"192.0.2.{host}" for host in range(1, 60)]
    found = await swept(Sweep(connector=network, max_rate=1e6, max_open=8), addresses, range(1, 20))
    assert len(found) == 59
    assert most <= 8


async def test_closing_in_the_middle_leaves_no_task() -> None:
    async def network(address: str, _port: int) -> Answer:
        if address != "192.0.2.1":
            await asyncio.sleep(3600)
        return Answer.OPEN

    before = asyncio.all_tasks()
    sweep = Sweep(connector=network, max_rate=1e6, timeout_s=3600)
    async with aclosing(sweep.hosts(["192.0.2.1", "192.0.2.2"], liveness=LIVENESS, ports=lambda _a: ())) as hosts:
        first = await anext(hosts)
    assert first == SweptHost("192.0.2.1", (22, 80))
    assert asyncio.all_tasks() == before
