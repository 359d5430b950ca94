"""Sightings taken back: they count no more from now on, and go on counting in answers about the time before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from cmdb.changeset import ChangeSet
from cmdb.store.instants import from_microseconds
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.properties import indexable
from cmdb.store.neo4j.sightings import seen_relationships

NEVER = -1
"""Instant of the touch that a forgetting takes: none that a source can name, so that no sighting has its place."""


def forget(transaction: Transaction, change_set: ChangeSet, *, last_touch: int, revision: int, now: dt.datetime) -> int:
    """Have the sightings of `change_set.forgotten` end with a touch of its own; the number of the newest touch."""
    if not change_set.forgotten:
        return last_touch
    number = last_touch + 1
    transaction.rows(
        "OPTIONAL MATCH (p:Touch {number: $last}) MATCH (c:Counter {name: 'revision'}) SET c.touch = $number"
        " CREATE (:Touch {number: $number, key: $key, change_set: $change_set, revision: $revision, run_id: $run_id,"
        " source: $source, at: $at, subjects: [],"
        " committed_at: CASE WHEN p.committed_at > $now THEN p.committed_at ELSE $now END})",
        last=last_touch,
        number=number,
        key=f"{change_set.id}|{NEVER}",
        change_set=change_set.id,
        revision=revision,
        run_id=change_set.run_id,
        source=change_set.source,
        at=from_microseconds(NEVER),
        now=now,
    )
    subjects = [indexable(subject) for subject in sorted(change_set.forgotten)]
    transaction.unwind(
        "MATCH (s:FormerSighting {subject: row}) WHERE s.until IS NULL SET s.until = $number", subjects, number=number
    )
    transaction.unwind(
        "MATCH (s:Sighting {subject: row}) CREATE (:FormerSighting {subject: row, touches: s.touches, until: $number})"
        " DELETE s",
        subjects,
        number=number,
    )
    _untouch_relationships(transaction, change_set.forgotten)
    return number


def _untouch_relationships(transaction: Transaction, subjects: Collection[str]) -> None:
    """A relationship was last seen by whoever is left."""
    for type_, of_type in seen_relationships(transaction, subjects).items():
        transaction.unwind(
            f"MATCH ()-[r:{type_} {{id: row}}]->()"
            " OPTIONAL MATCH (s:Sighting) WHERE s.subject STARTS WITH row + '@'"
            " WITH r, max(s.last_at) AS last SET r.last_seen_at = last",
            of_type,
        )
