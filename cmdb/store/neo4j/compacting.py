"""States and sightings that no kept point of the past shows are dropped, a bounded transaction at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from cmdb.errors import Gone
from cmdb.store.neo4j.database import Database, Transaction
from cmdb.store.neo4j.instants import instant, microseconds
from cmdb.store.neo4j.past import last_place
from cmdb.store.neo4j.properties import indexable
from cmdb.store.protocol import Horizon, Then
from cmdb.store.thinning import thinned

_STATES = 2_000
_SUBJECTS = 1_000
_TOUCHES = 20
_HORIZON = "MATCH (h:Horizon {name: 'compaction'})"
_LOCK = "MATCH (c:Counter {name: 'revision'}) SET c.written_by = 'compaction'"


def horizon(transaction: Transaction) -> Horizon | None:
    """The horizon, None when everything is kept."""
    rows = transaction.rows(f"{_HORIZON} RETURN h.revision, h.touch, {microseconds('h.at')}")
    return Horizon(Then(rows[0][0], rows[0][1]), instant(rows[0][2])) if rows else None


def snapped(transaction: Transaction, then: Then) -> Then:
    """The point itself, or the last kept one before it."""
    found = horizon(transaction)
    if found is None:
        return then
    revision, touch = then.revision, then.touch
    if revision < found.then.revision:
        revision = _kept(transaction, "KeptRevision", revision)
    if touch < found.then.touch:
        touch = _kept(transaction, "KeptTouch", touch)
    return Then(revision, touch)


def _kept(transaction: Transaction, label: str, number: int) -> int:
    rows = transaction.rows(
        f"MATCH (k:{label}) WHERE k.number <= $number RETURN k.number ORDER BY k.number DESC LIMIT 1", number=number
    )
    return int(rows[0][0]) if rows else 0


def refuse_gone(transaction: Transaction, revision: int) -> None:
    """Raise `Gone` when the feed after a revision is not complete any more."""
    found = horizon(transaction)
    if found is None or not 0 < revision < found.then.revision:
        return
    if _kept(transaction, "KeptRevision", revision) != revision:
        raise Gone(
            f"the feed after revision {revision} is not kept any more; read everything anew,"
            f" and go on from revision {found.then.revision} or later"
        )


def compact(database: Database, upto: Horizon, kept: Collection[Then]) -> Iterator[int]:
    """As `Store.compact`."""
    database.write(lambda transaction: _declare(transaction, upto, kept))
    yield 0
    yield from _states(database)
    yield from _sightings(database)
    yield from _touches(database)


def _declare(transaction: Transaction, upto: Horizon, kept: Collection[Then]) -> None:
    transaction.rows(
        f"{_LOCK} MERGE (h:Horizon {{name: 'compaction'}}) ON CREATE SET h.revision = 0, h.touch = 0, h.at = $at,"
        " h.done_revision = 0, h.done_touch = 0"
        " WITH h SET h.revision = CASE WHEN $revision > h.revision THEN $revision ELSE h.revision END,"
        " h.touch = CASE WHEN $touch > h.touch THEN $touch ELSE h.touch END,"
        " h.at = CASE WHEN $at > h.at THEN $at ELSE h.at END",
        revision=upto.then.revision,
        touch=upto.then.touch,
        at=upto.at,
    )
    transaction.unwind("MERGE (:KeptRevision {number: row})", sorted({each.revision for each in kept}))
    transaction.unwind("MERGE (:KeptTouch {number: row})", sorted({each.touch for each in kept}))


def _states(database: Database) -> Iterator[int]:
    rows = database.read(
        lambda transaction: transaction.rows(
            f"{_HORIZON} OPTIONAL MATCH (k:KeptRevision) WHERE k.number > h.done_revision AND k.number <= h.revision"
            " WITH h, k ORDER BY k.number RETURN h.done_revision, collect(k.number)"
        )
    )
    done, points = rows[0]
    for point in points:
        for drop in (_drop_superseded, _drop_nothing):
            count = _STATES
            while count == _STATES:
                count = database.write(partial(drop, first=last_place(done), last=last_place(point)))
                if count:
                    yield count
        database.write(partial(_done, point=point))
        done = point


def _done(transaction: Transaction, *, point: int) -> None:
    transaction.rows(f"{_HORIZON} SET h.done_revision = $point", point=point)


def _drop_superseded(transaction: Transaction, *, first: int, last: int) -> int:
    """Drop states that ended before a place, mending the chain of each entity; how many were dropped."""
    rows = transaction.rows(
        f"{_LOCK} WITH c MATCH (s:State) WHERE s.place > $first AND s.place <= $last"
        " OPTIONAL MATCH (n:State {kind: s.kind, id: s.id}) WHERE s.body IS NULL AND n.place > s.place"
        " WITH s, min(n.place) AS remade WITH s, CASE WHEN s.body IS NULL THEN remade ELSE s.until END AS next"
        " WHERE next <= $last"
        " RETURN s.place, next, s.previous ORDER BY s.place LIMIT $limit",
        first=first,
        last=last,
        limit=_STATES,
    )
    before: dict[int, int | None] = {}
    untils: dict[int, int] = {}
    previous: dict[int, int | None] = {}
    for place, following, earlier in rows:
        left = before.get(earlier, earlier) if earlier is not None else None
        before[place] = left
        if left is not None:
            untils[left] = following
        previous.pop(place, None)
        previous[following] = left
    transaction.unwind("MATCH (s:State {place: row}) DETACH DELETE s", [place for place, _, _ in rows])
    transaction.unwind("MATCH (s:State {place: row[0]}) SET s.until = row[1]", [list(pair) for pair in untils.items()])
    transaction.unwind(
        "MATCH (s:State {place: row[0]}) SET s.previous = row[1]", [list(pair) for pair in previous.items()]
    )
    return len(rows)


def _drop_nothing(transaction: Transaction, *, first: int, last: int) -> int:
    """Drop ends of what no kept state knows."""
    rows = transaction.rows(
        f"{_LOCK} WITH c MATCH (s:State) WHERE s.place > $first AND s.place <= $last AND s.body IS NULL"
        " AND NOT EXISTS { MATCH (p:State {place: s.previous}) WHERE p.body IS NOT NULL }"
        " WITH s LIMIT $limit DETACH DELETE s RETURN count(*)",
        first=first,
        last=last,
        limit=_STATES,
    )
    return int(rows[0][0])


def _sightings(database: Database) -> Iterator[int]:
    kept = database.read(_kept_touches)
    after: str | None = ""
    while after is not None:
        after, dropped = database.write(partial(_thin_after, after=after, kept=kept))
        if dropped:
            yield dropped


def _kept_touches(transaction: Transaction) -> list[int]:
    rows = transaction.rows(
        f"{_HORIZON} MATCH (k:KeptTouch) WHERE k.number <= h.touch RETURN k.number ORDER BY k.number"
    )
    return [number for (number,) in rows]


def _thin_after(transaction: Transaction, *, after: str, kept: Sequence[int]) -> tuple[str | None, int]:
    """Rewrite the touches of the next subjects, those that were not taken back; the last subject, and how many were dropped."""
    rows = transaction.rows(
        f"{_LOCK} WITH c MATCH (s:Sighting) WHERE s.subject > $after WITH s ORDER BY s.subject LIMIT $limit"
        " OPTIONAL MATCH (f:FormerSighting {subject: s.subject}) WHERE f.until IS NULL"
        " WITH s, collect(f.touches) AS former"
        " RETURN s.subject, reduce(all = [], each IN former | all + each) + coalesce(s.touches, []) ORDER BY s.subject",
        after=after,
        limit=_SUBJECTS,
    )
    if not rows:
        return None, 0
    numbers = sorted({number for _, found in rows for number in found})
    times = {
        number: int(at)
        for number, at in transaction.unwind(
            f"MATCH (t:Touch {{number: row}}) RETURN row, {microseconds('t.at')}", numbers
        )
    }
    left = [(subject, found, thinned(sorted(found), times, kept)) for subject, found in rows]
    fewer = [[subject, stay] for subject, found, stay in left if len(stay) < len(found)]
    transaction.unwind("MATCH (f:FormerSighting {subject: row[0]}) WHERE f.until IS NULL DELETE f", fewer)
    transaction.unwind(
        "MATCH (s:Sighting {subject: row[0]}) SET s.touches = []"
        " CREATE (:FormerSighting {subject: row[0], touches: row[1]})",
        fewer,
    )
    return str(rows[-1][0]), sum(len(found) - len(stay) for _, found, stay in left)


def _touches(database: Database) -> Iterator[int]:
    while database.write(_clear_touches):
        yield 0


def _clear_touches(transaction: Transaction) -> bool:
    """Touches name only whom they still count for; one that counts for nobody goes, unless a kept point is named by it."""
    rows = transaction.rows(
        f"{_LOCK} WITH c {_HORIZON} MATCH (t:Touch) WHERE t.number > h.done_touch AND t.number <= h.touch"
        " RETURN t.number, t.subjects ORDER BY t.number LIMIT $limit",
        limit=_TOUCHES,
    )
    if not rows:
        return False
    subjects = sorted({subject for _, found in rows for subject in found})
    counted: set[tuple[str, int]] = set()
    for label in ("Sighting", "FormerSighting"):
        held = transaction.unwind(
            f"MATCH (s:{label} {{subject: row[1]}}) UNWIND s.touches AS number RETURN row[0], number",
            [[subject, indexable(subject)] for subject in subjects],
        )
        counted.update((subject, number) for subject, number in held)
    left = [[number, [subject for subject in found if (subject, number) in counted]] for number, found in rows]
    transaction.unwind("MATCH (t:Touch {number: row[0]}) SET t.subjects = row[1]", left)
    transaction.unwind(
        "MATCH (t:Touch {number: row}) WHERE NOT EXISTS { MATCH (:KeptTouch {number: row}) } DELETE t",
        [number for number, found in left if not found],
    )
    transaction.rows(f"{_HORIZON} SET h.done_touch = $number", number=rows[-1][0])
    return True
