"""Containers and management controllers: inside or beside a machine, never that machine (design §6)."""

from __future__ import annotations

import pytest

from tests.unit.reconcile.builders import MAC_A, MAC_B, MAC_C, World, draft, observation

MACHINE_ID = "4f2c9a7be1d84c5f9d3e6b7a8c1d2e3f"


@pytest.mark.parametrize("class_name", ["container", "management_controller"])
@pytest.mark.parametrize("host_first", [True, False])
def test_what_is_inside_or_beside_is_never_the_machine_and_the_value_stays_the_machines(
    class_name: str, host_first: bool
) -> None:
    world = World()
    host = [draft(local_id="h", name="big", macs=[MAC_A], machine_id=MACHINE_ID, serial="S-1")]
    inside = [draft(class_name, "c", name="web", key="c1", machine_id=MACHINE_ID, serial="S-1")]
    cis = [
        world.tell(observation(source, index, rows)).plan.rows[0].ci
        for index, (source, rows) in enumerate(
            [("ssh", host), ("docker", inside)] if host_first else [("docker", inside), ("ssh", host)]
        )
    ]
    machine, guest = cis if host_first else reversed(cis)
    assert machine != guest
    assert world.flags() == {"shared_identifier"}
    assert world.see("glpi", 5, draft(machine_id=MACHINE_ID)) == machine
    assert world.see("csv", 5, draft(serial="S-1")) == machine
    assert world.see("docker", 6, draft(class_name, key="c1", machine_id=MACHINE_ID)) == guest


def test_containers_are_identified_by_name_within_their_host() -> None:
    world = World()
    hosts = [draft(local_id="h1", serial="S-1"), draft(local_id="h2", serial="S-2")]
    containers = [
        draft("container", f"{host}-{name}", name=name, host=host, machine_id=MACHINE_ID)
        for host in ("h1", "h2")
        for name in ("web", "db")
    ]
    told = observation("docker", 1, [*hosts, *containers])
    first = [row.ci for row in world.tell(told).plan.rows]
    assert len(set(first)) == 6
    assert [row.ci for row in world.tell(told).plan.rows] == first
    later = observation("docker", 2, [*hosts, *containers])
    assert [row.ci for row in world.tell(later).plan.rows] == first
    assert {(source, target) for source, _, target in world.relationships()} == {
        (first[2], first[0]),
        (first[3], first[0]),
        (first[4], first[1]),
        (first[5], first[1]),
    }


def test_a_container_is_not_parked_for_want_of_a_host() -> None:
    world = World()
    done = world.tell(observation("docker", 1, [draft("container", name="web", host="unknown")]))
    assert done.plan.rows[0].outcome == "created"


def test_a_controller_of_the_same_name_as_its_server_is_no_duplicate() -> None:
    world = World()
    world.see("ssh", 1, draft(name="db1", serial="S-1"))
    world.see("ipmi", 2, draft("management_controller", name="db1", macs=[MAC_B]))
    assert len(world.cis()) == 2
    assert world.flags() == set()


@pytest.mark.parametrize("class_name", ["device", "host"])
@pytest.mark.parametrize("sweep_first", [True, False])
def test_a_swept_device_that_meets_a_controllers_own_mac_is_the_controller(class_name: str, sweep_first: bool) -> None:
    world = World()
    controller = draft("management_controller", "c", name="db1-ilo", host="h", macs=[MAC_B])
    inventory = ("ipmi", [draft(local_id="h", name="db1", serial="S-1", macs=[MAC_A]), controller])
    sweep = ("nmap", [draft(class_name, ips=["192.0.2.9"], macs=[MAC_B])])
    for index, (source, rows) in enumerate([sweep, inventory] if sweep_first else [inventory, sweep]):
        world.tell(observation(source, index, rows))
    assert sorted(ci.class_name for ci in world.cis()) == ["management_controller", "server"]


def test_a_server_row_with_a_controllers_mac_is_not_the_controller() -> None:
    world = World()
    controller = world.see("ipmi", 1, draft("management_controller", name="ilo", macs=[MAC_B]))
    server = world.see("glpi", 2, draft("server", macs=[MAC_B, MAC_C]))
    assert controller != server
    assert world.flags() == {"shared_identifier"}


def test_a_container_found_by_a_sweep_before_keeps_its_ci_when_joined() -> None:
    world = World()
    host = draft(local_id="h", serial="S-1")
    container = draft("container", "c", name="web", host="h", macs=[MAC_B])
    rows = world.tell(observation("docker", 3, [host, container])).plan.rows
    swept = world.see("nmap", 4, draft("device", macs=[MAC_C]))
    joined = world.see("agent", 5, draft("device", macs=[MAC_B, MAC_C]))
    assert {world.ci(str(rows[1].ci)).id, world.ci(swept).id} == {joined}
    assert world.tell(observation("docker", 6, [host, container])).plan.rows[1].ci == joined
    assert world.ci(joined).merged_into is None
