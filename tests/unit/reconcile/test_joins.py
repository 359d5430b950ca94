"""Observations that fit several CIs: joined, or kept apart and told (design §6)."""

from __future__ import annotations

from typing import Any

from cmdb.entities import CI, Kind
from cmdb.observation import RedundancyDraft
from tests.unit.reconcile.builders import MAC_A, MAC_B, MAC_C, World, draft, observation


def _two_adapters(world: World) -> tuple[str, str]:
    one = world.see("nmap", 1, draft("device", ips=["192.0.2.10"], macs=[MAC_A]))
    other = world.see("nmap", 2, draft("device", ips=["198.51.100.10"], macs=[MAC_B]))
    assert one != other
    return one, other


def test_a_row_with_both_macs_joins_two_cis_and_the_oldest_id_survives() -> None:
    world = World()
    one, other = _two_adapters(world)
    joined = world.see("glpi", 3, draft(serial="GV-1", name="gamma", macs=[MAC_A, MAC_B]))
    assert joined == one
    assert [ci.id for ci in world.cis()] == [one]
    assert world.ci(other).id == one
    assert world.ci(one).attributes["ip_addresses"] == ["192.0.2.10", "198.51.100.10"]
    assert {claim.source for claim in world.claims(one)} == {"nmap", "glpi"}
    assert len(world.claims(one)) == 3


def test_a_join_is_in_the_history_with_the_state_before() -> None:
    world = World()
    one, other = _two_adapters(world)
    world.see("glpi", 3, draft(serial="GV-1", macs=[MAC_A, MAC_B]))
    last = world.store.history(Kind.CI, other)[-1]
    assert isinstance(last.before, CI)
    assert isinstance(last.after, CI)
    assert (last.before.merged_into, last.after.merged_into) == (None, one)


def test_a_merged_ci_keeps_no_claim_key_or_relationship() -> None:
    world = World()
    one, other = _two_adapters(world)
    world.see("glpi", 3, draft(serial="GV-1", macs=[MAC_A, MAC_B]))
    owners = world.store.owners([f"mac|{MAC_A}", f"mac|{MAC_B}", "serial|GV-1"])
    assert {key: held.owners for key, held in owners.items()} == {
        f"mac|{MAC_A}": (one,),
        f"mac|{MAC_B}": (one,),
        "serial|GV-1": (one,),
    }
    assert world.store.find(Kind.CLAIM, "ci", [other]) == ()


def test_relationships_and_redundancy_groups_follow_a_join() -> None:
    world = World()
    world.tell(
        observation(
            "graph",
            1,
            [
                draft(local_id="a", name="a", key="a", macs=[MAC_A]),
                draft(local_id="b", name="b", key="b", macs=[MAC_B]),
                draft("application", "app", name="shop", key="app"),
            ],
            links=[("app", "DEPENDS_ON", "b")],
            groups=[RedundancyDraft(of="app", members=("a", "b"), min_up=1)],
        )
    )
    app = world.cis("application")[0].id
    older = world.see("nmap", 0, draft("device", macs=[MAC_C]))
    gone = next(ci for ci in world.cis() if ci.name == "b").id
    kept = world.see("ssh", 2, draft(macs=[MAC_B, MAC_C]))
    assert {kept, world.ci(gone).id, world.ci(older).id} == {kept}
    assert world.relationships() == {(app, "DEPENDS_ON", kept)}
    kept_a = next(ci for ci in world.cis() if ci.name == "a").id
    assert [set(group.members) for group in world.groups()] == [{kept_a, kept}]


def test_both_members_of_a_group_can_be_joined_by_one_observation() -> None:
    world = World()
    world.see("nmap", 0, draft("device", macs=[MAC_A]))
    world.see("nmap", 0, draft("device", macs=[MAC_C]))
    world.tell(
        observation(
            "graph",
            1,
            [
                draft(local_id="a", key="a", name="a", serial="S-A"),
                draft(local_id="b", key="b", name="b", serial="S-B"),
                draft("application", "app", name="shop", key="app"),
            ],
            groups=[RedundancyDraft(of="app", members=("a", "b"), min_up=1)],
        )
    )
    world.tell(
        observation(
            "ssh", 2, [draft(local_id="p", serial="S-A", macs=[MAC_A]), draft(local_id="q", serial="S-B", macs=[MAC_C])]
        )
    )
    servers = {ci.id for ci in world.cis("server")}
    assert len(servers) == 2
    assert [set(group.members) for group in world.groups()] == [servers]


