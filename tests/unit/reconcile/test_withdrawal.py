"""A source withdrawn: what it had won goes to the next, what only it claimed is retired, and a window takes no more than was said in it."""

from __future__ import annotations

import pytest

from cmdb.amending import Amender
from cmdb.entities import Kind, Parked, Run, RunState
from cmdb.errors import Invalid, NotFound
from cmdb.observation import RedundancyDraft
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.retelling import Window
from cmdb.reconcile.withdrawing import Withdrawing
from cmdb.reconcile.workspace import Workspace
from cmdb.repairs.recalling import StoreRecall
from cmdb.repairs.withdrawal import Withdrawal, Withdrawn
from tests.unit.reconcile.builders import MAC_A, MAC_B, REGISTRY, World, day, draft, observation

ALWAYS = Window()


def withdrawal(world: World) -> Withdrawal:
    return Withdrawal(Amender(world.store, REGISTRY, Policy(registry=REGISTRY), clock=lambda: day(500)))


def withdraw(world: World, source: str, window: Window = ALWAYS) -> Withdrawn:
    return withdrawal(world).withdraw(source, window, by="kim", reason="wrong credentials")


def test_what_the_source_had_won_goes_to_the_next_and_its_own_values_go() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", name="db1", location="hall 1", os_version="9"))
    world.see("ssh", 2, draft(serial="SN-1", name="db01", location="hall 2", model="R640", macs=[MAC_A]))
    withdraw(world, "ssh")
    found = world.ci(ci)
    assert (found.name, found.attributes["location"], found.attributes["os_version"]) == ("db1", "hall 1", "9")
    assert "model" not in found.attributes
    assert "mac_addresses" not in found.attributes
    assert [claim.source for claim in world.claims(ci)] == ["csv"]


def test_what_only_the_source_claimed_is_retired_and_comes_back_with_its_next_word() -> None:
    world = World()
    ci = world.see("nmap", 1, draft("device", macs=[MAC_A], ips=["192.0.2.1"]))
    native = world.see("nmap", 1, draft("device", key="k1", macs=[MAC_B]))
    done = withdraw(world, "nmap")
    assert sorted(done.retired) == sorted((ci, native))
    assert [world.ci(one).lifecycle for one in (ci, native)] == ["retired", "retired"]
    assert world.see("nmap", 3, draft("device", macs=[MAC_A], ips=["192.0.2.1"])) == ci
    assert world.see("nmap", 3, draft("device", key="k1", macs=[MAC_B])) == native
    assert [world.ci(one).lifecycle for one in (ci, native)] == ["live", "live"]


def test_what_was_withdrawn_identifies_nobody_else() -> None:
    world = World()
    ci = world.see("nmap", 1, draft("device", macs=[MAC_A], serial="SN-1"))
    withdraw(world, "nmap")
    assert world.see("ssh", 2, draft(macs=[MAC_A], name="other")) != ci
    assert world.ci(ci).lifecycle == "retired"


def test_a_value_that_was_shared_identifies_again_when_one_ci_is_left_to_hold_it() -> None:
    world = World()
    one = world.see("csv", 1, draft(serial="SN-1", uuid="4c4c4544-0035-3010-8052-b4c04f4d3132"))
    world.see("nmap", 2, draft(serial="SN-2", uuid="4c4c4544-0035-3010-8052-b4c04f4d3132"))
    assert world.flags() == {"shared_identifier"}
    withdraw(world, "nmap")
    assert world.flags() == set()
    assert world.see("ssh", 3, draft(uuid="4c4c4544-0035-3010-8052-b4c04f4d3132", name="x")) == one


def test_relationships_and_groups_that_others_say_too_stay_less_the_source() -> None:
    world = World()
    drafts = [
        draft("application", "s", name="shop"),
        draft("server", "a", serial="SN-1"),
        draft("server", "b", serial="SN-2"),
    ]
    group = RedundancyDraft(of="s", members=("a", "b"), min_up=1, name="pair")
    ids = world.tell(observation("graph", 1, drafts, links=[("s", "DEPENDS_ON", "a")], groups=[group])).plan.resolved
    world.tell(
        observation(
            "csv",
            2,
            [draft("server", "a", serial="SN-1"), draft("server", "b", serial="SN-2")],
            links=[("a", "DEPENDS_ON", "b")],
        )
    )
    withdraw(world, "csv")
    assert world.relationships() == {(ids["s"], "DEPENDS_ON", ids["a"])}
    assert [(one.of, one.min_up, one.sources) for one in world.groups()] == [(ids["s"], 1, ("graph",))]
    withdraw(world, "graph")
    assert (world.relationships(), world.groups()) == (set(), [])


def test_parked_drafts_of_the_source_go_with_what_was_told_of_them() -> None:
    world = World()
    world.tell(observation("glpi", 1, [draft("interface", name="eth0", host="unknown")]))
    world.see("csv", 1, draft(serial="SN-1"))
    assert len(world.store.scan(Kind.PARKED)) == 1
    withdraw(world, "glpi")
    assert [item for item in world.store.scan(Kind.PARKED) if isinstance(item, Parked)] == []
    assert world.flags() == set()


