"""Remote collectors: they ask for runs, send what they see, and say how it ended."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.answers import json_answer
from api.collector_models import CollectorRow, HeardAnswer, LeaseAnswer, LeaseBody, RunWordBody
from api.errors import Busy
from api.parts import Api, ApiDep
from cmdb.documents import moment
from cmdb.entities import RunState
from discovery.collecting import LONGEST_WAIT_S, LeasedRun, RunWord, check_name

router = APIRouter(prefix="/collectors", tags=["Collectors"])

Name = Annotated[str, Path(description="The name of a collector.", max_length=63)]
RunId = Annotated[str, Path(description="The id of a run.", max_length=100)]
LOOK_S = 0.5
"""How often the queue is looked at while a collector waits."""
WAITING_LIMIT = 500
"""Collectors that wait for a run at once."""
_OBSERVATION = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object", "description": "An observation: drafts, links, scopes."}}
        },
    }
}


@router.get("", summary="List collectors", response_model=list[CollectorRow])
async def list_collectors(api: ApiDep) -> Response:
    """Collectors that have called this server since it was started, or that have runs; by name."""
    runs = await api.gate.read(api.context.jobs.queue.open_runs)
    callers = api.roster.callers()
    named = [(run.job.collector, run) for run in runs if run.job is not None]
    rows = [
        {
            "name": name,
            "version": callers[name].version if name in callers else "",
            "last_seen_at": moment(callers[name].last_seen_at) if name in callers else None,
            "running": [run.id for owner, run in named if owner == name and run.state is RunState.RUNNING],
            "queued": sum(owner == name and run.state is RunState.QUEUED for owner, run in named),
        }
        for name in sorted({*callers, *(owner for owner, _ in named)})
    ]
    return json_answer(rows)


@router.post(
    "/{name}/lease",
    summary="Take a run",
    response_model=LeaseAnswer,
    responses={204: {"description": "No run waits for this collector; ask again."}},
)
async def lease_run(
    api: ApiDep,
    request: Request,
    name: Name,
    body: LeaseBody,
    wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S, description="How long to wait for one.")] = LONGEST_WAIT_S,
) -> Response:
    """Hand the oldest run that is queued for this collector to it, waiting for one; it is handed out once."""
    check_name(name)
    _saw(api, name, body.version)
    with api.roster.waiting(limit=WAITING_LIMIT) as has_room:
        if not has_room:
            raise Busy(f"{WAITING_LIMIT} collectors wait already; ask again in a moment")
        leased = await _wait(api, request, name, wait_s)
    return Response(status_code=204) if leased is None else json_answer(leased)


async def _wait(api: Api, request: Request, name: str, wait_s: float) -> LeasedRun | None:
    queue = api.context.jobs.queue
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while not (api.streams.is_closing or await request.is_disconnected()):
        if await api.gate.read(lambda: queue.queued(name)):
            leased = await api.gate.write(lambda: queue.take(name))
            if leased is not None:
                return leased
        left_s = until - loop.time()
        if left_s <= 0:
            break
        await asyncio.sleep(min(LOOK_S, left_s))
    return None


@router.post(
    "/{name}/runs/{run_id}/observations",
    summary="Send an observation",
    response_model=HeardAnswer,
    openapi_extra=_OBSERVATION,
)
async def send_observation(
    api: ApiDep,
    request: Request,
    name: Name,
    run_id: RunId,
    number: Annotated[int, Query(ge=1, description="Counts the run's observations from 1.")],
) -> Response:
    """Commit one observation of a run, in order; one that was received already is answered and not counted again.

    The body is at most 32 MB and 5,000 drafts. After a 422 the observation is counted as lost: do not send it again.
    """
    body = await request.body()
    heard = await api.gate.write(lambda: api.context.jobs.queue.receive(name, run_id, number, body))
    _saw(api, name)
    return json_answer(heard)


@router.put("/{name}/runs/{run_id}", summary="Say how a run goes", response_model=HeardAnswer)
async def report_run(api: ApiDep, name: Name, run_id: RunId, body: RunWordBody) -> Response:
    """Give a sign of life (*running*), which also revives a run that was taken for dead, or say how the run ended."""
    word = RunWord(
        state=body.state,
        message=body.message,
        counts=body.counts,
        results=tuple(result.model_dump() for result in body.results),
    )
    queue = api.context.jobs.queue
    before = await api.gate.read(lambda: api.journal.get(run_id))
    heard = await api.gate.write(lambda: queue.hear(name, run_id, word))
    _saw(api, name)
    if before.state is RunState.RUNNING and heard.state is not RunState.RUNNING:
        api.metrics.count_run(before.source, heard.state)
    return json_answer(heard)


def _saw(api: Api, name: str, version: str | None = None) -> None:
    api.roster.saw(name, at=api.context.clock(), version=version)
