"""The SNMP scanner before a real snmpd and before agents that misbehave on purpose."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from discovery.credentials import Credential, CredentialKind
from discovery.scanner import Scanner
from scanners.snmp import SnmpScanner
from tests.contract.scanner.harness import Behaviour, Stage
from tests.support.snmp_agent import GET_BULK, Agent, Reply, Request, as_key, encoded
from tests.support.snmp_agent import running as running_agent
from tests.support.snmpd import V2C, running_snmpd

_IF_DESCR = "1.3.6.1.2.1.2.2.1.2"
_HOST: dict[str, int | bytes | str] = {
    "1.3.6.1.2.1.1.1.0": b"Contract switch",
    "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.8072.3.2.10",
    "1.3.6.1.2.1.1.5.0": b"switch.contract.test",
    **{f"{_IF_DESCR}.{number}": f"port {number}".encode() for number in range(1, 121)},
    **{f"1.3.6.1.2.1.2.2.1.3.{number}": 6 for number in range(1, 121)},
}
_PUBLIC = Credential(name="agent", kind=CredentialKind.SNMP_V2C, secrets={"community": "public"})
_WRONG = Credential(name="wrong", kind=CredentialKind.SNMP_V2C, secrets={"community": "wrong-contract-community"})
_WRONG_V3 = Credential(
    name="wrong-v3",
    kind=CredentialKind.SNMP_V3,
    fields={"user": "nobody", "auth_protocol": "SHA"},
    secrets={"auth_key": "wrong-contract-phrase"},
)
_CLASSES = frozenset({"interface", "hardware_component", "file_system", "network_service"})
_ADDRESSES = iter(f"127.0.77.{number}" for number in range(1, 255))
"""One loopback address a stage: two stages are open at once, and targets differ by address."""


class _SnmpHarness:
    """All behaviours: SNMP agents do everything that is asked for here."""

    @property
    def name(self) -> str:
        return "snmp"

    @property
    def behaviours(self) -> frozenset[Behaviour]:
        return frozenset(Behaviour)

    def lacks(self) -> str | None:
        found = any(Path(path).exists() for path in ("/usr/sbin/snmpd", "/usr/local/sbin/snmpd"))
        return None if found else "snmpd"

    def scanner(self) -> Scanner:
        return SnmpScanner()

    @asynccontextmanager
    async def stage(self, behaviour: Behaviour) -> AsyncIterator[Stage]:
        address = next(_ADDRESSES)
        options = {"timeout_s": "0.2", "resends": "1"}
        match behaviour:
            case Behaviour.GOOD | Behaviour.REFUSING:
                with tempfile.TemporaryDirectory() as folder, running_snmpd(Path(folder), address=address) as daemon:
                    names = (_WRONG, _WRONG_V3) if behaviour is Behaviour.REFUSING else (V2C,)
                    yield Stage(
                        target=address,
                        credentials=tuple(_at(credential, daemon.port) for credential in names),
                        options={"timeout_s": "1.0"} if behaviour is Behaviour.GOOD else options,
                        target_timeout_s=30.0 if behaviour is Behaviour.GOOD else 5.0,
                    )
            case Behaviour.DOWN:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
                    silent.bind((address, 0))
                    yield Stage(target=address, credentials=(_at(_PUBLIC, silent.getsockname()[1]),), options=options)
            case _:
                agent = Agent(_HOST, behaviour=_BEHAVIOURS[behaviour])
                async with running_agent(agent, address):
                    yield Stage(
                        target=address,
                        credentials=(_at(_PUBLIC, agent.port),),
                        options=options,
                        target_timeout_s=3.0,
                        incomplete_classes=_CLASSES,
                        contacts=lambda: len(agent.requests),
                    )


def _slow(request: Request) -> Reply | None:
    """Every reply later than it is waited for, but the first ones: the system group comes in time."""
    return Reply(is_dropped=True) if request.kind == GET_BULK else None


def _lying(request: Request) -> Reply | None:
    """Rows that go back, again and again."""
    if request.kind != GET_BULK:
        return None
    return Reply(
        varbinds=((as_key(f"{_IF_DESCR}.9"), encoded(b"port 9")), (as_key(f"{_IF_DESCR}.4"), encoded(b"port 4")))
    )


def _cut_off(request: Request) -> Reply | None:
    """The first half of the first table, then silence."""
    return Reply(is_dropped=True) if request.kind == GET_BULK and request.oids[0] > as_key(f"{_IF_DESCR}.40") else None


_BEHAVIOURS = {Behaviour.SLOW: _slow, Behaviour.LYING: _lying, Behaviour.CUT_OFF: _cut_off}


def _at(credential: Credential, port: int) -> Credential:
    return Credential(
        name=f"{credential.name}-{port}",
        kind=credential.kind,
        fields=credential.fields,
        secrets=credential.secrets,
        port=port,
    )


HARNESS = _SnmpHarness()
