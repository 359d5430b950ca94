"""Each shared recording read as an agent becomes one device with what the recording's own JSON says."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from cmdb.observation import ScopeKind
from scanners.snmp_families import known_families
from scanners.snmp_mapping import Mapped, mapped
from scanners.snmp_reading import read_agent, read_system
from scanners.snmp_recording import RecordingClient
from tests.shared import ROOT, fixtures_path
from tests.support.snmp_recordings import CLASSES, expected

_NAMES = sorted(CLASSES)


def recording(name: str) -> Path:
    return fixtures_path("snmp") / "snmpsim" / f"{name}.snmprec"


async def read(name: str) -> Mapped:
    client = RecordingClient.from_file(recording(name))
    reading = await read_agent(client, known_families(), await read_system(client))
    assert reading.faults == ()
    return mapped(reading, known_families())


def test_every_shared_recording_is_judged() -> None:
    folder = Path(os.environ.get("CMDB_SHARED", ROOT.parent / "shared")) / "fixtures" / "snmp" / "snmpsim"
    if not folder.is_dir():
        fixtures_path("snmp")
    assert sorted(path.stem for path in folder.glob("*.snmprec")) == _NAMES


@pytest.mark.parametrize("name", _NAMES)
async def test_a_recorded_device_has_its_class_serial_model_and_version(name: str) -> None:
    wanted = expected(recording(name))
    device = (await read(name)).device
    said = {
        key: device.attributes.get(key) for key in ("serial_number", "model", "os_version") if key in wanted.is_judged
    }
    assert said == {key: getattr(wanted, key) for key in said}
    assert device.class_name == wanted.class_name


@pytest.mark.parametrize("name", _NAMES)
async def test_a_recorded_device_has_its_interfaces_with_names_of_their_own(name: str) -> None:
    wanted = expected(recording(name))
    names = [draft.name for draft in (await read(name)).rows.drafts.values() if draft.class_name == "interface"]
    assert len(names) == wanted.interfaces
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", _NAMES)
async def test_a_recorded_device_is_one_ci_and_every_end_is_a_draft(name: str) -> None:
    found = await read(name)
    classes = Counter(draft.class_name for draft in found.rows.drafts.values())
    assert classes[found.device.class_name] == 1
    ids = set(found.rows.drafts)
    assert [link for link in found.rows.links.values() if not {link.source, link.target} <= ids] == []
    hosts = {str(draft.attributes["host"]) for draft in found.rows.drafts.values() if "host" in draft.attributes}
    assert hosts <= ids


async def test_a_stack_is_one_device_with_its_members() -> None:
    device = (await read("ios_2960x")).device
    assert device.attributes["members"] == [
        {"position": 1, "serial_number": "FCW1929B68S", "model": "WS-C2960X-48FPS-L"},
        {"position": 2, "serial_number": "FCW1931A06Z", "model": "WS-C2960X-24PS-L"},
        {"position": 3, "serial_number": "FCW1929B6BP", "model": "WS-C2960X-48FPS-L"},
    ]


async def test_cdp_neighbours_have_their_ports_and_two_cables_are_one_relationship() -> None:
    found = await read("ios_2960x")
    cables = {
        found.rows.drafts[link.target].name: dict(link.attributes)
        for link in found.rows.links.values()
        if link.type == "CONNECTED_TO"
    }
    assert sorted(str(name) for name in cables) == [
        *(f"acme-fr-ap-0{number}" for number in range(11, 16)),
        "acme-fr-s-001",
    ]
    assert cables["acme-fr-s-001"]["protocol"] == "cdp"
    assert len(str(cables["acme-fr-s-001"]["source_port"]).split(", ")) == 2


async def test_lldp_neighbours_of_a_switch_are_devices_with_names() -> None:
    found = await read("ciscosb_sg350x-24p")
    names = {found.rows.drafts[link.target].name for link in found.rows.links.values() if link.type == "CONNECTED_TO"}
    assert {"Biologie", "Aula", "InforaumPC", "CoreSwitch", "BIB"} <= names


async def test_rpm_packages_have_the_name_and_version_that_rpm_gives() -> None:
    found = await read("linux_icecast")
    products = {
        (draft.name, draft.attributes.get("version")): draft.attributes.get("package_type")
        for draft in found.rows.drafts.values()
        if draft.class_name == "software_product"
    }
    assert products["perl-open", "1.11-416.el8"] == "rpm"
    assert products["iptables-utils", "1.8.2-16.el8"] == "rpm"
    scopes = [scope for scope in found.rows.scopes if scope.kind is ScopeKind.RELATIONSHIPS]
    assert [scope.relationship_type for scope in scopes] == ["INSTALLED_ON"]


async def test_nothing_that_changes_by_itself_is_kept() -> None:
    """Values of sysUpTime, counters and hrStorageUsed differ between two readings; the drafts of both must not."""
    lines = recording("linux_icecast").read_text("utf-8", errors="surrogateescape").splitlines()
    later = []
    for line in lines:
        oid, tag, value = line.split("|", 2)
        moves = tag in {"65", "67", "70"} or oid.startswith("1.3.6.1.2.1.25.2.3.1.6.")
        later.append(f"{oid}|{tag}|{int(value) + 4711}" if moves else line)
    first, second = RecordingClient(lines), RecordingClient(later)
    families = known_families()
    drafts = [
        mapped(await read_agent(client, families, await read_system(client)), families).rows.drafts
        for client in (first, second)
    ]
    assert drafts[0] == drafts[1]
