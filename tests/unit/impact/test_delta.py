"""A graph that followed a random history answers as one built from its end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.changeset import Change
from cmdb.entities import CI, Entity, Kind, Lifecycle, Redundancy, Relationship
from cmdb.store.protocol import EdgeRow, NodeRow
from impact.assembly import assemble
from impact.blast_radius import blast_radius
from impact.delta import advance, needs_compaction
from impact.digest import digest
from impact.estate import extract
from impact.graph import ImpactGraph
from impact.rows import columns_of
from impact.snapshot import Snapshot
from impact.travel import TravelTable
from tests.unit.impact.builders import RULES

AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
NAMES = ("m", "c", "x", "a", "t", "k")
TYPES = ("DEPENDS_ON", "USES", "PART_OF", "CONNECTED_TO", "HOME_MADE")


@dataclass
class History:
    """A made-up store: what is now, and the feed that led there."""

    now: dict[tuple[Kind, str], Entity] = field(default_factory=dict)
    feed: list[Change] = field(default_factory=list)

    def write(self, kind: Kind, id_: str, after: Entity | None) -> None:
        before = self.now.pop((kind, id_), None)
        if after is not None:
            self.now[kind, id_] = after
        if before != after:
            self.feed.append(Change(len(self.feed) + 1, 0, AT, "test", kind, id_, before, after))

    def rebuilt(self, revision: int) -> Snapshot:
        nodes = [
            NodeRow(ci.id, ci.class_name, ci.name, ci.lifecycle.value)
            for ci in self.now.values()
            if isinstance(ci, CI) and ci.merged_into is None
        ]
        edges = [
            EdgeRow(e.source, e.type, e.target, e.confidence, None)
            for e in self.now.values()
            if isinstance(e, Relationship)
        ]
        groups = [e for e in self.now.values() if isinstance(e, Redundancy)]
        return assemble(columns_of([nodes], [edges], groups, revision=revision), TravelTable.of(RULES))


names = st.sampled_from(NAMES)
put_ci = st.tuples(
    st.just("ci"),
    names,
    st.sampled_from(list(Lifecycle)),
    st.sampled_from(["server", "business_service"]),
    st.sampled_from(["one", "two"]),
)
end_ci = st.tuples(st.just("merge"), names)
put_edge = st.tuples(st.just("edge"), names, st.sampled_from(TYPES), names, st.sampled_from([0.4, 1.0]))
end_edge = st.tuples(st.just("no edge"), names, st.sampled_from(TYPES), names)
put_group = st.tuples(
    st.just("group"),
    st.sampled_from(["g1", "g2"]),
    names,
    st.lists(names, min_size=1, max_size=4),
    st.integers(0, 3),
)
end_group = st.tuples(st.just("no group"), st.sampled_from(["g1", "g2"]))
steps = st.lists(st.one_of(put_ci, end_ci, put_edge, put_edge, end_edge, put_group, end_group), max_size=40)


def play(history: History, step: tuple[object, ...]) -> None:
    """One step; relationships are only made between CIs that exist, and end with them."""
    match step:
        case ("ci", str(id_), Lifecycle() as lifecycle, str(class_name), str(name)):
            made = CI(id=id_, class_name=class_name, name=name, lifecycle=lifecycle, created_at=AT)
            history.write(Kind.CI, id_, made)
        case ("merge", str(id_)):
            known = history.now.get((Kind.CI, id_))
            if isinstance(known, CI):
                for kind, key in list(history.now):
                    entity = history.now[kind, key]
                    if isinstance(entity, Relationship) and id_ in (entity.source, entity.target):
                        history.write(kind, key, None)
                merged = CI(id=id_, class_name="server", name="", created_at=AT, merged_into="other")
                history.write(Kind.CI, id_, merged)
        case ("edge", str(source), str(type_), str(target), float(confidence)):
            ends = [history.now.get((Kind.CI, end)) for end in (source, target)]
            if all(isinstance(end, CI) and end.merged_into is None for end in ends):
                id_ = Relationship.make_id(source, type_, target)
                found = Relationship(id=id_, source=source, type=type_, target=target, confidence=confidence)
                history.write(Kind.RELATIONSHIP, id_, found)
        case ("no edge", str(source), str(type_), str(target)):
            history.write(Kind.RELATIONSHIP, Relationship.make_id(source, type_, target), None)
        case ("group", str(id_), str(of), list() as members, int(min_up)):
            of = getattr(history.now.get((Kind.REDUNDANCY, id_)), "of", of)
            history.write(Kind.REDUNDANCY, id_, Redundancy(id=id_, of=of, members=tuple(members), min_up=min_up))
        case ("no group", str(id_)):
            history.write(Kind.REDUNDANCY, id_, None)
        case _:
            raise AssertionError(step)


def answers(snapshot: Snapshot) -> dict[str, object]:
    """Every single radius and every pair's."""
    graph = ImpactGraph(snapshot)
    living = [name for name in NAMES if snapshot.find(name) is not None]
    return {
        f"{a} {b}": blast_radius(graph, {a, b}).to_document() | {"roots": None}
        for a in living
        for b in living
        if a <= b
    }