def test_dependents_of_the_same_name_become_one_with_their_hosts() -> None:
    world = World()

    def host(source: str, at: float, mac: str, serial: str) -> tuple[str, str]:
        rows = world.tell(
            observation(
                source,
                at,
                [
                    draft(local_id="h", macs=[mac]),
                    draft("network_service", "s", name="tcp/22", host="h", port=22, protocol="tcp"),
                    draft("network_service", "t", name=serial, host="h"),
                ],
            )
        ).plan.rows
        assert rows[0].ci is not None
        assert rows[1].ci is not None
        return rows[0].ci, rows[1].ci

    one, service_one = host("nmap", 1, MAC_A, "tcp/80")
    _, service_other = host("nmap", 2, MAC_B, "tcp/443")
    world.see("ssh", 3, draft(macs=[MAC_A, MAC_B]))
    services = {ci.name: ci.id for ci in world.cis("network_service")}
    assert sorted(services) == ["tcp/22", "tcp/443", "tcp/80"]
    assert world.ci(service_other).id == service_one
    assert world.relationships() == {(id_, "RUNS_ON", one) for id_ in services.values()}


def test_a_row_may_arrive_again_after_its_ci_was_joined() -> None:
    world = World()
    one, other = _two_adapters(world)
    world.see("glpi", 3, draft(serial="GV-1", macs=[MAC_A, MAC_B]))
    assert world.see("nmap", 4, draft("device", ips=["198.51.100.10"], macs=[MAC_B])) == one
    assert world.ci(other).id == one


def test_two_that_the_ladder_tells_apart_are_not_joined_by_strong_evidence() -> None:
    world = World()
    one = world.see("glpi", 1, draft(serial="S-1", macs=[MAC_A]))
    other = world.see("glpi", 2, draft(serial="S-2", macs=[MAC_B]))
    third = world.see("nmap", 3, draft("device", macs=[MAC_A, MAC_B]))
    assert len({one, other, third}) == 3
    (conflict,) = world.reviews("conflicting_evidence")
    assert set(conflict.cis) == {one, other, third}
    (claim,) = world.claims(third)
    assert set(claim.disputed) == {f"mac|{MAC_A}", f"mac|{MAC_B}"}
    # the disputed values still identify the two that had them
    assert world.see("nmap", 4, draft("device", macs=[MAC_A])) == one
    assert world.see("nmap", 4, draft("device", macs=[MAC_B])) == other


def test_two_that_the_ladder_tells_apart_are_ambiguous_on_weak_evidence() -> None:
    world = World()
    one = world.see("glpi", 1, draft(serial="S-1", ips=["192.0.2.1"]))
    other = world.see("glpi", 2, draft(serial="S-2", ips=["192.0.2.2"]))
    third = world.see("nmap", 3, draft("device", ips=["192.0.2.1", "192.0.2.2"]))
    assert len({one, other, third}) == 3
    assert [set(item.cis) for item in world.reviews("ambiguous_match")] == [{one, other, third}]
    assert world.reviews("conflicting_evidence") == []


def test_a_weaker_fit_that_is_kept_apart_is_reported_and_ignored() -> None:
    world = World()
    one = world.see("glpi", 1, draft(serial="S-1"))
    other = world.see("glpi", 2, draft(serial="S-2", ips=["192.0.2.2"]))
    assert world.see("ssh", 3, draft(serial="S-1", ips=["192.0.2.2"])) == one
    (claim,) = [claim for claim in world.claims(one) if claim.source == "ssh"]
    assert claim.matched["rule"] == "serial"
    considered = claim.matched["considered"]
    assert isinstance(considered, (list, tuple))
    assert [item["ci"] for item in considered if isinstance(item, dict)] == [other]
    assert world.flags() == set()


def test_a_weaker_fit_that_nothing_keeps_apart_joins() -> None:
    world = World()
    one = world.see("glpi", 1, draft(serial="S-1"))
    other = world.see("csv", 2, draft(fqdn="web1.example.net"))
    assert world.see("ssh", 3, draft(serial="S-1", fqdn="web1.example.net")) == one
    assert world.ci(other).id == one


