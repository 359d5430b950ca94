"""The past: revisions, and the change feed in pages and as events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query, Response

from api.answers import json_answer
from api.event_stream import MEDIA_TYPE, ServerEvent
from api.models import ChangePage, RevisionPage
from api.parts import Api, ApiDep
from cmdb.changeset import Change
from cmdb.documents import moment
from cmdb.errors import Invalid
from cmdb.repairs.answers import revision_row

router = APIRouter(tags=["Changes"])

EVENTS_A_READ = 500


@router.get("/revisions", summary="List revisions", response_model=RevisionPage)
async def list_revisions(
    api: ApiDep,
    after: Annotated[int, Query(ge=0, description="A revision.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Commits, oldest first."""
    found = await api.gate.read(lambda: api.context.store.revisions(after=after, limit=limit + 1))
    rows = [revision_row(revision) for revision in found[:limit]]
    return json_answer({"items": rows, "cursor": rows[-1]["number"] if len(found) > limit else None})


@router.get("/changes", summary="Read the change feed", response_model=ChangePage)
async def list_changes(
    api: ApiDep,
    after: Annotated[str, Query(description="A revision, or a cursor of this feed.", max_length=50)] = "0",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Every change of every entity, complete and in order; keep the cursor and ask again."""
    place = read_cursor(after)
    revision, found = await api.gate.read(lambda: (api.context.store.revision(), _after(api, place, limit)))
    cursor = cursor_of(found[-1]) if found else after
    return json_answer({"items": [change_row(change) for change in found], "cursor": cursor, "revision": revision})


@router.get(
    "/changes/events",
    summary="Follow the change feed",
    response_class=Response,
    responses={200: {"description": "Server-sent events named `change`.", "content": {MEDIA_TYPE: {}}}},
)
async def follow_changes(
    api: ApiDep,
    after: Annotated[str | None, Query(description="A revision or cursor; now, when left out.", max_length=50)] = None,
    last_event_id: Annotated[str | None, Header(max_length=50)] = None,
) -> Response:
    """Changes as they are committed, from a place or from now on; the event's id is the cursor to come back with."""
    start = last_event_id or after
    if start is None:
        start = str(await api.gate.read(api.context.store.revision))
    return api.streams.respond(_follow(api, read_cursor(start)))


async def _follow(api: Api, place: tuple[int, int | None]) -> AsyncIterator[ServerEvent]:
    while True:
        seen = api.follower.store_revision or 0
        found = await api.gate.read(partial(_after, api, place, EVENTS_A_READ))
        for change in found:
            yield ServerEvent(cursor_of(change), "change", change_row(change))
        if found:
            place = (found[-1].revision, found[-1].sequence)
        else:
            await api.follower.wait_moved(beyond=max(seen, place[0]))


def _after(api: Api, place: tuple[int, int | None], limit: int) -> tuple[Change, ...]:
    return api.context.store.changes(after=place[0], after_sequence=place[1], limit=limit)


def cursor_of(change: Change) -> str:
    """The place of one change in the feed."""
    return f"{change.revision}.{change.sequence}"


def read_cursor(text: str) -> tuple[int, int | None]:
    """Revision and sequence of a cursor, sequence None for a whole revision; raises `Invalid`."""
    revision, dot, sequence = text.partition(".")
    if not (revision.isascii() and revision.isdigit() and (not dot or (sequence.isascii() and sequence.isdigit()))):
        raise Invalid(
            f"{text!r} is no place in the feed; give a revision such as 17, or a cursor such as 17.3", place="after"
        )
    return int(revision), int(sequence) if dot else None


def change_row(change: Change) -> dict[str, object]:
    """A change as the API shows it."""
    return {
        "cursor": cursor_of(change),
        "revision": change.revision,
        "sequence": change.sequence,
        "at": moment(change.at),
        "by": change.by,
        "kind": change.kind.value,
        "id": change.id,
        "before": None if change.before is None else msgspec.to_builtins(change.before),
        "after": None if change.after is None else msgspec.to_builtins(change.after),
    }