def test_a_persons_edit_survives() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", location="hall 1"))
    world.see("ssh", 2, draft(serial="SN-1", location="hall 2"))
    world.see("person:kim", 3, draft(serial="SN-1", location="hall 3"))
    withdraw(world, "ssh")
    assert world.ci(ci).attributes["location"] == "hall 3"


def test_a_window_gives_back_what_the_source_said_before() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", location="hall 1", model="R640"))
    world.see("csv", 5, draft(serial="SN-1", location="wrong", os_version="9"))
    world.see("ssh", 3, draft(serial="SN-1", location="hall 3"))
    withdraw(world, "csv", Window(day(4), day(6)))
    found = world.ci(ci)
    assert (found.attributes["model"], found.attributes["location"]) == ("R640", "hall 3")
    assert "os_version" not in found.attributes
    seen = world.store.seen([claim.id for claim in world.claims(ci) if claim.source == "csv"])
    assert [one.last_at for one in seen.values()] == [day(1)]


def test_what_was_said_after_the_window_stands() -> None:
    world = World()
    ci = world.see("csv", 1, draft(serial="SN-1", location="hall 1", model="R640"))
    world.see("csv", 5, draft(serial="SN-1", location="wrong", model="wrong", os_version="9"))
    world.see("csv", 9, draft(serial="SN-1", location="hall 9"))
    withdraw(world, "csv", Window(day(4), day(6)))
    assert {name: world.ci(ci).attributes.get(name) for name in ("location", "model", "os_version")} == {
        "location": "hall 9",
        "model": "R640",
        "os_version": None,
    }


def test_a_relationship_said_again_outside_the_window_stays() -> None:
    world = World()
    drafts = [draft("server", "a", serial="SN-1"), draft("server", "b", serial="SN-2")]
    ids = world.tell(observation("csv", 1, drafts, links=[("a", "DEPENDS_ON", "b")])).plan.resolved
    world.tell(observation("csv", 5, drafts, links=[("a", "DEPENDS_ON", "b"), ("b", "DEPENDS_ON", "a")]))
    withdraw(world, "csv", Window(day(5), day(5)))
    assert world.relationships() == {(ids["a"], "DEPENDS_ON", ids["b"])}


def test_a_source_withdrawn_again_changes_nothing() -> None:
    world = World()
    world.see("nmap", 1, draft("device", macs=[MAC_A], ips=["192.0.2.1"]))
    withdraw(world, "nmap")
    revision = world.store.revision()
    again = withdraw(world, "nmap")
    assert (again.revisions, again.claims, world.store.revision()) == ([], 0, revision)


def test_the_plan_says_what_would_be_done_and_does_nothing() -> None:
    world = World()
    ci = world.see("nmap", 1, draft("device", macs=[MAC_A], ips=["192.0.2.1"]))
    revision = world.store.revision()
    planned = withdrawal(world).plan("nmap", ALWAYS)
    assert (planned.claims, planned.cis, planned.retired, planned.revisions) == (1, 1, [ci], [])
    assert world.store.revision() == revision
    done = withdraw(world, "nmap")
    assert (done.claims, done.cis, done.retired) == (1, 1, [ci])


def test_a_withdrawal_is_in_the_list_of_runs() -> None:
    world = World()
    world.see("nmap", 1, draft("device", macs=[MAC_A]))
    withdraw(world, "nmap")
    (run,) = (run for run in world.store.scan(Kind.RUN) if isinstance(run, Run))
    assert (run.source, run.targets, run.state, run.by) == ("withdraw", ("nmap",), RunState.DONE, "kim")
    assert {revision.run_id for revision in world.store.revisions(after=1)} == {run.id}


def test_an_unknown_source_and_an_empty_window_are_refused() -> None:
    world = World()
    world.see("nmap", 1, draft("device", macs=[MAC_A]))
    with pytest.raises(NotFound, match="no source called 'namp'"):
        withdraw(world, "namp")
    with pytest.raises(Invalid, match="before it starts"):
        withdraw(world, "nmap", Window(day(3), day(2)))


def test_a_ci_of_many_relationships_is_withdrawn_in_several_steps() -> None:
    world = World()
    drafts = [draft(local_id=f"s{number}", serial=f"SN-{number}") for number in range(8)]
    links = [(f"s{number}", "DEPENDS_ON", "s0") for number in range(1, 8)]
    hub = world.tell(observation("csv", 1, drafts, links=links)).plan.resolved["s0"]
    amender = Amender(world.store, REGISTRY, Policy(registry=REGISTRY), clock=lambda: day(500))
    steps = []

    def step(workspace: Workspace) -> None:
        withdrawing = Withdrawing(
            workspace,
            REGISTRY,
            amender.policy,
            StoreRecall(world.store),
            source="csv",
            window=ALWAYS,
            now=day(500),
            by="person:kim",
        )
        steps.append(withdrawing.ci(hub, room=3))

    while not steps or steps[-1] is None:
        amender.amend(step, by="kim", reason="withdrew csv")
    assert steps == [None, None, 1]
    assert (world.relationships(), world.ci(hub).lifecycle) == (set(), "retired")
