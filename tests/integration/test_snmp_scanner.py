"""The scanner as a whole against agents on loopback: credentials, networks, exclusion, bounds."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from cmdb.errors import Invalid
from cmdb.observation import Observation
from discovery.credentials import Credential, CredentialKind
from discovery.scanner import Limits, Notice, Observed, Outcome, ScanEvent, ScanRequest, TargetDone
from scanners.snmp import SnmpScanner
from tests.shared import lack
from tests.support.snmp_agent import GET_BULK, Agent, Behaviour, Reply, Request, as_key, running
from tests.support.snmpd import USERS, V2C, running_snmpd

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
QUICK = {"timeout_s": "0.2", "resends": "1"}


def community(name: str, *, port: int | None = None) -> Credential:
    return Credential(name=name, kind=CredentialKind.SNMP_V2C, secrets={"community": name}, port=port)


def switch(name: str) -> dict[str, int | bytes | str]:
    return {
        "1.3.6.1.2.1.1.1.0": b"Test switch",
        "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.99999.1",
        "1.3.6.1.2.1.1.5.0": name.encode(),
        **{f"1.3.6.1.2.1.2.2.1.2.{number}": f"port {number}".encode() for number in range(1, 25)},
        **{f"1.3.6.1.2.1.2.2.1.3.{number}": 6 for number in range(1, 25)},
    }


@asynccontextmanager
async def switches(*addresses: str, behaviour: Behaviour | None = None) -> AsyncIterator[dict[str, Agent]]:
    """Agents on one port of several addresses."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running(Agent(switch(addresses[0]), behaviour=behaviour), addresses[0]))
        agents = {addresses[0]: first}
        for address in addresses[1:]:
            agents[address] = await stack.enter_async_context(
                running(Agent(switch(address), behaviour=behaviour), address, first.port)
            )
        yield agents


async def scan(
    *targets: str,
    credentials: tuple[Credential, ...],
    options: Mapping[str, str] = QUICK,
    exclude: tuple[str, ...] = (),
    limits: Limits | None = None,
) -> list[ScanEvent]:
    request = ScanRequest(
        run_id="run",
        started_at=AT,
        targets=targets,
        exclude=exclude,
        credentials=credentials,
        limits=limits or Limits(target_timeout_s=10),
        options=options,
    )
    return [event async for event in SnmpScanner().scan(request)]


def ends(events: list[ScanEvent]) -> dict[str, TargetDone]:
    return {event.target: event for event in events if isinstance(event, TargetDone)}


def seen(events: list[ScanEvent]) -> list[Observation]:
    return [event.observation for event in events if isinstance(event, Observed)]


async def test_the_credential_that_the_agent_answers_to_is_found_among_several_and_named() -> None:
    async with switches("127.0.78.1") as agents:
        port = agents["127.0.78.1"].port
        credentials = (community("first", port=port), community("public", port=port), community("third", port=port))
        done = ends(await scan("127.0.78.1", credentials=credentials))["127.0.78.1"]
    assert (done.outcome, done.credential) == (Outcome.READ, "public")


async def test_an_agent_that_answers_is_not_asked_with_later_credentials() -> None:
    async with switches("127.0.78.1") as agents:
        port = agents["127.0.78.1"].port
        other = Agent(switch("other"), community=b"second")
        async with running(other, "127.0.78.1"):
            credentials = (community("public", port=port), community("second", port=other.port))
            done = ends(await scan("127.0.78.1", credentials=credentials))["127.0.78.1"]
    assert done.credential == "public"
    assert other.requests == []


async def test_a_network_is_swept_and_each_agent_in_it_has_a_result() -> None:
    async with switches("127.0.78.9", "127.0.78.11") as agents:
        port = agents["127.0.78.9"].port
        events = await scan("127.0.78.8/29", credentials=(community("public"),), options={**QUICK, "port": str(port)})
    results = ends(events)
    assert {target for target, done in results.items() if done.outcome is Outcome.READ and done.credential} == set(
        agents
    )
    assert results["127.0.78.8/29"].found == "2 of 6 addresses read by SNMP"
    assert len(seen(events)) == 2


async def test_a_network_without_agents_is_one_result_with_a_reason() -> None:
    events = await scan("127.0.79.0/30", credentials=(community("public"),), options={**QUICK, "port": "9"})
    results = ends(events)
    assert results["127.0.79.0/30"].outcome is Outcome.NO_ANSWER
    assert "none of 2 addresses" in results["127.0.79.0/30"].reason


async def test_excluded_addresses_are_never_asked() -> None:
    async with switches("127.0.78.17", "127.0.78.18") as agents:
        port = agents["127.0.78.17"].port
        events = await scan(
            "127.0.78.16/29",
            credentials=(community("public"),),
            options={**QUICK, "port": str(port)},
            exclude=("127.0.78.18/32",),
        )
    assert agents["127.0.78.18"].requests == []
    assert "127.0.78.18" not in ends(events)


async def test_an_agent_that_stays_silent_to_a_wrong_community_is_told_from_none(tmp_path: Path) -> None:
    with running_snmpd(tmp_path) as daemon:
        wrong = (community("wrong", port=daemon.port),)
        options = {**QUICK, "port": str(daemon.port)}
        done = ends(await scan("127.0.0.1", credentials=wrong, options=options))["127.0.0.1"]
    assert done.outcome is Outcome.NO_CREDENTIAL
    assert "an SNMP agent is there and stays silent to 1 credential" in done.reason


