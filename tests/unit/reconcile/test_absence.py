"""What silence means: scopes, grace, retirement, revival (design §6, absence)."""

from __future__ import annotations

import pytest

from cmdb.entities import CI, Kind
from cmdb.observation import Scope
from tests.unit.reconcile.builders import (
    MAC_A,
    MAC_B,
    World,
    all_of,
    all_relationships,
    draft,
    observation,
    subnet,
)

NET = "192.0.2.0/24"
SWEPT = draft("device", ips=["192.0.2.1"], macs=[MAC_A])


def _looked(world: World, *days: float, scope: Scope | None = None, source: str = "nmap") -> None:
    for at in days:
        world.tell(observation(source, at, scopes=[scope or subnet(NET)]))


@pytest.mark.parametrize(
    ("days", "lifecycle"),
    [
        ((2, 3), "live"),
        # three complete looks, but not yet 7 days
        ((2, 3, 4), "live"),
        ((2, 3, 7.9), "live"),
        ((2, 3, 8), "retired"),
        # 7 days, but only two looks
        ((20, 21), "live"),
        ((20, 21, 22), "retired"),
        # a look at the same time is the same look
        ((20, 20, 20), "live"),
        ((2, 3, 4, 5), "live"),
        ((2, 3, 4, 9), "retired"),
        # in any order
        ((9, 3, 2), "retired"),
    ],
)
def test_grace_is_the_later_of_three_complete_looks_and_seven_days(days: tuple[float, ...], lifecycle: str) -> None:
    world = World()
    one = world.see("nmap", 1, SWEPT)
    _looked(world, *days)
    assert world.ci(one).lifecycle == lifecycle


def test_what_was_not_seen_is_shown_at_once_and_what_comes_back_is_present() -> None:
    world = World()
    one = world.see("nmap", 1, SWEPT)
    _looked(world, 2)
    assert world.ci(one).state == "unreachable"
    world.see("nmap", 3, SWEPT)
    assert (world.ci(one).state, world.claims(one)[0].missing_at) == ("present", ())


def test_a_retired_ci_is_revived_with_its_id_and_history() -> None:
    world = World()
    one = world.see("nmap", 1, SWEPT)
    _looked(world, 2, 3, 9)
    assert world.ci(one).lifecycle == "retired"
    assert world.see("nmap", 20, SWEPT) == one
    assert (world.ci(one).lifecycle, world.ci(one).state) == ("live", "present")
    lives = [change.after.lifecycle for change in world.store.history(Kind.CI, one) if isinstance(change.after, CI)]
    assert lives[0] == lives[-1] == "live"
    assert "retired" in lives
    # the grace begins anew
    _looked(world, 21)
    assert world.ci(one).lifecycle == "live"


def test_a_run_without_scope_retires_nothing() -> None:
    world = World()
    one = world.see("nmap", 1, SWEPT)
    for at in range(2, 40):
        world.tell(observation("nmap", at))
    assert (world.ci(one).lifecycle, world.ci(one).state) == ("live", "present")


def test_unreachable_is_not_retired() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1", ips=["192.0.2.1"]))
    for at in (2, 3, 9, 40):
        world.tell(observation("ssh", at, unreachable=["192.0.2.1"], scopes=[subnet(NET)]))
    assert (world.ci(one).lifecycle, world.ci(one).state) == ("live", "unreachable")


def test_a_second_source_keeps_a_ci_alive() -> None:
    world = World()
    one = world.see("nmap", 1, SWEPT)
    world.see("csv", 1, draft(macs=[MAC_A], name="kept"))
    _looked(world, 2, 3, 9)
    assert world.ci(one).lifecycle == "live"
    assert [claim.withdrawn_at is None for claim in sorted(world.claims(one), key=lambda claim: claim.source)] == [
        True,
        False,
    ]
    # what only the withdrawn claim said is gone
    assert "ip_addresses" not in world.ci(one).attributes


@pytest.mark.parametrize(
    ("scope", "source", "network"),
    [
        (subnet("198.51.100.0/24"), "nmap", "default"),
        (subnet(NET, "192.0.2.1"), "nmap", "default"),
        (subnet(NET, "192.0.2.0/30"), "nmap", "default"),
        (subnet(NET), "ssh", "default"),
        (subnet(NET), "nmap", "lab"),
        (all_of("printer"), "nmap", "default"),
        (all_of("device"), "csv", "default"),
        (all_of("device"), "nmap", "lab"),
    ],
)
def test_absence_counts_only_inside_the_completed_scope(scope: Scope, source: str, network: str) -> None:
    world = World()
    one = world.see("nmap", 1, SWEPT)
    for at in (2, 3, 9):
        world.tell(observation(source, at, scopes=[scope], network=network))
    assert (world.ci(one).lifecycle, world.ci(one).state) == ("live", "present")


