"""Who is the same machine, who is not, what a person is told: stories after public complaints about other tools.

The shared twelve (`../shared/fixtures/identity`) and our own (`stories/`, sources in `stories/SOURCE.md`).
"""

from __future__ import annotations

import contextlib
import itertools

import pytest

from cmdb.entities import Kind
from cmdb.registry import Registry, default_registry
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.contract.identity_stories import Story, Telling, all_stories, check_ending, groups_of, own_stories
from tests.contract.store.builders import Clock

STORIES = {story["name"]: story for story in all_stories()}
ORDER_FREE = [name for name, story in STORIES.items() if story["order_free"]]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return default_registry()


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_as_expected_and_its_last_step_replayed_makes_no_revision(
    store: Store, registry: Registry, name: str
) -> None:
    story, telling = STORIES[name], Telling(store, registry)
    landed = telling.all(story, tuple(range(len(story["steps"]))))
    check_ending(story, landed, telling.flags())
    revision, cis = store.revision(), store.count(Kind.CI)
    last = len(story["steps"]) - 1
    done = telling.step(story, last)
    assert done.revision is None
    assert (store.revision(), store.count(Kind.CI)) == (revision, cis)
    again = {f"step{last}:{row.local_id}": row.ci for row in done.plan.rows}
    assert again == {reference: ci.id if (ci := landed[reference]) else None for reference in again}


@pytest.mark.parametrize("name", ORDER_FREE)
def test_a_story_ends_in_the_same_groups_in_any_order(registry: Registry, name: str) -> None:
    story: Story = STORIES[name]
    expected = {frozenset(group) for group in story["expected"]["groups"]}
    for order in itertools.permutations(range(len(story["steps"]))):
        with contextlib.closing(SqliteStore.in_memory(clock=Clock())) as store:
            landed = Telling(store, registry).all(story, order)
        assert groups_of(landed) == expected, f"told in the order {order}"


def test_names_are_unique_and_every_story_has_its_source() -> None:
    own = own_stories()
    assert len({story["name"] for story in own}) == len(own)
    assert all(story["source"] and story["note"] for story in own)


def test_at_least_forty_stories_come_from_public_complaints() -> None:
    assert len([story for story in own_stories() if not story["source"].startswith("design")]) >= 40
