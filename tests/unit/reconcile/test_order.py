"""The law of order: the same observations with the same observation times end in the same groups and values, in any order.

A tie in time is settled by the source's name, then the record's key. It holds over native keys, shared, disputed and contradicting
identifiers, names and addresses that decide alone, and generic classes. What design §6 itself takes out, and the tangles leave out:

- identifiers that a record changes with time: a late row does not identify by what a newer word of its record replaced;
- completed scopes: a look says nothing of what it could not know of (absence, its own laws);
- verdicts of people (*same as*, *kept apart*): around them a late row is judged as it comes;
- containers and management controllers, which read the identifiers of others, and more than 40 CIs around one late row;
- sibling classes (server, printer) within one record: the newest word stands, but one in between may have been generic.
"""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.observation import Observation
from tests.unit.reconcile.builders import World
from tests.unit.reconcile.tangles import tangles

LAW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Ended = dict[frozenset[tuple[str, str]], tuple[object, ...]]


def ending(world: World, told: list[Observation]) -> Ended:
    """Class, name and attributes by the rows (run and local id) that are one CI; parked rows are left out."""
    rows_of: dict[str, set[tuple[str, str]]] = {}
    for each in told:
        for row in world.ingest.plan(each, by="test").rows:
            if row.ci is not None:
                rows_of.setdefault(world.ci(row.ci).id, set()).add((each.run_id, row.local_id))
    ended: Ended = {}
    for id_, rows in rows_of.items():
        ci = world.ci(id_)
        ended[frozenset(rows)] = (ci.class_name, ci.name, ci.attributes, ci.lifecycle)
    return ended


def tell(told: list[Observation], world: World) -> World:
    """The world after all observations, as they come."""
    for each in told:
        world.tell(each)
    return world


@LAW
@given(tangles(), st.randoms(use_true_random=False))
def test_the_same_observations_in_any_order_end_in_the_same_groups_and_values(
    told: list[Observation], random: Random
) -> None:
    mixed = list(told)
    random.shuffle(mixed)
    assert ending(tell(mixed, World()), told) == ending(tell(told, World()), told)
