"""Identity stories: where they lie, and how one is told to a store."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from cmdb.entities import CI, Kind, Review
from cmdb.ingest import Ingest, Ingested
from cmdb.lookup import follow
from cmdb.observation import Draft, Observation
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.registry import Registry
from cmdb.store.protocol import Store
from tests.shared import fixtures_path

Story = dict[str, Any]
OWN = Path(__file__).parent / "stories"


def own_stories() -> list[Story]:
    """The project's own stories, in the order of their files."""
    return [story for path in sorted(OWN.glob("*.json")) for story in json.loads(path.read_text(encoding="utf-8"))]


def all_stories() -> list[Story]:
    """The project's own and the shared ones, where those are at hand."""
    try:
        path = fixtures_path("identity") / "stories.json"
    except pytest.skip.Exception:
        return own_stories()
    return [*json.loads(path.read_text(encoding="utf-8")), *own_stories()]


def observation(step: Story, index: int) -> Observation:
    """What one step of a story says; each step is a run."""
    drafts = []
    for row in step["cis"]:
        attributes = dict(row["attrs"])
        native = attributes.pop("native_id", None)
        name = attributes.pop("name", None)
        drafts.append(
            Draft(
                local_id=row["local_id"], class_name=row["class"], name=name, native_key=native, attributes=attributes
            )
        )
    return Observation(
        source=step["source"],
        run_id=f"run-{index}",
        at=dt.datetime.fromisoformat(step["at"]),
        drafts=tuple(drafts),
        network=step.get("network", "default"),
    )


class Telling:
    """One store while stories are told to it."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.store = store
        now = itertools.count()
        start = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
        self._ingest = Ingest(
            store, Reconciler(registry, Policy()), clock=lambda: start + dt.timedelta(seconds=next(now))
        )

    def step(self, story: Story, index: int) -> Ingested:
        """Tell one step, in which nothing may be wrong."""
        done = self._ingest.submit(observation(story["steps"][index], index), by="test")
        assert done.plan.problems == ()
        return done

    def all(self, story: Story, order: tuple[int, ...]) -> dict[str, CI | None]:
        """Tell the steps in an order; the CI of each reference at the end, None when parked."""
        for index in order:
            self.step(story, index)
        landed: dict[str, CI | None] = {}
        for index in order:
            # a record that is told late can move others, so each is asked for at the end
            for row in self._ingest.plan(observation(story["steps"][index], index), by="test").rows:
                landed[f"step{index}:{row.local_id}"] = follow(self.store, row.ci) if row.ci else None
        return landed

    def flags(self) -> set[str]:
        """Kinds of what a person is told."""
        return {review.kind for review in self.store.scan(Kind.REVIEW) if isinstance(review, Review)}


def groups_of(landed: dict[str, CI | None]) -> set[frozenset[str]]:
    """References that are one CI, parked ones left out."""
    by_ci: dict[str, set[str]] = {}
    for reference, ci in landed.items():
        if ci is not None:
            by_ci.setdefault(ci.id, set()).add(reference)
    return {frozenset(group) for group in by_ci.values()}


def check_ending(story: Story, landed: dict[str, CI | None], flags: set[str]) -> None:
    """Groups, values and flags are those that the story expects."""
    expected = story["expected"]
    assert groups_of(landed) == {frozenset(group) for group in expected["groups"]}
    assert all(landed[reference] is None for reference in expected.get("no_ci", []))
    assert set(expected["must_flag"]) <= flags
    assert not set(expected.get("must_not_flag", [])) & flags
    for reference, attributes in expected.get("attrs", {}).items():
        ci = landed[reference]
        assert ci is not None
        assert {key: ci.name if key == "name" else ci.attributes.get(key) for key in attributes} == attributes
