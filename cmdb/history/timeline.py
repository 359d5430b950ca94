"""What happened to a CI, revision by revision, in contract.md's shape."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

from cmdb.changeset import Change
from cmdb.documents import Document, moment
from cmdb.entities import CI, Claim, Kind, Relationship
from cmdb.store.protocol import PAGE_LIMIT, Seen
from cmdb.store.view import View

_PIECE = 1000
"""Relationships whose changes are read together."""


@dataclass(slots=True)
class _Row:
    """What one revision did to a CI."""

    at: dt.datetime
    by: str
    own: Change | None = None
    merged: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def history(view: View, ci: str) -> Iterator[Document]:
    """Revisions of a CI, oldest first: what changed in it, what was merged into it, which relationships came and went."""
    rows: dict[int, _Row] = {}

    def row(change: Change) -> _Row:
        return rows.setdefault(change.revision, _Row(change.at, change.by))

    for change in changes_of(view, Kind.CI, [ci]):
        row(change).own = change
    for change in changes_of(view, Kind.CI, ids_ever(view, Kind.CI, ("merged_into",), ci)):
        if _merged_into(change.after) == ci != _merged_into(change.before):
            row(change).merged.append(change.id)
    for change in changes_of(view, Kind.RELATIONSHIP, ids_ever(view, Kind.RELATIONSHIP, ("source", "target"), ci)):
        if change.before is None:
            row(change).added.append(arrow(cast("Relationship", change.after)))
        elif change.after is None:
            row(change).removed.append(arrow(cast("Relationship", change.before)))
    for number, found in sorted(rows.items()):
        yield {
            "revision": number,
            "at": moment(found.at),
            "by": found.by,
            "what": "merged" if found.merged and _is_kept(found.own) else what(found.own),
            "changes": field_changes(found.own),
            "relationships": {"added": sorted(found.added), "removed": sorted(found.removed)},
            **({"merged": sorted(found.merged)} if found.merged else {}),
        }


def sightings_of(view: View, ci: str) -> dict[str, Seen]:
    """First and last sighting of a CI by each source, by source name."""
    claims = [cast("Claim", entity) for entity in view.find(Kind.CLAIM, "ci", (ci,))]
    seen = view.seen([claim.id for claim in claims])
    found: dict[str, Seen] = {}
    for claim in sorted(claims, key=lambda claim: claim.source):
        if claim.id in seen:
            one, known = seen[claim.id], found.get(claim.source, seen[claim.id])
            found[claim.source] = Seen(min(one.first_at, known.first_at), max(one.last_at, known.last_at))
    return found


def ids_ever(view: View, kind: Kind, fields: Collection[str], value: str) -> list[str]:
    """Ids, each once and in order, of what one of these fields finds or once found."""
    found: set[str] = set()
    for name in fields:
        after = ""
        while page := view.ids_ever(kind, name, (value,), after=after, limit=PAGE_LIMIT):
            found.update(page)
            after = page[-1]
    return sorted(found)


def changes_of(view: View, kind: Kind, ids: Collection[str]) -> Iterator[Change]:
    """All changes of these entities, read in pieces, in no order beyond that of one entity's own."""
    waiting = list(ids)
    for start in range(0, len(waiting), _PIECE):
        piece = waiting[start : start + _PIECE]
        place: tuple[int, int | None] = (0, None)
        while page := view.histories(kind, piece, after=place[0], after_sequence=place[1]):
            yield from page
            place = (page[-1].revision, page[-1].sequence)


def arrow(relationship: Relationship) -> str:
    """A relationship as one text."""
    return f"{relationship.source} {relationship.type} {relationship.target}"


def _merged_into(entity: object) -> str | None:
    return entity.merged_into if isinstance(entity, CI) else None


def _is_kept(change: Change | None) -> bool:
    return change is None or (change.before is not None and change.after is not None)


def what(change: Change | None) -> str:
    """A word for what a change did to a CI; None is a change of what surrounds it."""
    if change is None:
        return "updated"
    before, after = cast("CI | None", change.before), cast("CI | None", change.after)
    if before is None:
        return "created"
    if after is None:
        return "removed"
    if after.merged_into is not None and before.merged_into is None:
        return "merged"
    if after.merged_into is None and before.merged_into is not None:
        return "unmerged"
    if after.lifecycle != before.lifecycle:
        if after.lifecycle == "retired":
            return "retired"
        if before.lifecycle == "retired":
            return "revived"
    return "updated"


def field_changes(change: Change | None) -> dict[str, list[object]]:
    """`[before, after]` by name of each field and attribute of a CI that differs; null where there is none."""
    if change is None:
        return {}
    before, after = _fields(cast("CI | None", change.before)), _fields(cast("CI | None", change.after))
    return {
        name: [before.get(name), after.get(name)]
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def _fields(ci: CI | None) -> Document:
    if ci is None:
        return {}
    fields: Iterable[tuple[str, object]] = (
        ("class", ci.class_name),
        ("name", ci.name),
        ("lifecycle", ci.lifecycle.value),
        ("state", ci.state.value),
        *ci.attributes.items(),
        ("merged_into", ci.merged_into),
        ("kept_apart_from", list(ci.kept_apart_from)),
    )
    return {name: value for name, value in fields if value not in (None, [])}
