"""A site's policy: what is taken, what goes first, and what is refused with file and line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from cmdb.errors import Invalid
from cmdb.reconcile.policy_file import read_rules
from cmdb.reconcile.precedence import Policy
from tests.unit.reconcile.builders import REGISTRY, START, World, all_of, day, draft, observation

GOOD = """\
kinds:
  host: [puppet]
  erp: [sap, "sap-*"]
rules:
  - class: device
    attributes: [owner, cost_center]
    sources: [erp, [host, platform]]
    effective_duration: 90 d
    may_clear: erp
  - class: server
    attributes: owner
    sources: [puppet]
  - class: container
    grace: {scans: 1, time: 12 h}
  - class: configuration_item
    sources: [sweep]
"""


def _policy(tmp_path: Path, text: str) -> Policy:
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return Policy(read_rules(file, REGISTRY), REGISTRY)


def _order(policy: Policy, class_name: str, attribute: str, *sources: str) -> list[str]:
    ranking = policy.ranking(class_name, attribute)
    return sorted(sources, key=lambda source: (ranking.rank(source), source))


def test_the_order_that_ships_is_that_of_the_design() -> None:
    said = ["nmap", "csv", "snmp", "vcenter", "ssh", "person:kim"]
    assert _order(Policy(), "server", "model", *said) == said[::-1]


@pytest.mark.parametrize("pair", [("ssh", "agent"), ("aws", "vsphere"), ("snmp", "snmprec"), ("csv", "anything")])
def test_sources_of_one_kind_are_equal(pair: tuple[str, str]) -> None:
    ranking = Policy().ranking("server", "model")
    assert ranking.rank(pair[0]) == ranking.rank(pair[1])


def test_a_rule_holds_for_subclasses_and_the_nearest_class_goes_first(tmp_path: Path) -> None:
    policy = _policy(tmp_path, GOOD)
    assert _order(policy, "switch", "owner", "ssh", "sap", "puppet") == ["sap", "puppet", "ssh"]
    assert _order(policy, "server", "owner", "ssh", "sap", "puppet") == ["puppet", "sap", "ssh"]
    assert _order(policy, "business_service", "owner", "ssh", "sap") == ["ssh", "sap"]


def test_sources_that_a_rule_leaves_out_follow_in_the_order_of_the_next(tmp_path: Path) -> None:
    policy = _policy(tmp_path, GOOD)
    assert _order(policy, "switch", "owner", "nmap", "csv", "snmp", "vcenter", "sap") == [
        "sap",
        "vcenter",
        "nmap",
        "snmp",
        "csv",
    ]


def test_a_rule_of_the_site_goes_before_the_one_that_ships(tmp_path: Path) -> None:
    assert _order(_policy(tmp_path, GOOD), "server", "model", "ssh", "nmap") == ["nmap", "ssh"]


def test_a_source_joins_its_kind_and_leaves_the_one_that_it_had(tmp_path: Path) -> None:
    policy = _policy(tmp_path, "kinds: {sweep: [csv]}\n")
    ranking = policy.ranking("server", "model")
    assert ranking.rank("csv") == ranking.rank("nmap")
    assert ranking.rank("xlsx") < ranking.rank("csv")


def test_the_entry_that_spells_out_most_fits(tmp_path: Path) -> None:
    text = 'kinds: {sweep: ["ssh-*"], snmp: [ssh-lab]}\n'
    ranking = _policy(tmp_path, text).ranking("server", "model")
    by_kind = {source: ranking.rank(source)[1] for source in ("ssh", "ssh:paris", "ssh-lab", "ssh-paris")}
    assert by_kind == {"ssh": 0, "ssh:paris": 0, "ssh-lab": 2, "ssh-paris": 4}


def test_duration_clearing_and_grace_come_from_the_first_rule_that_says_them(tmp_path: Path) -> None:
    policy = _policy(tmp_path, GOOD)
    owner = policy.ranking("server", "owner")
    assert owner.effective_duration("ssh") == dt.timedelta(days=90)
    assert [owner.may_clear(source) for source in ("sap", "sap-paris", "puppet")] == [True, True, False]
    assert policy.ranking("server", "model").effective_duration("ssh") == dt.timedelta(days=30)
    assert policy.is_over("container", START, [day(0.5)])
    assert not policy.is_over("container", START, [day(0.4)])
    assert not policy.is_over("server", START, [day(1), day(2), day(6.9)])
    assert policy.is_over("server", START, [day(1), day(2), day(7)])


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("rules:\n  - class: srever\n    sources: [ssh]\n", 2, "unknown class 'srever'; did you mean server"),
        (
            "rules:\n  - class: server\n    attributes:\n      - ownr\n    sources: [ssh]\n",
            4,
            "server has no attribute 'ownr'; did you mean owner",
        ),
        (
            "rules:\n  - class: server\n    sources:\n      - ssh\n      - puppt\n",
            5,
            "no kind has a source 'puppt'",
        ),
        ("rules:\n  - class: server\n    sources: [[ssh, vcentre]]\n", 3, "did you mean vcenter"),
        ("rules:\n  - class: server\n    may_clear: [glpy]\n", 3, "did you mean glpi"),
        (
            "rules:\n  - class: server\n    souces: [ssh]\n",
            3,
            "souces is no key that belongs here; did you mean sources",
        ),
        ("ruls: []\n", 1, "did you mean rules"),
        ("rules:\n  - class: server\n    effective_duration: 30\n", 3, "expected a time such as 12 h, 30 d or 2 w"),
        (
            "rules:\n  - class: server\n    effective_duration:\n      host: 7 d\n      sweeep: 7 d\n",
            5,
            "did you mean sweep",
        ),
        ("rules:\n  - class: server\n    effective_duration: {host: 7}\n", 3, "expected a time such as"),
        ("rules:\n  - class: server\n    grace: {scans: 0, time: 1 d}\n", 3, "greater than or equal to 1"),
        ("rules:\n  - class: server\n    grace: {scan: 1, time: 1 d}\n", 3, "did you mean scans"),
        ("rules:\n  - class: server\n", 2, "the rule says nothing"),
        (
            "rules:\n  - {class: server, sources: [ssh]}\n  - {class: server, sources: [snmp]}\n",
            3,
            "has a rule at",
        ),
        (
            "rules:\n  - {class: server, attributes: [owner], grace: {scans: 1, time: 1 d}}\n",
            2,
            "grace is of a class",
        ),
        ("rules:\n  - {class: server, attributes: [mac_addresses], sources: [ssh]}\n", 2, "is the union"),
        ("rules:\n  - {class: server, attributes: [class], sources: [ssh]}\n", 2, "ruled for configuration_item only"),
        ('rules:\n  - {class: server, sources: ["person:kim"]}\n', 2, "what people say always goes first"),
        ("kinds:\n  host: [a]\n  snmp: [a]\n", 3, "a is in host already"),
        ('kinds:\n  host: ["person:kim"]\n', 2, "people are in no kind"),
        ("rules: {a: b}\n", 1, "rules"),
        ("- a\n", 1, "the file"),
        ("rules: [\n", 2, "not valid YAML"),
    ],
)
def test_what_cannot_be_right_is_refused_with_file_and_line(tmp_path: Path, text: str, line: int, told: str) -> None:
    with pytest.raises(Invalid) as raised:
        _policy(tmp_path, text)
    assert told in raised.value.message
    assert raised.value.place == f"{tmp_path / 'policy.yaml'}:{line}"


@pytest.mark.parametrize("text", ["", "kinds: {}\n", "rules: []\n", "# nothing\n"])
def test_an_empty_file_changes_nothing(tmp_path: Path, text: str) -> None:
    assert _policy(tmp_path, text).rules == Policy().rules


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_source_that_may_clear_clears_by_leaving_out_or_empty(tmp_path: Path, empty: str | None) -> None:
    cases: list[dict[str, Any]] = [{}, {"owner": empty}]
    for said in cases:
        world = World(policy=_policy(tmp_path, GOOD))
        world.see("nmap", 1, draft(serial="S-1", owner="somebody"))
        world.see("sap", 2, draft(key="1", serial="S-1", owner="Ana"))
        one = world.see("sap", 3, draft(key="1", serial="S-1", **said))
        assert "owner" not in world.ci(one).attributes
        world.see("sap", 4, draft(key="1", serial="S-1", owner="Bo"))
        assert world.ci(one).attributes["owner"] == "Bo"


def test_each_source_may_have_a_duration_of_its_own(tmp_path: Path) -> None:
    text = "rules:\n  - {class: device, effective_duration: {ssh: 2 d, sweep: 12 h}}\n"
    policy = _policy(tmp_path, text)
    held = policy.ranking("server", "model").effective_duration
    assert [held(source) for source in ("ssh", "ssh-lab", "nmap", "csv")] == [
        dt.timedelta(days=2),
        dt.timedelta(days=2),
        dt.timedelta(hours=12),
        dt.timedelta(days=30),
    ]
    for silent_for, value in ((2, "ssh"), (2.1, "csv")):
        world = World(policy=policy)
        world.see("ssh", 1, draft(serial="S-1", model="ssh"))
        one = world.see("csv", 1 + silent_for, draft(serial="S-1", model="csv"))
        assert world.ci(one).attributes["model"] == value


def test_what_may_clear_says_nothing_of_other_attributes(tmp_path: Path) -> None:
    world = World(policy=_policy(tmp_path, GOOD))
    world.see("sap", 1, draft(key="1", owner="Ana", notes="kept"))
    one = world.see("sap", 2, draft(key="1", owner="Ana"))
    assert world.ci(one).attributes == {"owner": "Ana", "notes": "kept"}


def test_a_source_that_says_empty_of_what_it_never_said_clears_too(tmp_path: Path) -> None:
    world = World(policy=_policy(tmp_path, GOOD))
    world.see("nmap", 1, draft(serial="S-1", owner="somebody"))
    one = world.see("sap", 2, draft(key="1", serial="S-1", owner=""))
    assert "owner" not in world.ci(one).attributes


def test_grace_is_that_of_the_class(tmp_path: Path) -> None:
    text = "rules:\n  - {class: printer, grace: {scans: 1, time: 1 d}}\n"
    world = World(policy=_policy(tmp_path, text))
    world.tell(observation("csv", 1, [draft("printer", "p", key="p"), draft("server", "s", key="s")]))
    scopes = [all_of("printer"), all_of("server")]
    world.tell(observation("csv", 2, [draft("server", "o", key="o")], scopes=scopes))
    assert {ci.class_name: ci.lifecycle.value for ci in world.cis() if ci.state == "missing"} == {
        "printer": "retired",
        "server": "live",
    }