def test_an_identifier_below_the_deciding_rung_that_differs_is_told() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1", macs=[MAC_A]))
    assert world.see("glpi", 2, draft(serial="S-1", macs=[MAC_B])) == one
    (told,) = world.reviews("identifier_changed")
    assert (told.cis, told.values) == ((one,), {"mac": [MAC_B]})


def test_a_value_of_two_cis_is_shared_and_identifies_no_more() -> None:
    world = World()
    uuid = "0a1b2c3d-0000-4000-9000-0000000000aa"
    one = world.see("glpi", 1, draft(serial="TILL-1", uuid=uuid))
    other = world.see("glpi", 1.5, draft(serial="TILL-2", uuid=uuid))
    assert one != other
    (told,) = world.reviews("shared_identifier")
    assert set(told.cis) == {one, other}
    # a row that has nothing else becomes a CI of its own, flagged
    done = world.tell(observation("vcenter", 2, [draft(uuid=uuid)]))
    (row,) = done.plan.rows
    assert row.outcome == "created"
    assert row.flags == ("shared_identifier",)
    # and comes back to it
    assert world.see("vcenter", 3, draft(uuid=uuid)) == row.ci
    assert world.see("ssh", 4, draft(serial="TILL-2", uuid=uuid)) == other


def test_a_serial_of_two_makers_goes_on_identifying_each() -> None:
    world = World()
    dell = world.see("glpi", 1, draft(serial="12345", manufacturer="Dell Inc."))
    hp = world.see("glpi", 2, draft(serial="12345", manufacturer="Hewlett-Packard"))
    assert dell != hp
    assert world.see("csv", 3, draft(serial="12345", manufacturer="HP")) == hp
    assert world.see("csv", 3, draft(serial="12345", manufacturer="DELL")) == dell
    assert world.flags() == set()


def test_a_row_without_a_maker_between_two_makers_is_told() -> None:
    world = World()
    dell = world.see("glpi", 1, draft(serial="12345", manufacturer="Dell Inc."))
    hp = world.see("glpi", 2, draft(serial="12345", manufacturer="Hewlett-Packard"))
    third = world.see("csv", 3, draft(serial="12345"))
    assert len({dell, hp, third}) == 3
    assert world.flags() == {"conflicting_evidence"}


def test_virtual_systems_share_the_identifiers_of_their_box() -> None:
    world = World()
    box: dict[str, Any] = {"serial": "FW-1", "macs": [MAC_A]}
    red, blue, green = (
        world.see("snmp", 1 + index, draft("firewall", name=f"fw-{color}", virtual_system=color, **box))
        for index, color in enumerate(("red", "blue", "green"))
    )
    assert len({red, blue, green}) == 3
    assert world.see("ssh", 5, draft("firewall", virtual_system="blue", **box)) == blue
    assert world.flags() == set()


def test_parts_of_two_addresses_of_one_host_are_seen_whole_after_their_join() -> None:
    world = World()
    part = draft("network_service", "p", name="tcp/22", host="x")
    world.tell(observation("nmap", 1, [draft("device", ips=["192.0.2.10"]), part]))
    world.tell(observation("nmap", 1, [draft("device", ips=["198.51.100.10"]), part]))
    world.see("ssh", 2, draft(serial="S-1", ips=["192.0.2.10", "198.51.100.10"]))
    (service,) = world.cis("network_service")
    assert len(world.claims(service.id)) == 1


def test_a_relationship_follows_two_joins_of_one_observation() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1"))
    world.see("ssh", 2, draft(macs=[MAC_A]))
    world.tell(
        observation(
            "ssh",
            3,
            [draft(local_id="h", macs=[MAC_B]), draft("application", "app", name="shop")],
            links=[("app", "DEPENDS_ON", "h")],
        )
    )
    joining = [draft(local_id="k", key="k", macs=[MAC_A, MAC_B]), draft(local_id="s", serial="S-1", macs=[MAC_A])]
    world.tell(observation("glpi", 4, joining))
    (app,) = world.cis("application")
    assert [ci.id for ci in world.cis("server")] == [one]
    assert world.relationships() == {(app.id, "DEPENDS_ON", one)}
