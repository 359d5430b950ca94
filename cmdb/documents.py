"""Answers in contract.md's shapes, the same for the command line and for HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import cast

from cmdb.entities import CI, Claim, Kind, Relationship, Review, Run
from cmdb.history.past import cautions
from cmdb.store.view import View

Document = dict[str, object]
MAX_RELATIONSHIPS = 1000


def moment(at: dt.datetime | None) -> str | None:
    """A time as the product writes it: RFC 3339, UTC, with Z."""
    return None if at is None else at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def brief(ci: CI) -> Document:
    """A CI named in another answer."""
    return {"id": ci.id, "class": ci.class_name, "name": ci.name}


def list_rows(view: View, cis: Sequence[CI]) -> list[Document]:
    """Rows of `list`, in the given order."""
    seen = _last_seen(view, [ci.id for ci in cis])
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


def _last_seen(view: View, ids: Sequence[str]) -> dict[str, dt.datetime]:
    claims = [cast("Claim", entity) for entity in view.find(Kind.CLAIM, "ci", ids)] if ids else []
    seen = view.seen([claim.id for claim in claims])
    newest: dict[str, dt.datetime] = {}
    for claim in claims:
        if claim.id in seen:
            newest[claim.ci] = max(newest.get(claim.ci, seen[claim.id].last_at), seen[claim.id].last_at)
    return newest


def show(view: View, ci: CI) -> Document:
    """One CI with its relationships (at most 1,000 a direction) and claims."""
    claims = [cast("Claim", entity) for entity in view.find(Kind.CLAIM, "ci", (ci.id,))]
    seen = view.seen([claim.id for claim in claims])
    return {
        **brief(ci),
        "lifecycle": ci.lifecycle.value,
        "state": ci.state.value,
        "revision": _last_change(view, ci.id),
        "attributes": ci.attributes,
        "relationships": relationships(view, ci.id),
        "claims": [
            {
                "source": claim.source,
                "record": claim.record,
                "attributes": {name: kept.value for name, kept in sorted(claim.values.items())},
                "seen_at": moment(seen[claim.id].last_at) if claim.id in seen else None,
                **_edits(claim),
            }
            for claim in claims
        ],
        "first_seen_at": moment(min((found.first_at for found in seen.values()), default=None)),
        "last_seen_at": moment(max((found.last_at for found in seen.values()), default=None)),
        **beside(view),
    }


def beside(view: View) -> Document:
    """`warnings`, where answers of this view have some."""
    return {"warnings": said} if (said := cautions(view)) else {}


def _last_change(view: View, ci: str) -> int:
    revision = 0
    while page := view.history(Kind.CI, ci, after=revision):
        revision = page[-1].revision
    return revision


def _edits(claim: Claim) -> Document:
    """Of a person's edit: when and why each value was said, and when it runs out."""
    edits = {name: kept.edit for name, kept in sorted(claim.values.items()) if kept.edit is not None}
    if not edits:
        return {}
    return {
        "edits": {
            name: {"said_at": moment(edit.at), "reason": edit.reason, "until": moment(edit.until)}
            for name, edit in edits.items()
        }
    }


def relationships(view: View, ci: str) -> list[Document]:
    """A CI's relationships as seen from it, by type, direction and the other's name."""
    found: list[tuple[str, Relationship]] = []
    for direction, field in (("out", "source"), ("in", "target")):
        entities = view.find(Kind.RELATIONSHIP, field, (ci,), limit=MAX_RELATIONSHIPS)
        found += [(direction, cast("Relationship", entity)) for entity in entities]
    return sorted(
        relationship_rows(view, found),
        key=lambda row: (
            str(row["type"]),
            str(row["direction"]),
            str(cast("Document", row["ci"])["name"]).casefold(),
            str(cast("Document", row["ci"])["id"]),
        ),
    )


def relationship_rows(view: View, found: Sequence[tuple[str, Relationship]]) -> list[Document]:
    """Rows of relationships, each with its direction (out or in) as seen from one CI, in the given order."""
    others = view.get_many(Kind.CI, {_other(direction, relationship) for direction, relationship in found})
    subjects = [f"{relationship.id}@{source}" for _, relationship in found for source in relationship.claimed]
    seen = view.seen(subjects)
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
                "said_by": [
                    {
                        "source": source,
                        "confidence": confidence,
                        "first_seen_at": moment(at.first_at) if at is not None else None,
                        "last_seen_at": moment(at.last_at) if at is not None else None,
                    }
                    for source, confidence in sorted(relationship.claimed.items())
                    for at in (seen.get(f"{relationship.id}@{source}"),)
                ],
            }
        )
    return rows


def _other(direction: str, relationship: Relationship) -> str:
    return relationship.target if direction == "out" else relationship.source


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
