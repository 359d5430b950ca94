"""The change feed, the history of one thing, and any state as it was."""

from __future__ import annotations

import datetime as dt

from cmdb.changeset import Change, KeyWrite
from cmdb.entities import CI, Kind, Relationship
from cmdb.store.protocol import Store
from tests.contract.store.builders import NOW, Clock, change_set, changed, ci, ended, made, relationship

ONE_SECOND = dt.timedelta(seconds=1)
LINK = relationship("a", "USES", "b")


def three_revisions(store: Store) -> None:
    """1 makes a, b and a link; 2 renames a; 3 ends the link and b."""
    store.apply(change_set(*made(ci("b"), ci("a"), LINK), by="alice"))
    store.apply(change_set(changed(ci("a"), ci("a", "new")), planned_at=1, by="bob"))
    store.apply(change_set(ended(LINK), ended(ci("b")), planned_at=2, by="carol"))


def change(revision: int, sequence: int, before: CI | Relationship | None, after: CI | Relationship | None) -> Change:
    """A change of `three_revisions`."""
    entity = after or before
    assert entity is not None
    kind = Kind.CI if isinstance(entity, CI) else Kind.RELATIONSHIP
    by = {1: "alice", 2: "bob", 3: "carol"}[revision]
    return Change(revision, sequence, NOW + (revision - 1) * ONE_SECOND, by, kind, entity.id, before, after)


FEED = (
    change(1, 0, None, ci("b")),
    change(1, 1, None, ci("a")),
    change(1, 2, None, LINK),
    change(2, 0, ci("a"), ci("a", "new")),
    change(3, 0, LINK, None),
    change(3, 1, ci("b"), None),
)


def test_the_feed_is_complete_and_ordered(store: Store) -> None:
    three_revisions(store)
    assert store.changes(after=0) == FEED
    assert store.changes(after=1) == FEED[3:]
    assert store.changes(after=3) == ()
    assert store.changes(after=2**60) == ()


def test_the_feed_goes_on_after_any_entry(store: Store) -> None:
    three_revisions(store)
    for place in range(len(FEED)):
        last = FEED[place]
        following = store.changes(after=last.revision, after_sequence=last.sequence, limit=2)
        assert following == FEED[place + 1 : place + 3]


def test_a_revision_of_keys_only_has_no_entry_in_the_feed_but_is_listed(store: Store) -> None:
    store.apply(change_set(keys=[KeyWrite("|serial|1", ("a",), is_strong=True)], id_="keys"))
    store.apply(change_set(*made(ci("a")), planned_at=1, id_="ci"))
    assert [entry.revision for entry in store.changes(after=0)] == [2]
    assert [revision.change_set for revision in store.revisions()] == ["keys", "ci"]


def test_history_is_one_entity_oldest_first(store: Store) -> None:
    three_revisions(store)
    assert store.history(Kind.CI, "a") == (FEED[1], FEED[3])
    assert store.history(Kind.CI, "b") == (FEED[0], FEED[5])
    assert store.history(Kind.RELATIONSHIP, LINK.id) == (FEED[2], FEED[4])
    assert store.history(Kind.CI, "a", after=1) == (FEED[3],)
    assert store.history(Kind.CI, "a", limit=1) == (FEED[1],)
    assert store.history(Kind.CLAIM, "a") == ()


def test_what_was_made_again_has_one_history(store: Store) -> None:
    three_revisions(store)
    store.apply(change_set(*made(ci("b", "again")), planned_at=3))
    assert [(entry.before, entry.after) for entry in store.history(Kind.CI, "b")] == [
        (None, ci("b")),
        (ci("b"), None),
        (None, ci("b", "again")),
    ]


def test_entities_come_back_as_they_were_after_any_revision(store: Store) -> None:
    three_revisions(store)
    assert store.get_many_as_of(Kind.CI, ["a", "b"], 0) == {}
    assert store.get_many_as_of(Kind.CI, ["a", "b"], 1) == {"a": ci("a"), "b": ci("b")}
    assert store.get_many_as_of(Kind.CI, ["a", "b"], 2) == {"a": ci("a", "new"), "b": ci("b")}
    assert store.get_many_as_of(Kind.CI, ["a", "b"], 3) == {"a": ci("a", "new")}
    assert store.get_many_as_of(Kind.CI, ["a", "b"], 99) == {"a": ci("a", "new")}
    assert store.get_many_as_of(Kind.RELATIONSHIP, [LINK.id], 2) == {LINK.id: LINK}
    assert store.get_many_as_of(Kind.RELATIONSHIP, [LINK.id], 3) == {}


def test_a_kind_is_scanned_as_it_was_after_any_revision(store: Store) -> None:
    three_revisions(store)
    assert store.scan(Kind.CI, as_of=0) == ()
    assert store.scan(Kind.CI, as_of=1) == (ci("a"), ci("b"))
    assert store.scan(Kind.CI, as_of=2) == (ci("a", "new"), ci("b"))
    assert store.scan(Kind.CI, as_of=2, after="a") == (ci("b"),)
    assert store.scan(Kind.CI, as_of=2, limit=1) == (ci("a", "new"),)
    assert store.scan(Kind.CI, as_of=3) == (ci("a", "new"),)
    assert store.scan(Kind.RELATIONSHIP, as_of=1) == (LINK,)
    assert store.scan(Kind.RELATIONSHIP, as_of=3) == ()


def test_revisions_are_found_by_number_time_and_change_set(store: Store) -> None:
    three_revisions(store)
    all_three = store.revisions()
    assert [(revision.number, revision.by) for revision in all_three] == [(1, "alice"), (2, "bob"), (3, "carol")]
    assert store.revisions(after=1, limit=1) == (all_three[1],)
    assert store.revision_of(all_three[2].change_set) == all_three[2]
    assert store.revision_of("never applied") is None
    assert store.revision_at(NOW - dt.timedelta(microseconds=1)) == 0
    assert store.revision_at(NOW) == 1
    assert store.revision_at(NOW + 1.5 * ONE_SECOND) == 2
    assert store.revision_at(NOW + dt.timedelta(days=1)) == 3


def test_a_clock_that_goes_back_does_not_take_revisions_with_it(store: Store, clock: Clock) -> None:
    store.apply(change_set(*made(ci("a"))))
    clock.now = NOW - dt.timedelta(days=1)
    second = store.apply(change_set(*made(ci("b")), planned_at=1))
    assert second is not None
    assert second.at == NOW
    assert store.revision_at(NOW) == 2
