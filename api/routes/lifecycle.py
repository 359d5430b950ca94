"""Things end: deleted by hand, retired on request, purged and erased for good."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.answers import json_answer
from api.lifecycle_models import EraseBody, Erased, PresenceAnswer, PurgeAnswer, PurgeBody, Retired
from api.parts import Api, ApiDep
from api.routes.cis import CiName
from cmdb.amending import Amender
from cmdb.errors import Invalid, NotFound
from cmdb.lifecycle import answers as lifecycle_answers
from cmdb.lifecycle.presence_answers import presences
from cmdb.lifecycle.pseudonyms import PERSON_PREFIX, Pseudonyms
from cmdb.lifecycle.purging import Purging, without_parts
from cmdb.lifecycle.retirement import Retirement
from cmdb.lookup import find_ci

router = APIRouter(tags=["Lifecycle"])

MAX_PURGED = 1000
"""CIs that one request purges."""


@router.get("/cis/{ci}/presence", summary="Say whether a CI is there", response_model=PresenceAnswer)
async def show_presence(api: ApiDep, ci: CiName) -> Response:
    """Present, gone, unreachable, not scanned or excluded; since when, and which run says so."""
    context = api.context

    def read() -> dict[str, object]:
        found = find_ci(context.store, context.registry, ci)
        return presences(context.store, [found], context.policy, now=context.clock())[found.id]

    return json_answer(await api.gate.read(read))


@router.delete("/cis/{ci}", summary="Retire a CI by hand", response_model=Retired)
async def delete_ci(
    api: ApiDep, ci: CiName, reason: Annotated[str, Query(min_length=1, max_length=2000, description="Why.")]
) -> Response:
    """With what is inside it; its relationships, claims and history stay, and a later look that sees it brings it back."""
    context = api.context

    def delete() -> dict[str, object]:
        found = find_ci(context.store, context.registry, ci)
        done = Retirement(_amender(api)).delete(found.id, by=context.user, reason=reason)
        return lifecycle_answers.retired(context.store, done)

    return json_answer(await api.gate.write(delete))


@router.post("/review/{item}/retire", summary="Retire what a run was stopped from retiring", response_model=Retired)
async def retire(
    api: ApiDep,
    item: Annotated[str, Path(max_length=100, description="The id of an `unsafe_retirement`.")],
    *,
    dry_run: Annotated[bool, Query(description="Show what would be retired; write nothing.")] = False,
) -> Response:
    """But for what was seen since."""
    context = api.context

    def confirm() -> dict[str, object]:
        done = Retirement(_amender(api)).confirm(item, by=context.user, is_dry_run=dry_run)
        return lifecycle_answers.retired(context.store, done)

    return json_answer(await api.gate.write(confirm))


@router.post("/purge", summary="Purge what was retired", response_model=PurgeAnswer)
async def purge(api: ApiDep, body: PurgeBody) -> Response:
    """Remove for good, out of the past too; what would go is shown unless `dry_run` is false. It cannot be undone."""
    return json_answer(await api.gate.load(lambda: _purge(api, body)))


def _purge(api: Api, body: PurgeBody) -> dict[str, object]:
    context = api.context
    purging = Purging(_amender(api))
    days = body.retired_for_days
    retired_for = context.policy.retention if days is None else dt.timedelta(days=days)
    if body.cis:
        try:
            found = [find_ci(context.store, context.registry, name) for name in body.cis]
        except NotFound as error:
            # a name inside the body: the path itself exists
            raise Invalid(error.message, ids=error.ids) from error
    else:
        found = list(islice(purging.due(retired_for=retired_for), MAX_PURGED + 1))
    some = list({ci.id: ci for ci in found}.values())[:MAX_PURGED]
    plans = without_parts([purging.plan(ci.id, retired_for=retired_for) for ci in some])
    items = [
        lifecycle_answers.purge(plan, None)
        if body.dry_run
        else lifecycle_answers.purge(*purging.purge(plan.ci.id, retired_for=retired_for, by=context.user))
        for plan in plans
    ]
    return {"items": items, "is_complete": len(found) <= MAX_PURGED}


@router.post("/erase", summary="Erase a person's data", response_model=Erased)
async def erase(api: ApiDep, body: EraseBody) -> Response:
    """A random pseudonym stands wherever their name or login stood, in the past too. It cannot be undone."""
    context = api.context

    def erase_person() -> dict[str, object]:
        pseudonyms = Pseudonyms(_amender(api))
        try:
            ci = find_ci(context.store, context.registry, body.person)
        except NotFound as error:
            if not body.person.startswith(PERSON_PREFIX):
                raise Invalid(error.message, ids=error.ids) from error
            return lifecycle_answers.erased(pseudonyms.erase_login(body.person, by=context.user))
        return lifecycle_answers.erased(pseudonyms.erase_ci(ci.id, by=context.user))

    return json_answer(await api.gate.write(erase_person))


def _amender(api: Api) -> Amender:
    context = api.context
    return Amender(context.store, context.registry, context.policy, clock=context.clock)
