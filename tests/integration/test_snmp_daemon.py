"""The transports against a real snmpd: the two back-ends and net-snmp's own walker read the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from discovery.credentials import Credential, CredentialKind
from scanners.snmp_client import SnmpDenied, SnmpNoAnswer, SnmpValue, Transport
from scanners.snmp_guard import GuardedClient, GuardLimits
from scanners.snmp_gufo import GufoTransport
from scanners.snmp_mapping_parts import product_of
from scanners.snmp_pysnmp import PysnmpEngine
from tests.shared import lack
from tests.support.snmpd import COMMUNITY, USERS, V2C, Snmpd, V3User, running_snmpd

LIMITS = GuardLimits(timeout_s=2.0, resends=2)
BASES = (
    "1.3.6.1.2.1.1.9",
    "1.3.6.1.2.1.2.2.1.2",
    "1.3.6.1.2.1.2.2.1.6",
    "1.3.6.1.2.1.4.20",
    "1.3.6.1.2.1.4.34.1.3",
    "1.3.6.1.2.1.25.3.2.1.2",
    "1.3.6.1.2.1.25.6.3.1.2",
    "1.3.6.1.6.3.10.2.1.1",
    "1.3.6.1.6.3.16.1.5",
)
"""Of every syntax, long and short, one inside the agent's view and one at its end; nothing that moves by itself."""


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    with running_snmpd(tmp_path_factory.mktemp("snmpd")) as daemon:
        yield daemon


@pytest.fixture
async def engine() -> AsyncIterator[PysnmpEngine]:
    made = PysnmpEngine()
    yield made
    made.close()


async def walked(transport: Transport, *, repetitions: int = 25) -> dict[str, SnmpValue]:
    client = GuardedClient(transport, GuardLimits(timeout_s=2.0, resends=2, max_repetitions=repetitions))
    await transport.start(2.0)
    found: dict[str, SnmpValue] = {}
    for base in BASES:
        column = await client.walk(base)
        assert column.fault is None
        found |= {f"{base}.{index}": value for index, value in column.values.items()}
    client.close()
    return found


def by_net_snmp(snmpd: Snmpd) -> dict[str, SnmpValue]:
    """`snmpbulkwalk -On -Oe -Ox -OU` of the same bases, its text turned into values by the type that it names."""
    program = shutil.which("snmpbulkwalk")
    if program is None:
        lack("snmpbulkwalk")
        return {}
    found: dict[str, SnmpValue] = {}
    for base in BASES:
        command = [
            program,
            "-v2c",
            "-c",
            COMMUNITY,
            "-M",
            "/nonexistent",
            "-m",
            "",
            "-On",
            "-Oe",
            "-Ox",
            "-OU",
            f"{snmpd.address}:{snmpd.port}",
            base,
        ]
        text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        for line in re.split(r"\n(?=\.1\.)", text.strip()):
            oid, _, rest = line.partition(" = ")
            value = typed(rest)
            if value is not None:
                found[oid.lstrip(".")] = value
    return found


def typed(text: str) -> SnmpValue | None:
    if text == '""':
        return b""
    kind, _, value = text.partition(": ")
    match kind:
        case "Hex-STRING":
            return bytes.fromhex(value.replace("\n", " "))
        case "STRING":
            return value.strip('"').encode()
        case "OID":
            return value.lstrip(".")
        case "IpAddress":
            return value
        case "INTEGER" | "Gauge32" | "Counter32" | "Counter64":
            return int(value)
        case "Timeticks":
            return int(value.partition(")")[0].lstrip("("))
    return None


async def test_gufo_pysnmp_and_snmpbulkwalk_read_the_same_varbinds(snmpd: Snmpd, engine: PysnmpEngine) -> None:
    gufo = await walked(GufoTransport(snmpd.address, snmpd.port, V2C))
    assert len(gufo) > 50
    assert gufo == await walked(engine.transport(snmpd.address, snmpd.port, V2C))
    assert gufo == by_net_snmp(snmpd)


