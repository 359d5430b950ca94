"""Writing: all or nothing, once, and only on the state that was planned for."""

from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest

from cmdb.changeset import KeyWrite, Revision, Sighting, Write
from cmdb.entities import (
    Claim,
    ClaimValue,
    Entity,
    Firing,
    Kind,
    Parked,
    Redundancy,
    Relationship,
    Review,
    Run,
    RunState,
    Schedule,
)
from cmdb.errors import Conflict, Invalid
from cmdb.store.protocol import Store
from tests.contract.store.builders import (
    NOW,
    change_set,
    changed,
    ci,
    claim,
    ended,
    kind_of,
    made,
    minute,
    relationship,
)

EVERY_KIND: tuple[Entity, ...] = (
    ci(
        "c",
        "Ünïcode \U0001f600 name",
        attributes={
            "text": "a\u0000b",
            "whole": 2**62,
            "huge": 10**30,
            "part": 0.1,
            "yes": True,
            "nothing": None,
            "list": ["x", "y"],
            "mixed": ["x", 1, None],
            "empty": [],
            "tree": {"b": [{"c": 1.5}], "a": {}},
        },
    ),
    relationship("c", "RUNS_ON", "c2", confidence=0.25, attributes={"port": 5432, "tags": ["a"]}),
    Redundancy(id="g", of="c", members=("m1", "m2"), min_up_percent=33.3, name="pool", sources=("import",)),
    Claim(
        id="k",
        ci="c",
        source="ssh",
        network="default",
        record="native:k",
        native_key="k",
        class_name="server",
        values={"os_name": ClaimValue("Debian", left_out_since=NOW)},
        identifiers={"serial": ("A", "B")},
        disputed=("|serial|B",),
        missing_at=(NOW, minute(1)),
    ),
    Review(id="v", kind="shared_identifier", cis=("c", "c2"), values={"mac": "x"}, since=NOW, remedy="look"),
    Parked(
        id="p",
        source="snmp",
        network="default",
        reason="no host",
        waiting_for="k",
        draft={"a": [1]},
        observed_at=NOW,
        since=NOW,
    ),
    Run(id="r", source="ssh", state=RunState.PARTIAL, by="alice", started_at=NOW, counts={"created": 1}),
    Schedule(id="s", name="nightly", scanner="nmap", targets=("10.0.0.0/24",), cron="0 2 * * *", created_at=NOW),
    Firing(id="f", schedule="s", due_at=NOW),
)


@pytest.mark.parametrize("entity", EVERY_KIND, ids=kind_of)
def test_every_kind_of_entity_comes_back_as_it_was_written(store: Store, entity: Entity) -> None:
    ends = [ci("c"), ci("c2")] if isinstance(entity, Relationship) else []
    store.apply(change_set(*made(entity, *ends)))
    assert store.get_many(kind_of(entity), [entity.id]) == {entity.id: entity}


def test_revisions_count_from_one_without_gaps_and_name_their_author_and_change_set(store: Store) -> None:
    assert store.revision() == 0
    first = store.apply(change_set(*made(ci("a")), id_="one", by="alice", run_id="run-1"))
    second = store.apply(change_set(*made(ci("b")), id_="two", by="bob", planned_at=1))
    assert first == Revision(1, NOW, "alice", "test", "one", "run-1")
    assert second == Revision(2, NOW + dt.timedelta(seconds=1), "bob", "test", "two", "")
    assert store.revision() == 2


def test_a_change_set_applied_again_gives_its_revision_again_and_writes_nothing(store: Store) -> None:
    once = change_set(*made(ci("a")), sightings=[Sighting("k", NOW)], id_="once")
    first = store.apply(once)
    store.apply(change_set(changed(ci("a"), ci("a", "other")), planned_at=1))
    assert store.apply(once) == first
    assert store.revision() == 2
    assert store.get_many(Kind.CI, ["a"]) == {"a": ci("a", "other")}
    assert len(store.touches(after=0)) == 1


