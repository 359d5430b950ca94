"""A changed policy settles everything anew, on every store."""

from __future__ import annotations

from pathlib import Path

from cmdb.amending import Amender
from cmdb.reconcile.policy_file import read_rules
from cmdb.reconcile.precedence import Policy
from cmdb.repairs.resettling import Resettling
from cmdb.store.protocol import Store
from tests.unit.reconcile.builders import REGISTRY, World, day, draft


def _resettling(store: Store, policy: Policy) -> Resettling:
    return Resettling(Amender(store, REGISTRY, policy, clock=lambda: day(500)))


def test_a_new_policy_is_taken_up_at_once_and_only_where_it_matters(store: Store, tmp_path: Path) -> None:
    world = World(store)
    one = world.see("ssh", 1, draft(serial="S-1", model="R640"))
    world.see("nmap", 1, draft(serial="S-1", model="Server"))
    other = world.see("ssh", 1, draft(serial="S-2", model="R650"))
    world.see("nmap", 1, draft(serial="S-2", model="R650"))
    assert _resettling(store, Policy()).run(by="kim").changed == []
    file = tmp_path / "policy.yaml"
    file.write_text("rules:\n  - {class: device, attributes: [model], sources: [sweep]}\n", encoding="utf-8")
    policy = Policy(read_rules(file, REGISTRY), REGISTRY)
    before = store.revision()
    shown = _resettling(store, policy).run(by="kim", is_dry_run=True)
    assert (shown.cis, shown.changed_count, shown.revisions, store.revision()) == (2, 1, [], before)
    done = _resettling(store, policy).run(by="kim")
    assert [(was.attributes["model"], now.attributes["model"]) for was, now in done.changed] == [("R640", "Server")]
    assert done.revisions == [before + 1]
    assert (world.ci(one).attributes["model"], world.ci(other).attributes["model"]) == ("Server", "R650")
    assert _resettling(store, policy).run(by="kim").revisions == []
