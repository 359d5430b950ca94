"""Short names with nothing else, sites and address spaces (design §6)."""

from __future__ import annotations

from tests.unit.reconcile.builders import World, draft, observation


def test_a_short_name_alone_joins_rows_of_the_same_source() -> None:
    world = World()
    assert world.see("csv", 1, draft(name="Web1")) == world.see("csv", 2, draft("host", name="web1"))
    assert world.flags() == set()


def test_a_short_name_alone_of_two_sources_is_a_possible_duplicate() -> None:
    world = World()
    one, other = world.see("csv", 1, draft(name="web1")), world.see("glpi", 2, draft(name="WEB1"))
    assert one != other
    (told,) = world.reviews()
    assert (told.kind, set(told.cis)) == ("possible_duplicate", {one, other})


def test_a_short_name_that_several_have_is_ambiguous_and_joins_nothing() -> None:
    world = World()
    one, other = world.see("csv", 1, draft(name="web1")), world.see("glpi", 2, draft(name="web1"))
    third = world.see("ssh", 3, draft(name="web1"))
    assert len({one, other, third}) == 3
    assert [set(told.cis) for told in world.reviews("ambiguous_match")] == [{one, other, third}]


def test_short_names_at_two_sites_are_two() -> None:
    world = World()
    north, south = (world.see("csv", 1, draft(name="print01", site=site)) for site in ("north", "south"))
    assert north != south
    assert world.flags() == set()


def test_an_address_identifies_within_its_network_and_vrf_only() -> None:
    world = World()
    spaces = [("default", None), ("lab", None), ("default", "red"), ("default", "blue")]

    def seen(at: float) -> list[str | None]:
        return [
            world.tell(observation("nmap", at, [draft("device", ips=["10.0.0.1"], vrf=vrf)], network=network))
            .plan.rows[0]
            .ci
            for network, vrf in spaces
        ]

    first = seen(1)
    assert len(set(first)) == 4
    assert seen(2) == first


def test_a_serial_holds_across_all_networks() -> None:
    world = World()
    one = world.see("snmp", 1, draft("switch", serial="SW-1", ips=["10.0.0.1"]))
    other = world.tell(observation("snmp", 2, [draft("switch", serial="SW-1", ips=["10.0.0.2"])], network="lab"))
    assert other.plan.rows[0].ci == one


def test_nothing_to_go_by_is_parked_and_told() -> None:
    world = World()
    (row,) = world.tell(observation("csv", 1, [draft(model="X", ips=["127.0.0.1"])])).plan.rows
    assert (row.ci, row.outcome) == (None, "parked")
    assert set(row.flags) == {"insufficient_identity", "parked"}
    assert world.cis() == []
    assert world.flags() == {"insufficient_identity"}


def test_an_address_of_a_virtual_router_alone_is_parked_and_told() -> None:
    world = World()
    done = world.tell(observation("nmap", 1, [draft("device", ips=["192.0.2.1"], macs=["00:00:5e:00:01:33"])]))
    assert done.plan.rows[0].ci is None
    assert world.cis() == []
    assert world.flags() == {"virtual_mac"}


def test_a_virtual_mac_beside_a_serial_is_set_aside_with_its_address() -> None:
    world = World()
    one = world.see("snmp", 1, draft("router", serial="R-1", macs=["00:00:5e:00:01:33"], ips=["192.0.2.1"]))
    other = world.see("nmap", 2, draft("device", ips=["192.0.2.1"]))
    assert one != other
    assert world.ci(one).attributes["mac_addresses"] == ["00:00:5e:00:01:33"]
    assert "virtual_mac" in world.flags()


def test_a_placeholder_and_a_random_mac_stay_visible_and_are_told() -> None:
    world = World()
    one = world.see("glpi", 1, draft(name="a", serial="To Be Filled By O.E.M.", macs=["a6:12:34:56:78:9a"]))
    other = world.see("glpi", 1, draft(name="b", serial="To Be Filled By O.E.M.", macs=["a6:12:34:56:78:9a"]))
    assert one != other
    assert world.ci(one).attributes["serial_number"] == "To Be Filled By O.E.M."
    assert world.flags() == {"placeholder_identifier", "random_mac"}


def test_a_ci_without_a_name_shows_its_strongest_identifier() -> None:
    world = World()
    assert world.ci(world.see("nmap", 1, draft("device", ips=["192.0.2.9"]))).name == "192.0.2.9"
    assert world.ci(world.see("glpi", 1, draft(serial="S-7", ips=["192.0.2.8"]))).name == "S-7"
