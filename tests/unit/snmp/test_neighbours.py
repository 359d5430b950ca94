"""LLDP, CDP and forwarding tables → cables."""

from __future__ import annotations

import datetime as dt

from scanners.snmp_client import SnmpValue
from scanners.snmp_mapping import Stamp
from scanners.snmp_topology import LEARNED_CONFIDENCE, learned_cables
from tests.unit.snmp.agents import LINUX, LLDP, SWITCH, SYSTEM, agent, mac, port

STAMP = Stamp(run_id="run", at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
CDP = "1.3.6.1.4.1.9.9.23.1.2.1.1"


def lldp(
    local: int, number: int, *, chassis: bytes = b"", name: str = "", remote: str = "", management: str = ""
) -> dict[str, SnmpValue]:
    index = f"100.{local}.{number}"
    table = f"{LLDP}.4.1.1"
    row: dict[str, SnmpValue] = {
        f"{table}.4.{index}": 4 if chassis else 7,
        f"{table}.5.{index}": chassis or b"local",
        f"{table}.6.{index}": 5,
        f"{table}.7.{index}": remote.encode(),
        f"{table}.9.{index}": name.encode(),
    }
    if management:
        row[f"{LLDP}.4.2.1.3.{index}.1.4.{management}"] = 2
    return row


def cdp(if_index: int, device_id: str, *, address: bytes = b"", remote: str = "") -> dict[str, SnmpValue]:
    index = f"{if_index}.1"
    return {
        f"{CDP}.6.{index}": device_id.encode(),
        f"{CDP}.3.{index}": 1,
        f"{CDP}.4.{index}": address,
        f"{CDP}.7.{index}": remote.encode(),
    }


async def test_an_lldp_neighbour_is_a_device_with_name_mac_and_management_address() -> None:
    rows = port(7, "Gi1/0/7") | lldp(
        7, 1, chassis=mac(9), name="edge.example.test", remote="ge-0/0/1", management="10.9.9.9"
    )
    found = await agent(SWITCH | rows)
    draft = found.rows.drafts["neighbour:1"]
    assert (draft.class_name, draft.name) == ("device", "edge")
    assert draft.attributes == {
        "fqdn": "edge.example.test",
        "mac_addresses": ["00:1b:21:00:00:09"],
        "ip_addresses": ["10.9.9.9"],
    }
    (link,) = found.rows.links.values()
    assert (link.source, link.type, link.target) == ("device", "CONNECTED_TO", "neighbour:1")
    assert link.attributes == {"source_port": "Gi1/0/7", "target_port": "ge-0/0/1", "protocol": "lldp"}


async def test_lldp_port_numbers_lead_to_interfaces_by_their_own_names() -> None:
    rows = (
        port(11, "swp1")
        | {f"{LLDP}.3.7.1.2.3": 5, f"{LLDP}.3.7.1.3.3": b"swp1", f"{LLDP}.3.7.1.4.3": b"first"}
        | lldp(3, 1, name="web", remote="eth0")
    )
    (link,) = (await agent(SWITCH | rows)).rows.links.values()
    assert link.attributes["source_port"] == "swp1"


async def test_the_second_lldp_mib_serves_where_the_first_is_missing() -> None:
    table, index = "1.3.111.2.802.1.1.13.1.4", "100.7.1.1"
    rows: dict[str, SnmpValue] = {
        f"{table}.1.1.5.{index}": 4,
        f"{table}.1.1.6.{index}": mac(9),
        f"{table}.1.1.7.{index}": 5,
        f"{table}.1.1.8.{index}": b"ge-0/0/1",
        f"{table}.1.1.10.{index}": b"edge",
        f"{table}.2.1.3.{index}.1.4.10.9.9.9": 2,
    }
    found = await agent(SWITCH | port(7, "Gi1/0/7") | rows)
    assert found.rows.drafts["neighbour:1"].attributes["ip_addresses"] == ["10.9.9.9"]
    (link,) = found.rows.links.values()
    assert link.attributes == {"source_port": "Gi1/0/7", "target_port": "ge-0/0/1", "protocol": "lldp"}


async def test_two_cables_to_one_neighbour_are_one_relationship_with_both_ports() -> None:
    rows = (
        port(1, "Gi1")
        | port(2, "Gi2")
        | lldp(1, 1, chassis=mac(9), name="edge", remote="A1")
        | lldp(2, 2, chassis=mac(9), name="edge", remote="A2")
    )
    (link,) = (await agent(SWITCH | rows)).rows.links.values()
    assert link.attributes == {"source_port": "Gi1, Gi2", "target_port": "A1, A2", "protocol": "lldp"}


async def test_lldp_and_cdp_of_one_cable_are_one_neighbour() -> None:
    rows = (
        port(1, "Gi1")
        | lldp(1, 1, chassis=mac(9), name="edge", remote="Gi0/1")
        | cdp(1, "edge.example.test", address=bytes((10, 9, 9, 9)), remote="GigabitEthernet0/1")
    )
    found = await agent(SWITCH | rows)
    (link,) = found.rows.links.values()
    assert link.attributes == {"source_port": "Gi1", "target_port": "Gi0/1", "protocol": "lldp+cdp"}
    assert found.rows.drafts["neighbour:1"].attributes["ip_addresses"] == ["10.9.9.9"]


async def test_the_serial_number_in_a_cdp_device_id_is_one() -> None:
    found = await agent(SWITCH | port(1, "Gi1") | cdp(1, "spine1(FDO12345678)", remote="Ethernet1/1"))
    draft = found.rows.drafts["neighbour:1"]
    assert (draft.name, draft.attributes["serial_number"]) == ("spine1", "FDO12345678")


async def test_a_neighbour_that_nothing_recognises_is_left_out() -> None:
    found = await agent(SWITCH | port(1, "Gi1") | lldp(1, 1, remote="x"))
    assert found.neighbours == ()
    assert found.rows.links == {}


def learned(*ends: tuple[bytes, int]) -> dict[str, SnmpValue]:
    """A forwarding table: addresses by bridge port, which is the ifIndex here."""
    rows: dict[str, SnmpValue] = {}
    for address, number in ends:
        index = ".".join(map(str, address))
        rows |= {
            f"1.3.6.1.2.1.17.4.3.1.2.{index}": number,
            f"1.3.6.1.2.1.17.4.3.1.3.{index}": 3,
            f"1.3.6.1.2.1.17.1.4.1.2.{number}": number,
        }
    return rows


async def test_a_learned_address_of_a_device_read_in_the_same_run_is_a_cable() -> None:
    switch = await agent(SWITCH | port(1, "Gi1") | port(2, "Gi2") | learned((mac(50), 1), (mac(51), 2)))
    host = await agent(LINUX | port(1, "eth0", mac=mac(50)))
    (told,) = learned_cables([switch, host], STAMP)
    assert [draft.local_id for draft in told.drafts] == ["device", "end:1"]
    assert told.drafts[1].attributes == host.device.attributes
    (link,) = told.links
    assert (link.source, link.type, link.target) == ("device", "CONNECTED_TO", "end:1")
    assert (link.attributes, link.confidence) == ({"source_port": "Gi1", "protocol": "fdb"}, LEARNED_CONFIDENCE)
    assert told.scopes == ()


async def test_a_learned_address_makes_no_device() -> None:
    switch = await agent(SWITCH | port(1, "Gi1") | learned((mac(50), 1)))
    assert learned_cables([switch], STAMP) == ()
    assert list(switch.rows.drafts) == ["device", "interface:1"]


async def test_addresses_behind_an_uplink_are_no_cables() -> None:
    switch = await agent(SWITCH | port(1, "Gi1") | learned((mac(50), 1), (mac(51), 1)))
    host = await agent(LINUX | port(1, "eth0", mac=mac(50)))
    assert learned_cables([switch, host], STAMP) == ()


async def test_what_lldp_says_is_not_said_again() -> None:
    switch = await agent(
        SWITCH | port(1, "Gi1") | lldp(1, 1, chassis=mac(50), name="web", remote="eth0") | learned((mac(50), 1))
    )
    host = await agent(LINUX | {f"{SYSTEM}.5.0": b"web.example.test"} | port(1, "eth0", mac=mac(50)))
    assert learned_cables([switch, host], STAMP) == ()
