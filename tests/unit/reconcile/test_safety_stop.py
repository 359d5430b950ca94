"""A look that would retire too much retires nothing and asks (design §6, absence; issue: more than 10 % and more than 5)."""

from __future__ import annotations

import pytest

from cmdb.ingest import Ingest
from cmdb.observation import Draft, Scope, ScopeKind
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.safety import Limit, Safety, ScopeLimit
from tests.unit.reconcile.builders import REGISTRY, World, all_of, all_relationships, day, draft, observation, subnet

GRACE_DAYS = (2, 3, 9)
"""Three complete looks, the last more than seven days after day 1."""


def _vms(count: int, start: int = 0) -> list[Draft]:
    return [draft("virtual_machine", f"v{number}", key=f"v{number}") for number in range(start, start + count)]


def _look(world: World, at: float, drafts: list[Draft], scope: Scope | None = None) -> None:
    world.tell(observation("vcenter", at, drafts, scopes=[scope or all_of("virtual_machine")]))


def _retired(world: World) -> int:
    return sum(ci.lifecycle == "retired" for ci in world.cis())


@pytest.mark.parametrize(
    ("held", "lost", "retired"),
    [
        # five may always go
        (5, 5, 5),
        (6, 5, 5),
        # six are more than five, and more than a tenth
        (6, 6, 0),
        (59, 6, 0),
        # a tenth exactly is not more than a tenth
        (60, 6, 6),
        (100, 10, 10),
        (100, 11, 0),
        (200, 100, 0),
    ],
)
def test_more_than_a_tenth_and_more_than_five_are_not_retired_unasked(held: int, lost: int, retired: int) -> None:
    world = World()
    _look(world, 1, _vms(held))
    for at in GRACE_DAYS:
        _look(world, at, _vms(held - lost))
    assert _retired(world) == retired
    assert [(item.values["held"], item.values["would_retire"]) for item in world.reviews("unsafe_retirement")] == (
        [] if retired else [(held, lost)]
    )


def test_the_question_names_scope_run_and_the_command_that_confirms_it() -> None:
    world = World()
    _look(world, 1, _vms(20))
    for at in GRACE_DAYS:
        _look(world, at, _vms(10))
    (item,) = world.reviews("unsafe_retirement")
    assert {name: item.values[name] for name in ("scope", "source", "network", "run", "held", "would_retire")} == {
        "scope": "ci_class virtual_machine",
        "source": "vcenter",
        "network": "default",
        "run": "vcenter-9",
        "held": 20,
        "would_retire": 10,
    }
    assert f"cmdb retire {item.id}" in item.remedy


def test_what_a_stopped_look_did_not_see_is_shown_as_missing() -> None:
    world = World()
    _look(world, 1, _vms(20))
    for at in GRACE_DAYS:
        _look(world, at, _vms(10))
    states = sorted((ci.state, ci.lifecycle) for ci in world.cis())
    assert states == [("missing", "live")] * 10 + [("present", "live")] * 10


def test_stopped_looks_never_add_up_to_a_retirement() -> None:
    world = World()
    _look(world, 1, _vms(20))
    for at in range(2, 60):
        _look(world, at, _vms(10))
    assert _retired(world) == 0
    assert [item.values["run"] for item in world.reviews("unsafe_retirement")] == ["vcenter-59"]
    # nor when a single thing is looked at for other reasons
    world.see("csv", 60, draft("virtual_machine", key="v15", name="v15"))
    assert _retired(world) == 0


def test_the_question_ends_when_a_later_look_is_within_its_limit() -> None:
    world = World()
    _look(world, 1, _vms(20))
    for at in GRACE_DAYS:
        _look(world, at, _vms(10))
    _look(world, 10, _vms(19))
    assert world.reviews("unsafe_retirement") == []
    # what is still missing had two looks before the stopped one, and this is its third
    assert [ci.state for ci in world.cis() if ci.lifecycle == "retired"] == ["missing"]


def test_replaying_the_stopped_look_writes_nothing() -> None:
    world = World()
    _look(world, 1, _vms(20))
    for at in GRACE_DAYS:
        _look(world, at, _vms(10))
    before = world.store.revision()
    _look(world, 9, _vms(10))
    assert world.store.revision() == before


def test_each_subnet_is_judged_alone_and_all_of_a_run_together() -> None:
    world = World()
    hosts = [draft("device", f"{net}-{last}", ips=[f"192.0.{net}.{last}"]) for net in range(10) for last in range(1, 6)]
    scopes = [subnet(f"192.0.{net}.0/24") for net in range(10)]
    world.tell(observation("nmap", 1, hosts, scopes=scopes))
    # five in each subnet: within the limit of the subnet, half of what the run held
    kept = hosts[25:]
    for at in GRACE_DAYS:
        world.tell(observation("nmap", at, kept, scopes=scopes))
    assert _retired(world) == 0
    (item,) = world.reviews("unsafe_retirement")
    assert (item.values["held"], item.values["would_retire"]) == (25, 25)


