"""Precedence and edits through the one way in, on every store: the same values, reviews and relationships from each."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from collections.abc import Sequence
from typing import cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.amending import Amender
from cmdb.documents import relationships
from cmdb.editing.edits import Editing, Why
from cmdb.entities import Kind, Relationship
from cmdb.errors import NotFound
from cmdb.explaining import explain
from cmdb.ingest import Ingest
from cmdb.lifecycle.housekeeping import Housekeeping
from cmdb.observation import Link, Observation
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from cmdb.values import Value
from tests.unit.reconcile.builders import REGISTRY, World, day, draft, observation

POLICY = Policy()


class Site:
    """One store with sources and people, on a day that moves by hand."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = day(1)
        self.amender = Amender(store, REGISTRY, POLICY, clock=self._clock)
        self.editing = Editing(self.amender)
        self.ingest = Ingest(store, Reconciler(REGISTRY, POLICY), clock=self._clock)

    def _clock(self) -> dt.datetime:
        return self.now

    def hear(self, told: Observation) -> list[str]:
        """The CI of each row."""
        rows = self.ingest.submit(told, by="test").plan.rows
        return [str(row.ci) for row in rows]


def _server(key: str = "1", **said: Value) -> Observation:
    return observation("csv", 1, [draft(key=key, serial=f"S-{key}", **said)])  # type: ignore[arg-type]


def test_an_edit_is_kept_explained_blocks_and_runs_out(store: Store) -> None:
    site = Site(store)
    (one,) = site.hear(_server(owner="nobody"))
    site.editing.edit(one, {"owner": "Ana"}, why=Why(by="kim", reason="asked", until=day(40)))
    site.now = day(3)
    site.hear(observation("ssh", 3, [draft(serial="S-1", owner="Bo")]))
    world = World(store)
    assert world.ci(one).attributes["owner"] == "Ana"
    (item,) = world.reviews("blocked_update")
    assert item.values["blocked"] == [{"source": "ssh", "value": "Bo"}]
    account = explain(store, world.ci(one), POLICY, "owner", now=site.now)
    won = cast("dict[str, dict[str, object]]", account["attributes"])["owner"]
    assert (won["source"], won["reason"], won["until"]) == ("person:kim", "asked", "2026-02-10T00:00:00Z")
    site.now = day(39)
    assert Housekeeping(site.amender, owner="test").run() is not None
    assert world.ci(one).attributes["owner"] == "Ana"
    site.now = day(40)
    kept = Housekeeping(site.amender, owner="test").run()
    assert kept is not None
    assert kept.edits is not None
    assert world.ci(one).attributes["owner"] == "Bo"
    assert world.reviews("blocked_update") == []
    again = Housekeeping(site.amender, owner="test").run()
    assert again is not None
    assert again.edits is None


def test_only_one_of_two_does_the_housekeeping(store: Store) -> None:
    site = Site(store)
    assert store.acquire_lease("housekeeping", "another", now=site.now, ttl_s=60)
    assert Housekeeping(site.amender, owner="test").run() is None


def test_two_sources_make_a_relationship_surer_and_a_person_ends_it(store: Store) -> None:
    site = Site(store)

    def hear(source: str, at: float, confidence: float) -> list[str]:
        site.now = max(site.now, day(at))
        drafts = [draft("application", "a", key="a", name="shop"), draft("server", "d", key="d", serial="S-1")]
        link = Link(source="a", type="DEPENDS_ON", target="d", confidence=confidence)
        return site.hear(
            Observation(source=source, run_id=f"{source}{at}", at=day(at), drafts=tuple(drafts), links=(link,))
        )

    shop, database = hear("csv", 1, 0.5)
    (alone,) = store.find(Kind.RELATIONSHIP, "source", (shop,))
    assert cast("Relationship", alone).confidence == 0.5
    other_shop, other_database = hear("graph", 2, 0.6)
    assert other_database == database
    if other_shop != shop:
        # another source's name alone joins no logical CI
        site.editing.relate(shop, "DEPENDS_ON", database, why=Why(by="kim", reason="seen"))
    (row,) = [row for row in relationships(store, shop) if row["type"] == "DEPENDS_ON"]
    assert row["confidence"] == 1.0
    site.editing.unrelate(shop, "DEPENDS_ON", database, why=Why(by="kim", reason="moved"))
    site.now = day(5)
    hear("csv", 5, 0.5)
    assert relationships(store, shop) == []


