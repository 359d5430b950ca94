"""Random histories: what is written to two stores alike, and every answer that both then give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
from hypothesis import strategies as st

from cmdb.changeset import ChangeSet, KeyWrite, Revision, Sighting, Write
from cmdb.entities import CI, Entity, Kind, Lifecycle, Redundancy, Relationship, Review
from cmdb.errors import CmdbError
from cmdb.store.fields import INDEXED_FIELDS
from cmdb.store.protocol import Store
from cmdb.values import Value
from tests.contract.store.builders import NOW, change_set, ci, claim, kind_of, minute, relationship

IDS = ("a", "b", "C", "d")
SOURCES = ("ssh", "snmp")
KEYS = ("|serial|1", "|serial|2", "default|name|x", "long|" + "ü" * 3_000)
NAMES = (
    "",
    "web01",
    "WEB01",
    "Web-2",
    "É",
    "é",
    "\uffee",
    "\U0001f600",
    "z" * 499 + "Ab",
    "z" * 499 + "aC",
    "n\u0000l",
)
TYPES = ("RUNS_ON", "USES")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.just("x" * 10_000),
)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=5,
)
names_of_attributes = st.one_of(
    st.sampled_from(("id", "id_", "name", "folded_name", "confidence", "serial_number", "", "\0", "a b", "é`")),
    st.text(st.characters(codec="utf-8"), max_size=3),
)
attributes = st.dictionaries(names_of_attributes, values, max_size=4)
ids = st.sampled_from(IDS)
cis = st.builds(
    lambda id_, name, class_name, lifecycle, merged_into, held: ci(
        id_, name, class_name=class_name, lifecycle=lifecycle, merged_into=merged_into, attributes=held
    ),
    ids,
    st.sampled_from(NAMES),
    st.sampled_from(("server", "switch", "odd`class")),
    st.sampled_from(Lifecycle),
    st.one_of(st.none(), ids),
    attributes,
)
relationships = st.builds(
    lambda source, type_, target, confidence, held: relationship(
        source, type_, target, confidence=confidence, attributes=held
    ),
    st.sampled_from(IDS[:2]),
    st.sampled_from(TYPES),
    st.sampled_from(IDS[1:3]),
    st.sampled_from((0.0, 0.5, 1.0, 1)),
    attributes,
)
claims = st.builds(claim, st.sampled_from(("a", "k1", "k2")), ids, st.sampled_from(SOURCES))
groups = st.builds(
    lambda id_, of, members: Redundancy(id=id_, of=of, members=tuple(members), min_up=1),
    st.sampled_from(("g1", "g2")),
    ids,
    st.lists(ids, max_size=3),
)
reviews = st.builds(
    lambda id_, about: Review(id=id_, kind="parked", cis=tuple(about), since=NOW, remedy="look"),
    st.sampled_from(("v1", "a")),
    st.lists(ids, max_size=2),
)


@dataclass(frozen=True)
class Edit:
    """Makes or changes an entity to `entity`, or ends it; a wrong `before` is claimed now and then."""

    entity: Entity
    is_end: bool
    is_blind: bool


@dataclass(frozen=True)
class Step:
    """One change set to be, planned so many revisions ago."""

    edits: tuple[Edit, ...]
    keys: tuple[KeyWrite, ...]
    sightings: tuple[tuple[str, int], ...]
    lag: int
    consulted_ids: frozenset[str]
    consulted_keys: frozenset[str]
    seconds: int
    is_careful: bool
    """Makes what a relationship needs and ends what a CI holds, so that most steps land."""


rarely = st.integers(0, 19).map(lambda number: number == 19)
edits = st.builds(
    Edit,
    # CIs come more often than the rest, or nothing could ever be related.
    st.one_of(cis, cis, cis, relationships, claims, groups, reviews),
    st.integers(0, 4).map(lambda number: number == 4),
    rarely,
)
key_writes = st.builds(
    lambda key, owners, is_strong, is_shared: KeyWrite(key, tuple(owners), is_strong, is_shared),
    st.sampled_from(KEYS),
    st.lists(ids, unique=True, max_size=2),
    st.booleans(),
    st.booleans(),
)
LINK_IDS = tuple(Relationship.make_id(source, type_, target) for source in IDS for type_ in TYPES for target in IDS)
SUBJECTS = ("k1", "k2", *(f"{id_}@{source}" for id_ in LINK_IDS for source in SOURCES))
sightings = st.tuples(st.one_of(st.sampled_from(SUBJECTS), st.sampled_from(SUBJECTS[:4])), st.integers(-5, 5))
steps = st.builds(
    Step,
    st.lists(edits, min_size=1, max_size=7).map(tuple),
    st.lists(key_writes, max_size=2).map(tuple),
    st.lists(sightings, max_size=4).map(tuple),
    st.sampled_from((0, 0, 0, 0, 0, 0, 0, 1, 2, -1)),
    st.frozensets(ids, max_size=1),
    st.frozensets(st.sampled_from(KEYS), max_size=1),
    st.integers(-1, 2),
    rarely.map(lambda is_careless: not is_careless),
)
histories = st.lists(steps, min_size=2, max_size=8)

Outcome = Revision | None | tuple[type[CmdbError], tuple[str, ...]]


def plan(step: Step, number: int, store: Store) -> ChangeSet:
    """The step as a change set on the present state of a store."""
    latest = {(kind_of(edit.entity), edit.entity.id): edit for edit in step.edits}
    if step.is_careful:
        _complete(latest, store)
    writes: list[Write] = []
    for (kind, id_), edit in latest.items():
        before = store.get_many(kind, [id_]).get(id_)
        after = None if edit.is_end else edit.entity
        if edit.is_blind:
            before = None if before else msgspec.structs.replace(edit.entity, id=id_)
        if before != after:
            writes.append(Write(kind, id_, before, after))
    planned = change_set(
        *writes,
        planned_at=max(0, store.revision() - step.lag),
        keys={key.key: _settled(key) if step.is_careful else key for key in step.keys}.values(),
        sightings=[Sighting(subject, minute(at)) for subject, at in step.sightings],
        consulted_ids=step.consulted_ids,
        consulted_keys=step.consulted_keys,
        id_=f"step-{number}",
        run_id="run",
        source="ssh",
    )
    return replace(planned, by=f"author-{number}")


def _complete(latest: dict[tuple[Kind, str], Edit], store: Store) -> None:
    """Add the CIs that relationships need, and end the relationships of CIs that end."""
    for edit in list(latest.values()):
        match edit.entity:
            case CI(id=id_) if edit.is_end:
                held = store.find(Kind.RELATIONSHIP, "source", [id_]) + store.find(Kind.RELATIONSHIP, "target", [id_])
                latest |= {(Kind.RELATIONSHIP, link.id): Edit(link, is_end=True, is_blind=False) for link in held}
            case _:
                pass
    for edit in list(latest.values()):
        if isinstance(edit.entity, Relationship) and not edit.is_end:
            for end in (edit.entity.source, edit.entity.target):
                known = latest.get((Kind.CI, end))
                if known is not None and known.is_end:
                    latest[Kind.CI, end] = replace(known, is_end=False)
                elif known is None and not store.get_many(Kind.CI, [end]):
                    latest[Kind.CI, end] = Edit(ci(end), is_end=False, is_blind=False)


def _settled(key: KeyWrite) -> KeyWrite:
    return replace(key, is_shared=key.is_shared or len(key.owners) > 1)


def outcome(store: Store, planned: ChangeSet) -> Outcome:
    """The revision, or which error about which ids."""
    try:
        return store.apply(planned)
    except CmdbError as error:
        return type(error), error.ids


def answers(store: Store) -> dict[str, object]:
    """Every answer that the store can give, by question."""
    newest = store.revision()
    given: dict[str, object] = {"revision": newest, "revisions": store.revisions(), "touches": store.touches(after=0)}
    feed = store.changes(after=0)
    given["feed"] = feed
    given["feed in pieces"] = [
        store.changes(after=entry.revision, after_sequence=entry.sequence, limit=1) for entry in feed[::3]
    ]
    given["times"] = [store.revision_at(NOW + dt.timedelta(seconds=second)) for second in range(-2, 20, 3)]
    given["change sets"] = [store.revision_of(f"step-{number}") for number in range(8)]
    given["owners"] = store.owners(KEYS)
    given["seen"] = store.seen(SUBJECTS)
    given["nodes"] = {node for batch in store.iter_nodes() for node in batch}
    given["edges"] = {edge for batch in store.iter_edges() for edge in batch}
    for kind in (Kind.CI, Kind.RELATIONSHIP, Kind.CLAIM, Kind.REDUNDANCY, Kind.REVIEW):
        known = sorted({entry.id for entry in feed if entry.kind is kind})
        given[f"{kind} live"] = store.get_many(kind, [*known, "unknown"])
        given[f"{kind} count"] = store.count(kind)
        given[f"{kind} scan"] = [store.scan(kind), store.scan(kind, after="b"), store.scan(kind, limit=2)]
        given[f"{kind} then"] = [
            (store.scan(kind, as_of=revision), store.get_many_as_of(kind, known, revision))
            for revision in range(newest + 2)
        ]
        given[f"{kind} history"] = [store.history(kind, id_, after=newest // 2, limit=3) for id_ in known]
        for field in INDEXED_FIELDS[kind]:
            wanted = {*IDS, *SOURCES, "server", "parked"}
            given[f"{kind} by {field}"] = [store.find(kind, field, wanted), store.find(kind, field, wanted, limit=1)]
    given["lists"] = [
        _pages(lambda after: store.list_cis(after=after, limit=2)),
        store.list_cis(class_names=["server", "odd`class"], has_retired=False),
        store.list_cis(names=["wEb01", "Z" * 499 + "ab"]),
        store.list_cis(search="B0"),
        store.list_cis(search="zA"),
        store.list_cis(search="\0", class_names=["switch", "server"]),
    ]
    return given


def _pages(page: Callable[[str | None], object]) -> list[object]:
    pages: list[object] = []
    cursor: str | None = None
    while True:
        shown = page(cursor)
        pages.append(shown)
        cursor = getattr(shown, "cursor")  # noqa: B009
        if cursor is None:
            return pages
