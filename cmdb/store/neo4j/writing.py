"""How one change set is written, inside one managed transaction.

The counter node is locked first and held to the commit, so that one writer works at a time and no reader ever sees a
higher revision before a lower one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from cmdb.changeset import ChangeSet, KeyWrite, Revision
from cmdb.entities import Kind, Relationship
from cmdb.errors import Unavailable
from cmdb.store.instants import from_microseconds
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.forgetting import forget
from cmdb.store.neo4j.former_nodes import keep_former
from cmdb.store.neo4j.graph import write_graph
from cmdb.store.neo4j.instants import instant, microseconds
from cmdb.store.neo4j.properties import LabelsOf, indexable, live_key
from cmdb.store.neo4j.sightings import write_sightings
from cmdb.store.protocol import KeyOwners
from cmdb.store.refusals import (
    Ends,
    new_keys,
    refuse_future,
    refuse_loose_ends,
    refuse_moved_ids,
    refuse_moved_keys,
    refuse_other_state,
)
from cmdb.store.validation import CheckedChangeSet, EncodedWrite

SEQUENCE_BITS = 20
REVISION = f"r.number, {microseconds('r.at')}, r.by, r.reason, r.change_set, r.run_id"


@dataclass(frozen=True, slots=True)
class Counter:
    """The counter as it stood once it was locked."""

    revision: int
    touch: int
    at: dt.datetime | None


def to_revision(row: Sequence[object]) -> Revision:
    """A row of the columns `REVISION`."""
    number, at, by, reason, change_set, run_id = row
    assert isinstance(number, int)
    return Revision(number, instant(at), str(by), str(reason), str(change_set), str(run_id))


def recorded(transaction: Transaction, change_set_id: str) -> Revision | None:
    """The revision that a change set made, None when it made none."""
    found = transaction.rows(f"MATCH (r:Revision {{change_set: $id}}) RETURN {REVISION}", id=change_set_id)
    return to_revision(found[0]) if found else None


def write(
    transaction: Transaction, checked: CheckedChangeSet, now: dt.datetime, labels_of: LabelsOf
) -> Revision | None:
    """Everything of the change set, or `Conflict`; a revision's time is `now`, but never before the previous one's."""
    change_set = checked.change_set
    counter = lock(transaction, change_set.id)
    done = recorded(transaction, change_set.id)
    if done is not None or transaction.rows("MATCH (t:Touch {change_set: $id}) RETURN 1 LIMIT 1", id=change_set.id):
        return done
    refuse_future(change_set, counter.revision)
    if change_set.planned_at < counter.revision:
        _check_consulted(transaction, change_set)
    places = _check_before(transaction, checked.writes)
    stored = owners(transaction, [key.key for key in change_set.keys])
    keys = new_keys(change_set, stored)
    revision = None
    newest = counter.revision
    at = now if counter.at is None else max(now, counter.at)
    if checked.writes or keys:
        newest += 1
        revision = Revision(newest, at, change_set.by, change_set.reason, change_set.id, change_set.run_id)
        write_revision(transaction, revision)
        _write_states(transaction, checked.writes, places, newest)
        _check_ends_exist(transaction, checked.writes)
        held = write_graph(transaction, [encoded.write for encoded in checked.writes], labels_of)
        refuse_loose_ends((), held)
        keep_former(transaction, checked.writes)
        _keep_former_keys(transaction, [indexable(key.key) for key in keys if key.key in stored])
        _write_keys(transaction, keys, newest)
    touch = forget(transaction, change_set, last_touch=counter.touch, revision=newest, now=at)
    write_sightings(transaction, change_set, checked.moments, last_touch=touch, revision=newest, now=at)
    return revision


def note(transaction: Transaction, writes: Sequence[EncodedWrite], labels_of: LabelsOf) -> None:
    """Keep notes at places below zero, where no question about the past looks; an older note of the same entity is dropped."""
    lock(transaction, "note")
    places = _check_before(transaction, writes)
    # an older state that a change set made stays in the feed, and is only no longer the present one
    transaction.unwind("MATCH (s:State {place: row}) WHERE s.place < 0 DELETE s", sorted(places.values()))
    transaction.unwind("MATCH (s:State {place: row}) REMOVE s.live", sorted(places.values()))
    kept = [encoded for encoded in writes if encoded.after is not None]
    (lowest,) = transaction.rows("OPTIONAL MATCH (s:State) WHERE s.place < 0 RETURN coalesce(min(s.place), 0)")[0]
    rows: list[dict[str, object]] = [
        {
            "place": place,
            "kind": encoded.write.kind.value,
            "id": encoded.write.id,
            "live": live_key(encoded.write.kind, encoded.write.id),
            "body": encoded.after,
        }
        for place, encoded in enumerate(kept, start=lowest - len(kept))
    ]
    transaction.unwind("CREATE (s:State) SET s = row", rows)
    write_graph(transaction, [encoded.write for encoded in writes], labels_of)


def lock(transaction: Transaction, change_set_id: str) -> Counter:
    """Have this be the only writer until its end."""
    # The write takes the lock; what is returned after it was read under it.
    found = transaction.rows(
        f"MATCH (c:Counter {{name: 'revision'}}) SET c.written_by = $id RETURN c.revision, c.touch, {microseconds('c.at')}",
        id=change_set_id,
    )
    if not found:
        raise Unavailable("the Neo4j database lost its revision counter while it was open; restore it from a backup")
    revision, touch, at = found[0]
    return Counter(revision, touch, None if at is None else from_microseconds(at))


def _check_consulted(transaction: Transaction, change_set: ChangeSet) -> None:
    keys = change_set.consulted_keys | {key.key for key in change_set.keys}
    moved_keys = transaction.unwind(
        "MATCH (k:IdentityKey {key: row[1]}) WHERE k.revision > $planned_at RETURN row[0], k.owners",
        [[key, indexable(key)] for key in sorted(keys)],
        planned_at=change_set.planned_at,
    )
    refuse_moved_keys(change_set, dict(moved_keys))
    moved_ids = transaction.unwind(
        "UNWIND $kinds AS kind MATCH (s:State {kind: kind, id: row}) WHERE s.place >= $first RETURN DISTINCT row",
        sorted(change_set.consulted_ids),
        kinds=_KINDS,
        first=(change_set.planned_at + 1) << SEQUENCE_BITS,
    )
    refuse_moved_ids(change_set, {id_ for (id_,) in moved_ids})


_KINDS = [kind.value for kind in Kind]


def _check_before(transaction: Transaction, writes: Sequence[EncodedWrite]) -> dict[str, int]:
    """Place of the present state by live key; a body comes over the wire only when it is not the expected one."""
    rows = [[live_key(encoded.write.kind, encoded.write.id), encoded.before] for encoded in writes]
    found = {
        live: (place, body)
        for live, place, body in transaction.unwind(
            "MATCH (s:State {live: row[0]}) RETURN row[0], s.place, CASE WHEN s.body = row[1] THEN null ELSE s.body END",
            rows,
        )
    }
    for encoded, (live, before) in zip(writes, rows, strict=True):
        place_and_body = found.get(str(live))
        refuse_other_state(encoded, None if place_and_body is None else place_and_body[1] or before)
    return {live: place for live, (place, _) in found.items()}


def owners(transaction: Transaction, keys: Sequence[str]) -> dict[str, KeyOwners]:
    """Owners of these keys, those of removed ones empty."""
    found = transaction.unwind(
        "MATCH (k:IdentityKey {key: row[1]}) RETURN row[0], k.owners, k.is_strong, k.is_shared",
        [[key, indexable(key)] for key in keys],
    )
    return {key: KeyOwners(tuple(names), is_strong, is_shared) for key, names, is_strong, is_shared in found}


def _keep_former_keys(transaction: Transaction, keys: Sequence[str]) -> None:
    transaction.unwind(
        "MATCH (k:IdentityKey {key: row}) CREATE (:FormerKey {key: k.key, revision: k.revision, owners: k.owners,"
        " is_strong: k.is_strong, is_shared: k.is_shared})",
        sorted(keys),
    )


def write_revision(transaction: Transaction, revision: Revision) -> None:
    """Record a revision; its number is the counter's from now on."""
    transaction.rows(
        "MATCH (c:Counter {name: 'revision'}) SET c.revision = $number, c.at = $at CREATE (:Revision {number: $number,"
        " at: $at, by: $by, reason: $reason, change_set: $change_set, run_id: $run_id})",
        number=revision.number,
        at=revision.at,
        by=revision.by,
        reason=revision.reason,
        change_set=revision.change_set,
        run_id=revision.run_id,
    )


