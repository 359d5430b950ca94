"""Relationships that people say are there, or are not (design §6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cmdb.editing.edits import Why
from cmdb.entities import Kind, Relationship
from cmdb.errors import Invalid, NotFound
from tests.unit.reconcile.builders import day, draft, observation
from tests.unit.reconcile.desk import WHY, Desk


def _pair(desk: Desk, at: float = 1) -> tuple[str, str]:
    told = observation(
        "csv",
        at,
        [draft("business_service", "s", key="s", name="shop"), draft("server", "d", key="d", name="db1")],
        links=[("s", "DEPENDS_ON", "d")],
    )
    shop, database = (row.ci for row in desk.tell(told).plan.rows)
    assert shop is not None
    assert database is not None
    return shop, database


def test_a_person_relates_what_no_source_knows() -> None:
    desk = Desk()
    one, two = desk.see("csv", 1, draft(key="1")), desk.see("csv", 1, draft(key="2"))
    desk.editing.relate(one, "DEPENDS_ON", two, why=WHY)
    assert desk.world.relationships() == {(one, "DEPENDS_ON", two)}
    desk.editing.leave_relationship(one, "DEPENDS_ON", two, why=WHY)
    assert desk.world.relationships() == set()


def test_what_a_source_says_too_outlives_the_edit() -> None:
    desk = Desk()
    shop, database = _pair(desk)
    desk.editing.relate(shop, "DEPENDS_ON", database, why=WHY)
    (both,) = desk.world.store.find(Kind.RELATIONSHIP, "source", (shop,))
    assert isinstance(both, Relationship)
    assert both.claimed == {"csv": 1.0, "person:kim": 1.0}
    desk.editing.leave_relationship(shop, "DEPENDS_ON", database, why=WHY)
    assert desk.world.relationships() == {(shop, "DEPENDS_ON", database)}


def test_a_denied_relationship_stays_away_and_its_sources_are_listed_once() -> None:
    desk = Desk()
    shop, database = _pair(desk)
    desk.editing.unrelate(shop, "DEPENDS_ON", database, why=WHY)
    assert desk.world.relationships() == set()
    assert desk.world.reviews() == []
    for at in (11, 12):
        _pair(desk, at)
    assert desk.world.relationships() == set()
    (item,) = desk.world.reviews("blocked_update")
    assert item.values == {
        "relationship": "DEPENDS_ON",
        "target": database,
        "edit": "is not there",
        "by": "person:kim",
        "reason": "walked there and looked",
        "blocked": ["csv"],
    }
    desk.editing.leave_relationship(shop, "DEPENDS_ON", database, why=WHY)
    assert desk.world.reviews() == []
    _pair(desk, 13)
    assert desk.world.relationships() == {(shop, "DEPENDS_ON", database)}


def test_a_denial_that_ran_out_denies_no_longer() -> None:
    desk = Desk()
    shop, database = _pair(desk)
    desk.editing.unrelate(shop, "DEPENDS_ON", database, why=Why(by="kim", reason="for now", until=day(15)))
    desk.now = day(16)
    desk.editing.end_run_out(by="housekeeping")
    _pair(desk, 17)
    assert desk.world.relationships() == {(shop, "DEPENDS_ON", database)}


def test_a_symmetric_relationship_is_denied_from_either_end() -> None:
    for turned in (False, True):
        desk = Desk()
        told = observation(
            "snmp",
            1,
            [draft("switch", "a", serial="S-1"), draft("switch", "b", serial="S-2")],
            links=[("a", "CONNECTED_TO", "b")],
        )
        one, two = (str(row.ci) for row in desk.tell(told).plan.rows)
        ends = (two, one) if turned else (one, two)
        desk.editing.unrelate(ends[0], "CONNECTED_TO", ends[1], why=WHY)
        desk.tell(replace(told, at=day(20), run_id="later"))
        assert desk.world.relationships() == set()


def test_a_pair_that_the_type_does_not_join_is_refused() -> None:
    desk = Desk()
    shop, database = _pair(desk)
    with pytest.raises(Invalid, match="does not join"):
        desk.editing.relate(database, "INSTALLED_ON", shop, why=WHY)
    with pytest.raises(Invalid, match="to itself"):
        desk.editing.relate(shop, "DEPENDS_ON", shop, why=WHY)
    with pytest.raises(NotFound, match="nobody edited"):
        desk.editing.leave_relationship(shop, "DEPENDS_ON", database, why=WHY)
