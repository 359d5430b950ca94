"""Schedules: added, listed, removed, run at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.answers import check_match, editable_answer, json_answer
from api.models import RunRow, ScheduleAnswer, ScheduleBody, ScheduleRow
from api.parts import Api, ApiDep
from api.run_feed import run_row
from cmdb.documents import moment
from cmdb.entities import Schedule
from cmdb.errors import Invalid, NotFound

router = APIRouter(prefix="/schedules", tags=["Schedules"])

ScheduleName = Annotated[str, Path(description="The id or name of a schedule.", max_length=200)]


@router.get("", summary="List schedules", response_model=list[ScheduleRow])
async def list_schedules(api: ApiDep) -> Response:
    """All schedules by name, and when each runs next."""
    return json_answer(await api.gate.read(lambda: [_row(api, one) for one in api.context.schedules.list()]))


@router.post("", summary="Add a schedule", status_code=201, response_model=ScheduleRow)
async def add_schedule(api: ApiDep, body: ScheduleBody) -> Response:
    """Keep a schedule; every server on this store picks it up within seconds."""
    schedules = api.context.schedules
    made = schedules.new(
        body.name,
        body.scanner,
        targets=body.targets,
        exclude=body.exclude,
        credentials=body.credentials,
        network=body.network,
        cron=body.cron,
        interval_s=body.interval_s,
        timezone=body.timezone,
        jitter_s=body.jitter_s,
        enabled=body.enabled,
        collector=body.collector,
    )
    try:
        added = await api.gate.write(lambda: schedules.add(made, by=api.context.user))
    except NotFound as error:
        # a name inside the body: the path itself exists
        raise Invalid(error.message, ids=error.ids) from error
    return json_answer(_row(api, added), status=201, headers={"Location": f"/api/v1/schedules/{added.id}"})


@router.get("/{name}", summary="Show one schedule", response_model=ScheduleAnswer)
async def show_schedule(api: ApiDep, name: ScheduleName) -> Response:
    """A schedule with its newest firings."""
    schedule = await api.gate.read(lambda: api.context.schedules.get(name))
    return editable_answer(await api.gate.read(lambda: _answer(api, schedule)), version=schedule)


@router.delete("/{name}", summary="Remove a schedule", status_code=204)
async def remove_schedule(api: ApiDep, request: Request, name: ScheduleName) -> Response:
    """End a schedule; a run of it that is going goes on. With `If-Match` only as it was read."""

    def remove() -> None:
        found = api.context.schedules.get(name)
        check_match(request, found)
        api.context.schedules.end(found, by=api.context.user)

    await api.gate.write(remove)
    return Response(status_code=204)


@router.post("/{name}/run", summary="Run a schedule now", status_code=202, response_model=RunRow)
async def run_schedule(api: ApiDep, name: ScheduleName) -> Response:
    """Run it at once on this server, beside its due times; 409 while a run of it is going."""
    schedule = await api.gate.read(lambda: api.context.schedules.get(name))
    run = await api.context.dispatcher.run_now(schedule, by=api.context.user)
    document = run_row(run)
    return json_answer(document, status=202, headers={"Location": f"/api/v1/scans/{run.id}"})


def _row(api: Api, schedule: Schedule) -> dict[str, object]:
    return {
        "id": schedule.id,
        "name": schedule.name,
        "scanner": schedule.scanner,
        "targets": list(schedule.targets),
        "exclude": list(schedule.exclude),
        "credentials": list(schedule.credentials),
        "network": schedule.network,
        "cron": schedule.cron,
        "interval_s": schedule.interval_s,
        "timezone": schedule.timezone,
        "jitter_s": schedule.jitter_s,
        "enabled": schedule.enabled,
        "collector": schedule.collector,
        "created_at": moment(schedule.created_at),
        "next_due_at": moment(api.context.schedules.next_due(schedule)),
    }


def _answer(api: Api, schedule: Schedule) -> dict[str, object]:
    firings = [
        {"due_at": moment(firing.due_at), "run": firing.run, "outcome": firing.outcome}
        for firing in api.context.schedules.firings(schedule)
    ]
    return {**_row(api, schedule), "firings": firings}