def test_a_host_with_an_address_outside_the_subnet_is_not_missing() -> None:
    world = World()
    one = world.see("nmap", 1, draft("device", ips=["192.0.2.1", "198.51.100.1"], macs=[MAC_A]))
    _looked(world, 2, 3, 9)
    assert world.ci(one).lifecycle == "live"


def test_a_class_of_a_source_counts_with_its_subclasses() -> None:
    world = World()
    server, printer = world.see("csv", 1, draft(key="1")), world.see("csv", 1, draft("printer", key="2"))
    _looked(world, 2, 3, 9, scope=all_of("host"), source="csv")
    assert (world.ci(server).lifecycle, world.ci(printer).lifecycle) == ("retired", "live")


def test_a_class_inside_a_host_counts_for_that_host_only() -> None:
    world = World()
    hosts = [draft(local_id="a", serial="S-1"), draft(local_id="b", serial="S-2")]
    disks = [draft("disk", f"{host}{name}", name=name, host=host) for host in "ab" for name in ("sda", "sdb")]
    rows = world.tell(observation("ssh", 1, [*hosts, *disks])).plan.rows
    gone = str(rows[3].ci)
    for at in (2, 3, 9):
        world.tell(observation("ssh", at, [hosts[0], disks[0]], scopes=[all_of("disk", "a")]))
    assert [ci.id for ci in world.cis() if ci.lifecycle == "retired"] == [gone]


def test_a_file_system_missing_once_is_missing_and_not_retired() -> None:
    world = World()
    host = draft(local_id="a", serial="S-1")
    disk = world.tell(observation("ssh", 1, [host, draft("disk", "d", name="sda", host="a")])).plan.rows[1].ci
    world.tell(observation("ssh", 2, [host], scopes=[all_of("disk", "a")]))
    assert (world.ci(str(disk)).state, world.ci(str(disk)).lifecycle) == ("missing", "live")


def test_a_product_removed_from_a_host_loses_its_relationship_only_there() -> None:
    world = World()
    product = draft("software_product", "p", name="bash", version="5", package_type="dpkg")

    def scan(at: float, serial: str, *, has_product: bool) -> None:
        world.tell(
            observation(
                "ssh",
                at,
                [draft(local_id="h", serial=serial), *([product] if has_product else [])],
                links=[("p", "INSTALLED_ON", "h")] if has_product else [],
                scopes=[all_relationships("INSTALLED_ON", "h")],
            )
        )

    scan(1, "S-1", has_product=True)
    scan(1, "S-2", has_product=True)
    for at in (2, 3, 9):
        scan(at, "S-1", has_product=False)
    (bash,) = world.cis("software_product")
    other = next(ci.id for ci in world.cis("server") if ci.attributes["serial_number"] == "S-2")
    assert world.relationships() == {(bash.id, "INSTALLED_ON", other)}
    assert bash.lifecycle == "live"


def test_relationships_count_only_those_that_leave_the_ci() -> None:
    world = World()
    drafts = [draft("application", name, name=name) for name in "abc"]
    world.tell(observation("csv", 1, drafts, links=[("a", "DEPENDS_ON", "b"), ("b", "DEPENDS_ON", "c")]))
    a, b, _ = (next(ci.id for ci in world.cis() if ci.name == name) for name in "abc")
    for at in (2, 3, 9):
        world.tell(observation("csv", at, drafts, scopes=[all_relationships("DEPENDS_ON", "b")]))
    assert world.relationships() == {(a, "DEPENDS_ON", b)}


def test_a_relationship_of_a_second_source_stays() -> None:
    world = World()
    drafts = [draft(local_id=name, serial=name) for name in ("S-1", "S-2")]
    for source in ("csv", "glpi"):
        world.tell(observation(source, 1, drafts, links=[("S-1", "DEPENDS_ON", "S-2")]))
    before = world.relationships()
    assert len(before) == 1
    for at in (2, 3, 9):
        world.tell(observation("csv", at, drafts, scopes=[all_relationships("DEPENDS_ON", "S-1")]))
    assert world.relationships() == before
    for at in (12, 13, 19):
        world.tell(observation("glpi", at, drafts, scopes=[all_relationships("DEPENDS_ON", "S-1")]))
    assert world.relationships() == set()


def test_a_dry_plan_writes_nothing() -> None:
    world = World()
    world.see("nmap", 1, SWEPT)
    revision = world.store.revision()
    plan = world.ingest.plan(observation("nmap", 2, [draft("device", macs=[MAC_B])], scopes=[subnet(NET)]), by="test")
    assert [row.outcome for row in plan.rows] == ["created"]
    assert plan.change_set.writes != ()
    assert (world.store.revision(), len(world.cis())) == (revision, 1)
