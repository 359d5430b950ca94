"""First and last seen, outside the history of values."""

from __future__ import annotations

from cmdb.changeset import Sighting, Touch
from cmdb.store.protocol import Seen, Store
from tests.contract.store.builders import change_set, ci, made, minute


def test_first_and_last_sighting_are_kept(store: Store) -> None:
    for number in (5, 3, 9, 4):
        store.apply(change_set(sightings=[Sighting("k", minute(number))]))
    store.apply(change_set(sightings=[Sighting("other", minute(1))]))
    assert store.seen(["k", "never"]) == {"k": Seen(minute(3), minute(9))}


def test_each_change_set_with_sightings_makes_one_touch(store: Store) -> None:
    store.apply(
        change_set(
            *made(ci("a")), sightings=[Sighting("k2", minute(1)), Sighting("k1", minute(1))], run_id="r1", source="ssh"
        )
    )
    store.apply(change_set(sightings=[Sighting("k1", minute(2))], run_id="r2", source="snmp", planned_at=1))
    first = Touch(1, 1, "r1", "ssh", minute(1), ("k2", "k1"))
    second = Touch(2, 1, "r2", "snmp", minute(2), ("k1",))
    assert store.touches(after=0) == (first, second)
    assert store.touches(after=1) == (second,)
    assert store.touches(after=0, limit=1) == (first,)
    assert store.touches(after=2) == ()


def test_sightings_at_several_instants_make_a_touch_each_oldest_first(store: Store) -> None:
    store.apply(change_set(sightings=[Sighting("a", minute(2)), Sighting("b", minute(1)), Sighting("a", minute(1))]))
    assert store.touches(after=0) == (
        Touch(1, 0, "", "", minute(1), ("b", "a")),
        Touch(2, 0, "", "", minute(2), ("a",)),
    )
    assert store.seen(["a"]) == {"a": Seen(minute(1), minute(2))}


def test_sightings_applied_again_are_kept_once(store: Store) -> None:
    once = change_set(sightings=[Sighting("a", minute(1))])
    assert store.apply(once) is None
    assert store.apply(once) is None
    assert len(store.touches(after=0)) == 1


def test_many_subjects_are_seen_at_once(store: Store) -> None:
    subjects = [f"subject-{number}" for number in range(6_000)]
    store.apply(change_set(sightings=[Sighting(subject, minute(1)) for subject in subjects]))
    assert store.seen(subjects) == dict.fromkeys(subjects, Seen(minute(1), minute(1)))