def test_a_refused_change_set_leaves_nothing_behind(store: Store) -> None:
    store.apply(change_set(*made(ci("a")), keys=[KeyWrite("|serial|1", ("a",), is_strong=True)]))
    refused = change_set(
        *made(ci("b"), relationship("b", "RUNS_ON", "a")),
        changed(ci("a", "not this name"), ci("a", "new")),
        keys=[KeyWrite("|serial|2", ("b",), is_strong=True)],
        sightings=[Sighting("k", NOW)],
        planned_at=1,
        id_="refused",
    )
    with pytest.raises(Conflict) as caught:
        store.apply(refused)
    assert caught.value.ids == ("a",)
    assert store.revision() == 1
    assert store.revision_of("refused") is None
    assert store.get_many(Kind.CI, ["a", "b"]) == {"a": ci("a")}
    assert store.count(Kind.RELATIONSHIP) == {}
    assert store.owners(["|serial|2"]) == {}
    assert store.seen(["k"]) == {}
    assert store.touches(after=0) == ()
    assert [change.id for change in store.changes(after=0)] == ["a"]


def test_making_what_exists_is_a_conflict(store: Store) -> None:
    store.apply(change_set(*made(ci("a"))))
    with pytest.raises(Conflict):
        store.apply(change_set(*made(ci("a", "another")), planned_at=1))
    assert store.get_many(Kind.CI, ["a"]) == {"a": ci("a")}


def test_changing_or_ending_what_does_not_exist_is_a_conflict(store: Store) -> None:
    with pytest.raises(Conflict):
        store.apply(change_set(changed(ci("a"), ci("a", "new"))))
    with pytest.raises(Conflict):
        store.apply(change_set(ended(ci("a"))))
    assert store.revision() == 0


def test_before_is_compared_by_value_not_by_spelling(store: Store) -> None:
    store.apply(change_set(*made(ci("a", attributes={"x": 1, "y": ["z"]}))))
    before = msgspec.structs.replace(
        ci("a", attributes={"y": ("z",), "x": 1.0}),
        created_at=NOW.astimezone(dt.timezone(dt.timedelta(hours=2))),
    )
    store.apply(change_set(Write(Kind.CI, "a", before, ci("a", "new")), planned_at=1))
    assert store.get_many(Kind.CI, ["a"]) == {"a": ci("a", "new")}


def test_an_ended_entity_is_gone_and_may_be_made_again(store: Store) -> None:
    a, b, link = ci("a"), ci("b"), relationship("a", "USES", "b")
    store.apply(change_set(*made(a, b, link)))
    store.apply(change_set(ended(a), ended(link), ended(b), planned_at=1))
    assert store.get_many(Kind.CI, ["a"]) == {}
    assert store.find(Kind.RELATIONSHIP, "source", ["a"]) == ()
    assert list(store.iter_nodes()) == []
    assert list(store.iter_edges()) == []
    again = ci("a", "again")
    store.apply(change_set(*made(again, b, link), planned_at=2))
    assert store.get_many(Kind.CI, ["a"]) == {"a": again}
    assert store.find(Kind.RELATIONSHIP, "source", ["a"]) == (link,)


def test_a_relationship_may_come_before_its_ends(store: Store) -> None:
    link = relationship("a", "RUNS_ON", "b")
    store.apply(change_set(*made(link, ci("a"), ci("b"))))
    assert store.find(Kind.RELATIONSHIP, "target", ["b"]) == (link,)


def test_a_relationship_needs_both_ends(store: Store) -> None:
    store.apply(change_set(*made(ci("a"))))
    with pytest.raises(Conflict) as caught:
        store.apply(change_set(*made(relationship("a", "RUNS_ON", "b")), planned_at=1))
    assert caught.value.ids == ("b",)
    with pytest.raises(Conflict):
        store.apply(change_set(*made(relationship("a", "RUNS_ON", "a")), ended(ci("a")), planned_at=1))
    assert store.count(Kind.RELATIONSHIP) == {}
    assert store.get_many(Kind.CI, ["a"]) == {"a": ci("a")}


def test_a_ci_that_relationships_hold_does_not_end(store: Store) -> None:
    store.apply(change_set(*made(ci("a"), ci("b"), relationship("a", "RUNS_ON", "b"))))
    for held in ("a", "b"):
        with pytest.raises(Conflict) as caught:
            store.apply(change_set(ended(ci(held)), planned_at=1))
        assert caught.value.ids == (held,)
    assert store.count(Kind.CI) == {"server": 2}


