"""A claim told anew without what was said in a window of time: the newest of the remaining words about each attribute.

A word is a value and the time at which it was said (by the time of observation). The states that a claim went through, and its
sightings, hold every word that some later one did not replace at the same time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from cmdb.classes.spec import Family
from cmdb.entities import Claim, ClaimValue
from cmdb.identity.evidence import gather
from cmdb.identity.keys import fingerprint
from cmdb.reconcile.claims import is_edit
from cmdb.reconcile.edits import with_values
from cmdb.reconcile.workspace import as_identifiers
from cmdb.registry import Registry
from cmdb.store.protocol import Seen
from cmdb.values import Value

MOST_MISSED = 10
"""Times of looks that missed a record, as a claim keeps them (`reconcile.absence`)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Times of observation from `start` to `end`, both included; None is without bound."""

    start: dt.datetime | None = None
    end: dt.datetime | None = None

    @property
    def is_all(self) -> bool:
        """Whether every time is in it."""
        return self.start is None and self.end is None

    def __contains__(self, at: dt.datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at <= self.end)


NEVER = Window(start=dt.datetime.max.replace(tzinfo=dt.UTC), end=dt.datetime.min.replace(tzinfo=dt.UTC))
"""The window without any time in it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A state of a claim, and when it was seen to say what it says; oldest first."""

    claim: Claim
    times: tuple[dt.datetime, ...]


@dataclass(frozen=True, slots=True)
class Retold:
    """A claim without the words of a window, and its remaining sightings."""

    claim: Claim
    seen: Seen | None


@dataclass(slots=True)
class _Words:
    values: dict[str, tuple[dt.datetime, ClaimValue]] = field(default_factory=dict)
    name: tuple[dt.datetime, str] | None = None
    class_name: str | None = None
    times: set[dt.datetime] = field(default_factory=set)
    missed: set[dt.datetime] = field(default_factory=set)


def without(now: Claim, heard: Sequence[Heard], window: Window, registry: Registry) -> Retold | None:
    """The claim `now` without what was said in the window; None when nothing is left of it, itself when it said nothing there."""
    if is_edit(now):
        return _edit_without(now, [one.claim for one in heard], window, registry)
    words = _Words()
    for one in heard:
        words.missed |= {at for at in one.claim.missing_at if at not in window}
        for seen_at in one.times:
            _hear(words, one.claim, seen_at, window)
    if not words.times:
        return None
    said_in_window = any(at in window for one in heard for at in one.times)
    if not said_in_window and not any(at in window for at in now.missing_at):
        return Retold(now, Seen(min(words.times), max(words.times)))
    return _told(now, words, registry)


def joined(newer: Claim, newer_seen: dt.datetime, older: Claim, older_seen: dt.datetime, registry: Registry) -> Claim:
    """`newer` with the words of `older` that it does not replace, each with its own age."""
    words = _Words()
    for claim, at in sorted(((older, older_seen), (newer, newer_seen)), key=lambda each: each[1]):
        words.missed |= set(claim.missing_at)
        _hear(words, claim, at, NEVER)
    return _told(newer, words, registry).claim


def _hear(words: _Words, claim: Claim, seen_at: dt.datetime, window: Window) -> None:
    if seen_at not in window:
        words.times.add(seen_at)
        words.class_name = claim.class_name
    for name, kept in claim.values.items():
        at = kept.left_out_since or seen_at
        if at not in window and (name not in words.values or at >= words.values[name][0]):
            words.values[name] = (at, kept)
            words.times.add(at)
    if claim.name is not None:
        at = claim.name_left_out_since or seen_at
        if at not in window and (words.name is None or at >= words.name[0]):
            words.name = (at, claim.name)
            words.times.add(at)


def _told(now: Claim, words: _Words, registry: Registry) -> Retold:
    last = max(words.times)
    values = {
        name: msgspec.structs.replace(kept, left_out_since=None if at == last else at)
        for name, (at, kept) in sorted(words.values.items())
    }
    name, name_at = (words.name[1], words.name[0]) if words.name is not None else (None, last)
    missing = tuple(sorted(at for at in words.missed if at > last))[-MOST_MISSED:]
    identifiers, print_ = now.identifiers, now.fingerprint
    class_name = words.class_name or now.class_name
    if registry.get(class_name).family is Family.DEVICE:
        said: dict[str, Value] = {attribute: kept.value for attribute, kept in values.items()}
        identifiers = as_identifiers(gather(name, said, now.network, registry.fillers).evidence)
        current = {attribute: kept.value for attribute, kept in values.items() if kept.left_out_since is None}
        spoken = name if name_at == last else None
        print_ = fingerprint(gather(spoken, current, now.network, registry.fillers).evidence)
    retold = msgspec.structs.replace(
        now,
        class_name=class_name,
        name=name,
        name_left_out_since=None if name is None or name_at == last else name_at,
        values=values,
        identifiers=identifiers,
        fingerprint=print_,
        missing_at=missing,
        missed_by=now.missed_by if missing else "",
        # grace that has run out is found again when the claim is settled
        withdrawn_at=now.withdrawn_at if now.withdrawn_at not in now.missing_at else None,
        withdrawn_by=now.withdrawn_by if now.withdrawn_at not in now.missing_at else "",
    )
    return Retold(retold, Seen(min(words.times), last))


def _edit_without(now: Claim, states: Iterable[Claim], window: Window, registry: Registry) -> Retold | None:
    """An edit's values have their own times; of one that was said in the window the last word before it comes back."""
    before: dict[str, ClaimValue] = {}
    for state in states:
        said = state.values.items()
        before |= {name: kept for name, kept in said if kept.edit is not None and kept.edit.at not in window}
    values: dict[str, ClaimValue] = {}
    for name, kept in now.values.items():
        if kept.edit is None or kept.edit.at not in window:
            values[name] = kept
        elif name in before:
            values[name] = before[name]
    if not values:
        return None
    return Retold(now if values == now.values else with_values(now, values, registry, now=_newest(values)), None)


def _newest(values: dict[str, ClaimValue]) -> dt.datetime:
    return max(kept.edit.at for kept in values.values() if kept.edit is not None)