async def test_a_refused_v3_user_is_told_by_name_and_the_next_credential_is_used(tmp_path: Path) -> None:
    with running_snmpd(tmp_path) as daemon:
        stranger = Credential(
            name="stranger",
            kind=CredentialKind.SNMP_V3,
            fields={"user": "stranger", "auth_protocol": "SHA"},
            secrets={"auth_key": "no such phrase"},
        )
        options = {"timeout_s": "1", "port": str(daemon.port)}
        refused = ends(await scan("127.0.0.1", credentials=(stranger,), options=options))["127.0.0.1"]
        read = ends(await scan("127.0.0.1", credentials=(stranger, USERS[3].credential, V2C), options=options))[
            "127.0.0.1"
        ]
    assert refused.outcome is Outcome.NO_CREDENTIAL
    assert "stranger: the agent knows no SNMPv3 user of this name" in refused.reason
    assert (read.outcome, read.credential) == (Outcome.READ, USERS[3].name)


async def test_a_partial_reading_is_kept_and_claims_nothing() -> None:
    types = as_key("1.3.6.1.2.1.2.2.1.3")

    def half(request: Request) -> Reply | None:
        return Reply(is_dropped=True) if request.kind == GET_BULK and request.oids[0][: len(types)] == types else None

    async with switches("127.0.78.1", behaviour=half) as agents:
        events = await scan("127.0.78.1", credentials=(community("public", port=agents["127.0.78.1"].port),))
    done = ends(events)["127.0.78.1"]
    (observation,) = seen(events)
    assert done.outcome is Outcome.PARTIAL
    assert "no answer to a request" in done.reason
    assert sum(draft.class_name == "interface" for draft in observation.drafts) == 24
    assert observation.scopes == ()


async def test_a_run_ends_at_its_own_time_limit() -> None:
    async with switches("127.0.78.1", behaviour=lambda _: Reply(is_dropped=True)) as agents:
        events = await asyncio.wait_for(
            scan(
                "127.0.78.1",
                "127.0.78.2",
                credentials=(community("public", port=agents["127.0.78.1"].port),),
                options={"timeout_s": "1", "resends": "1"},
                limits=Limits(target_timeout_s=5, run_timeout_s=0.01, max_in_flight=1),
            ),
            20,
        )
    assert {done.outcome for done in ends(events).values()} <= {Outcome.NO_ANSWER, Outcome.TIMED_OUT, Outcome.REFUSED}
    assert set(ends(events)) == {"127.0.78.1", "127.0.78.2"}


async def test_without_a_credential_each_target_says_so() -> None:
    done = ends(await scan("127.0.78.1", credentials=()))["127.0.78.1"]
    assert (done.outcome, "no SNMP credential was given" in done.reason) == (Outcome.NO_CREDENTIAL, True)


async def test_a_credential_that_cannot_be_used_is_named_and_left_out() -> None:
    short = Credential(
        name="short",
        kind=CredentialKind.SNMP_V3,
        fields={"user": "reader", "auth_protocol": "SHA"},
        secrets={"auth_key": "short"},
    )
    events = await scan("127.0.78.1", credentials=(short,))
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert "the credential short has a auth_key of fewer than 8 characters" in notice.text
    assert ends(events)["127.0.78.1"].outcome is Outcome.NO_CREDENTIAL


@pytest.mark.parametrize(
    "options",
    [{"colour": "blue"}, {"timeout_s": "soon"}, {"timeout_s": "0"}, {"port": "70000"}, {"backend": "other"}],
)
async def test_an_option_that_is_none_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        await scan("127.0.78.1", credentials=(community("public"),), options=options)


async def test_both_back_ends_give_the_same_observation(tmp_path: Path) -> None:
    with running_snmpd(tmp_path) as daemon:
        options = {"timeout_s": "2", "port": str(daemon.port)}
        told = [
            seen(await scan("127.0.0.1", credentials=(V2C,), options={**options, "backend": backend}, limits=Limits()))
            for backend in ("gufo", "pysnmp")
        ]
    listed = [
        [
            (draft.local_id, draft.name, draft.attributes)
            for draft in each.drafts
            if draft.class_name != "network_service"
        ]
        for (each,) in told
    ]
    assert listed[0] == listed[1]


async def test_no_socket_outlives_a_run() -> None:
    """Not even until the next garbage collection: a network of silent addresses needs more descriptors than there are."""
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        lack("/proc/self/fd")
    credentials = (community("one"), community("two"), USERS[1].credential)
    async with switches("127.0.78.1", behaviour=lambda _: Reply(is_dropped=True)) as agents:
        port = str(agents["127.0.78.1"].port)
        before = len(list(folder.iterdir()))
        gc.disable()
        try:
            options = {"timeout_s": "0.05", "resends": "1", "port": port}
            await scan("127.0.78.0/27", credentials=credentials, options=options)
            after = len(list(folder.iterdir()))
        finally:
            gc.enable()
    assert after == before