def _write_states(
    transaction: Transaction, writes: Sequence[EncodedWrite], places: dict[str, int], revision: int
) -> None:
    rows: list[dict[str, object]] = []
    ended: list[list[int]] = []
    for place, encoded in enumerate(writes, start=revision << SEQUENCE_BITS):
        live = live_key(encoded.write.kind, encoded.write.id)
        state: dict[str, object] = {
            "place": place,
            "revision": revision,
            "kind": encoded.write.kind.value,
            "id": encoded.write.id,
        }
        previous = places.get(live)
        if previous is not None:
            ended.append([previous, place])
            state["previous"] = previous
        if encoded.after is not None:
            state |= {"live": live, "body": encoded.after}
        if isinstance(encoded.write.after, Relationship):
            state["type"] = encoded.write.after.type
        rows.append(state)
    transaction.unwind("MATCH (s:State {place: row[0]}) SET s.until = row[1] REMOVE s.live", ended)
    transaction.unwind("CREATE (s:State) SET s = row", rows)


def _check_ends_exist(transaction: Transaction, writes: Sequence[EncodedWrite]) -> None:
    """States are written by now, so that what this change set makes or ends counts."""
    needed = sorted(Ends.of(writes).needed)
    there = transaction.unwind(
        "MATCH (s:State {live: row[1]}) RETURN row[0]", [[id_, live_key(Kind.CI, id_)] for id_ in needed]
    )
    refuse_loose_ends(set(needed) - {id_ for (id_,) in there}, ())


def _write_keys(transaction: Transaction, keys: Sequence[KeyWrite], revision: int) -> None:
    transaction.unwind(
        "MERGE (k:IdentityKey {key: row.key})"
        " SET k.owners = row.owners, k.is_strong = row.is_strong, k.is_shared = row.is_shared, k.revision = $revision",
        [
            {
                "key": indexable(key.key),
                "owners": list(key.owners),
                "is_strong": key.is_strong,
                "is_shared": key.is_shared,
            }
            for key in keys
        ],
        revision=revision,
    )
