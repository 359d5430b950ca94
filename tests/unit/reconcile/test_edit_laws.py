"""Laws of edits among observations: what stands and what is blocked does not depend on the order in which sources are heard."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.observation import Observation
from cmdb.values import Value
from tests.unit.reconcile.builders import day, draft
from tests.unit.reconcile.desk import Desk
from tests.unit.reconcile.estates import observations, serial

LAW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LAST = 400

Edited = tuple[str, str, Value, float | None]
edits = st.lists(
    st.tuples(
        st.sampled_from(["kim", "lee"]),
        st.sampled_from(["model", "location", "os_version", "name"]),
        st.sampled_from(["R640", "hall 1", "9"]),
        st.sampled_from([None, None, 5.5, 500.0]),
    ),
    min_size=1,
    max_size=3,
)


def _ended(heard: Sequence[Observation], said: Sequence[Edited]) -> tuple[object, ...]:
    """Name, class, attributes and blocked updates of machine 0, whose edits are made on days 2, 3 and 4, as the sources are heard."""
    desk = Desk(LAST)
    one = desk.see("csv", 0, draft("device", serial=serial(0)))
    for number, told in enumerate(heard):
        if number < len(said):
            _edit(desk, one, number, said[number])
        desk.tell(told)
    for number in range(len(heard), len(said)):
        _edit(desk, one, number, said[number])
    desk.now = day(LAST)
    desk.editing.end_run_out(by="housekeeping")
    ci = desk.world.ci(one)
    blocked = [
        {name: value for name, value in item.values.items() if name != "until"}
        for item in desk.world.reviews("blocked_update")
        if item.cis == (ci.id,)
    ]
    return ci.name, ci.class_name, ci.attributes, sorted(blocked, key=str)


def _edit(desk: Desk, one: str, number: int, edit: Edited) -> None:
    who, name, value, until = edit
    desk.now = day(2 + number)
    desk.edit(desk.world.ci(one).id, {name: value}, by=who, until=until)
    desk.now = day(LAST)


@LAW
@given(observations(), edits, st.randoms(use_true_random=False))
def test_sources_heard_in_any_order_around_the_same_edits_end_in_the_same_values(
    told: list[Observation], said: list[Edited], mixer: random.Random
) -> None:
    mixed = list(told)
    mixer.shuffle(mixed)
    assert _ended(told, said) == _ended(mixed, said)


@LAW
@given(observations(), edits)
def test_edits_before_or_after_all_sources_end_in_the_same_values(told: list[Observation], said: list[Edited]) -> None:
    desk = Desk(LAST)
    one = desk.see("csv", 0, draft("device", serial=serial(0)))
    for number, edit in enumerate(said):
        _edit(desk, one, number, edit)
    for each in told:
        desk.tell(each)
    desk.editing.end_run_out(by="housekeeping")
    other = Desk(LAST)
    two = other.see("csv", 0, draft("device", serial=serial(0)))
    for each in told:
        other.tell(each)
    for number, edit in enumerate(said):
        _edit(other, two, number, edit)
    other.editing.end_run_out(by="housekeeping")
    first, second = desk.world.ci(one), other.world.ci(two)
    assert (first.name, first.class_name, first.attributes) == (second.name, second.class_name, second.attributes)
