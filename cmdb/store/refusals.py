"""When a change set is refused, decided alike for every store: each raises `Conflict`, or returns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cmdb.changeset import ChangeSet, KeyWrite
from cmdb.entities import Kind, Relationship
from cmdb.errors import Conflict
from cmdb.store.codec import is_same
from cmdb.store.protocol import KeyOwners
from cmdb.store.validation import EncodedWrite

_NAMED = 10
"""How many keys or ids a message names; `ids` holds all."""


def refuse_future(change_set: ChangeSet, newest: int) -> None:
    """Refuse a plan on a revision that this store has not reached, such as one made on another store."""
    if change_set.planned_at > newest:
        message = f"planned at revision {change_set.planned_at}, but the newest is {newest}; plan again on this store"
        raise Conflict(message)


def refuse_moved_keys(change_set: ChangeSet, moved: Mapping[str, Sequence[str]]) -> None:
    """Refuse when any key was written after the plan; `moved` holds those with their owners now, who are named."""
    if moved:
        owners = sorted({owner for names in moved.values() for owner in names})
        message = f"keys were written after revision {change_set.planned_at}: {_names(moved)}; plan again"
        raise Conflict(message, ids=owners)


def refuse_moved_ids(change_set: ChangeSet, moved: Collection[str]) -> None:
    """Refuse when any consulted entity was written after the plan."""
    if moved:
        message = f"entities were written after revision {change_set.planned_at}: {_names(moved)}; plan again"
        raise Conflict(message, ids=sorted(moved))


def refuse_other_state(encoded: EncodedWrite, body: str | None) -> None:
    """Refuse when the stored body, None for none, is not what the write says was before."""
    kind, before = encoded.write.kind, encoded.write.before
    if before is None:
        if body is not None:
            raise Conflict(f"{kind} {encoded.write.id!r} exists already; plan again", ids=[encoded.write.id])
    elif body is None:
        raise Conflict(f"{kind} {encoded.write.id!r} does not exist; plan again", ids=[encoded.write.id])
    elif body != encoded.before and not is_same(kind, before, body):
        raise Conflict(f"{kind} {encoded.write.id!r} was changed by another; plan again", ids=[encoded.write.id])


def new_keys(change_set: ChangeSet, stored: Mapping[str, KeyOwners]) -> list[KeyWrite]:
    """The key writes that say something new; removing what nobody owns does not."""
    nothing = KeyOwners((), is_strong=False, is_shared=False)
    return [
        key
        for key in change_set.keys
        if (found := stored.get(key.key, nothing)) != KeyOwners(key.owners, key.is_strong, key.is_shared)
        and (found.owners or key.owners)
    ]


@dataclass(frozen=True, slots=True)
class Ends:
    """CIs that new relationships `needed`, and CIs that the change set `ended`."""

    needed: frozenset[str]
    ended: frozenset[str]

    @staticmethod
    def of(writes: Sequence[EncodedWrite]) -> Ends:
        """The ends that these writes touch."""
        needed: set[str] = set()
        ended: set[str] = set()
        for encoded in writes:
            write = encoded.write
            if isinstance(write.after, Relationship) and write.before is None:
                needed.update((write.after.source, write.after.target))
            elif write.kind is Kind.CI and write.after is None:
                ended.add(write.id)
        return Ends(frozenset(needed), frozenset(ended))


def refuse_loose_ends(absent: Collection[str], held: Collection[str]) -> None:
    """Refuse relationships to CIs that are `absent`, and the end of CIs that relationships still hold."""
    if absent:
        raise Conflict(f"a relationship needs CIs that do not exist: {_names(absent)}; plan again", ids=sorted(absent))
    if held:
        raise Conflict(f"relationships hold CIs that would end: {_names(held)}; end those first", ids=sorted(held))


def _names(things: Collection[str]) -> str:
    shown = sorted(things)
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return ", ".join(repr(thing[:80]) for thing in shown[:_NAMED]) + more
