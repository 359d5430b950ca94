"""The guard against agents on real sockets that lose, lie, stall and babble."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from discovery.credentials import Credential, CredentialKind
from scanners.snmp_client import Column, SnmpNoAnswer, SnmpOutOfTime, Transport
from scanners.snmp_guard import GuardedClient, GuardLimits
from scanners.snmp_gufo import GufoTransport
from scanners.snmp_pysnmp import PysnmpEngine
from tests.support.snmp_agent import (
    GEN_ERR,
    GET_BULK,
    TOO_BIG,
    Agent,
    Behaviour,
    Reply,
    Request,
    as_key,
    encoded,
    running,
    tlv,
)

BASE = "1.3.6.1.2.1.2.2.1.2"
ROWS = 130
PORTS: dict[str, int | bytes | str] = {f"{BASE}.{number}": f"port {number}".encode() for number in range(1, ROWS + 1)}
AGENT: dict[str, int | bytes | str] = {
    "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.8072.3.2.10",
    **PORTS,
    "1.3.6.1.2.1.31.1.1.1.1.1": b"behind the table",
}
ENDING_IN_TABLE = {key: value for key, value in AGENT.items() if not key.startswith("1.3.6.1.2.1.31.")}
PUBLIC = Credential(name="public", kind=CredentialKind.SNMP_V2C, secrets={"community": "public"})
QUICK = GuardLimits(timeout_s=0.15, resends=3, total_s=20.0)
WHOLE = {str(number): f"port {number}".encode() for number in range(1, ROWS + 1)}

Dial = Callable[[Agent], Transport]


@pytest.fixture
async def engine() -> AsyncIterator[PysnmpEngine]:
    made = PysnmpEngine()
    yield made
    made.close()


@pytest.fixture(params=["gufo", "pysnmp"])
def dial(request: pytest.FixtureRequest, engine: PysnmpEngine) -> Dial:
    if request.param == "gufo":
        return lambda agent: GufoTransport("127.0.0.1", agent.port, PUBLIC)
    return lambda agent: engine.transport("127.0.0.1", agent.port, PUBLIC)


async def walk(agent: Agent, dial: Dial, engine: PysnmpEngine, *, limits: GuardLimits = QUICK) -> Column:
    async with running(agent):
        client = GuardedClient(dial(agent), limits, spare=engine.transport("127.0.0.1", agent.port, PUBLIC))
        try:
            return await client.walk(BASE)
        finally:
            client.close()


def dropping(*numbers: int) -> Behaviour:
    return lambda request: Reply(is_dropped=True) if request.number in numbers else None


async def test_an_honest_agent_is_read_in_full(dial: Dial, engine: PysnmpEngine) -> None:
    column = await walk(Agent(AGENT), dial, engine)
    assert (dict(column.values), column.fault) == (WHOLE, None)


async def test_a_table_at_the_end_of_the_view_is_complete(dial: Dial, engine: PysnmpEngine) -> None:
    column = await walk(Agent(ENDING_IN_TABLE), dial, engine)
    assert (dict(column.values), column.fault) == (WHOLE, None)


async def test_lost_replies_cost_a_resend_and_no_row(dial: Dial, engine: PysnmpEngine) -> None:
    agent = Agent(AGENT, behaviour=dropping(1, 3, 4))
    column = await walk(agent, dial, engine)
    assert (dict(column.values), column.fault) == (WHOLE, None)
    assert len(agent.requests) == 3 + 3  # three replies of at most 50 rows, three lost


async def test_a_resend_goes_on_behind_the_last_row(dial: Dial, engine: PysnmpEngine) -> None:
    agent = Agent(AGENT, behaviour=dropping(2))
    await walk(agent, dial, engine)
    assert [request.oids[0] for request in agent.requests[:3]] == [
        as_key(BASE),
        as_key(f"{BASE}.50"),
        as_key(f"{BASE}.50"),
    ]


async def test_late_replies_are_neither_lost_rows_nor_double_ones(dial: Dial, engine: PysnmpEngine) -> None:
    agent = Agent(AGENT, behaviour=lambda request: Reply(delay_s=0.2) if request.number % 2 else None)
    column = await walk(agent, dial, engine)
    assert (dict(column.values), column.fault) == (WHOLE, None)


async def test_too_big_halves_the_request_until_it_fits(dial: Dial, engine: PysnmpEngine) -> None:
    def small_only(request: Request) -> Reply | None:
        return Reply(error_status=TOO_BIG) if request.kind == GET_BULK and request.repetitions > 7 else None

    agent = Agent(AGENT, behaviour=small_only)
    column = await walk(agent, dial, engine)
    assert (dict(column.values), column.fault) == (WHOLE, None)
    assert {request.repetitions for request in agent.requests if request.kind == GET_BULK} == {50, 25, 12, 6}


async def test_an_agent_that_answers_no_large_request_is_read_in_small_ones(dial: Dial, engine: PysnmpEngine) -> None:
    """As behind a firewall that drops fragments."""
    agent = Agent(AGENT, behaviour=lambda request: Reply(is_dropped=True) if request.repetitions > 10 else None)
    column = await walk(agent, dial, engine, limits=GuardLimits(timeout_s=0.05, resends=1))
    assert (dict(column.values), column.fault) == (WHOLE, None)


async def test_decreasing_oids_end_the_walk_with_what_was_read(dial: Dial, engine: PysnmpEngine) -> None:
    def back(request: Request) -> Reply | None:
        if request.kind == GET_BULK and request.oids[0] == as_key(f"{BASE}.50"):
            return Reply(
                varbinds=((as_key(f"{BASE}.51"), encoded(b"port 51")), (as_key(f"{BASE}.49"), encoded(b"again")))
            )
        return None

    column = await walk(Agent(AGENT, behaviour=back), dial, engine)
    assert dict(column.values) == {str(number): f"port {number}".encode() for number in range(1, 52)}
    assert column.fault is not None
    assert "do not increase" in column.fault


async def test_an_agent_that_repeats_its_first_rows_for_ever_is_left(dial: Dial, engine: PysnmpEngine) -> None:
    def loop(request: Request) -> Reply | None:
        rows = tuple((as_key(f"{BASE}.{number}"), encoded(f"port {number}".encode())) for number in range(1, 6))
        return Reply(varbinds=rows) if request.kind == GET_BULK else None

    agent = Agent(AGENT, behaviour=loop)
    column = await walk(agent, dial, engine)
    assert sorted(column.values) == ["1", "2", "3", "4", "5"]
    assert column.fault is not None
    assert len(agent.requests) == 2


async def test_an_endless_table_ends_at_the_row_limit(dial: Dial, engine: PysnmpEngine) -> None:
    def endless(request: Request) -> Reply | None:
        start = request.oids[0][-1] if len(request.oids[0]) > len(as_key(BASE)) else 0
        return Reply(
            varbinds=tuple((as_key(f"{BASE}.{start + step}"), encoded(1)) for step in range(1, request.repetitions + 1))
        )

    column = await walk(
        Agent(AGENT, behaviour=endless), dial, engine, limits=GuardLimits(timeout_s=0.5, max_rows=1_000)
    )
    assert len(column.values) == 1_000
    assert column.fault is not None
    assert "limit of 1000 rows" in column.fault


async def test_garbage_now_and_then_is_asked_again(dial: Dial, engine: PysnmpEngine) -> None:
    agent = Agent(AGENT, behaviour=lambda request: Reply(raw=b"\x30\x05hello") if request.number % 2 else None)
    column = await walk(agent, dial, engine)
    assert (dict(column.values), column.fault) == (WHOLE, None)


async def test_nothing_but_garbage_is_a_fault(dial: Dial, engine: PysnmpEngine) -> None:
    agent = Agent(AGENT, behaviour=lambda _: Reply(raw=b"\x30\x05hello"))
    column = await walk(agent, dial, engine, limits=GuardLimits(timeout_s=0.05, resends=1))
    assert column.values == {}
    assert column.fault is not None


async def test_a_value_of_an_unknown_type_does_not_pass_for_the_end(dial: Dial, engine: PysnmpEngine) -> None:
    def odd(request: Request) -> Reply | None:
        if request.kind == GET_BULK and request.oids[0] >= as_key(f"{BASE}.50"):
            return Reply(varbinds=((as_key(f"{BASE}.51"), tlv(0x4B, b"abc")),))
        return None

    column = await walk(Agent(AGENT, behaviour=odd), dial, engine, limits=GuardLimits(timeout_s=0.05, resends=1))
    assert column.fault is not None


async def test_an_error_in_the_middle_of_a_table_does_not_pass_for_its_end(dial: Dial, engine: PysnmpEngine) -> None:
    agent = Agent(
        AGENT,
        behaviour=lambda request: Reply(error_status=GEN_ERR) if request.oids[0] >= as_key(f"{BASE}.60") else None,
    )
    column = await walk(agent, dial, engine)
    assert dict(column.values) == {str(number): f"port {number}".encode() for number in range(1, 101)}
    assert column.fault is not None


async def test_an_agent_that_falls_silent_keeps_what_it_said(dial: Dial, engine: PysnmpEngine) -> None:
    agent = Agent(AGENT, behaviour=lambda request: Reply(is_dropped=True) if request.number > 2 else None)
    column = await walk(agent, dial, engine, limits=GuardLimits(timeout_s=0.05, resends=1))
    assert len(column.values) == 100
    assert column.fault is not None
    assert "no answer to a request sent 2 times" in column.fault


async def test_a_silent_agent_is_not_waited_for_at_every_column(dial: Dial, engine: PysnmpEngine) -> None:
    agent = Agent(AGENT, behaviour=lambda _: Reply(is_dropped=True))
    async with running(agent):
        client = GuardedClient(
            dial(agent), GuardLimits(timeout_s=0.05, resends=1), spare=engine.transport("127.0.0.1", agent.port, PUBLIC)
        )
        columns = [await client.walk(f"1.3.6.1.2.1.2.2.1.{number}") for number in range(2, 10)]
        client.close()
    assert all(column.fault for column in columns)
    assert len(agent.requests) == 2 * (2 + 2)  # two walks, each large and small, each sent twice


async def test_the_time_of_a_target_is_kept(dial: Dial) -> None:
    agent = Agent(AGENT, behaviour=lambda _: Reply(is_dropped=True))
    async with running(agent):
        client = GuardedClient(dial(agent), GuardLimits(timeout_s=0.2, resends=50, total_s=0.5))
        with pytest.raises((SnmpOutOfTime, SnmpNoAnswer)):
            await client.get_many(["1.3.6.1.2.1.1.2.0"])
        column = await client.walk(BASE)
        client.close()
    assert column.fault is not None
    assert len(agent.requests) < 10


async def test_one_bad_object_does_not_take_its_neighbours_along(dial: Dial) -> None:
    bad = as_key(f"{BASE}.2")
    agent = Agent(AGENT, behaviour=lambda request: Reply(error_status=GEN_ERR) if bad in request.oids else None)
    async with running(agent):
        client = GuardedClient(dial(agent), GuardLimits(timeout_s=0.2, resends=1))
        found = await client.get_many([f"{BASE}.1", f"{BASE}.2", f"{BASE}.3"])
        client.close()
    assert found == {f"{BASE}.1": b"port 1", f"{BASE}.3": b"port 3"}
