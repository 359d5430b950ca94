"""The twelve stories of `../shared/fixtures/identity`: who is the same machine, who is not, what a person is told."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import Any

import pytest

from cmdb.entities import CI, Kind, Review
from cmdb.ingest import Ingest
from cmdb.lookup import follow
from cmdb.observation import Draft, Observation
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.registry import Registry, default_registry
from cmdb.store.protocol import Store
from tests.shared import fixtures_path

Story = dict[str, Any]


def _stories() -> list[Story]:
    return json.loads((fixtures_path("identity") / "stories.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def _names() -> list[str]:
    try:
        return [story["name"] for story in _stories()]
    except pytest.skip.Exception:
        return ["(the shared fixtures are absent)"]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return default_registry()


def _ingest(store: Store, registry: Registry) -> Ingest:
    now = itertools.count()
    start = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    return Ingest(store, Reconciler(registry, Policy()), clock=lambda: start + dt.timedelta(seconds=next(now)))


def _observation(step: Story, index: int) -> Observation:
    drafts = []
    for row in step["cis"]:
        attributes = dict(row["attrs"])
        native = attributes.pop("native_id", None)
        name = attributes.pop("name", None)
        drafts.append(
            Draft(
                local_id=row["local_id"],
                class_name=row["class"],
                name=name,
                native_key=native,
                attributes=attributes,
            )
        )
    return Observation(
        source=step["source"],
        run_id=f"run-{index}",
        at=dt.datetime.fromisoformat(step["at"]),
        drafts=tuple(drafts),
        network=step.get("network", "default"),
    )


def _tell(store: Store, registry: Registry, story: Story, order: tuple[int, ...]) -> dict[str, str | None]:
    """Run the steps in an order; the CI of each reference at the end, None when parked."""
    ingest = _ingest(store, registry)
    landed: dict[str, str | None] = {}
    for index in order:
        done = ingest.submit(_observation(story["steps"][index], index), by="test")
        assert done.plan.problems == ()
        landed |= {f"step{index}:{row.local_id}": row.ci for row in done.plan.rows}
    return {reference: _remaining(store, ci) for reference, ci in landed.items()}


def _remaining(store: Store, ci: str | None) -> str | None:
    found = follow(store, ci) if ci is not None else None
    return found.id if found is not None else None


def _groups(landed: dict[str, str | None]) -> set[frozenset[str]]:
    by_ci: dict[str, set[str]] = {}
    for reference, ci in landed.items():
        if ci is not None:
            by_ci.setdefault(ci, set()).add(reference)
    return {frozenset(group) for group in by_ci.values()}


@pytest.mark.parametrize("name", _names())
def test_a_story_ends_in_its_groups_values_and_flags(store: Store, registry: Registry, name: str) -> None:
    story = next(story for story in _stories() if story["name"] == name)
    landed = _tell(store, registry, story, tuple(range(len(story["steps"]))))
    expected = story["expected"]
    assert _groups(landed) == {frozenset(group) for group in expected["groups"]}
    assert all(landed[reference] is None for reference in expected.get("no_ci", []))
    reviews = store.scan(Kind.REVIEW)
    kinds = {review.kind for review in reviews if isinstance(review, Review)}
    assert set(expected["must_flag"]) <= kinds
    assert not set(expected.get("must_not_flag", [])) & kinds
    for reference, attributes in expected.get("attrs", {}).items():
        ci = store.get_many(Kind.CI, [landed[reference] or ""])[landed[reference] or ""]
        assert isinstance(ci, CI)
        assert {key: ci.name if key == "name" else ci.attributes.get(key) for key in attributes} == attributes


@pytest.mark.parametrize("name", _names())
def test_replaying_the_last_step_of_a_story_makes_no_revision(store: Store, registry: Registry, name: str) -> None:
    story = next(story for story in _stories() if story["name"] == name)
    last = len(story["steps"]) - 1
    before = _tell(store, registry, story, tuple(range(last + 1)))
    revision, cis = store.revision(), store.count(Kind.CI)
    done = _ingest(store, registry).submit(_observation(story["steps"][last], last), by="test")
    assert done.revision is None
    assert (store.revision(), store.count(Kind.CI)) == (revision, cis)
    assert {f"step{last}:{row.local_id}": row.ci for row in done.plan.rows}.items() <= before.items()


@pytest.mark.parametrize("name", [name for name in _names() if name != "renamed-and-moved"])
def test_an_order_free_story_ends_in_the_same_groups_backwards(store: Store, registry: Registry, name: str) -> None:
    story = next(story for story in _stories() if story["name"] == name)
    assert story["order_free"] is True
    landed = _tell(store, registry, story, tuple(reversed(range(len(story["steps"])))))
    assert _groups(landed) == {frozenset(group) for group in story["expected"]["groups"]}