@pytest.mark.parametrize("repetitions", [1, 10, 50])
async def test_the_number_of_repetitions_changes_nothing(snmpd: Snmpd, repetitions: int) -> None:
    usual = await walked(GufoTransport(snmpd.address, snmpd.port, V2C))
    assert await walked(GufoTransport(snmpd.address, snmpd.port, V2C), repetitions=repetitions) == usual


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
async def test_every_kind_of_v3_user_reads_what_v2c_reads(snmpd: Snmpd, engine: PysnmpEngine, user: V3User) -> None:
    expected = await walked(GufoTransport(snmpd.address, snmpd.port, V2C))
    assert await walked(GufoTransport(snmpd.address, snmpd.port, user.credential)) == expected
    assert await walked(engine.transport(snmpd.address, snmpd.port, user.credential)) == expected


async def test_get_leaves_out_what_does_not_exist(snmpd: Snmpd, engine: PysnmpEngine) -> None:
    wanted = ["1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.99.0", "1.3.6.1.4.1.99999.1.0"]
    for transport in (GufoTransport(snmpd.address, snmpd.port, V2C), engine.transport(snmpd.address, snmpd.port, V2C)):
        client = GuardedClient(transport, LIMITS)
        assert await client.get_many(wanted) == {"1.3.6.1.2.1.1.5.0": b"host.contract.test"}
        assert await client.get_many(wanted[1:]) == {}
        client.close()


def changed(changes: dict[str, str]) -> Credential:
    credential = USERS[1].credential
    return Credential(
        name="changed",
        kind=CredentialKind.SNMP_V3,
        fields={key: changes.get(key, value) for key, value in credential.fields.items()},
        secrets={key: changes.get(key, value) for key, value in credential.secrets.items()},
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"user": "nobody"}, "knows no SNMPv3 user"),
        ({"auth_key": "a wrong phrase"}, "authentication key"),
        ({"auth_protocol": "SHA-256"}, "authentication key"),
    ],
)
async def test_a_refused_v3_user_is_told_from_a_refused_key(
    snmpd: Snmpd, engine: PysnmpEngine, changes: dict[str, str], reason: str
) -> None:
    credential = changed(changes)
    gufo = GufoTransport(snmpd.address, snmpd.port, credential)
    await gufo.start(2.0)
    with pytest.raises(SnmpDenied):
        await gufo.get(["1.3.6.1.2.1.1.5.0"], 2.0)
    gufo.close()
    with pytest.raises(SnmpDenied, match=reason):
        await engine.transport(snmpd.address, snmpd.port, credential).get(["1.3.6.1.2.1.1.5.0"], 2.0)


async def test_a_wrong_community_is_silence(snmpd: Snmpd) -> None:
    wrong = Credential(name="wrong", kind=CredentialKind.SNMP_V2C, secrets={"community": "not-it"})
    client = GuardedClient(GufoTransport(snmpd.address, snmpd.port, wrong), GuardLimits(timeout_s=0.1, resends=1))
    with pytest.raises(SnmpNoAnswer, match="sent 2 times"):
        await client.get_many(["1.3.6.1.2.1.1.5.0"])
    client.close()


def test_packages_are_spelled_as_dpkg_query_spells_them(snmpd: Snmpd) -> None:
    program = shutil.which("dpkg-query")
    if program is None:
        lack("dpkg-query")
    said = {
        product_of(value.decode())
        for oid, value in by_net_snmp(snmpd).items()
        if oid.startswith("1.3.6.1.2.1.25.6.3.1.2.") and isinstance(value, bytes)
    }
    listing = subprocess.run(
        ["dpkg-query", "-W", "-f", r"${Package}\t${Version}\n"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    installed = {(*line.split("\t"), "dpkg") for line in listing.splitlines()}
    assert len(said) > 50
    assert said <= installed