attributes = st.sampled_from(["owner", "notes", "model"])
texts = st.sampled_from(["a", "b", "c"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), st.sampled_from(["csv", "ssh", "nmap"]), attributes, texts),
        st.tuples(st.just("edit"), st.sampled_from(["kim", "lee"]), attributes, st.one_of(texts, st.none())),
        st.tuples(st.just("until"), st.sampled_from(["kim", "lee"]), attributes, texts),
        st.tuples(st.just("unset"), st.just("kim"), attributes, st.none()),
        st.tuples(st.just("house"), st.just(""), st.just(""), st.none()),
    ),
    min_size=1,
    max_size=8,
)
Step = tuple[str, str, str, str | None]
Ended = tuple[dict[str, Value], list[tuple[dict[str, Value], str]]]


def _tell(store: Store, told: Sequence[Step]) -> Ended:
    """Attributes and reviews of one machine after these steps, ten days apart."""
    site = Site(store)
    (one,) = site.hear(_server("law"))
    for number, (act, who, name, value) in enumerate(told, start=1):
        site.now = day(10 * number)
        if act == "hear":
            site.hear(observation(who, 10 * number, [draft(serial="S-law", **{name: value})]))  # type: ignore[arg-type]
        elif act == "house":
            Housekeeping(site.amender, owner="test").run()
        elif act == "unset":
            with contextlib.suppress(NotFound):
                site.editing.edit(one, {}, unset=[name], why=Why(by=who, reason="law"))
        else:
            until = site.now + dt.timedelta(days=15) if act == "until" else None
            site.editing.edit(one, {name: value}, why=Why(by=who, reason="law", until=until))
    site.now = day(1000)
    Housekeeping(site.amender, owner="test").run()
    world = World(store)
    found = sorted(((item.values, item.remedy.replace(one, "CI")) for item in world.reviews()), key=str)
    return world.ci(one).attributes, found


TIER = {"ssh": 0, "csv": 1, "nmap": 2}


def _expected(told: Sequence[Step]) -> dict[str, Value]:
    """The design's rules said anew: a person's newest word that holds; else the best source that is not silent for 30 days."""
    edits: dict[str, tuple[str | None, bool]] = {}
    words: dict[str, dict[str, tuple[int, str]]] = {}
    for number, (act, who, name, value) in enumerate(told, start=1):
        if act == "hear":
            words.setdefault(name, {})[who] = (10 * number, str(value))
        elif act == "unset":
            edits.pop(name, None)
        elif act != "house":
            edits[name] = (value, act == "until")
    ended: dict[str, Value] = {}
    for name in {*edits, *words}:
        value, has_end = edits.get(name, (None, True))
        if has_end:
            said = words.get(name, {})
            newest = max((at for at, _ in said.values()), default=0)
            speaking = [source for source, (at, _) in said.items() if newest - at <= 30]
            value = said[min(speaking, key=lambda source: TIER[source])][1] if speaking else None
        if value is not None:
            ended[name] = value
    return ended


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=steps)
def test_any_history_of_words_and_edits_ends_by_the_rules(told: list[Step]) -> None:
    with contextlib.closing(SqliteStore.in_memory()) as store:
        ended, _ = _tell(store, told)
    assert {name: value for name, value in ended.items() if name != "serial_number"} == _expected(told)


def test_histories_of_words_and_edits_end_the_same_on_every_store(store: Store) -> None:
    mixer = random.Random(5)
    told: list[Step] = []
    for _ in range(12):
        act = mixer.choice(["hear", "hear", "edit", "until", "unset", "house"])
        who = mixer.choice(["csv", "ssh", "nmap"] if act == "hear" else ["kim", "lee"])
        told.append((act, who, mixer.choice(["owner", "notes", "model"]), mixer.choice(["a", "b", "c"])))
    with contextlib.closing(SqliteStore.in_memory()) as memory:
        assert _tell(store, told) == _tell(memory, told)
