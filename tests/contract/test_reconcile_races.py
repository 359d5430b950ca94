"""Writers that meet: the same new machine at once ends in one CI (design §6, writing; §11, unique keys)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from cmdb.errors import Conflict
from cmdb.store.protocol import Store
from tests.unit.reconcile.builders import MAC_A, MAC_B, World, draft, observation


def _at_once(*acts: Callable[[], object]) -> None:
    barrier = threading.Barrier(len(acts))
    failures: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        barrier.wait(timeout=60)
        try:
            act()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)


def _worlds(store: Store, count: int) -> Sequence[World]:
    """Planners that share nothing but the store, as those of several processes do."""
    return [World(store) for _ in range(count)]


@pytest.mark.parametrize("attempt", range(3))
def test_the_same_new_machine_from_two_writers_at_once_is_one_ci(store: Store, attempt: int) -> None:
    one, other = _worlds(store, 2)
    _at_once(
        lambda: one.see("ssh", 1, draft(serial=f"S-{attempt}", macs=[MAC_A], os_name="Debian")),
        lambda: other.see("nmap", 1, draft("device", macs=[MAC_A], ips=["192.0.2.1"])),
    )
    (ci,) = one.cis()
    assert ci.class_name == "server"
    assert {claim.source for claim in one.claims(ci.id)} == {"ssh", "nmap"}
    assert ci.attributes["ip_addresses"] == ["192.0.2.1"]
    assert ci.attributes["os_name"] == "Debian"


def test_one_record_from_many_writers_at_once_is_one_ci(store: Store) -> None:
    worlds = _worlds(store, 4)
    _at_once(
        *(
            (lambda world=world, at=at: world.see("vcenter", at, draft(key="vm-1", os_version=str(at))))
            for at, world in enumerate(worlds)
        )
    )
    (ci,) = worlds[0].cis()
    assert ci.attributes["os_version"] == "3"
    assert len(worlds[0].claims(ci.id)) == 1


def test_a_dependent_of_one_host_from_two_writers_at_once_is_one_ci(store: Store) -> None:
    one, other = _worlds(store, 2)
    one.see("ssh", 1, draft(serial="S-1"))
    rows = [draft(local_id="h", serial="S-1"), draft("interface", "i", name="eth0", host="h", mac_address=MAC_B)]
    _at_once(
        lambda: one.tell(observation("ssh", 2, rows)),
        lambda: other.tell(observation("snmp", 2, rows)),
    )
    assert len(one.cis("interface")) == 1
    assert len(one.relationships()) == 1


def test_a_plan_that_did_not_see_a_better_sources_claim_is_refused(store: Store) -> None:
    """The better source only confirms what stands, so nothing but its claim was written meanwhile."""
    world = World(store)
    ci = world.see("nmap", 1, draft("device", macs=[MAC_A], model="R640"))
    newer = observation("nmap", 3, [draft("device", macs=[MAC_A], model="R650")])
    plan = world.ingest.plan(newer, by="test")
    for source, key in (("snmp", None), ("vcenter", "vm-1")):
        world.see(source, 2, draft("device", key=key, macs=[MAC_A], model="R640"))
    with pytest.raises(Conflict):
        store.apply(plan.change_set)
    world.tell(newer)
    assert world.ci(ci).attributes["model"] == "R640"
    assert len(world.claims(ci)) == 3
