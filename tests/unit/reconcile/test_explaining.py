"""Why each value stands and why every other claim lost (contract.md, `explain`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from cmdb.documents import Document
from cmdb.errors import NotFound
from cmdb.explaining import explain
from cmdb.reconcile.policy_file import read_rules
from cmdb.reconcile.precedence import Policy
from tests.unit.reconcile.builders import MAC_A, REGISTRY, World, all_of, day, draft, observation
from tests.unit.reconcile.desk import Desk

NO_POLICY = Policy()


def _explained(
    world: World, ci: str, attribute: str | None = None, *, at: float = 400, policy: Policy = NO_POLICY
) -> Mapping[str, Document]:
    document = explain(world.store, world.ci(ci), policy, attribute, now=day(at))
    return cast("Mapping[str, Document]", document["attributes"])


def _lost(won: Document) -> list[tuple[str, str]]:
    return [(str(one["source"]), str(one["cause"])) for one in cast("list[Document]", won["lost"])]


def test_the_winner_is_shown_with_its_source_age_rule_and_line() -> None:
    world = World()
    world.see("ssh", 2, draft(serial="S-1", model="R640"))
    one = world.see("nmap", 3, draft(serial="S-1", model="Server"))
    model = _explained(world, one, "model")["model"]
    assert model == {
        "value": "R640",
        "source": "ssh",
        "seen_at": "2026-01-03T00:00:00Z",
        "rule": "best rank of those that still speak",
        "rule_at": "precedence.yaml:12",
        "lost": [
            {
                "source": "nmap",
                "value": "Server",
                "seen_at": "2026-01-04T00:00:00Z",
                "cause": "rank",
                "why": "ssh ranks before nmap",
            }
        ],
    }


def test_age_silence_and_ties_are_told_apart() -> None:
    world = World()
    world.see("ssh", 1, draft(serial="S-1", model="silent"))
    world.see("csv", 50, draft(serial="S-1", model="older"))
    world.see("graph", 60, draft(serial="S-1", model="b"))
    one = world.see("cyclonedx", 60, draft(serial="S-1", model="a"))
    won = _explained(world, one)["model"]
    assert (won["value"], won["source"]) == ("a", "cyclonedx")
    assert sorted(_lost(won)) == [("csv", "age"), ("graph", "tie_source"), ("ssh", "lapsed")]


def test_a_tie_within_one_source_names_the_record() -> None:
    world = World()
    for key, at in (("2", 1), ("1", 2)):
        world.see("csv", at, draft(key=key, serial="S-1"))
    for key, model in (("2", "b"), ("1", "a")):
        one = world.see("csv", 3, draft(key=key, serial="S-1", model=model))
    assert _lost(_explained(world, one)["model"]) == [("csv", "tie_record")]


def test_who_says_the_same_has_not_lost_a_value() -> None:
    world = World()
    world.see("ssh", 1, draft(serial="S-1", model="R640"))
    one = world.see("nmap", 2, draft(serial="S-1", model="R640"))
    won = _explained(world, one)["model"]
    assert (_lost(won), won["rule"]) == ([("nmap", "same")], "all sources agree")


def test_a_union_names_the_sources_of_each_item() -> None:
    world = World()
    world.see("nmap", 1, draft("device", macs=[MAC_A], ips=["192.0.2.1"]))
    one = world.see("ssh", 2, draft(macs=[MAC_A], ips=["192.0.2.1", "192.0.2.2"]))
    won = _explained(world, one)["ip_addresses"]
    assert won["rule"] == "union of all claims"
    assert won["said_by"] == {"192.0.2.1": ["nmap", "ssh"], "192.0.2.2": ["ssh"]}


def test_a_withdrawn_claim_says_so() -> None:
    world = World()
    world.see("ssh", 1, draft(serial="S-1", model="R640"))
    world.tell(observation("csv", 1, [draft(key="1", serial="S-1", model="old")]))
    for at in (2, 3, 12):
        world.tell(observation("csv", at, [draft(local_id="o", key="2")], scopes=[all_of("server")]))
    one = world.see("ssh", 13, draft(serial="S-1", model="R640"))
    assert _lost(_explained(world, one)["model"]) == [("csv", "withdrawn")]


def test_an_edit_says_who_why_and_until_when_and_what_it_blocks() -> None:
    desk = Desk()
    one = desk.see("ssh", 1, draft(serial="S-1", owner="nobody"))
    desk.see("nmap", 2, draft(serial="S-1", owner="somebody"))
    desk.edit(one, {"owner": "Ana"}, until=30)
    desk.see("ssh", 12, draft(serial="S-1", owner="nobody"))
    won = _explained(desk.world, one, "owner", at=12)["owner"]
    assert (won["source"], won["reason"], won["until"]) == (
        "person:kim",
        "walked there and looked",
        "2026-01-31T00:00:00Z",
    )
    assert _lost(won) == [("ssh", "blocked"), ("nmap", "edit")]
    after = _explained(desk.world, one, "owner", at=31)["owner"]
    assert (after["value"], after["source"], after["still_shown"]) == ("nobody", "ssh", "Ana")
    assert _lost(after) == [("person:kim", "expired_edit"), ("nmap", "rank")]
    desk.now = day(31)
    desk.editing.end_run_out(by="housekeeping")
    assert "still_shown" not in _explained(desk.world, one, "owner", at=31)["owner"]


def test_of_classes_the_one_that_says_less_never_competes() -> None:
    world = World()
    world.see("snmp", 1, draft("device", serial="S-1"))
    world.see("csv", 2, draft("router", serial="S-1"))
    one = world.see("snmp", 3, draft("switch", serial="S-1", name="sw1"))
    won = _explained(world, one)["class"]
    assert (won["value"], sorted(_lost(won))) == ("switch", [("csv", "rank")])


def test_what_a_source_may_clear_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("rules:\n  - {class: server, attributes: [owner], may_clear: [csv]}\n", encoding="utf-8")
    policy = Policy(read_rules(file, REGISTRY), REGISTRY)
    world = World()
    world.see("csv", 1, draft(key="1", owner="Ana"))
    one = world.see("csv", 2, draft(key="1", notes="x"))
    won = _explained(world, one, "owner", policy=policy)["owner"]
    assert (won["value"], won["rule"], _lost(won)) == (
        None,
        "csv may clear it, and leaves it out",
        [("csv", "cleared")],
    )


def test_joins_and_values_set_aside_are_among_how_it_was_matched() -> None:
    world = World()
    one = world.see("csv", 1, draft(serial="S-1"))
    two = world.see("glpi", 2, draft(macs=[MAC_A]))
    world.see("ssh", 3, draft(serial="S-1", macs=[MAC_A], asset_tag="No Asset Tag"))
    document = explain(world.store, world.ci(one), NO_POLICY, now=day(400))
    matched = cast("list[Document]", document["matched"])
    (how,) = (each for each in matched if each["source"] == "ssh")
    assert (how["rule"], how["joined"]) == ("serial", [two])
    assert how["set_aside"] == [{"kind": "asset_tag", "value": "NO ASSET TAG", "because": "placeholder"}]


def test_an_attribute_that_nobody_knows_names_the_near_one() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1"))
    with pytest.raises(NotFound, match="did you mean owner"):
        _explained(world, one, "ownr")
    assert _explained(world, one, "owner") == {}


def test_a_class_whose_edit_ran_out_says_what_is_still_shown() -> None:
    desk = Desk()
    one = desk.see("snmp", 1, draft("switch", serial="S-1"))
    desk.edit(one, {"class": "router"}, until=20)
    assert _explained(desk.world, one, "class", at=19)["class"]["value"] == "router"
    won = _explained(desk.world, one, "class", at=20)["class"]
    assert (won["value"], won["source"], won["still_shown"]) == ("switch", "snmp", "router")
    assert _lost(won) == [("person:kim", "expired_edit")]
