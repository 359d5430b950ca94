"""Logical and catalogue CIs, and the class that a CI ends with (design §6)."""

from __future__ import annotations

import pytest

from cmdb.entities import Kind
from tests.unit.reconcile.builders import MAC_A, World, draft, observation


def test_logical_cis_are_one_by_native_key_else_by_class_and_name_within_a_source() -> None:
    world = World()
    assert world.see("csv", 1, draft("application", name="Shop")) == world.see(
        "csv", 2, draft("application", name="shop")
    )
    keyed = world.see("cmdb", 1, draft("application", key="A-1", name="Crm"))
    assert world.see("cmdb", 2, draft("application", key="A-1", name="Sales")) == keyed
    other_class = world.see("csv", 3, draft("business_service", name="shop"))
    assert len({ci.id for ci in world.cis()}) == 3
    assert world.ci(other_class).class_name == "business_service"
    assert world.flags() == set()


def test_a_logical_name_of_two_sources_is_a_possible_duplicate() -> None:
    world = World()
    one, other = (
        world.see("csv", 1, draft("application", name="shop")),
        world.see("glpi", 2, draft("application", name="shop")),
    )
    assert one != other
    assert [set(told.cis) for told in world.reviews("possible_duplicate")] == [{one, other}]


def test_logical_names_hold_within_site_and_network() -> None:
    world = World()
    north, south = (world.see("csv", 1, draft("application", name="shop", site=site)) for site in ("north", "south"))
    lab = world.tell(observation("csv", 1, [draft("application", name="shop")], network="lab")).plan.rows[0].ci
    assert len({north, south, lab}) == 3
    assert world.flags() == set()


def test_two_native_keys_of_one_name_are_two_logical_cis_and_told() -> None:
    world = World()
    one, other = (world.see("csv", 1, draft("application", key=key, name="shop")) for key in ("1", "2"))
    assert one != other
    assert world.flags() == {"shared_identifier"}


@pytest.mark.parametrize("class_name", ["database", "cluster"])
def test_databases_and_clusters_are_logical_when_they_name_no_host(class_name: str) -> None:
    world = World()
    free = [world.see("csv", at, draft(class_name, name="orders")) for at in (1, 2)]
    assert len(set(free)) == 1
    hosts = [draft(local_id="a", serial="S-1"), draft(local_id="b", serial="S-2")]
    inside = [draft(class_name, f"{host}-d", name="orders", host=host) for host in ("a", "b")]
    rows = world.tell(observation("ssh", 3, [*hosts, *inside])).plan.rows
    assert len({free[0], rows[2].ci, rows[3].ci}) == 3


def test_catalogue_cis_are_one_by_content_across_sources() -> None:
    world = World()
    bash = draft("software_product", name="bash", version="5.2", package_type="dpkg")
    one = world.see("ssh", 1, bash)
    assert world.see("glpi", 2, bash) == one
    assert world.see("ssh", 3, draft("software_product", name="bash", version="5.3", package_type="dpkg")) != one
    net = world.see("csv", 1, draft("subnet", cidr="10.1.0.0/24"))
    assert world.see("snmp", 2, draft("subnet", cidr="10.1.0.7/24")) == net


def test_generic_gives_way_to_specific_whoever_says_so() -> None:
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        world = World()
        steps = [("nmap", "device"), ("ssh", "host"), ("nmap2", "server")]
        for index in order:
            source, class_name = steps[index]
            one = world.see(source, index, draft(class_name, macs=[MAC_A]))
        assert world.ci(one).class_name == "server"


def test_between_siblings_the_better_ranked_source_wins() -> None:
    for order in ((0, 1), (1, 0)):
        world = World()
        steps = [("snmp", "router"), ("nmap", "printer")]
        for index in order:
            source, class_name = steps[index]
            one = world.see(source, index, draft(class_name, macs=[MAC_A]))
        assert world.ci(one).class_name == "router"


def test_reclassification_keeps_id_and_history() -> None:
    world = World()
    one = world.see("nmap", 1, draft("device", macs=[MAC_A]))
    assert world.see("ssh", 2, draft("server", macs=[MAC_A])) == one
    assert len(world.store.history(Kind.CI, one)) == 2
