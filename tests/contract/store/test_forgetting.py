"""Sightings taken back: they count no more, and count as before in answers about the past."""

from __future__ import annotations

from dataclasses import replace

from cmdb.changeset import ChangeSet, Sighting
from cmdb.store.protocol import EdgeRow, Seen, Sighted, Store
from tests.contract.store.builders import change_set, ci, made, minute, relationship


def _forgetting(*subjects: str, planned_at: int, sightings: tuple[Sighting, ...] = ()) -> ChangeSet:
    marker = made(ci(f"marker-{planned_at}"))
    return replace(change_set(*marker, sightings=sightings, planned_at=planned_at), forgotten=frozenset(subjects))


def test_what_is_forgotten_was_never_seen_and_the_rest_stays(store: Store) -> None:
    store.apply(change_set(*made(ci("a")), sightings=[Sighting("k", minute(1)), Sighting("other", minute(1))]))
    store.apply(_forgetting("k", "unknown", planned_at=1))
    assert store.seen(["k", "other", "unknown"]) == {"other": Seen(minute(1), minute(1))}
    assert store.last_runs(["k"]) == {}


def test_the_sightings_of_the_forgetting_change_set_count(store: Store) -> None:
    for number in (5, 9):
        store.apply(change_set(sightings=[Sighting("k", minute(number))]))
    store.apply(_forgetting("k", planned_at=0, sightings=(Sighting("k", minute(2)), Sighting("k", minute(3)))))
    assert store.seen(["k"]) == {"k": Seen(minute(2), minute(3))}
    store.apply(change_set(sightings=[Sighting("k", minute(4))], planned_at=1))
    assert store.seen(["k"]) == {"k": Seen(minute(2), minute(4))}


def test_answers_about_the_time_before_count_what_was_forgotten_later(store: Store) -> None:
    store.apply(change_set(*made(ci("a")), sightings=[Sighting("k", minute(number)) for number in range(1, 41)]))
    store.apply(_forgetting("k", planned_at=1, sightings=(Sighting("k", minute(7)),)))
    store.apply(_forgetting("k", planned_at=2))
    before, between, after = (store.then(number).touch for number in (1, 2, 3))
    assert store.seen(["k"], as_of=before) == {"k": Seen(minute(1), minute(40))}
    assert store.seen(["k"], as_of=between) == {"k": Seen(minute(7), minute(7))}
    assert store.seen(["k"], as_of=after) == store.seen(["k"]) == {}


def test_a_forgetting_tells_of_no_sighting_in_the_feed(store: Store) -> None:
    store.apply(change_set(*made(ci("a")), sightings=[Sighting("k", minute(1))]))
    store.apply(_forgetting("k", planned_at=1))
    store.apply(change_set(sightings=[Sighting("k", minute(2))], planned_at=2))
    assert [(touch.at, touch.subjects) for touch in store.touches(after=0)] == [
        (minute(1), ("k",)),
        (minute(2), ("k",)),
    ]


def test_a_relationship_was_last_seen_by_who_is_left(store: Store) -> None:
    edge = relationship("a", "RUNS_ON", "b")
    by_ssh, by_csv = f"{edge.id}@ssh", f"{edge.id}@csv"
    store.apply(
        change_set(*made(ci("a"), ci("b"), edge), sightings=[Sighting(by_ssh, minute(9)), Sighting(by_csv, minute(4))])
    )
    store.apply(_forgetting(by_ssh, planned_at=1))
    (rows,) = list(store.iter_edges())
    assert list(rows) == [EdgeRow("a", "RUNS_ON", "b", 1.0, minute(4))]
    store.apply(_forgetting(by_csv, planned_at=2))
    assert [row.last_seen_at for batch in store.iter_edges() for row in batch] == [None]


def test_every_sighting_that_counts_is_listed_with_the_revision_of_its_time(store: Store) -> None:
    store.apply(change_set(*made(ci("a")), sightings=[Sighting("k", minute(1))]))
    store.apply(change_set(*made(ci("b")), sightings=[Sighting("k", minute(3))], planned_at=1))
    for number in range(4, 44):
        store.apply(change_set(sightings=[Sighting("k", minute(number))], planned_at=2))
    seen = store.sightings_of(["k", "never"])
    assert set(seen) == {"k"}
    expected = [Sighted(1, minute(1)), *(Sighted(2, minute(number)) for number in range(3, 44))]
    assert list(seen["k"]) == expected
    store.apply(_forgetting("k", planned_at=2))
    assert store.sightings_of(["k"]) == {}