def test_scopes_that_a_run_completes_host_by_host_are_judged_together_too() -> None:
    world = World()
    names = [f"S-{number}" for number in range(30)]

    def scan(at: float, serial: str, disks: int) -> None:
        drafts = [draft(local_id="h", serial=serial)]
        drafts += [draft("disk", f"d{number}", name=f"sd{number}", host="h") for number in range(disks)]
        world.tell(observation("ssh", at, drafts, scopes=[all_of("disk", "h")]))

    for serial in names:
        scan(1, serial, 2)
    for at in GRACE_DAYS:
        for serial in names:
            # one of two disks of every host: never more than one a scope, half of what the run held
            scan(at, serial, 1)
    assert _retired(world) == 0
    (item,) = world.reviews("unsafe_retirement")
    assert (item.values["is_whole_run"], item.values["run"]) == (True, "ssh-9")
    assert not [claim for ci in world.cis("disk") for claim in world.claims(ci.id) if claim.withdrawn_at is not None]


def test_the_limit_is_a_setting_of_the_scope() -> None:
    world = World()
    safety = Safety(scopes=(ScopeLimit(name="virtual_machine", limit=Limit(share=0.6, count=5)),))
    world.ingest = Ingest(world.store, Reconciler(REGISTRY, Policy(safety=safety)), clock=lambda: day(400))
    _look(world, 1, _vms(20))
    for at in GRACE_DAYS:
        _look(world, at, _vms(10))
    assert _retired(world) == 10


@pytest.mark.parametrize(
    ("scope", "share"),
    [
        (Scope(kind=ScopeKind.SUBNET, cidr="10.1.2.0/24"), 0.5),
        (Scope(kind=ScopeKind.SUBNET, cidr="10.2.0.0/24"), 0.2),
        (Scope(kind=ScopeKind.SUBNET, cidr="2001:db8::/64"), 0.2),
        (Scope(kind=ScopeKind.CI_CLASS, class_name="disk"), 0.9),
        (Scope(kind=ScopeKind.CI_CLASS, class_name="server"), 0.1),
    ],
)
def test_the_first_limit_that_fits_a_scope_holds(scope: Scope, share: float) -> None:
    safety = Safety(
        scopes=(
            ScopeLimit(cidr="10.1.0.0/16", limit=Limit(share=0.5)),
            ScopeLimit(kind=ScopeKind.SUBNET, limit=Limit(share=0.2)),
            ScopeLimit(name="disk", limit=Limit(share=0.9)),
        )
    )
    assert safety.limit_of(scope).share == share


def test_relationships_are_stopped_only_when_none_was_seen() -> None:
    world = World()

    def scan(at: float, packages: range) -> None:
        drafts = [draft(local_id="h", serial="S-1")]
        drafts += [
            draft("software_product", f"p{number}", name=f"p{number}", version="1", package_type="dpkg")
            for number in packages
        ]
        links = [(f"p{number}", "INSTALLED_ON", "h") for number in packages]
        world.tell(observation("ssh", at, drafts, links=links, scopes=[all_relationships("INSTALLED_ON", "h")]))

    scan(1, range(20))
    for at in GRACE_DAYS:
        scan(at, range(0))
    assert len(world.relationships()) == 20
    assert [item.values["would_retire"] for item in world.reviews("unsafe_retirement")] == [20]
    # an upgrade replaces them all, and is seen to
    for at in (10, 11, 12):
        scan(at, range(20, 40))
    assert len(world.relationships()) == 20
    assert world.reviews("unsafe_retirement") == []


def test_an_observation_from_the_future_counts_as_made_now_and_retires_nothing() -> None:
    world = World()
    one = world.see("nmap", 1, draft("device", ips=["192.0.2.1"]))
    for at in (1000, 2000, 3000):
        world.tell(observation("nmap", at, scopes=[subnet("192.0.2.0/24")]))
    assert (world.ci(one).state, world.ci(one).lifecycle) == ("present", "live")
    other = world.see("nmap", 5000, draft("device", ips=["192.0.2.2"]))
    seen = world.store.seen([claim.id for claim in world.claims(other)])
    assert all(found.last_at < day(401) for found in seen.values())
    assert [item.values["run"] for item in world.reviews("clock_ahead")] == ["nmap-1000"]