@settings(max_examples=300, deadline=None)
@given(steps, st.integers(1, 12), st.integers(0, 40))
def test_following_the_feed_equals_building_at_the_end(
    actions: list[tuple[object, ...]], batch: int, first: int
) -> None:
    history = History()
    for step in actions[:first]:
        play(history, step)
    snapshot = history.rebuilt(len(history.feed))
    start = snapshot.revision
    for step in actions[first:]:
        play(history, step)
    for index in range(start, len(history.feed), batch):
        snapshot = advance(snapshot, history.feed[index : index + batch], lambda _: {})
    rebuilt = history.rebuilt(len(history.feed))
    assert digest(extract(snapshot)) == digest(extract(rebuilt))
    assert answers(snapshot) == answers(rebuilt)
    compacted = assemble(extract(snapshot), snapshot.travel)
    assert answers(compacted) == answers(rebuilt)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_hearing_a_change_twice_does_no_harm(actions: list[tuple[object, ...]]) -> None:
    history = History()
    for step in actions:
        play(history, step)
    once = advance(History().rebuilt(0), history.feed, lambda _: {}) if history.feed else History().rebuilt(0)
    twice = advance(once, history.feed, lambda _: {})
    assert digest(extract(twice)) == digest(extract(once))
    assert answers(twice) == answers(once)


def test_a_reader_of_an_old_snapshot_sees_it_unchanged() -> None:
    history = History()
    for step in (
        ("ci", "a", Lifecycle.LIVE, "server", "a"),
        ("ci", "m", Lifecycle.LIVE, "server", "m"),
        ("edge", "a", "DEPENDS_ON", "m", 1.0),
    ):
        play(history, step)
    old = history.rebuilt(3)
    before = answers(old)
    play(history, ("ci", "k", Lifecycle.LIVE, "server", "k"))
    play(history, ("edge", "k", "DEPENDS_ON", "m", 1.0))
    play(history, ("no edge", "a", "DEPENDS_ON", "m"))
    new = advance(old, history.feed[3:], lambda _: {})
    assert answers(old) == before
    assert [row.id for row in blast_radius(ImpactGraph(new), ["m"]).impacted] == ["k"]
    assert not old.start.flags.writeable
    assert not old.pool.entries.other.flags.writeable


def test_a_delta_of_more_than_a_twentieth_asks_to_be_compacted() -> None:
    history = History()
    for number in range(100):
        history.write(Kind.CI, f"n{number}", CI(id=f"n{number}", class_name="server", name="n", created_at=AT))
    small = advance(History().rebuilt(0), history.feed, lambda _: {})
    for number in range(100, 1200):
        history.write(Kind.CI, f"n{number}", CI(id=f"n{number}", class_name="server", name="n", created_at=AT))
    large = advance(small, history.feed[100:], lambda _: {})
    assert not needs_compaction(small)
    assert needs_compaction(large)
    assert not needs_compaction(assemble(extract(large), large.travel))
