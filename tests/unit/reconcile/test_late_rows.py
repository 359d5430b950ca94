"""Late and replayed rows: they add what is missing and pull nothing back (design §6)."""

from __future__ import annotations

from cmdb.observation import Observation, RedundancyDraft
from tests.unit.reconcile.builders import (
    MAC_A,
    MAC_B,
    MAC_C,
    World,
    all_of,
    all_relationships,
    day,
    draft,
    observation,
    subnet,
)


def check_replay(world: World, told: Observation) -> None:
    before = (world.store.revision(), world.cis(), world.relationships(), world.groups(), world.reviews())
    done = world.tell(told)
    assert done.plan.change_set.writes == ()
    assert done.plan.change_set.keys == ()
    assert done.revision is None
    assert (world.store.revision(), world.cis(), world.relationships(), world.groups(), world.reviews()) == before


def test_a_late_row_does_not_pull_back_a_lease() -> None:
    world = World()
    moved = observation("nmap", 1, [draft("device", ips=["192.0.2.20"], macs=[MAC_A])])
    one = world.tell(moved).plan.rows[0].ci
    world.see("nmap", 5, draft("device", ips=["192.0.2.21"], macs=[MAC_A]))
    other = world.see("nmap", 5, draft("device", ips=["192.0.2.20"], macs=[MAC_B]))
    assert one is not None
    check_replay(world, moved)
    assert world.ci(one).attributes["ip_addresses"] == ["192.0.2.21"]
    assert world.see("ssh", 6, draft(ips=["192.0.2.20"])) == other


def test_a_late_row_does_not_pull_back_a_mac_that_moved_on() -> None:
    world = World()
    before = observation("ssh", 1, [draft(serial="S-1", macs=[MAC_A])])
    one = world.tell(before).plan.rows[0].ci
    assert world.see("ssh", 5, draft(serial="S-1", macs=[MAC_B])) == one
    other = world.see("ssh", 6, draft(serial="S-2", macs=[MAC_A]))
    assert other != one
    check_replay(world, before)
    assert world.reviews("shared_identifier") == []
    assert world.see("nmap", 7, draft("device", macs=[MAC_A])) == other


def test_a_late_row_of_a_native_key_does_not_pull_back_a_serial() -> None:
    world = World()
    before = observation("vcenter", 1, [draft("virtual_machine", key="vm-1", serial="S-1")])
    one = world.tell(before).plan.rows[0].ci
    world.see("vcenter", 5, draft("virtual_machine", key="vm-1", serial="S-2"))
    other = world.see("vcenter", 6, draft("virtual_machine", key="vm-2", serial="S-1"))
    assert other != one
    check_replay(world, before)
    assert world.see("ssh", 7, draft(serial="S-1")) == other


def test_a_late_row_does_not_pull_back_a_stack_member() -> None:
    world = World()

    def stack(at: float, *serials: str) -> Observation:
        members = [{"position": index + 1, "serial_number": serial} for index, serial in enumerate(serials)]
        return observation("snmp", at, [draft("switch", name="floor-3", serial=serials[0], members=members)])

    one = world.tell(stack(1, "STK1", "STK2")).plan.rows[0].ci
    assert world.tell(stack(5, "STK1", "STK3")).plan.rows[0].ci == one
    other = world.see("snmp", 6, draft("switch", name="floor-4", serial="STK2"))
    assert other != one
    check_replay(world, stack(1, "STK1", "STK2"))
    assert world.see("csv", 7, draft("switch", serial="STK2")) == other
    assert world.see("csv", 7, draft("switch", serial="STK3")) == one


def test_a_late_row_fills_what_is_missing_with_its_own_age() -> None:
    world = World()
    one = world.see("csv", 5, draft(key="1", os_name="Debian"))
    world.see("csv", 1, draft(key="1", os_name="Ubuntu", model="R640"))
    assert world.ci(one).attributes == {"os_name": "Debian", "model": "R640"}
    (claim,) = world.claims(one)
    assert claim.values["model"].left_out_since == day(1)
    # a row between the two is newer than the first for what the last leaves out
    world.see("csv", 3, draft(key="1", os_name="SUSE", model="R650"))
    assert world.ci(one).attributes == {"os_name": "Debian", "model": "R650"}


def test_a_late_name_does_not_replace_a_later_one() -> None:
    world = World()
    one = world.see("csv", 5, draft(key="1", serial="S-1"))
    world.see("csv", 3, draft(key="1", serial="S-1", name="new"))
    world.see("csv", 1, draft(key="1", serial="S-1", name="old"))
    assert world.ci(one).name == "new"


def test_a_late_row_of_a_more_specific_class_still_tells_the_class() -> None:
    world = World()
    one = world.see("nmap", 5, draft("device", macs=[MAC_A]))
    world.see("nmap", 1, draft("printer", macs=[MAC_A]))
    assert world.ci(one).class_name == "printer"


def test_replaying_any_of_many_observations_writes_nothing() -> None:
    world = World()
    told = [
        observation(
            "ssh",
            at,
            [
                draft(local_id="h", name=f"name-{at}", serial="S-1", macs=[MAC_A], os_version=str(at)),
                draft("file_system", "f", name="/", host="h", size_bytes=at),
                draft("software_product", "p", name="bash", version=str(at), package_type="dpkg"),
                draft("application", "app", name="shop"),
                draft("device", "far", ips=["192.0.2.9"], is_reference=True),
            ],
            links=[("p", "INSTALLED_ON", "h"), ("app", "DEPENDS_ON", "h")],
            groups=[RedundancyDraft(of="app", members=("h",), min_up=at, name="g")],
        )
        for at in (1, 2, 3)
    ]
    for each in told:
        world.tell(each)
    for each in told:
        check_replay(world, each)


