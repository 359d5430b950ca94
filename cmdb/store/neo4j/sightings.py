"""When sources saw what: a node by subject, and the numbers of all touches that saw it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from cmdb.changeset import ChangeSet, Touch
from cmdb.entities import Kind
from cmdb.store.instants import from_microseconds
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.former_nodes import FULL
from cmdb.store.neo4j.instants import instant, microseconds
from cmdb.store.neo4j.properties import indexable, live_key
from cmdb.store.protocol import Seen, Sighted, Then
from cmdb.store.validation import Moment


def seen(transaction: Transaction, subjects: Collection[str]) -> dict[str, Seen]:
    """First and last sightings of these subjects."""
    query = f"MATCH (s:Sighting {{subject: row[1]}}) RETURN row[0], {microseconds('s.first_at')}, {microseconds('s.last_at')}"
    return _seen(transaction.unwind(query, _rows(subjects)))


def seen_then(transaction: Transaction, subjects: Collection[str], touch: int) -> dict[str, Seen]:
    """First and last sightings up to a touch."""
    found: dict[str, Seen] = {}
    for label in ("Sighting", "FormerSighting"):
        rows = transaction.unwind(
            f"MATCH (s:{label} {{subject: row[1]}}) WHERE s.until IS NULL OR s.until > $touch"
            " UNWIND s.touches AS number WITH row, number WHERE number <= $touch"
            " MATCH (t:Touch {number: number}) WITH row[0] AS subject, min(t.at) AS first, max(t.at) AS last"
            f" RETURN subject, {microseconds('first')}, {microseconds('last')}",
            _rows(subjects),
            touch=touch,
        )
        for subject, also in _seen(rows).items():
            known = found.get(subject, also)
            found[subject] = Seen(min(known.first_at, also.first_at), max(known.last_at, also.last_at))
    return found


def sightings_of(transaction: Transaction, subjects: Collection[str]) -> dict[str, tuple[Sighted, ...]]:
    """Every sighting of these subjects that counts, in the order of commit."""
    found: dict[str, list[tuple[int, Sighted]]] = {}
    for label in ("Sighting", "FormerSighting"):
        rows = transaction.unwind(
            f"MATCH (s:{label} {{subject: row[1]}}) WHERE s.until IS NULL UNWIND s.touches AS number"
            f" MATCH (t:Touch {{number: number}}) RETURN row[0], number, t.revision, {microseconds('t.at')}",
            _rows(subjects),
        )
        for subject, number, revision, at in rows:
            found.setdefault(subject, []).append((number, Sighted(revision, instant(at))))
    return {
        subject: tuple(sighted for _, sighted in sorted(numbered, key=lambda each: each[0]))
        for subject, numbered in found.items()
    }


def _rows(subjects: Collection[str]) -> list[list[str]]:
    return [[subject, indexable(subject)] for subject in sorted(set(subjects))]


def _seen(rows: Sequence[Sequence[object]]) -> dict[str, Seen]:
    return {str(subject): Seen(instant(first_at), instant(last_at)) for subject, first_at, last_at in rows}


def touches(transaction: Transaction, after: int, limit: int) -> tuple[Touch, ...]:
    """Touches after a number, oldest first."""
    rows = transaction.rows(
        "MATCH (t:Touch) WHERE t.number > $after AND size(t.subjects) > 0"
        f" RETURN t.number, t.revision, t.run_id, t.source, {microseconds('t.at')}, t.subjects"
        " ORDER BY t.number LIMIT $limit",
        after=after,
        limit=limit,
    )
    return tuple(
        Touch(number, revision, run_id, source, instant(at), tuple(subjects))
        for number, revision, run_id, source, at, subjects in rows
    )


def then(transaction: Transaction, at: dt.datetime | int) -> Then:
    """The newest revision and touch at a revision or at a time."""
    if isinstance(at, int):
        return Then(at, _newest_touch(transaction, "revision", at))
    at = at.astimezone(dt.UTC)
    rows = transaction.rows(
        "MATCH (r:Revision) WHERE r.at <= $at RETURN r.number ORDER BY r.at DESC, r.number DESC LIMIT 1", at=at
    )
    return Then(int(rows[0][0]) if rows else 0, _newest_touch(transaction, "committed_at", at))


def _newest_touch(transaction: Transaction, field: str, limit: dt.datetime | int) -> int:
    rows = transaction.rows(
        f"MATCH (t:Touch) WHERE t.{field} <= $limit RETURN t.number ORDER BY t.{field} DESC, t.number DESC LIMIT 1",
        limit=limit,
    )
    return int(rows[0][0]) if rows else 0


def write_sightings(
    transaction: Transaction,
    change_set: ChangeSet,
    moments: Sequence[Moment],
    *,
    last_touch: int,
    revision: int,
    now: dt.datetime,
) -> None:
    """Keep what a change set saw, as touches after `last_touch`, committed at `now` or with the touch before it."""
    if not moments:
        return
    rows = transaction.rows(
        f"MATCH (t:Touch {{number: $number}}) RETURN {microseconds('t.committed_at')}", number=last_touch
    )
    committed_at = max(now, instant(rows[0][0])) if rows and rows[0][0] is not None else now
    for number, moment in enumerate(moments, start=last_touch + 1):
        at = from_microseconds(moment.at)
        transaction.rows(
            "MATCH (c:Counter {name: 'revision'}) SET c.touch = $number CREATE (:Touch {number: $number, key: $key,"
            " change_set: $change_set, revision: $revision, run_id: $run_id, source: $source, at: $at,"
            " committed_at: $committed_at, subjects: $subjects})",
            number=number,
            key=f"{change_set.id}|{moment.at}",
            change_set=change_set.id,
            revision=revision,
            run_id=change_set.run_id,
            source=change_set.source,
            at=at,
            committed_at=committed_at,
            subjects=list(moment.subjects),
        )
        # A node that is written at every sighting stays short; the rest of its history is written once.
        transaction.unwind(
            "MERGE (s:Sighting {subject: row}) ON CREATE SET s.first_at = $at, s.last_at = $at, s.touches = [$number]"
            " ON MATCH SET s.first_at = CASE WHEN $at < s.first_at THEN $at ELSE s.first_at END,"
            " s.last_at = CASE WHEN $at > s.last_at THEN $at ELSE s.last_at END,"
            " s.touches = coalesce(s.touches, []) + $number"
            f" WITH s WHERE size(s.touches) >= {FULL}"
            " CREATE (:FormerSighting {subject: s.subject, touches: s.touches}) SET s.touches = []",
            [indexable(subject) for subject in sorted(moment.subjects)],
            at=at,
            number=number,
        )
        _touch_relationships(transaction, moment.subjects, at)


def seen_relationships(transaction: Transaction, subjects: Collection[str]) -> dict[str, list[str]]:
    """Ids of the live relationships among the subjects of sightings, by type: one is found by its id within its type only."""
    ids = sorted({subject.split("@", 1)[0] for subject in subjects if "@" in subject})
    types = transaction.unwind(
        "MATCH (s:State {live: row[1]}) RETURN s.type, row[0]", [[id_, live_key(Kind.RELATIONSHIP, id_)] for id_ in ids]
    )
    by_type: dict[str, list[str]] = {}
    for type_, id_ in types:
        by_type.setdefault(type_, []).append(id_)
    return by_type


def _touch_relationships(transaction: Transaction, subjects: Sequence[str], at: dt.datetime) -> None:
    for type_, of_type in seen_relationships(transaction, subjects).items():
        transaction.unwind(
            f"MATCH ()-[r:{type_} {{id: row}}]->() WHERE r.last_seen_at IS NULL OR r.last_seen_at < $at"
            " SET r.last_seen_at = $at",
            of_type,
            at=at,
        )