def test_a_relationship_from_a_ci_to_itself_is_kept(store: Store) -> None:
    link = relationship("a", "USES", "a")
    store.apply(change_set(*made(ci("a"), link)))
    assert store.find(Kind.RELATIONSHIP, "source", ["a"]) == (link,)
    assert store.find(Kind.RELATIONSHIP, "target", ["a"]) == (link,)
    assert [edge.target for batch in store.iter_edges() for edge in batch] == ["a"]


def test_a_relationship_keeps_its_type_and_ends(store: Store) -> None:
    link = relationship("a", "USES", "b")
    store.apply(change_set(*made(ci("a"), ci("b"), link)))
    for other in (
        msgspec.structs.replace(link, type="RUNS_ON"),
        msgspec.structs.replace(link, source="b"),
        msgspec.structs.replace(link, target="a"),
    ):
        with pytest.raises(Invalid):
            store.apply(change_set(changed(link, other), planned_at=1))
    assert store.count(Kind.RELATIONSHIP) == {"USES": 1}


@pytest.mark.parametrize("word", ["", "TWO WORDS", "A`B", "1ST", "Ä", "A\n"])
def test_a_relationship_type_is_a_word(store: Store, word: str) -> None:
    with pytest.raises(Invalid):
        store.apply(change_set(*made(ci("a"), ci("b"), relationship("a", word, "b"))))
    assert store.revision() == 0


def test_kinds_have_ids_of_their_own(store: Store) -> None:
    store.apply(change_set(*made(ci("same"), claim("same", "same"))))
    assert store.get_many(Kind.CI, ["same"]) == {"same": ci("same")}
    assert store.get_many(Kind.CLAIM, ["same"]) == {"same": claim("same", "same")}


def test_a_change_set_with_sightings_only_makes_no_revision(store: Store) -> None:
    assert store.apply(change_set(sightings=[Sighting("k", NOW)])) is None
    assert store.revision() == 0
    assert store.revisions() == ()


def test_an_empty_change_set_does_nothing(store: Store) -> None:
    assert store.apply(change_set()) is None
    assert store.touches(after=0) == ()


def test_keys_alone_make_a_revision_and_the_same_keys_again_none(store: Store) -> None:
    key = KeyWrite("|serial|1", ("a",), is_strong=True)
    first = store.apply(change_set(keys=[key]))
    assert first is not None
    assert first.number == 1
    assert store.apply(change_set(keys=[key], planned_at=1)) is None
    assert store.apply(change_set(keys=[KeyWrite("|serial|9", (), is_strong=True)], planned_at=1)) is None
    assert store.revision() == 1


@pytest.mark.parametrize(
    "writes",
    [
        (Write(Kind.CI, "a", None, None),),
        (Write(Kind.CI, "a", ci("a"), ci("a")),),
        (Write(Kind.CI, "a", None, ci("b")),),
        (Write(Kind.CLAIM, "a", None, ci("a")),),
        (Write(Kind.CI, "", None, ci("")),),
        (*made(ci("a")), *made(ci("a", "twice"))),
        made(ci("a", "lone surrogate \ud800")),
    ],
    ids=["neither", "no change", "other id", "other kind", "no id", "twice", "no Unicode"],
)
def test_a_change_set_that_contradicts_itself_is_invalid(store: Store, writes: tuple[Write, ...]) -> None:
    with pytest.raises(Invalid):
        store.apply(change_set(*writes))
    assert store.revision() == 0


def test_times_without_a_zone_are_invalid(store: Store) -> None:
    with pytest.raises(Invalid):
        store.apply(change_set(sightings=[Sighting("k", NOW.replace(tzinfo=None))]))
    assert store.seen(["k"]) == {}


def test_a_large_change_set_lands_whole(store: Store) -> None:
    cis = [ci(f"ci-{number:05}") for number in range(6_000)]
    links = [relationship(one.id, "RUNS_ON", other.id) for one, other in itertools.pairwise(cis)]
    store.apply(change_set(*made(*cis, *links)))
    assert store.count(Kind.CI) == {"server": 6_000}
    assert store.count(Kind.RELATIONSHIP) == {"RUNS_ON": 5_999}
    assert len(store.get_many(Kind.CI, [one.id for one in cis])) == 6_000
    assert sum(len(batch) for batch in store.iter_edges()) == 5_999
