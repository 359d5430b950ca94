"""Everything that a store shows of what is, as one value to compare."""

from __future__ import annotations

from typing import cast

import msgspec

from cmdb.entities import CI, Claim, Kind, Redundancy, Relationship
from cmdb.identity.keys import claims_key
from cmdb.store.protocol import Store

Picture = dict[str, object]
KINDS = (Kind.CI, Kind.RELATIONSHIP, Kind.REDUNDANCY, Kind.CLAIM, Kind.REVIEW, Kind.PARKED)


def picture(store: Store) -> Picture:
    """Every entity, the owners of every key, and first and last sightings of all claims, relationships and groups."""
    found: Picture = {}
    subjects: list[str] = []
    cis: list[str] = []
    for kind in KINDS:
        for entity in store.scan(kind):
            found[f"{kind} {entity.id}"] = msgspec.to_builtins(entity)
            match entity:
                case CI():
                    cis.append(entity.id)
                case Claim():
                    subjects.append(entity.id)
                case Relationship():
                    subjects += [f"{entity.id}@{source}" for source in entity.claimed]
                case Redundancy():
                    subjects += [f"{entity.id}@{source}" for source in entity.sources]
                case _:
                    pass
    for key, owners in store.owners(store.keys_of(cis)).items():
        # only says when the claims of a CI were counted last
        if key not in {claims_key(ci) for ci in cis}:
            found[f"key {key}"] = (owners.owners, owners.is_shared, owners.is_strong)
    for subject, seen in store.seen(subjects).items():
        found[f"seen {subject}"] = (seen.first_at, seen.last_at)
    return found


def difference(one: Picture, other: Picture) -> dict[str, tuple[object, object]]:
    """What differs, by name; empty when they are the same."""
    names = sorted({*one, *other})
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def check_same(one: Picture, other: Picture) -> None:
    """Fail with what differs."""
    found = difference(one, other)
    assert not found, "\n".join(f"{name}: {left} is not {right}" for name, (left, right) in found.items())


def values_of(store: Store) -> dict[str, tuple[object, ...]]:
    """Class, name, lifecycle and attributes by id, of CIs that are not merged."""
    return {
        ci.id: (ci.class_name, ci.name, ci.lifecycle, ci.attributes)
        for ci in cast("tuple[CI, ...]", store.scan(Kind.CI))
        if ci.merged_into is None
    }
