"""The law of order on Neo4j, over a few tangles; `tests/unit/reconcile/test_order.py` has the many and the exceptions."""

from __future__ import annotations

import contextlib
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.observation import Observation
from tests.contract.store.builders import Clock
from tests.contract.store.opening import neo4j_store
from tests.support.neo4j.server import Neo4jServer
from tests.unit.reconcile.builders import World
from tests.unit.reconcile.tangles import tangles
from tests.unit.reconcile.test_order import Ended, ending, tell


@pytest.mark.neo4j
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(tangles(), st.randoms(use_true_random=False))
def test_neo4j_ends_in_the_same_groups_and_values_in_any_order(
    neo4j_server: Neo4jServer, told: list[Observation], random: Random
) -> None:
    mixed = list(told)
    random.shuffle(mixed)

    def ended(order: list[Observation]) -> Ended:
        with contextlib.closing(neo4j_store(neo4j_server, clock=Clock())) as store:
            return ending(tell(order, World(store)), told)

    assert ended(mixed) == ending(tell(told, World()), told)
