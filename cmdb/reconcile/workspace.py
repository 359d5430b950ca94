"""What a plan has decided so far, over the snapshot that it started from; ends as the writes of a change set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import cast

from cmdb.changeset import KeyWrite, Sighting, Write
from cmdb.entities import CI, Claim, Entity, Kind, Redundancy, Relationship
from cmdb.identity.evidence import IDENTIFYING, STRONG, Evidence, union, without
from cmdb.identity.evidence import Kind as Evident
from cmdb.identity.keys import claims_key, disputed_key, fingerprint_key, keys_of
from cmdb.identity.keys import key as identity_key
from cmdb.reconcile.snapshot import Snapshot
from cmdb.store.protocol import Seen


class Workspace:
    """Entities, key owners and sightings as they will be; mutable inside one plan only."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._entities: dict[tuple[Kind, str], Entity | None] = {}
        self._claims_of: dict[str, set[str]] = {}
        self._touching: dict[str, set[str]] = {}
        self._put_touching: dict[str, set[str]] = {}
        self._owners: dict[str, set[str]] = {}
        self._shared: dict[str, bool] = {}
        self._may_be_many: set[str] = set()
        self._given: set[str] = set()
        self._seen: dict[str, dt.datetime] = {}
        self._seen_anew: dict[str, Seen | None] = {}
        self._first: dict[str, dt.datetime] = {}
        self._evidence: dict[str, Evidence] = {}
        self.touched: dict[str, None] = {}
        """CIs to settle, in the order they were touched."""
        self.seen_now: set[str] = set()
        """Claims that this plan's rows reported."""
        self.refused: dict[str, dict[str, dt.datetime]] = {}
        """Relationships that people deny and that this plan's sources say: by id, then source, when."""
        self.moved: dict[str, str] = {}
        """CIs joined in this plan, to the one that remains."""

    # entities
    def get(self, kind: Kind, id_: str) -> Entity | None:
        """The entity as decided so far."""
        if (kind, id_) in self._entities:
            return self._entities[kind, id_]
        return self.snapshot.get(kind, id_)

    def put(self, kind: Kind, entity: Entity) -> None:
        """Make or replace an entity."""
        self._entities[kind, entity.id] = entity

    def end(self, kind: Kind, id_: str) -> None:
        """End an entity."""
        self._entities[kind, id_] = None

    def ci(self, id_: str) -> CI:
        """A CI that is known to exist, followed through joins."""
        found = self.get(Kind.CI, self.remaining(id_))
        assert found is not None, id_
        return cast("CI", found)

    def remaining(self, id_: str) -> str:
        """The id that a CI goes by now, after joins of this plan."""
        while id_ in self.moved:
            id_ = self.moved[id_]
        return id_

    def living(self, id_: str) -> str:
        """The id that a CI goes by now, after joins of this plan and of earlier ones."""
        ci = self.ci(id_)
        while ci.merged_into is not None:
            ci = self.ci(ci.merged_into)
        return ci.id

    def is_new(self, ci: str) -> bool:
        """Whether this plan makes the CI."""
        return self.snapshot.ci(ci) is None

    def make(self, ci: CI) -> None:
        """Add a CI that no store knows yet."""
        self.snapshot.assume_absent(Kind.CI, ci.id)
        self._claims_of[ci.id] = set()
        self._touching[ci.id] = set()
        self.put(Kind.CI, ci)
        self.touch(ci.id)

    # claims
    def claims_of(self, ci: str) -> list[Claim]:
        """A CI's claims, in id order."""
        if ci not in self._claims_of:
            self._claims_of[ci] = {claim.id for claim in self.snapshot.claims_of(ci)}
        return [
            claim for id_ in sorted(self._claims_of[ci]) if (claim := cast("Claim | None", self.get(Kind.CLAIM, id_)))
        ]

    def put_claim(self, claim: Claim) -> None:
        """Make or replace a claim, moving it from the CI that it was on."""
        before = cast("Claim | None", self.get(Kind.CLAIM, claim.id))
        if before is not None and before.ci != claim.ci:
            self.claims_of(before.ci)
            self._claims_of[before.ci].discard(claim.id)
            self.touch(before.ci)
        self.claims_of(claim.ci)
        self._claims_of[claim.ci].add(claim.id)
        self.put(Kind.CLAIM, claim)
        self.touch(claim.ci)
        self._move_keys(before, claim)
        if (before is None or before.ci != claim.ci) and not self.is_new(claim.ci):
            self._given.add(claim.ci)

    def _move_keys(self, before: Claim | None, after: Claim) -> None:
        """Have the CIs own what their claims say, so that the next row of the plan meets it."""
        now = {full for full, _ in claim_keys(after)}
        if before is not None:
            lost = {full for full, _ in claim_keys(before)}
            if before.ci == after.ci:
                lost -= now
            if lost:
                lost -= {full for claim in self.claims_of(before.ci) for full, _ in claim_keys(claim)}
            for full in lost:
                self.disown(full, before.ci)
        for full in now:
            self.own(full, after.ci)

    def end_claim(self, claim: Claim) -> None:
        """End a claim whose record another one carries on."""
        self.claims_of(claim.ci)
        self._claims_of[claim.ci].discard(claim.id)
        self.end(Kind.CLAIM, claim.id)
        self.touch(claim.ci)

    def touch(self, ci: str) -> None:
        """Have the CI settled at the end; its evidence is gathered anew."""
        self.touched[ci] = None
        self._evidence.pop(ci, None)

    # relationships
    def touching(self, ci: str) -> list[Relationship]:
        """Live relationships from or to a CI."""
        if ci not in self._touching:
            self._touching[ci] = {relationship.id for relationship in self.snapshot.touching(ci)}
        ids = self._touching[ci] | self._put_touching.get(ci, set())
        found = (self.get(Kind.RELATIONSHIP, id_) for id_ in sorted(ids))
        return [cast("Relationship", relationship) for relationship in found if relationship is not None]

    def put_relationship(self, relationship: Relationship) -> None:
        """Make or replace a relationship."""
        for end in (relationship.source, relationship.target):
            self._put_touching.setdefault(end, set()).add(relationship.id)
        self.put(Kind.RELATIONSHIP, relationship)

    def groups_of(self, ci: str) -> list[Redundancy]:
        """Redundancy groups around a CI, as stored before this plan or decided since."""
        ids = {group.id for group in self.snapshot.groups_of(ci)}
        ids |= {id_ for kind, id_ in self._entities if kind is Kind.REDUNDANCY}
        found = (cast("Redundancy | None", self.get(Kind.REDUNDANCY, id_)) for id_ in sorted(ids))
        return [group for group in found if group is not None and ci in (group.of, *group.members)]

    # keys
    def owners(self, key: str) -> set[str]:
        """CIs that hold a key, as decided so far."""
        if key not in self._owners:
            stored = self.snapshot.owners(key)
            self._owners[key] = set(stored.owners)
            self._shared[key] = stored.is_shared
        return self._owners[key]

    def is_shared(self, key: str) -> bool:
        """Whether a key identifies nobody."""
        self.owners(key)
        return self._shared[key]

    def share(self, key: str) -> None:
        """Let a key identify nobody from now on."""
        if not self.is_shared(key):
            self._shared[key] = True
            for owner in self.owners(key):
                self._evidence.pop(owner, None)

    def unshare(self, key: str) -> None:
        """Let a key identify again whoever is left to hold it."""
        if self.is_shared(key):
            self._shared[key] = False
            for owner in self.owners(key):
                self._evidence.pop(owner, None)

    def hand(self, key: str, owners: Iterable[str], *, is_shared: bool) -> None:
        """Give a key to exactly these CIs; several that hold one that still identifies are told apart by something else."""
        held = self.owners(key)
        for owner in held:
            self._evidence.pop(owner, None)
        self._owners[key] = set(owners)
        self._shared[key] = is_shared
        if len(self._owners[key]) > 1 and not is_shared:
            self.allow_many(key)

    def shared_keys(self) -> set[str]:
        """Keys looked at so far that identify nobody."""
        return {key for key, is_shared in self._shared.items() if is_shared}

    def keys_of_many(self) -> set[str]:
        """Keys that this plan allowed several CIs to hold."""
        return set(self._may_be_many)

    def allow_many(self, key: str) -> None:
        """Let several CIs hold a key that still identifies, since something else always tells them apart."""
        self._may_be_many.add(key)

    def may_be_many(self, key: str) -> bool:
        """Whether several CIs may hold the key."""
        return key in self._may_be_many or len(self.snapshot.owners(key).owners) > 1

    def own(self, key: str, ci: str) -> None:
        """Give a key to a CI as well."""
        self.owners(key).add(ci)

    def disown(self, key: str, ci: str) -> None:
        """Take a key from a CI."""
        self.owners(key).discard(ci)

    def gained(self) -> list[str]:
        """Keys that have an owner now whom the store does not know yet, and those that a new record says."""
        found = {key for key, owners in self._owners.items() if owners.difference(self.snapshot.owners(key).owners)}
        for (kind, id_), entity in self._entities.items():
            if kind is Kind.CLAIM and isinstance(entity, Claim) and self.snapshot.get(kind, id_) is None:
                found |= {full for full, _ in claim_keys(entity)}
        return sorted(found)

    # sightings
    def last_seen(self, subject: str) -> dt.datetime | None:
        """When a subject was last observed, this plan's rows included."""
        now, before = self._seen.get(subject), self._stored_last_seen(subject)
        return before if now is None or (before is not None and before > now) else now

    def _stored_last_seen(self, subject: str) -> dt.datetime | None:
        if subject in self._seen_anew:
            anew = self._seen_anew[subject]
            return anew.last_at if anew is not None else None
        return self.snapshot.last_seen(subject)

    def see_anew(self, subject: str, seen: Seen | None) -> None:
        """Have the sightings so far count no more, and these instead; None: it was never seen."""
        if self.snapshot.seen(subject) == seen:
            self._seen_anew.pop(subject, None)
        else:
            self._seen_anew[subject] = seen

    def see(self, subject: str, at: dt.datetime) -> None:
        """Note a sighting."""
        before = self._seen.get(subject)
        if before is None or before < at:
            self._seen[subject] = at
        first = self._first.get(subject)
        if first is None or at < first:
            self._first[subject] = at

    def first_seen(self, subject: str) -> dt.datetime | None:
        """When a subject was first observed, this plan's rows included."""
        now, before = self._first.get(subject), self._stored_first_seen(subject)
        return before if now is None or (before is not None and before < now) else now

    def _stored_first_seen(self, subject: str) -> dt.datetime | None:
        if subject in self._seen_anew:
            anew = self._seen_anew[subject]
            return anew.first_at if anew is not None else None
        return self.snapshot.first_seen(subject)

    # evidence
    def evidence(self, ci: str) -> Evidence:
        """The union of the CI's claims, less shared and disputed values."""
        if ci not in self._evidence:
            pieces = [without(evidence_of(claim), frozenset(_disputed(claim))) for claim in self.claims_of(ci)]
            merged = union(pieces)
            self._evidence[ci] = self.identifying(merged)
        return self._evidence[ci]

    def identifying(self, evidence: Evidence) -> Evidence:
        """The evidence less what is shared by several CIs."""
        pairs = [(kind, value) for kind in IDENTIFYING for value in evidence.get(kind, ())]
        self.snapshot.load_owners(identity_key(kind, value) for kind, value in pairs)
        shared = frozenset((kind, value) for kind, value in pairs if self.is_shared(identity_key(kind, value)))
        return without(evidence, shared) if shared else evidence

    # the outcome
    def writes(self) -> tuple[Write, ...]:
        """Every entity whose end differs from its beginning, in a stable order."""
        writes = []
        for (kind, id_), after in self._entities.items():
            before = self.snapshot.get(kind, id_)
            if before != after:
                writes.append(Write(kind, id_, before, after))
        return tuple(writes)

    def key_writes(self) -> tuple[KeyWrite, ...]:
        """Every key whose owners or state differ from the store's."""
        writes = []
        for key, owners in self._owners.items():
            stored = self.snapshot.owners(key)
            now = tuple(sorted(owners))
            is_shared = self._shared[key]
            if now == stored.owners and is_shared == stored.is_shared:
                continue
            is_strong = _is_strong_key(key) and (is_shared or len(now) < 2 or not self.may_be_many(key))
            writes.append(KeyWrite(key, now, is_strong, is_shared))
        writes += [KeyWrite(claims_key(ci), (ci,), is_strong=False) for ci in sorted(self._given - set(self.moved))]
        writes += [KeyWrite(claims_key(ci), (), is_strong=False) for ci in sorted(self.moved)]
        return tuple(writes)

    def sightings(self) -> tuple[Sighting, ...]:
        """What was seen, where that moves *last seen* forward or *first seen* back."""
        self.snapshot.load_seen(list(self._seen))
        moved = []
        for subject, at in self._seen.items():
            before = self._stored_last_seen(subject)
            if before is None or before < at:
                moved.append(Sighting(subject, at))
            first, earliest = self._stored_first_seen(subject), self._first[subject]
            if earliest < (first or at):
                moved.append(Sighting(subject, earliest))
        anew = [
            Sighting(subject, at)
            for subject, seen in self._seen_anew.items()
            if seen is not None
            for at in sorted({seen.first_at, seen.last_at})
        ]
        return (*anew, *moved)

    def forgotten(self) -> frozenset[str]:
        """Subjects whose sightings so far count no more."""
        return frozenset(self._seen_anew)


