"""The state that a plan looks at: loaded when asked for, remembered, and noted as consulted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Protocol, cast

from cmdb.entities import CI, Claim, Entity, Kind, Parked, Redundancy, Relationship, Review
from cmdb.identity.keys import claims_key
from cmdb.store.protocol import PAGE_LIMIT, KeyOwners, Seen

NO_ONE = KeyOwners((), is_strong=False, is_shared=False)
"""A key that nobody holds."""


class Readable(Protocol):
    """What a plan reads of a store; see `Store`."""

    def revision(self) -> int: ...

    def get_many(self, kind: Kind, ids: Collection[str]) -> dict[str, Entity]: ...

    def find(self, kind: Kind, field: str, values: Collection[str], *, limit: int = ...) -> tuple[Entity, ...]: ...

    def scan(self, kind: Kind, *, after: str = ..., limit: int = ...) -> tuple[Entity, ...]: ...

    def owners(self, keys: Collection[str]) -> dict[str, KeyOwners]: ...

    def seen(self, subjects: Collection[str]) -> dict[str, Seen]: ...


class Snapshot:
    """Read-only view of a store for one plan; the store refuses the plan if anything consulted moved since `revision`."""

    def __init__(self, store: Readable) -> None:
        self._store = store
        self.revision = store.revision()
        self.consulted_keys: set[str] = set()
        self.consulted_ids: set[str] = set()
        self._entities: dict[tuple[Kind, str], Entity | None] = {}
        self._owners: dict[str, KeyOwners] = {}
        self._claims_of: dict[str, tuple[Claim, ...]] = {}
        self._seen: dict[str, Seen | None] = {}
        self._touching: dict[str, tuple[Relationship, ...]] = {}

    def load(self, kind: Kind, ids: Iterable[str]) -> None:
        """Read these entities at once; `get` then answers from memory."""
        missing = {id_ for id_ in ids if (kind, id_) not in self._entities}
        if missing:
            found = self._store.get_many(kind, missing)
            self.consulted_ids |= missing
            for id_ in missing:
                self._entities[kind, id_] = found.get(id_)

    def assume_absent(self, kind: Kind, id_: str) -> None:
        """Take for granted that a fresh id is in no store."""
        self._entities.setdefault((kind, id_), None)
        if kind is Kind.CI:
            self._claims_of.setdefault(id_, ())
            self._touching.setdefault(id_, ())

    def assume_unseen(self, subject: str) -> None:
        """Take for granted that no store has seen what is new."""
        self._seen.setdefault(subject, None)

    def get(self, kind: Kind, id_: str) -> Entity | None:
        """One entity, None when there is none."""
        asked = (kind, id_)
        if asked not in self._entities:
            self.load(kind, (id_,))
        return self._entities[asked]

    def ci(self, id_: str) -> CI | None:
        """One CI."""
        return cast("CI | None", self.get(Kind.CI, id_))

    def claim(self, id_: str) -> Claim | None:
        """One claim."""
        return cast("Claim | None", self.get(Kind.CLAIM, id_))

    def load_owners(self, keys: Iterable[str]) -> None:
        """Read the owners of these keys at once."""
        missing = {key for key in keys if key not in self._owners}
        if missing:
            found = self._store.owners(missing)
            self.consulted_keys |= missing
            for key in missing:
                self._owners[key] = found.get(key, NO_ONE)

    def owners(self, key: str) -> KeyOwners:
        """Who holds a key."""
        if key not in self._owners:
            self.load_owners((key,))
        return self._owners[key]

    def load_claims_of(self, cis: Iterable[str]) -> None:
        """Read all claims of these CIs, their sightings, and the owners of nothing else."""
        missing = sorted({ci for ci in cis if ci not in self._claims_of})
        if not missing:
            return
        self.load(Kind.CI, missing)
        self.consulted_keys |= {claims_key(ci) for ci in missing}
        found: dict[str, list[Claim]] = {ci: [] for ci in missing}
        for start in range(0, len(missing), 1000):
            for entity in self._find_all(Kind.CLAIM, "ci", missing[start : start + 1000]):
                claim = cast("Claim", entity)
                found[claim.ci].append(claim)
                self._entities[Kind.CLAIM, claim.id] = claim
                self.consulted_ids.add(claim.id)
        for ci, claims in found.items():
            self._claims_of[ci] = tuple(claims)
        self.load_seen([claim.id for claims in found.values() for claim in claims])

    def claims_of(self, ci: str) -> tuple[Claim, ...]:
        """All claims of a CI, in id order."""
        if ci not in self._claims_of:
            self.load_claims_of((ci,))
        return self._claims_of[ci]

    def load_seen(self, subjects: Collection[str]) -> None:
        """Read sightings at once."""
        missing = [subject for subject in subjects if subject not in self._seen]
        if missing:
            found = self._store.seen(missing)
            for subject in missing:
                self._seen[subject] = found.get(subject)

    def seen(self, subject: str) -> Seen | None:
        """First and last time that a claim or relationship was observed."""
        self.load_seen((subject,))
        return self._seen[subject]

    def last_seen(self, subject: str) -> dt.datetime | None:
        """When a claim or relationship was last observed."""
        seen = self.seen(subject)
        return seen.last_at if seen else None

    def first_seen(self, subject: str) -> dt.datetime | None:
        """When a claim or relationship was first observed."""
        self.load_seen((subject,))
        seen = self._seen[subject]
        return seen.first_at if seen else None

    def touching(self, ci: str) -> tuple[Relationship, ...]:
        """All live relationships from or to a CI."""
        if ci not in self._touching:
            both = {
                entity.id: cast("Relationship", entity)
                for field in ("source", "target")
                for entity in self._find_all(Kind.RELATIONSHIP, field, (ci,))
            }
            for id_, relationship in both.items():
                self._entities[Kind.RELATIONSHIP, id_] = relationship
            self.consulted_ids.add(ci)
            self._touching[ci] = tuple(both.values())
        return self._touching[ci]

    def groups_of(self, ci: str) -> tuple[Redundancy, ...]:
        """Redundancy groups of a CI, and those that it is a member of."""
        both = {
            entity.id: cast("Redundancy", entity)
            for field in ("of", "members")
            for entity in self._find_all(Kind.REDUNDANCY, field, (ci,))
        }
        return tuple(both.values())

    def reviews_of(self, ci: str) -> tuple[Review, ...]:
        """What a person is told of a CI."""
        return tuple(cast("Review", entity) for entity in self._find_all(Kind.REVIEW, "cis", (ci,)))

    def parked_for(self, waiting_for: Collection[str]) -> tuple[Parked, ...]:
        """Parked drafts that these keys or claims complete."""
        return tuple(cast("Parked", entity) for entity in self._find_all(Kind.PARKED, "waiting_for", waiting_for))

    def claims_of_source(self, source: str) -> Iterable[Claim]:
        """Every claim of a source; linear in what that source said."""
        return (cast("Claim", entity) for entity in self._find_all(Kind.CLAIM, "source", (source,)))

    def _find_all(self, kind: Kind, field: str, values: Collection[str]) -> tuple[Entity, ...]:
        if not values:
            return ()
        found = self._store.find(kind, field, values, limit=PAGE_LIMIT)
        if len(found) < PAGE_LIMIT:
            return found
        wanted = set(values)
        everything: list[Entity] = []
        after = ""
        while page := self._store.scan(kind, after=after):
            everything += [entity for entity in page if wanted & set(_field_values(entity, field))]
            after = page[-1].id
        return tuple(everything)


def _field_values(entity: Entity, field: str) -> tuple[str, ...]:
    value = getattr(entity, field)
    return value if isinstance(value, tuple) else (value,)
