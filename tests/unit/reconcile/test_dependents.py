"""What is inside a device: by name within its host, parked until the host is known (design §6)."""

from __future__ import annotations

from typing import Any

import pytest

from cmdb.entities import Kind
from tests.unit.reconcile.builders import MAC_A, MAC_B, World, draft, observation


def test_dependents_are_identified_by_name_within_their_host() -> None:
    world = World()
    rows = world.tell(
        observation(
            "ssh",
            1,
            [
                draft(local_id="a", serial="S-1"),
                draft(local_id="b", serial="S-2"),
                draft("interface", "ae", name="eth0", host="a"),
                draft("interface", "be", name="eth0", host="b"),
            ],
        )
    ).plan.rows
    a, b, ae, be = (row.ci for row in rows)
    assert ae != be
    assert world.relationships() == {(ae, "PART_OF", a), (be, "PART_OF", b)}
    again = world.tell(
        observation("snmp", 2, [draft("switch", "s", serial="S-1"), draft("interface", "i", name="eth0", host="s")])
    ).plan.rows
    assert again[1].ci == ae


@pytest.mark.parametrize(
    ("host", "waits_for"),
    [
        ({"key": "vm-1"}, "vm-1"),
        ({"name": "db1"}, "db1"),
        ({"name": "DB1"}, "db1"),
        ({"fqdn": "db1.example.net"}, "db1.example.net"),
        ({"fqdn": "db1.example.net"}, "DB1"),
        ({"name": "db1.example.net"}, "DB1.example.net."),
    ],
)
@pytest.mark.parametrize("host_first", [True, False])
def test_a_dependent_finds_its_host_by_native_key_or_name_before_or_after_it_arrives(
    host: dict[str, Any], waits_for: str, host_first: bool
) -> None:
    world = World()
    steps = [
        observation("csv", 1, [draft(**host)]),
        observation("csv", 2, [draft("disk", name="sda", host=waits_for)]),
    ]
    for step in steps if host_first else reversed(steps):
        world.tell(step)
    (disk,), (server,) = world.cis("disk"), world.cis("server")
    assert world.relationships() == {(disk.id, "PART_OF", server.id)}
    assert world.store.scan(Kind.PARKED) == ()
    assert world.reviews() == []


def test_a_dependent_whose_host_is_unknown_is_parked_once_and_told() -> None:
    world = World()
    told = observation("csv", 1, [draft("disk", name="sda", host="db1")])
    done = world.tell(told)
    assert (done.plan.rows[0].outcome, done.plan.rows[0].flags) == ("parked", ("parked",))
    assert world.flags() == {"parked"}
    assert world.tell(told).revision is None
    assert world.cis() == []


def test_a_native_key_of_another_source_is_no_host() -> None:
    world = World()
    world.see("vcenter", 1, draft(key="vm-1"))
    (row,) = world.tell(observation("csv", 2, [draft("disk", name="sda", host="vm-1")])).plan.rows
    assert row.outcome == "parked"


def test_the_links_of_a_parked_draft_come_back_with_it() -> None:
    world = World()
    world.tell(
        observation(
            "csv",
            1,
            [draft("application", "app", name="shop"), draft("database", "d", name="orders", host="db1")],
            links=[("app", "DEPENDS_ON", "d")],
        )
    )
    assert world.relationships() == set()
    world.see("csv", 2, draft(name="db1"))
    (app,), (database,), (server,) = world.cis("application"), world.cis("database"), world.cis("server")
    assert world.relationships() == {(app.id, "DEPENDS_ON", database.id), (database.id, "RUNS_ON", server.id)}


def test_the_link_of_two_parked_drafts_comes_back_with_both() -> None:
    for hosts, arrivals in (
        (("db1", "db1"), ("db1",)),
        (("db1", "db2"), ("db1", "db2")),
        (("db1", "db2"), ("db2", "db1")),
    ):
        world = World()
        world.tell(
            observation(
                "csv",
                1,
                [
                    draft("network_service", "s", name="tcp/5432", host=hosts[0]),
                    draft("software_instance", "i", name="postgresql", host=hosts[1]),
                ],
                links=[("s", "RUNS_ON", "i")],
            )
        )
        for index, name in enumerate(arrivals):
            world.see("csv", 2 + index, draft(name=name))
        (service,), (instance,) = world.cis("network_service"), world.cis("software_instance")
        assert (service.id, "RUNS_ON", instance.id) in world.relationships(), arrivals
        assert world.store.scan(Kind.PARKED) == ()


def test_a_dependent_inside_an_ambiguous_name_stays_parked() -> None:
    world = World()
    for serial in ("S-1", "S-2"):
        world.see("csv", 1, draft(name="db1", serial=serial))
    (row,) = world.tell(observation("csv", 2, [draft("disk", name="sda", host="db1")])).plan.rows
    assert row.outcome == "parked"


def test_a_dependent_with_a_native_key_keeps_its_ci_under_a_new_name() -> None:
    world = World()
    host = draft(local_id="h", serial="S-1")

    def disk(at: float, name: str) -> str | None:
        return (
            world.tell(observation("vcenter", at, [host, draft("disk", "d", key="d-1", name=name, host="h")]))
            .plan.rows[1]
            .ci
        )

    assert disk(1, "Hard disk 1") == disk(2, "Hard disk 2")
    assert len(world.cis("disk")) == 1


def test_macs_and_addresses_of_interfaces_identify_no_machine() -> None:
    world = World()
    world.tell(
        observation(
            "ssh",
            1,
            [
                draft(local_id="h", serial="S-1"),
                draft("interface", "i", name="eth0", host="h", mac_address=MAC_A, ip_addresses=["192.0.2.1"]),
            ],
        )
    )
    world.see("nmap", 2, draft("device", ips=["192.0.2.1"], macs=[MAC_A]))
    assert len(world.cis()) == 3


def test_process_keys_follow_a_join_of_hosts() -> None:
    world = World()

    def service(source: str, at: float, mac: str, name: str, process: str) -> str:
        rows = world.tell(
            observation(
                source,
                at,
                [
                    draft(local_id="h", macs=[mac]),
                    draft("software_instance", "i", name=name, host="h", process=process),
                ],
            )
        ).plan.rows
        return str(rows[1].ci)

    one = service("ssh", 1, MAC_A, "postgresql", "postgres")
    other = service("ssh", 2, MAC_B, "postgresql", "postgres")
    world.see("glpi", 3, draft(macs=[MAC_A, MAC_B]))
    assert world.ci(other).id == one
    assert service("nmap", 4, MAC_B, "postgres", "postgres") == one
