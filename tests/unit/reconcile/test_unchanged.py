"""A row that repeats what its record said last is only seen again; everything else about it goes the long way."""

from __future__ import annotations

from typing import Any

import pytest

from cmdb.changeset import Sighting
from tests.unit.reconcile.builders import World, draft, observation


def test_a_row_that_says_the_same_again_is_a_sighting_and_nothing_else() -> None:
    world = World()
    ci = world.see("vcenter", 1, draft(key="vm-1", serial="S-1", os_version="12"))
    revision = world.store.revision()
    again = observation("vcenter", 2, [draft(key="vm-1", serial="S-1", os_version="12")])
    plan = world.ingest.plan(again, by="test")
    (claim,) = world.claims(ci)
    assert (plan.change_set.writes, plan.change_set.keys) == ((), ())
    assert plan.change_set.sightings == (Sighting(claim.id, again.at),)
    assert [(row.ci, row.outcome, row.rule) for row in plan.rows] == [(ci, "unchanged", "native_key")]
    world.tell(again)
    assert (world.store.revision(), world.store.seen([claim.id])[claim.id].last_at) == (revision, again.at)


@pytest.mark.parametrize("said", [{"os_version": "13"}, {"os_version": "12", "model": "R650"}, {}])
def test_a_row_that_says_more_or_less_or_otherwise_changes_its_claim(said: dict[str, Any]) -> None:
    world = World()
    world.see("vcenter", 1, draft(key="vm-1", serial="S-1", os_version="12"))
    plan = world.ingest.plan(observation("vcenter", 2, [draft(key="vm-1", serial="S-1", **said)]), by="test")
    assert [row.outcome for row in plan.rows] == ["updated"]


def test_a_source_that_speaks_again_takes_its_value_back_from_the_one_that_followed_it() -> None:
    """The better source's word lapsed after 30 days of silence (design, claims and precedence); then it says the same again."""
    world = World()
    ci = world.see("vcenter", 1, draft(key="vm-1", serial="S-1", os_version="12"))
    world.see("nmap", 60, draft("device", serial="S-1", os_version="11"))
    assert world.ci(ci).attributes["os_version"] == "11"
    world.see("vcenter", 61, draft(key="vm-1", serial="S-1", os_version="12"))
    assert world.ci(ci).attributes["os_version"] == "12"


def test_two_rows_of_one_record_are_still_folded_together() -> None:
    world = World()
    ci = world.see("vcenter", 1, draft(key="vm-1", serial="S-1", ips=["192.0.2.1"]))
    world.tell(
        observation(
            "vcenter",
            2,
            [
                draft(local_id="a", key="vm-1", serial="S-1", ips=["192.0.2.1"]),
                draft(local_id="b", key="vm-1", serial="S-1", ips=["192.0.2.2"]),
            ],
        )
    )
    assert world.ci(ci).attributes["ip_addresses"] == ["192.0.2.1", "192.0.2.2"]