def test_replaying_the_rows_of_two_cis_after_they_were_joined_writes_nothing() -> None:
    world = World()
    told = [
        observation(
            "nmap",
            1,
            [
                draft("device", local_id="h", macs=[MAC_A]),
                draft("network_service", name="tcp/22", host="h", banner="a"),
            ],
        ),
        observation(
            "nmap",
            2,
            [
                draft("device", local_id="h", macs=[MAC_B]),
                draft("network_service", name="tcp/22", host="h", banner="b", product="x"),
            ],
        ),
        observation("app", 2, [draft("device", local_id="h", ips=["192.0.2.1"], is_reference=True)]),
        observation("app", 3, [draft("device", local_id="h", ips=["192.0.2.2"], is_reference=True)]),
        observation("glpi", 4, [draft(macs=[MAC_A, MAC_B], ips=["192.0.2.1", "192.0.2.2"])]),
    ]
    for each in told:
        world.tell(each)
    assert len(world.cis("server")) == 1
    assert len(world.cis()) == 2
    for each in told:
        check_replay(world, each)


def test_replaying_what_was_seen_before_it_was_retired_does_not_revive_it() -> None:
    world = World()
    seen = observation("nmap", 1, [draft("device", ips=["192.0.2.1"], macs=[MAC_A])])
    one = world.tell(seen).plan.rows[0].ci
    assert one is not None
    for at in (2, 3, 9):
        world.tell(observation("nmap", at, scopes=[subnet("192.0.2.0/24")]))
    assert world.ci(one).lifecycle == "retired"
    check_replay(world, seen)
    assert world.ci(one).lifecycle == "retired"


def test_replaying_what_was_seen_before_a_probe_failed_does_not_make_it_present() -> None:
    world = World()
    seen = observation("ssh", 1, [draft(serial="S-1", ips=["192.0.2.1"])])
    one = world.tell(seen).plan.rows[0].ci
    assert one is not None
    world.tell(observation("ssh", 2, unreachable=["192.0.2.1"]))
    assert world.ci(one).state == "unreachable"
    check_replay(world, seen)
    assert world.see("ssh", 1.5, draft(serial="S-1", ips=["192.0.2.1"])) == one
    assert world.ci(one).state == "unreachable"
    world.see("ssh", 3, draft(serial="S-1", ips=["192.0.2.1"]))
    assert world.ci(one).state == "present"


def test_a_relationship_that_ended_is_not_made_again_by_a_replay() -> None:
    world = World()
    host = draft(local_id="h", serial="S-1")
    seen = observation(
        "ssh",
        1,
        [host, draft("software_product", "p", name="bash", version="5", package_type="dpkg")],
        links=[("p", "INSTALLED_ON", "h")],
    )
    world.tell(seen)
    for at in (2, 3, 9):
        world.tell(observation("ssh", at, [host], scopes=[all_relationships("INSTALLED_ON", "h")]))
    assert world.relationships() == set()
    check_replay(world, seen)


def test_a_group_keeps_what_was_said_of_it_last() -> None:
    world = World()
    drafts = [draft(local_id=name, key=name) for name in ("a", "b")]
    app = draft("application", "app", name="shop")
    for at, members, min_up in ((5, ("a", "b"), 2), (1, ("a",), 1)):
        world.tell(
            observation(
                "graph",
                at,
                [*drafts, app],
                groups=[RedundancyDraft(of="app", members=members, min_up=min_up, name="pool")],
            )
        )
    (group,) = world.groups()
    assert (len(group.members), group.min_up) == (2, 2)


def test_a_late_row_does_not_save_what_later_looks_missed() -> None:
    world = World()
    host = draft(local_id="h", serial="S-1")
    disk = draft("disk", "d", name="sda", host="h")
    world.tell(observation("ssh", 1, [host, disk]))
    for at in (3, 4, 12):
        world.tell(observation("ssh", at, [host], scopes=[all_of("disk", "h")]))
    (kept,) = world.cis("disk")
    assert kept.lifecycle == "retired"
    world.tell(observation("ssh", 2, [host, disk]))
    assert world.ci(kept.id).lifecycle == "retired"
    world.tell(observation("ssh", 13, [host, disk]))
    assert world.ci(kept.id).lifecycle == "live"


def test_several_late_rows_of_one_record_are_each_late() -> None:
    world = World()
    late = observation("ssh", 0, [draft(local_id="a", serial="S-1"), draft(local_id="b", serial="S-1", model="R640")])
    world.tell(late)
    one = world.see("ssh", 8, draft(serial="S-1", model="R650"))
    check_replay(world, late)
    assert world.ci(one).attributes["model"] == "R650"


def test_a_replay_from_before_an_adapter_was_replaced_piece_by_piece_writes_nothing() -> None:
    world = World()
    first = observation("ssh", 0, [draft("device", macs=[MAC_A])])
    world.tell(first)
    world.tell(observation("ssh", 4, [draft("device", macs=[MAC_A, MAC_B])]))
    world.tell(observation("ssh", 8, [draft("device", macs=[MAC_B, MAC_C])]))
    revision = world.store.revision()
    assert world.tell(first).revision is None
    assert (world.store.revision(), len(world.cis())) == (revision, 1)
