"""Answers in contract.md's shapes, the same for the command line and for HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import cast

from cmdb.changeset import Change, Revision
from cmdb.entities import CI, Claim, Kind, Relationship, Review, Run
from cmdb.store.protocol import Store

Document = dict[str, object]
MAX_RELATIONSHIPS = 1000


def moment(at: dt.datetime | None) -> str | None:
    """A time as the product writes it: RFC 3339, UTC, with Z."""
    return None if at is None else at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def brief(ci: CI) -> Document:
    """A CI named in another answer."""
    return {"id": ci.id, "class": ci.class_name, "name": ci.name}


def list_rows(store: Store, cis: Sequence[CI]) -> list[Document]:
    """Rows of `list`, in the given order."""
    seen = _last_seen(store, [ci.id for ci in cis])
    return [
        {
            **brief(ci),
            "lifecycle": ci.lifecycle.value,
            "state": ci.state.value,
            "attributes": ci.attributes,
            "last_seen_at": moment(seen.get(ci.id)),
        }
        for ci in cis
    ]


def _last_seen(store: Store, ids: Sequence[str]) -> dict[str, dt.datetime]:
    claims = [cast("Claim", entity) for entity in store.find(Kind.CLAIM, "ci", ids)] if ids else []
    seen = store.seen([claim.id for claim in claims])
    newest: dict[str, dt.datetime] = {}
    for claim in claims:
        if claim.id in seen:
            newest[claim.ci] = max(newest.get(claim.ci, seen[claim.id].last_at), seen[claim.id].last_at)
    return newest


def show(store: Store, ci: CI) -> Document:
    """One CI with its relationships (at most 1,000 a direction) and claims."""
    claims = [cast("Claim", entity) for entity in store.find(Kind.CLAIM, "ci", (ci.id,))]
    seen = store.seen([claim.id for claim in claims])
    changes = store.history(Kind.CI, ci.id)
    return {
        **brief(ci),
        "lifecycle": ci.lifecycle.value,
        "state": ci.state.value,
        "revision": changes[-1].revision if changes else 0,
        "attributes": ci.attributes,
        "relationships": relationships(store, ci.id),
        "claims": [
            {
                "source": claim.source,
                "record": claim.record,
                "attributes": {name: kept.value for name, kept in sorted(claim.values.items())},
                "seen_at": moment(seen[claim.id].last_at) if claim.id in seen else None,
            }
            for claim in claims
        ],
        "first_seen_at": moment(min((found.first_at for found in seen.values()), default=None)),
        "last_seen_at": moment(max((found.last_at for found in seen.values()), default=None)),
    }


def relationships(store: Store, ci: str) -> list[Document]:
    """A CI's relationships as seen from it, by type, direction and the other's name."""
    found: list[tuple[str, Relationship]] = []
    for direction, field in (("out", "source"), ("in", "target")):
        entities = store.find(Kind.RELATIONSHIP, field, (ci,), limit=MAX_RELATIONSHIPS)
        found += [(direction, cast("Relationship", entity)) for entity in entities]
    return sorted(
        relationship_rows(store, found),
        key=lambda row: (
            str(row["type"]),
            str(row["direction"]),
            str(cast("Document", row["ci"])["name"]).casefold(),
            str(cast("Document", row["ci"])["id"]),
        ),
    )


def relationship_rows(store: Store, found: Sequence[tuple[str, Relationship]]) -> list[Document]:
    """Rows of relationships, each with its direction (out or in) as seen from one CI, in the given order."""
    others = store.get_many(Kind.CI, {_other(direction, relationship) for direction, relationship in found})
    subjects = [f"{relationship.id}@{source}" for _, relationship in found for source in relationship.claimed]
    seen = store.seen(subjects)
    rows: list[Document] = []
    for direction, relationship in found:
        other = others.get(_other(direction, relationship))
        if not isinstance(other, CI):
            continue
        sightings = [
            seen[subject] for source in relationship.claimed if (subject := f"{relationship.id}@{source}") in seen
        ]
        rows.append(
            {
                "type": relationship.type,
                "direction": direction,
                "ci": brief(other),
                "confidence": relationship.confidence,
                "attributes": relationship.attributes,
                "sources": sorted(relationship.claimed),
                "first_seen_at": moment(min((one.first_at for one in sightings), default=None)),
                "last_seen_at": moment(max((one.last_at for one in sightings), default=None)),
            }
        )
    return rows


def _other(direction: str, relationship: Relationship) -> str:
    return relationship.target if direction == "out" else relationship.source


def history(store: Store, ci: str) -> Iterator[Document]:
    """Revisions of a CI, oldest first, with what changed in it and which relationships came and went."""
    own = {change.revision: change for change in _all_changes(store, Kind.CI, ci)}
    around: dict[int, tuple[list[str], list[str]]] = {}
    for relationship_id in _relationships_ever(store, ci):
        for change in _all_changes(store, Kind.RELATIONSHIP, relationship_id):
            added, removed = around.setdefault(change.revision, ([], []))
            text = _arrow(cast("Relationship", change.after or change.before))
            if change.before is None:
                added.append(text)
            elif change.after is None:
                removed.append(text)
    infos = {revision.number: revision for revision in _revisions(store, sorted({*own, *around}))}
    for number in sorted({*own, *around}):
        added, removed = around.get(number, ([], []))
        own_change = own.get(number)
        if own_change is None and not added and not removed:
            continue
        yield {
            "revision": number,
            "at": moment(infos[number].at),
            "by": infos[number].by,
            "what": _what(own_change),
            "changes": _diff(own_change),
            "relationships": {"added": sorted(added), "removed": sorted(removed)},
        }


def _all_changes(store: Store, kind: Kind, id_: str) -> Iterator[Change]:
    after = 0
    while page := store.history(kind, id_, after=after):
        yield from page
        after = page[-1].revision


def _revisions(store: Store, numbers: Sequence[int]) -> Iterator[Revision]:
    for number in numbers:
        yield from store.revisions(after=number - 1, limit=1)


def _relationships_ever(store: Store, ci: str) -> list[str]:
    return sorted(
        {
            entity.id
            for field in ("source", "target")
            for entity in store.find(Kind.RELATIONSHIP, field, (ci,), limit=MAX_RELATIONSHIPS)
        }
    )


def _arrow(relationship: Relationship) -> str:
    return f"{relationship.source} {relationship.type} {relationship.target}"


def _what(change: Change | None) -> str:
    if change is None:
        return "updated"
    before, after = cast("CI | None", change.before), cast("CI | None", change.after)
    if before is None:
        return "created"
    if after is None:
        return "removed"
    if after.merged_into is not None and before.merged_into is None:
        return "merged"
    if after.lifecycle != before.lifecycle and after.lifecycle == "retired":
        return "retired"
    return "updated"


def _diff(change: Change | None) -> dict[str, list[object]]:
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
    fields: Document = {
        "class": ci.class_name,
        "name": ci.name,
        "lifecycle": ci.lifecycle.value,
        "state": ci.state.value,
        **ci.attributes,
    }
    return {**fields, "merged_into": ci.merged_into} if ci.merged_into else fields


def review_item(item: Review) -> Document:
    """A row of `review`."""
    return {
        "id": item.id,
        "kind": item.kind,
        "cis": list(item.cis),
        "values": item.values,
        "since": moment(item.since),
        "remedy": item.remedy,
    }


def run_document(run: Run) -> Document:
    """A run with its outcome and its targets' results."""
    return {
        "id": run.id,
        "source": run.source,
        "state": run.state.value,
        "by": run.by,
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
        "targets": list(run.targets),
        "schedule": run.schedule,
        "collector": None if run.job is None else run.job.collector,
        "counts": run.counts,
        "results": list(run.results),
        "message": run.message,
    }
