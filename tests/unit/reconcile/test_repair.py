"""Joins by people, and joins undone: claims, relationships and groups as they were, and a verdict that later runs obey."""

from __future__ import annotations

import pytest

from cmdb.amending import Amender
from cmdb.errors import Conflict, NotFound
from cmdb.observation import RedundancyDraft
from cmdb.reconcile.precedence import Policy
from cmdb.repairs.merging import Repair
from tests.unit.reconcile.builders import MAC_A, MAC_B, REGISTRY, World, day, draft, observation


def _repair(world: World) -> Repair:
    return Repair(Amender(world.store, REGISTRY, Policy(registry=REGISTRY), clock=lambda: day(500)))


def _estate(world: World) -> tuple[str, str]:
    """Two servers a and b with an interface each, a service on both, and a group of them."""
    world.tell(
        observation(
            "graph",
            1,
            [
                draft(local_id="a", name="alpha", key="a", macs=[MAC_A]),
                draft("interface", "ia", name="eth0", host="a", mac_address=MAC_A),
                draft(local_id="b", name="beta", key="b", macs=[MAC_B]),
                draft("interface", "ib", name="eth0", host="b", mac_address=MAC_B),
                draft("business_service", "s", name="shop"),
            ],
            links=[("s", "DEPENDS_ON", "a"), ("s", "DEPENDS_ON", "b")],
            groups=[RedundancyDraft(of="s", members=("a", "b"), min_up=1, name="pair")],
        )
    )
    one, other = (world.see("graph", 1, draft(name=name, key=key)) for name, key in (("alpha", "a"), ("beta", "b")))
    return one, other


def _picture(world: World) -> tuple[object, ...]:
    """Everything that a join moves."""
    claims = sorted((claim.id, claim.ci) for ci in world.cis() for claim in world.claims(ci.id))
    groups = sorted((group.of, group.members, group.name, group.min_up) for group in world.groups())
    names = sorted((ci.id, ci.name, str(ci.attributes)) for ci in world.cis())
    return claims, world.relationships(), groups, names


def test_a_persons_merge_joins_two_cis_and_unmerge_puts_all_back() -> None:
    world = World()
    one, other = _estate(world)
    before = _picture(world)
    _repair(world).merge(one, other, by="person:kim")
    kept, gone = sorted((one, other))
    assert world.ci(gone).id == kept
    assert len(world.cis("interface")) == 1
    _repair(world).unmerge(gone, by="person:kim")
    assert _picture(world) == before
    assert world.ci(gone).id == gone


def test_after_unmerge_a_row_that_fits_both_joins_neither() -> None:
    world = World()
    one = world.see("nmap", 1, draft("device", ips=["192.0.2.10"], macs=[MAC_A]))
    other = world.see("nmap", 2, draft("device", ips=["198.51.100.10"], macs=[MAC_B]))
    joined = world.see("glpi", 3, draft(serial="GV-1", macs=[MAC_A, MAC_B]))
    assert joined == one == world.ci(other).id
    _repair(world).unmerge(other, by="person:kim")
    world.see("snmp", 4, draft(macs=[MAC_A, MAC_B], ips=["192.0.2.10", "198.51.100.10"]))
    assert world.ci(other).id == other
    assert world.ci(one).id == one
    assert {one, other} <= {ci.id for ci in world.cis()}


def test_a_merge_ends_the_verdict_that_kept_two_apart() -> None:
    world = World()
    one, other = _estate(world)
    repair = _repair(world)
    repair.merge(one, other, by="person:kim")
    kept, gone = sorted((one, other))
    repair.unmerge(gone, by="person:kim")
    assert world.ci(kept).kept_apart_from == (gone,)
    repair.merge(one, other, by="person:kim")
    assert world.ci(gone).id == kept
    assert world.ci(kept).kept_apart_from == ()


def test_unmerging_what_is_not_merged_is_refused() -> None:
    world = World()
    one, _ = _estate(world)
    with pytest.raises(Conflict, match="not merged"):
        _repair(world).unmerge(one, by="person:kim")
    with pytest.raises(NotFound):
        _repair(world).unmerge("01890a5d-ac96-774b-bcce-b302099a8057", by="person:kim")
