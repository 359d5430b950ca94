# ruff: noqa: ARG002 - where there is nothing, nothing is looked at
"""Records of devices judged again from nothing, in the order of the times at which they were first heard of."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from cmdb.entities import Claim, Entity, Kind, Relationship
from cmdb.identity.keys import key
from cmdb.identity.match import Decision
from cmdb.observation import Draft
from cmdb.reconcile.identify import Identifier
from cmdb.reconcile.joins import join
from cmdb.reconcile.rows import Row
from cmdb.reconcile.settling import share_contested
from cmdb.reconcile.snapshot import NO_ONE, Snapshot
from cmdb.reconcile.workspace import Workspace, evidence_of
from cmdb.registry import Registry


@dataclass(frozen=True, slots=True)
class Word:
    """One record: what it says, when it was first and last heard of."""

    claim: Claim
    first_at: dt.datetime
    last_at: dt.datetime

    def order(self) -> tuple[dt.datetime, str]:
        """By time; a tie is settled by the source's name."""
        return self.first_at, self.claim.source


@dataclass(slots=True)
class Replayed:
    """How the records fall together, each group under the id of its oldest word's claim."""

    group_of: dict[str, str] = field(default_factory=dict)
    """Group by claim id."""
    decisions: dict[str, Decision] = field(default_factory=dict)
    """By claim id; the ids in them are groups."""
    shared: frozenset[str] = frozenset()
    """Keys that identify nobody."""
    many: frozenset[str] = frozenset()
    """Keys that several hold and that identify all the same."""
    disputed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys that do not identify a record, by claim id."""

    def groups(self) -> set[frozenset[str]]:
        """Claim ids that are one CI."""
        return {frozenset(members) for members in self.members().values()}

    def members(self) -> dict[str, list[str]]:
        """Claim ids by group."""
        found: dict[str, list[str]] = {}
        for claim, group in self.group_of.items():
            found.setdefault(group, []).append(claim)
        return found


class _Nothing(Snapshot):
    """A store in which there is nothing."""

    def __init__(self) -> None:
        self._owners = {}
        self.consulted_keys = set()
        self.consulted_ids = set()

    def load(self, kind: Kind, ids: Iterable[str]) -> None:
        """Nothing is there to read."""

    def get(self, kind: Kind, id_: str) -> Entity | None:
        """Nothing is there."""
        return None

    def load_owners(self, keys: Iterable[str]) -> None:
        """Nobody holds a key."""
        for each in keys:
            self._owners[each] = NO_ONE

    def load_claims_of(self, cis: Iterable[str]) -> None:
        """Nobody said anything."""

    def claims_of(self, ci: str) -> tuple[Claim, ...]:
        """Nobody said anything."""
        return ()

    def load_seen(self, subjects: Collection[str]) -> None:
        """Nothing was seen."""

    def last_seen(self, subject: str) -> dt.datetime | None:
        """Nothing was seen."""
        return None

    def touching(self, ci: str) -> tuple[Relationship, ...]:
        """Nothing is related."""
        return ()

    def groups_of(self, ci: str) -> tuple[()]:
        """Nothing is redundant."""
        return ()

    def _find_all(self, kind: Kind, field: str, values: Collection[str]) -> tuple[Entity, ...]:
        return ()

    def assume_absent(self, kind: Kind, id_: str) -> None:
        """Everything is absent."""

    def assume_unseen(self, subject: str) -> None:
        """Everything is unseen."""


_START = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def replay(words: Sequence[Word], registry: Registry) -> Replayed:
    """Judge the words one after the other: by time, then source; of one source and time strongest first, then by record."""
    scratch = Workspace(_Nothing())
    numbers = itertools.count()
    identifier = Identifier(scratch, registry, now=_START, make_id=lambda _: f"group-{next(numbers):06}")
    result = Replayed()
    rows = [(word, row_of(word.claim, word.first_at, registry)) for word in words]
    rows.sort(key=lambda pair: (*pair[0].order(), pair[1].strength(), pair[0].claim.record))
    lasts: dict[str, dt.datetime] = {}
    for _, batch in itertools.groupby(rows, key=lambda pair: pair[0].order()):
        touched = [_land(scratch, identifier, registry, word, row, result, lasts) for word, row in batch]
        for ci in touched:
            share_contested(scratch, scratch.remaining(ci))
    result.group_of = {id_: scratch.remaining(group) for id_, group in result.group_of.items()}
    result.shared = frozenset(scratch.shared_keys())
    result.many = frozenset(scratch.keys_of_many())
    return result


def _land(
    scratch: Workspace,
    identifier: Identifier,
    registry: Registry,
    word: Word,
    row: Row,
    result: Replayed,
    lasts: dict[str, dt.datetime],
) -> str:
    # a record of the source that was heard of before and after was there in this run too
    for id_, last_at in lasts.items():
        if word.first_at <= last_at:
            scratch.see(id_, word.first_at)
    decision = identifier.judge(row)
    ci = identifier.ci_for(row, decision)
    for other in decision.joins:
        ci = join(scratch, registry, ci, other)
    for kind, value in decision.told_apart:
        scratch.allow_many(key(kind, value))
    for kind, value in decision.shared:
        scratch.share(key(kind, value))
    disputed = tuple(sorted({key(kind, value) for kind, value in decision.disputed}))
    scratch.put_claim(msgspec.structs.replace(word.claim, ci=ci, disputed=disputed))
    scratch.see(word.claim.id, word.first_at)
    lasts[word.claim.id] = word.last_at
    result.group_of[word.claim.id] = ci
    result.decisions[word.claim.id] = decision
    result.disputed[word.claim.id] = disputed
    return ci


def row_of(claim: Claim, at: dt.datetime, registry: Registry) -> Row:
    """A record as a row that says at once all that it is known by."""
    return Row(
        draft=Draft(
            local_id="",
            class_name=claim.class_name,
            name=claim.name,
            native_key=claim.native_key,
            is_reference=claim.record.startswith("reference:"),
        ),
        source=claim.source,
        network=claim.network,
        run_id="",
        at=at,
        spec=registry.get(claim.class_name),
        values={name: kept.value for name, kept in claim.values.items()},
        name=claim.name,
        host=None,
        evidence=evidence_of(claim),
        set_aside=(),
    )
