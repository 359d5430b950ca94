"""Identity keys, and what is refused because the plan's ground has moved."""

from __future__ import annotations

import pytest

from cmdb.changeset import KeyWrite, Sighting
from cmdb.entities import Kind
from cmdb.errors import Conflict, Invalid
from cmdb.store.protocol import KeyOwners, Store
from tests.contract.store.builders import NOW, change_set, changed, ci, claim, ended, made

SERIAL = "|serial|S1"
NAME = "default|name|db1"


def strong(*owners: str, key: str = SERIAL, is_shared: bool = False) -> KeyWrite:
    """A strong key."""
    return KeyWrite(key, owners, is_strong=True, is_shared=is_shared)


def test_owners_of_keys_come_back_and_unowned_keys_are_left_out(store: Store) -> None:
    weak = KeyWrite(NAME, ("b", "a"), is_strong=False)
    store.apply(change_set(keys=[strong("a"), weak]))
    assert store.owners([SERIAL, NAME, "|serial|none"]) == {
        SERIAL: KeyOwners(("a",), is_strong=True, is_shared=False),
        NAME: KeyOwners(("b", "a"), is_strong=False, is_shared=False),
    }


def test_a_shared_strong_key_has_several_owners(store: Store) -> None:
    store.apply(change_set(keys=[strong("a", "b", is_shared=True)]))
    assert store.owners([SERIAL]) == {SERIAL: KeyOwners(("a", "b"), is_strong=True, is_shared=True)}


def test_a_strong_key_gets_no_second_owner(store: Store) -> None:
    with pytest.raises(Conflict):
        store.apply(change_set(keys=[strong("a", "b")]))
    assert store.owners([SERIAL]) == {}


def test_a_strong_key_taken_since_the_plan_is_a_conflict_that_names_its_owner(store: Store) -> None:
    store.apply(change_set(*made(ci("a")), keys=[strong("a")]))
    with pytest.raises(Conflict) as caught:
        store.apply(change_set(*made(ci("b")), keys=[strong("b")], planned_at=0))
    assert caught.value.ids == ("a",)
    assert store.owners([SERIAL]) == {SERIAL: KeyOwners(("a",), is_strong=True, is_shared=False)}
    assert store.get_many(Kind.CI, ["b"]) == {}


def test_a_plan_that_saw_the_owner_may_replace_it(store: Store) -> None:
    store.apply(change_set(keys=[strong("a")]))
    store.apply(change_set(keys=[strong("b")], planned_at=1))
    assert store.owners([SERIAL]) == {SERIAL: KeyOwners(("b",), is_strong=True, is_shared=False)}


def test_a_key_may_become_shared_and_be_owned_by_one_again(store: Store) -> None:
    store.apply(change_set(keys=[strong("a")]))
    store.apply(change_set(keys=[strong("a", "b", is_shared=True)], planned_at=1))
    store.apply(change_set(keys=[strong("b")], planned_at=2))
    assert store.owners([SERIAL]) == {SERIAL: KeyOwners(("b",), is_strong=True, is_shared=False)}


def test_a_key_without_owners_is_removed(store: Store) -> None:
    store.apply(change_set(keys=[strong("a")]))
    store.apply(change_set(keys=[strong()], planned_at=1))
    assert store.owners([SERIAL]) == {}


@pytest.mark.parametrize("is_strong", [True, False], ids=["strong", "weak"])
def test_a_consulted_key_written_since_is_a_conflict(store: Store, is_strong: bool) -> None:
    store.apply(change_set(*made(ci("x"))))
    store.apply(change_set(keys=[KeyWrite(NAME, ("a",), is_strong=is_strong)], planned_at=1))
    with pytest.raises(Conflict):
        store.apply(change_set(*made(ci("b")), planned_at=1, consulted_keys=[NAME]))
    assert store.apply(change_set(*made(ci("b")), planned_at=2, consulted_keys=[NAME])) is not None


def test_a_consulted_key_removed_since_is_a_conflict(store: Store) -> None:
    store.apply(change_set(keys=[strong("a")]))
    store.apply(change_set(keys=[strong()], planned_at=1))
    with pytest.raises(Conflict):
        store.apply(change_set(*made(ci("b")), planned_at=1, consulted_keys=[SERIAL]))
    assert store.revision() == 2


def test_a_weak_key_written_since_is_not_overwritten(store: Store) -> None:
    store.apply(change_set(keys=[KeyWrite(NAME, ("a",), is_strong=False)]))
    with pytest.raises(Conflict):
        store.apply(change_set(keys=[KeyWrite(NAME, ("b",), is_strong=False)], planned_at=0))
    assert store.owners([NAME])[NAME].owners == ("a",)


def test_a_consulted_id_written_since_is_a_conflict(store: Store) -> None:
    store.apply(change_set(*made(ci("a"), claim("k", "a"))))
    store.apply(change_set(changed(ci("a"), ci("a", "new")), planned_at=1))
    with pytest.raises(Conflict) as caught:
        store.apply(change_set(*made(ci("b")), planned_at=1, consulted_ids=["k", "a"]))
    assert caught.value.ids == ("a",)
    assert store.apply(change_set(*made(ci("b")), planned_at=1, consulted_ids=["k"])) is not None


def test_a_consulted_id_ended_since_is_a_conflict(store: Store) -> None:
    store.apply(change_set(*made(claim("k", "a"))))
    store.apply(change_set(ended(claim("k", "a")), planned_at=1))
    with pytest.raises(Conflict):
        store.apply(change_set(sightings=[Sighting("k", NOW)], planned_at=1, consulted_ids=["k"]))
    assert store.seen(["k"]) == {}


def test_a_consulted_id_made_since_is_a_conflict(store: Store) -> None:
    store.apply(change_set(*made(claim("k", "a"))))
    with pytest.raises(Conflict):
        store.apply(change_set(*made(ci("b")), planned_at=0, consulted_ids=["k"]))
    assert store.revision() == 1


def test_what_was_not_consulted_does_not_matter(store: Store) -> None:
    store.apply(change_set(*made(ci("a")), keys=[strong("a")]))
    revision = store.apply(change_set(*made(ci("b")), planned_at=0, consulted_ids=["b"], consulted_keys=[NAME]))
    assert revision is not None
    assert revision.number == 2


def test_a_plan_from_the_future_is_a_conflict(store: Store) -> None:
    with pytest.raises(Conflict):
        store.apply(change_set(*made(ci("a")), planned_at=7))
    assert store.revision() == 0


def test_a_key_twice_in_one_change_set_or_an_owner_twice_is_invalid(store: Store) -> None:
    with pytest.raises(Invalid):
        store.apply(change_set(keys=[strong("a"), strong("b")]))
    with pytest.raises(Invalid):
        store.apply(change_set(keys=[KeyWrite(NAME, ("a", "a"), is_strong=False)]))
    assert store.owners([SERIAL, NAME]) == {}
