"""Whose value stands: records, ages, ranks, silence and ties (design §6, claims and precedence)."""

from __future__ import annotations

import itertools

import pytest

from tests.unit.reconcile.builders import MAC_A, MAC_B, World, day, draft, observation


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_one_record_the_newest_value_wins(order: tuple[int, int]) -> None:
    world = World()
    steps = [(1, "9"), (2, "10")]
    for index in order:
        one = world.see("csv", steps[index][0], draft(key="1", os_version=steps[index][1]))
    assert world.ci(one).attributes["os_version"] == "10"


@pytest.mark.parametrize("empty", [None, "", "  "])
@pytest.mark.parametrize("empty_list", [None, [], [""]])
def test_empty_never_overwrites_a_value(empty: str | None, empty_list: list[str] | None) -> None:
    world = World()
    one = world.see("csv", 1, draft(key="1", fqdn="a.example.net", os_name="Debian", ip_addresses=["192.0.2.1"]))
    world.see("csv", 2, draft(key="1", fqdn=empty, os_name=empty, ip_addresses=empty_list))
    assert world.ci(one).attributes == {
        "fqdn": "a.example.net",
        "os_name": "Debian",
        "ip_addresses": ["192.0.2.1"],
    }


def test_an_attribute_that_is_left_out_keeps_its_own_age() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1", os_name="Debian"))
    world.see("ssh", 20, draft(serial="S-1"))
    (claim,) = world.claims(one)
    assert claim.values["os_name"].left_out_since == day(1)
    # the weaker source is 31 days fresher about this attribute, though the record was seen since
    world.see("nmap", 32, draft(serial="S-1", os_name="Linux"))
    assert world.ci(one).attributes["os_name"] == "Linux"


RANKS = ["person:kim", "ssh", "vcenter", "snmp", "csv", "nmap"]


@pytest.mark.parametrize(("better", "worse"), list(itertools.pairwise(RANKS)))
@pytest.mark.parametrize("better_first", [True, False])
def test_the_better_ranked_source_wins_whoever_came_last(better: str, worse: str, better_first: bool) -> None:
    world = World()
    steps = [(better, "right"), (worse, "wrong")]
    for at, (source, value) in enumerate(steps if better_first else reversed(steps)):
        one = world.see(source, at, draft(serial="S-1", model=value))
    assert world.ci(one).attributes["model"] == "right"


def test_sources_of_one_rank_are_settled_by_the_newest() -> None:
    world = World()
    world.see("ssh", 2, draft(serial="S-1", model="new"))
    one = world.see("agent", 1, draft(serial="S-1", model="old"))
    assert world.ci(one).attributes["model"] == "new"


def test_a_source_that_no_kind_names_ranks_as_an_import() -> None:
    world = World()
    world.see("homemade", 1, draft(serial="S-1", model="a"))
    one = world.see("nmap", 2, draft(serial="S-1", model="b"))
    assert world.ci(one).attributes["model"] == "a"
    world.see("csv", 3, draft(serial="S-1", model="c"))
    assert world.ci(one).attributes["model"] == "c"


@pytest.mark.parametrize("source", ["ssh-lab", "ssh:lab"])
def test_an_installation_of_a_source_ranks_as_its_kind(source: str) -> None:
    world = World()
    world.see(source, 1, draft(serial="S-1", model="right"))
    one = world.see("vcenter", 2, draft(serial="S-1", model="wrong"))
    assert world.ci(one).attributes["model"] == "right"


@pytest.mark.parametrize("first", ["agent", "ssh"])
def test_a_tie_in_time_is_settled_by_the_sources_name(first: str) -> None:
    world = World()
    for source in (first, "ssh" if first == "agent" else "agent"):
        one = world.see(source, 1, draft(serial="S-1", model=f"by {source}"))
    assert world.ci(one).attributes["model"] == "by agent"


def test_a_tie_within_one_source_is_settled_by_the_record() -> None:
    for keys in (("1", "2"), ("2", "1")):
        world = World()
        world.see("glpi", 0, draft(serial="S-1", macs=[MAC_A, MAC_B]))
        for key, at in zip(keys, (1, 2), strict=True):
            world.see("csv", at, draft(key=key, serial="S-1"))
        for key in keys:
            one = world.see("csv", 3, draft(key=key, serial="S-1", model=f"by {key}"))
        assert world.ci(one).attributes["model"] == "by 1"


