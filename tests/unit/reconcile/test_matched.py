"""What a record keeps of how it was recognised: the rule, the values, what else was considered and why it lost."""

from __future__ import annotations

from typing import Any

import pytest

from cmdb.entities import Claim
from cmdb.values import Value
from tests.unit.reconcile.builders import MAC_A, MAC_B, World, draft, observation

U1, U2 = "0a1b2c3d-0000-4000-9000-0000000000aa", "0a1b2c3d-0000-4000-9000-0000000000bb"


def _matched(world: World, ci: str, source: str) -> dict[str, Value]:
    (claim,) = (claim for claim in world.claims(ci) if claim.source == source)
    return dict(claim.matched)


@pytest.mark.parametrize(
    ("rule", "said", "on"),
    [
        ("serial", {"serial": "s-1"}, {"serial": ["S-1"]}),
        ("mac", {"macs": [MAC_A, MAC_B]}, {"mac": [MAC_A, MAC_B]}),
        ("uuid", {"uuid": U1}, {"uuid": [U1]}),
        ("board", {"board_serial": "B-1"}, {"board": ["B-1"]}),
        ("machine_id", {"machine_id": "8" * 31 + "1"}, {"machine_id": ["8" * 31 + "1"]}),
        ("host_key", {"ssh_host_keys": ["ssh-ed25519 AAAA1"]}, {"host_key": ["ssh-ed25519 AAAA1"]}),
        ("asset_tag", {"asset_tag": "t-1"}, {"asset_tag": ["T-1"]}),
        ("fqdn", {"fqdn": "a.example.net"}, {"fqdn": ["a.example.net"]}),
        (
            "name_and_address",
            {"name": "web", "ips": ["192.0.2.1"]},
            {"name": ["web"], "address": ["default/|192.0.2.1"]},
        ),
        ("address", {"ips": ["192.0.2.1"]}, {"address": ["default/|192.0.2.1"]}),
    ],
)
def test_every_rung_names_itself_and_the_values_that_agreed(
    rule: str, said: dict[str, Any], on: dict[str, list[str]]
) -> None:
    world = World()
    world.see("ssh", 1, draft(**said))
    ci = world.see("csv", 2, draft(**said))
    assert _matched(world, ci, "ssh") == {"rule": "new", "on": {}, "considered": []}
    assert _matched(world, ci, "csv") == {"rule": rule, "on": on, "considered": []}


def test_what_a_stronger_rung_told_apart_says_which_and_the_value_there() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1", macs=[MAC_A]))
    other = world.see("csv", 2, draft(serial="S-2", macs=[MAC_A]))
    assert _matched(world, other, "csv")["considered"] == [{"ci": one, "lost_because": "serial differs: S-1 there"}]


def test_a_weaker_fit_that_is_kept_apart_says_so() -> None:
    world = World()
    listed = [draft(local_id="x", key="k1", serial="S-1"), draft(local_id="y", key="k2", macs=[MAC_A])]
    one, other = (row.ci for row in world.tell(observation("vcenter", 1, listed)).plan.rows)
    assert world.see("csv", 2, draft(serial="S-1", macs=[MAC_A])) == one
    assert one is not None
    assert _matched(world, one, "csv") == {
        "rule": "serial",
        "on": {"serial": ["S-1"]},
        "considered": [{"ci": other, "lost_because": "fits only by mac and is kept apart from the better fit"}],
    }


def test_best_fits_that_are_kept_apart_are_all_named() -> None:
    world = World()
    one = world.see("csv", 1, draft(serial="1", manufacturer="Dell"))
    two = world.see("csv", 2, draft(serial="1", manufacturer="HP"))
    own = world.see("ssh", 3, draft(serial="1", name="x"))
    because = "fits by serial as well as another that is kept apart from it"
    assert _matched(world, own, "ssh") == {
        "rule": "new",
        "on": {},
        "considered": [{"ci": one, "lost_because": because}, {"ci": two, "lost_because": because}],
    }


def test_a_shared_value_names_those_who_share_it() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1", macs=[MAC_A]))
    two = world.see("ssh", 2, draft(serial="S-2", macs=[MAC_A]))
    own = world.see("nmap", 3, draft("device", macs=[MAC_A]))
    because = f"mac {MAC_A} is shared by several and identifies nobody"
    assert _matched(world, own, "nmap")["considered"] == [
        {"ci": ci, "lost_because": because} for ci in sorted((one, two))
    ]


def test_a_join_names_what_was_joined_also_for_a_record_that_was_there() -> None:
    world = World()
    one = world.see("csv", 1, draft(serial="S-1"))
    two = world.see("glpi", 2, draft(macs=[MAC_A]))
    assert world.see("csv", 3, draft(serial="S-1", macs=[MAC_A])) == one
    assert _matched(world, one, "csv") == {
        "rule": "serial",
        "on": {"serial": ["S-1"]},
        "considered": [],
        "joined": [two],
    }


def test_a_name_alone_is_considered_and_decides_nothing() -> None:
    world = World()
    one = world.see("csv", 1, draft(name="web"))
    other = world.see("ssh", 2, draft(name="web", serial="S-1"))
    assert _matched(world, other, "ssh")["considered"] == [
        {"ci": one, "lost_because": "has the same name and nothing else to compare by"}
    ]


def test_values_that_identify_nothing_are_named_with_the_reason() -> None:
    world = World()
    ci = world.see("glpi", 1, draft(name="box", serial="To Be Filled By O.E.M.", macs=["02:77:a0:00:00:01"]))
    assert _matched(world, ci, "glpi")["set_aside"] == [
        {"kind": "serial", "value": "TO BE FILLED BY O.E.M.", "because": "placeholder"},
        {"kind": "mac", "value": "02:77:a0:00:00:01", "because": "random_mac"},
    ]


def test_dependents_catalogue_and_logical_cis_say_by_what_they_were_recognised() -> None:
    world = World()
    rows = [
        draft(local_id="h", serial="S-1"),
        draft("interface", "i", name="eth0", host="h"),
        draft("software_product", "p", name="nginx", version="1.2"),
        draft("application", "a", name="shop"),
    ]
    world.tell(observation("ssh", 1, rows))
    done = world.tell(observation("ssh", 2, rows))
    assert {row.local_id: row.rule for row in done.plan.rows} == {
        "h": "same_identifiers",
        "i": "name_in_host",
        "p": "content",
        "a": "name_in_site",
    }
    landed = world.tell(observation("glpi", 3, rows)).plan
    claims: dict[str, Claim] = {
        row.local_id: claim for row in landed.rows for claim in world.claims(row.ci or "") if claim.source == "glpi"
    }
    assert claims["i"].matched["on"] == {"name": ["eth0"]}
    assert claims["p"].matched["on"] == {"name": ["nginx"], "version": ["1.2"]}
    assert claims["a"].matched["considered"] == [
        {"ci": world.cis("application")[0].id, "lost_because": "only another source says this name"}
    ]
