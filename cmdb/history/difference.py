"""What differs between two points of time, in rows for people and programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from cmdb.changeset import Change
from cmdb.documents import Document, brief, moment
from cmdb.entities import CI, Kind, Redundancy, Relationship
from cmdb.errors import Invalid
from cmdb.history.extent import EVERYTHING, Extent
from cmdb.history.timeline import changes_of, field_changes, ids_ever
from cmdb.store.protocol import Store

_PIECE = 1000
Place = tuple[int, int]
"""Revision and sequence of a row's last change."""


def differences(
    store: Store, first: int, second: int, *, extent: Extent = EVERYTHING, after: Place | None = None
) -> Iterator[tuple[Place, Document]]:
    """Rows of what differs between right after revision `first` and right after `second`, by their last change in between.

    Raises `Invalid` when `second` is the earlier one.
    """
    if second < first:
        raise Invalid(f"revision {second} is before revision {first}; name the earlier one first")
    pieces = (
        _of_everything(store, first, second, after) if extent.ci is None else _of_ci(store, first, second, extent.ci)
    )
    for changes in pieces:
        cis = _ends(store, first, second, changes)
        for change in changes:
            place = (change.revision, change.sequence)
            if after is not None and place <= after:
                continue
            if any(side is not None and extent.holds(side, cis) for side in (change.before, change.after)):
                row = _row(change, cis)
                if row is not None:
                    yield place, row


def _of_everything(store: Store, first: int, second: int, after: Place | None) -> Iterator[Sequence[Change]]:
    while changes := store.difference(first, second, after=after, limit=_PIECE):
        yield changes
        after = (changes[-1].revision, changes[-1].sequence)


def _of_ci(store: Store, first: int, second: int, ci: str) -> Iterator[Sequence[Change]]:
    """What `Store.difference` says, from the histories of one CI and what hangs on it: whatever the span costs elsewhere."""
    found: list[Change] = []
    for kind, ids in (
        (Kind.CI, [ci]),
        (Kind.RELATIONSHIP, ids_ever(store, Kind.RELATIONSHIP, ("source", "target"), ci)),
        (Kind.REDUNDANCY, ids_ever(store, Kind.REDUNDANCY, ("of", "members"), ci)),
    ):
        last: dict[str, Change] = {}
        before = store.get_many_as_of(kind, ids, first)
        for change in changes_of(store, kind, ids):
            if first < change.revision <= second:
                last[change.id] = change
        for id_, change in last.items():
            whole = Change(
                change.revision, change.sequence, change.at, change.by, kind, id_, before.get(id_), change.after
            )
            if whole.before != whole.after:
                found.append(whole)
    yield sorted(found, key=lambda change: (change.revision, change.sequence))


def _ends(store: Store, first: int, second: int, changes: Iterable[Change]) -> dict[str, CI]:
    """The CIs that relationships and groups name, as of the second point, else as of the first."""
    ids: set[str] = set()
    for change in changes:
        match change.after or change.before:
            case Relationship(source=source, target=target):
                ids |= {source, target}
            case Redundancy(of=of, members=members):
                ids |= {of, *members}
            case _:
                pass
    then = store.get_many_as_of(Kind.CI, ids, second)
    earlier = store.get_many_as_of(Kind.CI, ids - then.keys(), first)
    return cast("dict[str, CI]", then | earlier)


def _row(change: Change, cis: dict[str, CI]) -> Document | None:
    match change.after or change.before:
        case CI() as ci:
            word = what(change)
            if word is None:
                return None
            own: Document = {
                "ci": brief(ci),
                "changes": field_changes(change) if change.before and change.after else {},
            }
            if word == "merged":
                own |= {"changes": {}, "into": ci.merged_into}
        case Relationship() as link:
            word = _came_or_went(change)
            ends = {"source": _named(link.source, cis), "type": link.type, "target": _named(link.target, cis)}
            own = {**ends, "changes": _changes(change, ("confidence", "attributes", "claimed"))}
        case Redundancy() as group:
            word = _came_or_went(change)
            own = {
                "of": _named(group.of, cis),
                "name": group.name,
                "members": [_named(member, cis) for member in group.members],
                "changes": _changes(change, ("min_up", "min_up_percent", "members")),
            }
        case _:
            return None
    if word == "changed" and not own["changes"]:
        # what is kept beside, such as when a source missed it, is no difference that anybody agreed on
        return None
    return {
        "kind": change.kind.value,
        "what": word,
        **own,
        "revision": change.revision,
        "at": moment(change.at),
        "by": change.by,
    }


def what(change: Change) -> str | None:
    """A word for what happened to a CI; None when it came and went into another CI, so that nobody misses it."""
    before, after = cast("CI | None", change.before), cast("CI | None", change.after)
    was_there = before is not None and before.merged_into is None
    if after is None:
        return "vanished" if was_there else None
    if after.merged_into is not None:
        return "merged" if was_there else None
    if before is None:
        return "appeared"
    if before.merged_into is not None:
        return "unmerged"
    if after.lifecycle != before.lifecycle and "retired" in (after.lifecycle, before.lifecycle):
        return "retired" if after.lifecycle == "retired" else "revived"
    return "changed"


def _came_or_went(change: Change) -> str:
    if change.before is None:
        return "appeared"
    return "vanished" if change.after is None else "changed"


def _changes(change: Change, fields: Iterable[str]) -> dict[str, list[object]]:
    if change.before is None or change.after is None:
        return {}
    pairs = {name: [getattr(change.before, name), getattr(change.after, name)] for name in fields}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _named(id_: str, cis: dict[str, CI]) -> Document:
    return brief(cis[id_]) if id_ in cis else {"id": id_, "class": None, "name": id_}