@pytest.mark.parametrize(("silent_for", "value"), [(30, "ssh"), (30.1, "csv")])
def test_a_better_source_stands_until_it_was_silent_for_30_days(silent_for: float, value: str) -> None:
    world = World()
    world.see("ssh", 1, draft(serial="S-1", model="ssh"))
    one = world.see("csv", 1 + silent_for, draft(serial="S-1", model="csv"))
    assert world.ci(one).attributes["model"] == value


def test_a_lapsed_claim_stands_until_a_fresher_one_exists() -> None:
    world = World()
    one = world.see("ssh", 1, draft(serial="S-1", model="ssh"))
    world.see("csv", 200, draft(serial="S-1", os_name="Debian"))
    assert world.ci(one).attributes == {"serial_number": "S-1", "model": "ssh", "os_name": "Debian"}


def test_a_source_that_speaks_again_takes_its_place_back() -> None:
    world = World()
    world.see("ssh", 1, draft(serial="S-1", model="ssh"))
    world.see("csv", 50, draft(serial="S-1", model="csv"))
    one = world.see("ssh", 51, draft(serial="S-1", model="ssh"))
    assert world.ci(one).attributes["model"] == "ssh"


def test_addresses_macs_and_keys_are_the_union_over_claims() -> None:
    world = World()
    world.see("nmap", 1, draft("device", macs=[MAC_A], ips=["192.0.2.1"]))
    one = world.see("ssh", 2, draft(macs=[MAC_A, MAC_B], ips=["192.0.2.2"], ssh_host_keys=["ssh-ed25519 AAAA1"]))
    assert world.ci(one).attributes == {
        "mac_addresses": [MAC_A, MAC_B],
        "ip_addresses": ["192.0.2.1", "192.0.2.2"],
        "ssh_host_keys": ["ssh-ed25519 AAAA1"],
    }


def test_rows_of_one_run_and_one_record_make_one_claim() -> None:
    world = World()
    rows = [
        draft(local_id="a", key="1", model="first", ips=["192.0.2.1"]),
        draft(local_id="b", key="1", model="last", ips=["192.0.2.2"]),
    ]
    done = world.tell(observation("csv", 1, rows))
    assert [row.outcome for row in done.plan.rows] == ["created", "created"]
    assert done.count("created") == 1
    (ci,) = world.cis()
    assert ci.attributes == {"model": "last", "ip_addresses": ["192.0.2.1", "192.0.2.2"]}
    assert len(world.claims(ci.id)) == 1


def test_rows_of_one_run_that_meet_by_the_ladder_make_one_ci() -> None:
    world = World()
    rows = [
        draft("device", "a", ips=["192.0.2.1"], macs=[MAC_A]),
        draft("device", "b", ips=["192.0.2.2"], macs=[MAC_B]),
        draft(local_id="c", serial="S-1", macs=[MAC_A, MAC_B]),
    ]
    done = world.tell(observation("csv", 1, rows))
    (ci,) = world.cis()
    assert {row.ci for row in done.plan.rows} == {ci.id}
    assert ci.attributes["ip_addresses"] == ["192.0.2.1", "192.0.2.2"]


def test_records_of_one_ci_stay_separate() -> None:
    world = World()
    one = world.see("nmap", 1, draft("device", macs=[MAC_A], ips=["192.0.2.1"]))
    world.see("ssh", 2, draft(macs=[MAC_A, MAC_B]))
    assert world.see("nmap", 3, draft("device", macs=[MAC_B], ips=["192.0.2.2"])) == one
    world.see("nmap", 4, draft("device", macs=[MAC_A], ips=["192.0.2.3"]))
    assert world.ci(one).attributes["ip_addresses"] == ["192.0.2.2", "192.0.2.3"]


def test_what_a_reference_leaves_out_means_nothing() -> None:
    world = World()
    one = world.see("ssh", 1, draft("device", ips=["192.0.2.1"], fqdn="db1.example.net", is_reference=True))
    revision = world.store.revision()
    assert world.see("ssh", 2, draft("device", ips=["192.0.2.1"], is_reference=True)) == one
    assert world.store.revision() == revision
    assert world.ci(one).attributes == {"ip_addresses": ["192.0.2.1"], "fqdn": "db1.example.net"}


def test_unknown_attributes_are_kept_as_the_sources_claim() -> None:
    world = World()
    done = world.tell(observation("csv", 1, [draft(key="1", rack_colour="blue")]))
    assert done.plan.unknown_attributes == 1
    assert world.cis()[0].attributes == {"rack_colour": "blue"}
