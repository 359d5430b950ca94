"""Erasure in the production store, inside one managed transaction: every node that repeats a state is rewritten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from cmdb.changeset import Revision, Write
from cmdb.entities import CI, Entity, Kind
from cmdb.store.codec import decode, encode
from cmdb.store.erasure import PERSON_PREFIX, Erasure, erased
from cmdb.store.neo4j.database import Transaction
from cmdb.store.neo4j.graph import write_graph
from cmdb.store.neo4j.instants import microseconds
from cmdb.store.neo4j.properties import LabelsOf, indexable, split_name
from cmdb.store.neo4j.writing import lock, recorded, write, write_revision
from cmdb.store.validation import CheckedChangeSet


def erase(
    transaction: Transaction, checked: CheckedChangeSet, now: dt.datetime, labels_of: LabelsOf, erasure: Erasure
) -> Revision:
    """Apply the change set and rewrite what the erasure names; a revision tells of it even if nothing else was written."""
    change_set = checked.change_set
    done = recorded(transaction, change_set.id)
    if done is not None:
        return done
    revision = write(transaction, checked, now, labels_of)
    if revision is None:
        counter = lock(transaction, change_set.id)
        at = now if counter.at is None else max(now, counter.at)
        number = counter.revision + 1
        revision = Revision(number, at, change_set.by, change_set.reason, change_set.id, change_set.run_id)
        write_revision(transaction, revision)
    _rewrite(transaction, erasure, labels_of)
    return revision


def _rewrite(transaction: Transaction, erasure: Erasure, labels_of: LabelsOf) -> None:
    changed = _rewrite_states(transaction, erasure, labels_of)
    _rewrite_names(transaction, changed)
    _drop_keys(transaction, sorted(erasure.cis))
    for login, pseudonym in erasure.logins.items():
        _rewrite_login(transaction, login, pseudonym)
    reasons = transaction.rows("MATCH (r:Revision) WHERE r.reason <> '' RETURN r.number, r.reason")
    new = [[number, text] for number, reason in reasons if (text := erasure.text(reason)) != reason]
    transaction.unwind("MATCH (r:Revision {number: row[0]}) SET r.reason = row[1]", new)


def _rewrite_states(transaction: Transaction, erasure: Erasure, labels_of: LabelsOf) -> set[str]:
    rows = transaction.rows(
        "MATCH (s:State) WHERE s.body IS NOT NULL AND any(needle IN $needles WHERE toLower(s.body) CONTAINS needle)"
        " RETURN s.place, s.kind, s.id, s.body, s.live IS NOT NULL",
        needles=list(erasure.needles()),
    )
    cis: set[str] = set()
    present: list[Write] = []
    bodies: list[list[object]] = []
    for place, kind_name, id_, body, is_present in rows:
        kind = Kind(kind_name)
        before: Entity = decode(kind, body)
        after = erased(kind, before, erasure)
        if after == before:
            continue
        bodies.append([place, encode(after)])
        if kind is Kind.CI:
            cis.add(id_)
        if is_present:
            present.append(Write(kind, id_, before, after))
    transaction.unwind("MATCH (s:State {place: row[0]}) SET s.body = row[1]", bodies)
    write_graph(transaction, present, labels_of)
    return cis


def _rewrite_names(transaction: Transaction, cis: Collection[str]) -> None:
    ids = sorted(cis)
    transaction.unwind("MATCH (n:FormerName {id: row}) DELETE n", ids)
    rows = transaction.unwind(
        "MATCH (s:State {kind: 'ci', id: row}) WHERE s.place >= 0 AND s.live IS NULL AND s.body IS NOT NULL RETURN s.body",
        ids,
    )
    named = {
        (ci.id, ci.class_name, *split_name(ci.name))
        for (body,) in rows
        if isinstance(ci := decode(Kind.CI, body), CI) and ci.merged_into is None
    }
    transaction.unwind(
        "MERGE (n:FormerName {id: row[0], class_name: row[1], folded_name: row[2], folded_name_rest: row[3]})",
        [list(each) for each in sorted(named)],
    )


def _drop_keys(transaction: Transaction, cis: list[str]) -> None:
    """Keys that nobody else ever held: a key is made of what identified its owner."""
    keys = transaction.rows(
        "MATCH (f:FormerKey) WHERE any(owner IN f.owners WHERE owner IN $cis) WITH DISTINCT f.key AS key"
        " WHERE NOT EXISTS { MATCH (o:FormerKey {key: key}) WHERE any(owner IN o.owners WHERE NOT owner IN $cis) }"
        " AND NOT EXISTS { MATCH (k:IdentityKey {key: key}) WHERE any(owner IN k.owners WHERE NOT owner IN $cis) }"
        " RETURN key",
        cis=cis,
    )
    own = [key for (key,) in keys]
    transaction.unwind("MATCH (k:IdentityKey {key: row}) WHERE size(k.owners) = 0 DELETE k", own)
    transaction.unwind("MATCH (f:FormerKey {key: row}) DELETE f", own)


def _rewrite_login(transaction: Transaction, login: str, pseudonym: str) -> None:
    source, instead = f"{PERSON_PREFIX}{login}", f"{PERSON_PREFIX}{pseudonym}"
    transaction.rows(
        "MATCH (n:Formerly) WHERE n.field = 'claim.source' AND n.value = $source SET n.value = $instead",
        source=indexable(source),
        instead=instead,
    )
    for text, other in ((login, pseudonym), (source, instead)):
        transaction.rows("MATCH (r:Revision) WHERE r.by = $text SET r.by = $other", text=text, other=other)
        transaction.rows("MATCH (t:Touch) WHERE t.source = $text SET t.source = $other", text=text, other=other)
    suffix, new_suffix = f"@{source}", f"@{instead}"
    for label in ("Sighting", "FormerSighting"):
        transaction.rows(
            f"MATCH (s:{label}) WHERE s.subject ENDS WITH $suffix"
            " SET s.subject = left(s.subject, size(s.subject) - size($suffix)) + $instead",
            suffix=suffix,
            instead=new_suffix,
        )
    transaction.rows(
        "MATCH (t:Touch) WHERE any(subject IN t.subjects WHERE subject ENDS WITH $suffix)"
        " SET t.subjects = [subject IN t.subjects | CASE WHEN subject ENDS WITH $suffix"
        " THEN left(subject, size(subject) - size($suffix)) + $instead ELSE subject END]",
        suffix=suffix,
        instead=new_suffix,
    )


def last_runs(transaction: Transaction, subjects: Collection[str]) -> dict[str, str]:
    """Run of the newest sighting of each subject."""
    rows = [[subject, indexable(subject)] for subject in sorted(set(subjects))]
    newest: dict[str, tuple[int, str]] = {}
    for label in ("Sighting", "FormerSighting"):
        found = transaction.unwind(
            f"MATCH (s:{label} {{subject: row[1]}}) WHERE s.until IS NULL UNWIND s.touches AS number"
            " MATCH (t:Touch {number: number})"
            f" RETURN row[0], {microseconds('t.at')}, t.run_id",
            rows,
        )
        for subject, at, run_id in found:
            newest[subject] = max(newest.get(subject, (at, run_id)), (at, run_id))
    return {subject: run for subject, (_, run) in newest.items() if run}


def keys_of(transaction: Transaction, cis: Collection[str]) -> tuple[str, ...]:
    """Keys that these CIs own; reads all keys."""
    rows = transaction.rows(
        "MATCH (k:IdentityKey) WHERE any(owner IN k.owners WHERE owner IN $cis) RETURN k.key ORDER BY k.key",
        cis=sorted(set(cis)),
    )
    return tuple(key for (key,) in rows)
