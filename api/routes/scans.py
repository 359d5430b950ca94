"""Scans: started, listed, followed, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from api.answers import json_answer, record_answer
from api.event_stream import MEDIA_TYPE, ServerEvent
from api.models import RunAnswer, RunPage, RunRow, ScanBody
from api.parts import Api, ApiDep
from api.run_feed import run_row
from cmdb.documents import run_document
from cmdb.entities import RunState
from cmdb.errors import Invalid, NotFound
from discovery.orders import ScanOrder

router = APIRouter(prefix="/scans", tags=["Scans"])

RunId = Annotated[str, Path(description="The id of a run.", max_length=100)]
ELSEWHERE_S = 1.0
"""How often a run of another process is looked at."""


@router.post("", summary="Start a scan", status_code=202, response_model=RunRow)
async def start_scan(api: ApiDep, body: ScanBody) -> Response:
    """Start a discovery run on this server, or queue it for a collector; `Location` names it, its events tell how it goes."""
    order = ScanOrder(
        scanner=body.scanner,
        targets=body.targets,
        exclude=body.exclude,
        credentials=body.credentials,
        network=body.network,
        options=body.options,
        is_confirmed=body.yes,
        collector=body.collector,
    )
    try:
        run = await api.context.jobs.start(order, by=api.context.user)
    except NotFound as error:
        # a name inside the body: the path itself exists
        raise Invalid(error.message, ids=error.ids) from error
    document = run_row(run)
    return json_answer(document, status=202, headers={"Location": f"/api/v1/scans/{run.id}"})


@router.get("", summary="List scans", response_model=RunPage)
async def list_scans(
    api: ApiDep,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Response:
    """Runs, newest first, without the results of their targets."""
    runs = await api.gate.read(lambda: api.journal.newest(before=cursor, limit=limit + 1))
    rows = [run_row(run) for run in runs[:limit]]
    return json_answer({"items": rows, "cursor": rows[-1]["id"] if len(runs) > limit else None})


@router.get("/{run_id}", summary="Show one scan", response_model=RunAnswer)
async def show_scan(api: ApiDep, request: Request, run_id: RunId) -> Response:
    """A run with the result of each target."""
    return record_answer(request, run_document(await api.gate.read(lambda: api.journal.get(run_id))))


@router.delete("/{run_id}", summary="Stop a scan", status_code=202, response_model=RunRow)
async def stop_scan(api: ApiDep, run_id: RunId) -> Response:
    """Tell a run to end; what it has confirmed is kept. It ends within seconds, as its events say."""
    run = await api.gate.read(lambda: api.journal.get(run_id))
    if run.job is not None:
        stopping = run
        run = await api.gate.write(lambda: api.context.jobs.queue.stop(stopping))
    else:
        api.context.jobs.stop(run)
    return json_answer(run_row(run), status=202)


@router.get(
    "/{run_id}/events",
    summary="Follow a scan",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: run_started, target_finished, observation_committed, observation_lost, "
            "notice_given, events_dropped, run_finished. The stream ends with the run.",
            "content": {MEDIA_TYPE: {}},
        }
    },
)
async def follow_scan(
    api: ApiDep,
    run_id: RunId,
    after: Annotated[int, Query(ge=0, description="Number of the last event that is known.")] = 0,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> Response:
    """A run's events from the start, or after the one that `Last-Event-ID` names, to its end."""
    if last_event_id is not None and not (last_event_id.isascii() and last_event_id.isdigit()):
        raise Invalid(f"{last_event_id!r} is no id of an event of a scan", place="Last-Event-ID")
    start = after if last_event_id is None else int(last_event_id)
    await api.gate.read(lambda: api.journal.get(run_id))
    events = api.runs.follow(run_id, after=start) if api.runs.has(run_id) else _from_record(api, run_id)
    return api.streams.respond(events)


async def _from_record(api: Api, run_id: str) -> AsyncIterator[ServerEvent]:
    """The end of a run that another process has run, or that ended long ago."""
    while True:
        run = await api.gate.read(lambda: api.journal.get(run_id))
        if run.state not in (RunState.QUEUED, RunState.RUNNING):
            break
        await asyncio.sleep(ELSEWHERE_S)
    for number, result in enumerate(run.results, start=1):
        yield ServerEvent(str(number), "target_finished", {"run_id": run_id, **result})
    yield ServerEvent(str(len(run.results) + 1), "run_finished", run_row(run))