def claim_keys(claim: Claim) -> list[tuple[str, bool]]:
    """The keys that a claim gives its CI, each with whether it is strong."""
    keys = [(full, kind in STRONG) for kind, _, full in keys_of(evidence_of(claim)) if full not in claim.disputed]
    keys += [(disputed_key(full), False) for full in claim.disputed]
    if claim.native_key is None and claim.identifiers:
        keys.append((fingerprint_key(claim.source, claim.network, claim.fingerprint), False))
    return keys


def evidence_of(claim: Claim) -> Evidence:
    """A claim's identifying values."""
    return {Evident(kind): frozenset(values) for kind, values in claim.identifiers.items()}


def as_identifiers(evidence: Mapping[Evident, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Evidence as a claim keeps it."""
    return {kind.value: tuple(sorted(values)) for kind, values in sorted(evidence.items()) if values}


def _disputed(claim: Claim) -> list[tuple[Evident, str]]:
    pairs = (disputed.split("|", 1) for disputed in claim.disputed)
    return [(Evident(kind), value) for kind, value in pairs]


_STRONG_PREFIXES = frozenset({*(kind.value for kind in STRONG), "inside", "content"})


def _is_strong_key(key: str) -> bool:
    return key.split("|", 1)[0] in _STRONG_PREFIXES
