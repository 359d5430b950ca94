"""From tables to drafts: classes, names, interfaces, parts, software, services."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from cmdb.observation import ScopeKind
from scanners.snmp_client import SnmpValue
from scanners.snmp_families import known_families
from scanners.snmp_mapping import Mapped, Stamp, mapped, observations
from scanners.snmp_mapping_device import names_of
from scanners.snmp_mapping_parts import product_of
from scanners.snmp_reading import as_mac, as_text
from tests.unit.snmp.agents import IF, IFX, LINUX, SWITCH, SYSTEM, agent, mac, port, reading

STAMP = Stamp(run_id="run", at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
TCP_LISTENER = "1.3.6.1.2.1.6.20.1.4"
TCP_CONNECTION = "1.3.6.1.2.1.6.19.1"
PROCESS = "1.3.6.1.2.1.25.4.2.1.2"
HOST_DEVICE: dict[str, SnmpValue] = {
    "1.3.6.1.2.1.25.3.2.1.2.1": "1.3.6.1.2.1.25.3.1.3",
    "1.3.6.1.2.1.25.3.2.1.3.1": b"cpu",
}
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"


def names(found: Mapped, class_name: str) -> list[str | None]:
    return [draft.name for draft in found.rows.drafts.values() if draft.class_name == class_name]


def links(found: Mapped, type_: str) -> set[tuple[str, str]]:
    return {(link.source, link.target) for link in found.rows.links.values() if link.type == type_}


@pytest.mark.parametrize(
    ("sys_name", "expected"),
    [
        ("web.example.test", ("web", "web.example.test")),
        ("Web.Example.test.", ("Web", "web.example.test")),
        ("web", ("web", None)),
        ("PA-440 Device", ("PA-440 Device", None)),
        ("10.1.2.3", (None, None)),
        ("switch-1.2", ("switch-1.2", None)),
        ("<private>", (None, None)),
        ("", (None, None)),
    ],
)
def test_a_name_with_dots_is_an_fqdn_and_an_address_is_no_name(
    sys_name: str, expected: tuple[str | None, str | None]
) -> None:
    assert names_of(sys_name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bash_5.2.15-2+b7_amd64", ("bash", "5.2.15-2+b7", "dpkg")),
        ("adduser_3.134_all", ("adduser", "3.134", "dpkg")),
        ("libstdc++6_12.2.0-14+deb12u1_amd64", ("libstdc++6", "12.2.0-14+deb12u1", "dpkg")),
        ("vim_2:9.0.1378-2_amd64", ("vim", "2:9.0.1378-2", "dpkg")),
        ("python3-libxml2-2.9.7-5.el8", ("python3-libxml2", "2.9.7-5.el8", "rpm")),
        ("bash-4.4.20-4.el8_6.x86_64", ("bash", "4.4.20-4.el8_6", "rpm")),
        ("gpg-pubkey-8483c65d-5ccc5b19", None),
        ("JUNOS Base OS Software Suite [19.4R3.11]", ("JUNOS Base OS Software Suite", "19.4R3.11", None)),
        (
            "Microsoft Visual C++ 2019 X64 Minimum Runtime - 14.28.29914",
            ("Microsoft Visual C++ 2019 X64 Minimum Runtime", "14.28.29914", None),
        ),
        ("Notepad", ("Notepad", None, None)),
    ],
)
def test_installed_software_is_split_into_name_and_version(text: str, expected: tuple[str | None, ...] | None) -> None:
    assert product_of(text) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (bytes.fromhex("001B21AABBCC"), "00:1b:21:aa:bb:cc"),
        (b"00:1B:21:AA:BB:CC", "00:1b:21:aa:bb:cc"),
        (bytes(6), None),
        (b"", None),
        (b"\x00\x1b", None),
        (7, None),
    ],
)
def test_a_mac_is_six_bytes_and_not_all_zero(raw: SnmpValue, expected: str | None) -> None:
    assert as_mac(raw) == expected


def test_text_is_utf_8_or_latin_1_without_control_characters() -> None:
    assert [as_text(raw) for raw in ("Zürich".encode(), "Zürich".encode("latin-1"), b"  rack 7\x00\x00 ", b"a\tb")] == [
        "Zürich",
        "Zürich",
        "rack 7",
        "a b",
    ]


async def test_a_linux_host_is_a_server_with_kernel_and_architecture() -> None:
    device = (await agent(LINUX, address="192.0.2.7")).device
    assert (device.class_name, device.name) == ("server", "web")
    assert device.attributes["fqdn"] == "web.example.test"
    assert device.attributes["kernel_version"] == "6.1.0-18-amd64"
    assert device.attributes["architecture"] == "x86_64"
    assert device.attributes["ip_addresses"] == ["192.0.2.7"]
    assert "manufacturer" not in device.attributes


async def test_a_linux_host_that_routes_between_two_networks_is_a_router() -> None:
    ports = port(1, "eth0", address="10.1.0.1") | port(2, "eth1", address="10.2.0.1")
    assert (await agent(LINUX | ports | {"1.3.6.1.2.1.4.1.0": 1})).device.class_name == "router"
    assert (await agent(LINUX | ports | {"1.3.6.1.2.1.4.1.0": 2})).device.class_name == "server"


async def test_a_container_host_forwards_and_is_no_router() -> None:
    ports = port(1, "eth0", address="10.1.0.1") | port(2, "docker0", address="172.17.0.1")
    assert (await agent(LINUX | ports | {"1.3.6.1.2.1.4.1.0": 1})).device.class_name == "server"


async def test_an_unknown_bridge_is_a_switch_and_an_unknown_forwarder_a_router() -> None:
    unknown: dict[str, SnmpValue] = {f"{SYSTEM}.1.0": b"Box", f"{SYSTEM}.2.0": "1.3.6.1.4.1.99999.1"}
    bridge: dict[str, SnmpValue] = {"1.3.6.1.2.1.17.1.4.1.2.1": 1, "1.3.6.1.2.1.17.1.4.1.2.2": 2}
    assert (await agent(unknown | bridge)).device.class_name == "switch"
    assert (await agent(unknown | {"1.3.6.1.2.1.4.1.0": 1})).device.class_name == "router"
    assert (await agent(unknown)).device.class_name == "device"


async def test_the_maker_is_told_by_the_enterprise_number_where_no_family_fits() -> None:
    device = (await agent({f"{SYSTEM}.2.0": "1.3.6.1.4.1.1588.2.1.1", f"{SYSTEM}.1.0": b"Fibre switch"})).device
    assert device.attributes["manufacturer"] == "Brocade"


async def test_interfaces_of_one_name_are_told_apart() -> None:
    rows = port(1, "eth") | port(2, "eth") | {f"{IF}.2.2": b"second"} | {f"{IFX}.1.2": b"eth"}
    assert names(await agent(SWITCH | rows), "interface") == ["eth #1", "second"]


async def test_interfaces_without_hardware_and_of_single_containers_are_left_out() -> None:
    rows = port(1, "Gi1/0/1") | port(2, "Gi2/0/1", oper=6) | port(3, "veth0a1b2c3") | port(4, "unrouted VLAN 1002")
    assert names(await agent(SWITCH | rows), "interface") == ["Gi1/0/1"]


async def test_speed_comes_from_the_wide_gauge_where_the_narrow_one_is_full() -> None:
    rows = (
        port(1, "Te1")
        | {f"{IF}.5.1": 2**32 - 1, f"{IFX}.15.1": 10_000}
        | port(2, "Gi1")
        | {f"{IF}.5.2": 1_544_000, f"{IFX}.15.2": 2}
    )
    found = await agent(SWITCH | rows)
    speeds = [draft.attributes["speed_bps"] for draft in found.rows.drafts.values() if draft.class_name == "interface"]
    assert speeds == [10_000_000_000, 1_544_000]


async def test_ipv6_addresses_and_their_interface_come_from_the_newer_table() -> None:
    index = "2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.66"
    found = await agent(
        SWITCH | port(3, "Vlan3") | {f"1.3.6.1.2.1.4.34.1.3.{index}": 3, f"1.3.6.1.2.1.4.34.1.4.{index}": 1}
    )
    assert found.rows.drafts["interface:3"].attributes["ip_addresses"] == ["2001:db8::42"]
    assert found.device.attributes["ip_addresses"] == ["2001:db8::42"]


async def test_loopback_and_link_local_addresses_stay_at_their_interface() -> None:
    found = await agent(LINUX | port(1, "lo", kind=24, address="127.0.0.1") | port(2, "eth0", address="169.254.3.4"))
    assert "ip_addresses" not in found.device.attributes
    assert found.rows.drafts["interface:1"].attributes["ip_addresses"] == ["127.0.0.1"]


async def test_macs_of_ports_count_and_those_of_tunnels_do_not() -> None:
    found = await agent(SWITCH | port(1, "Gi1", mac=mac(1)) | port(2, "Tu1", mac=mac(2), kind=131))
    assert found.device.attributes["mac_addresses"] == ["00:1b:21:00:00:01"]


def entity(
    index: int, kind: int, name: str, *, parent: int = 0, position: int = 0, serial: str = "", model: str = ""
) -> dict[str, SnmpValue]:
    values: dict[int, SnmpValue] = {
        5: kind,
        2: name.encode(),
        4: parent,
        6: position,
        7: name.encode(),
        11: serial.encode(),
        13: model.encode(),
    }
    return {f"{ENTITY}.{column}.{index}": value for column, value in values.items()}


async def test_parts_with_serials_are_components_and_the_chassis_is_the_device() -> None:
    rows = (
        entity(1, 3, "Chassis", serial="FOC1", model="C9300-48P")
        | entity(2, 6, "PSU A", parent=1, position=1, serial="PSU1", model="PWR-1")
        | entity(3, 7, "Fan", parent=1)
    )
    found = await agent(SWITCH | rows)
    assert (found.device.attributes["serial_number"], found.device.attributes["model"]) == ("FOC1", "C9300-48P")
    assert names(found, "hardware_component") == ["PSU A"]
    part = found.rows.drafts["component:2"].attributes
    assert (part["component_class"], part["serial_number"], part["model"], part["position"], part["parent"]) == (
        "power_supply",
        "PSU1",
        "PWR-1",
        "1",
        "Chassis",
    )


async def test_one_chassis_in_a_stack_of_one_is_no_stack() -> None:
    rows = entity(1, 11, "Stack") | entity(1000, 3, "Switch 1", parent=1, position=1, serial="FOC1", model="C9300-48P")
    found = await agent(SWITCH | rows)
    assert "members" not in found.device.attributes
    assert found.device.attributes["serial_number"] == "FOC1"


async def test_two_chassis_in_a_stack_are_its_members() -> None:
    rows = (
        entity(1, 11, "Stack")
        | entity(1000, 3, "1", parent=1, serial="FOC1", model="A")
        | entity(2000, 3, "2", parent=1, serial="FOC2", model="B")
    )
    members = (await agent(SWITCH | rows)).device.attributes["members"]
    assert members == [
        {"position": 1, "serial_number": "FOC1", "model": "A"},
        {"position": 2, "serial_number": "FOC2", "model": "B"},
    ]


async def test_only_mounted_disks_are_file_systems_and_only_their_size_is_kept() -> None:
    def storage(index: int, kind: int, name: str, units: int) -> dict[str, SnmpValue]:
        table = "1.3.6.1.2.1.25.2.3.1"
        return {
            f"{table}.2.{index}": f"1.3.6.1.2.1.25.2.1.{kind}",
            f"{table}.3.{index}": name.encode(),
            f"{table}.4.{index}": 4096,
            f"{table}.5.{index}": units,
            f"{table}.6.{index}": 17,
        }

    rows = (
        storage(1, 2, "Physical memory", 100)
        | storage(31, 4, "/", 1000)
        | storage(32, 4, "/run", 10)
        | storage(33, 4, "/data", -1)
        | storage(34, 4, "C:\\ Label:System  Serial Number 1a2b", 5)
    )
    found = await agent(LINUX | HOST_DEVICE | rows)
    sizes = {
        draft.name: draft.attributes["size_bytes"]
        for draft in found.rows.drafts.values()
        if draft.class_name == "file_system"
    }
    assert sizes == {"/": 4_096_000, "/data": (2**32 - 1) * 4096, "C:": 20_480}


async def test_a_service_runs_on_the_program_that_listens() -> None:
    rows: dict[str, SnmpValue] = {
        f"{TCP_LISTENER}.1.4.0.0.0.0.80": 711,
        f"{TCP_LISTENER}.2.16.{'0.' * 16}80": 711,
        f"{PROCESS}.711": b"nginx",
    }
    found = await agent(LINUX | HOST_DEVICE | rows)
    service = found.rows.drafts["service:tcp/80"].attributes
    assert (service["port"], service["protocol"], service["bind_addresses"], service["process"]) == (
        80,
        "tcp",
        ["0.0.0.0", "::"],
        "nginx",
    )
    assert links(found, "RUNS_ON") == {("service:tcp/80", "instance:nginx")}


async def test_an_outgoing_connection_is_a_dependency_and_an_incoming_one_is_none() -> None:
    rows: dict[str, SnmpValue] = {
        f"{TCP_LISTENER}.1.4.0.0.0.0.8080": 42,
        f"{TCP_CONNECTION}.7.1.4.10.0.0.2.41234.1.4.10.0.0.9.5432": 5,
        f"{TCP_CONNECTION}.8.1.4.10.0.0.2.41234.1.4.10.0.0.9.5432": 42,
        f"{TCP_CONNECTION}.7.1.4.10.0.0.2.8080.1.4.10.0.0.77.50123": 5,
        f"{TCP_CONNECTION}.8.1.4.10.0.0.2.8080.1.4.10.0.0.77.50123": 42,
        f"{PROCESS}.42": b"gunicorn",
    }
    found = await agent(LINUX | HOST_DEVICE | port(1, "eth0", address="10.0.0.2") | rows)
    assert links(found, "DEPENDS_ON") == {("instance:gunicorn", "remote:10.0.0.9:tcp/5432")}
    remote = found.rows.drafts["remote:10.0.0.9:tcp/5432"].attributes
    assert found.rows.drafts[str(remote["host"])].attributes == {"ip_addresses": ["10.0.0.9"]}
    assert "remote:10.0.0.77" not in found.rows.drafts


async def test_without_the_program_the_host_uses_the_remote_service() -> None:
    rows: dict[str, SnmpValue] = {
        f"{TCP_CONNECTION}.7.1.4.10.0.0.2.41234.1.4.10.0.0.9.5432": 5,
        f"{TCP_CONNECTION}.8.1.4.10.0.0.2.41234.1.4.10.0.0.9.5432": 0,
    }
    found = await agent(LINUX | HOST_DEVICE | rows)
    assert links(found, "USES") == {("device", "remote:10.0.0.9:tcp/5432")}


async def test_the_older_tables_serve_where_the_newer_are_missing() -> None:
    rows: dict[str, SnmpValue] = {
        "1.3.6.1.2.1.6.13.1.1.0.0.0.0.22.0.0.0.0.0": 2,
        "1.3.6.1.2.1.6.13.1.1.10.0.0.2.41234.10.0.0.9.5432": 5,
        "1.3.6.1.2.1.7.5.1.2.0.0.0.0.161": 161,
        "1.3.6.1.2.1.7.5.1.2.0.0.0.0.47123": 47123,
    }
    found = await agent(LINUX | rows)
    assert names(found, "network_service") == ["tcp/22", "udp/161", "tcp/5432"]
    assert links(found, "USES") == {("device", "remote:10.0.0.9:tcp/5432")}


async def test_what_network_gear_listens_on_is_not_listed() -> None:
    found = await agent(SWITCH | {f"{TCP_LISTENER}.1.4.0.0.0.0.22": 0})
    assert names(found, "network_service") == []


async def test_a_fault_anywhere_completes_no_scope() -> None:
    whole = await reading(SWITCH | port(1, "Gi1"))
    families = known_families()
    assert [scope.class_name for scope in mapped(whole, families).rows.scopes] == ["interface"]
    assert mapped(replace(whole, faults=("no answer",)), families).rows.scopes == []


async def test_a_table_that_the_agent_lacks_completes_no_scope() -> None:
    assert (await agent(SWITCH)).rows.scopes == []


async def test_more_than_one_change_set_of_drafts_is_split_and_claims_no_scope() -> None:
    rows: dict[str, SnmpValue] = {
        f"1.3.6.1.2.1.25.6.3.1.2.{number}": f"package{number}_1.0_all".encode() for number in range(1, 5001)
    }
    told = observations(await agent(LINUX | HOST_DEVICE | rows), STAMP)
    assert [len(each.drafts) for each in told] == [4500, 502]
    assert all(each.drafts[0].local_id == "device" for each in told)
    assert sum(len(each.links) for each in told) == 5000
    assert [scope for each in told for scope in each.scopes] == []


async def test_the_scope_of_installed_software_is_said_when_all_was_seen() -> None:
    found = await agent(LINUX | HOST_DEVICE | {"1.3.6.1.2.1.25.6.3.1.2.1": b"bash_5.2_amd64"})
    scopes = [(scope.kind, scope.relationship_type, scope.within) for scope in found.rows.scopes]
    assert scopes == [(ScopeKind.RELATIONSHIPS, "INSTALLED_ON", "device")]
