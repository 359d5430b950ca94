"""Redundancy groups that people say go before those of sources, until taken back."""

from __future__ import annotations

import pytest

from cmdb.amending import Amender
from cmdb.editing.grouping import Grouping
from cmdb.errors import Invalid, NotFound
from cmdb.observation import RedundancyDraft
from cmdb.reconcile.precedence import Policy
from tests.unit.reconcile.builders import REGISTRY, draft, observation
from tests.unit.reconcile.desk import Desk


def _estate() -> tuple[Desk, Grouping, list[str]]:
    desk = Desk()
    ids = [desk.see("csv", 1, draft(key=key)) for key in ("a", "b", "c")]
    return desk, Grouping(Amender(desk.world.store, REGISTRY, Policy(), clock=desk.clock)), ids


def _hear(desk: Desk, at: float, min_up: int) -> None:
    drafts = [draft(local_id=key, key=key) for key in ("a", "b", "c")]
    group = RedundancyDraft(of="a", members=("b", "c"), min_up=min_up, name="nodes")
    desk.tell(observation("csv", at, drafts, groups=[group]))


def test_a_persons_group_stands_before_a_sources_newer_word() -> None:
    desk, grouping, (of, *members) = _estate()
    _hear(desk, 2, 2)
    grouping.group(of, members, min_up=1, name="nodes", by="kim", reason="drawn so")
    _hear(desk, 20, 2)
    (group,) = desk.world.groups()
    assert (group.min_up, group.sources) == (1, ("csv", "person:kim"))
    grouping.ungroup(of, name="nodes", by="kim", reason="the source is right")
    _hear(desk, 21, 2)
    (group,) = desk.world.groups()
    assert (group.min_up, group.sources) == (2, ("csv",))


def test_a_group_that_only_a_person_said_ends_when_taken_back() -> None:
    desk, grouping, (of, *members) = _estate()
    grouping.group(of, members, min_up_percent=50, by="kim", reason="drawn so")
    (group,) = desk.world.groups()
    assert (group.of, set(group.members), group.min_up_percent) == (of, set(members), 50)
    grouping.ungroup(of, members=members, by="kim", reason="no more")
    assert desk.world.groups() == []
    with pytest.raises(NotFound, match="no person said"):
        grouping.ungroup(of, members=members, by="kim", reason="no more")


def test_a_group_that_cannot_be_right_is_refused() -> None:
    _, grouping, (of, *members) = _estate()
    for told, given, minimum, percent, reason in (
        ("has members", [], 1, None, "x"),
        ("has members", [of], 1, None, "x"),
        ("exactly one", members, None, None, "x"),
        ("exactly one", members, 1, 50.0, "x"),
        ("min_up is -1", members, -1, None, "x"),
        ("between 0 and 100", members, None, 101.0, "x"),
        ("needs a reason", members, 1, None, " "),
    ):
        with pytest.raises(Invalid, match=told):
            grouping.group(of, given, min_up=minimum, min_up_percent=percent, by="kim", reason=reason)
