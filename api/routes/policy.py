"""Whose value stands, and what time or a new policy changes."""

from __future__ import annotations

import os
import socket
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.answers import json_answer
from api.parts import Api, ApiDep
from cmdb.amending import Amender
from cmdb.errors import Conflict
from cmdb.lifecycle.housekeeping import Housekeeping
from cmdb.policy_answers import policy_of, resettled, tidied
from cmdb.repairs.resettling import Resettling

router = APIRouter(tags=["Policy"])


@router.get("/policy/{class_name}", summary="Show whose value stands")
async def show_policy(
    api: ApiDep,
    class_name: Annotated[str, Path(max_length=200, description="A class.")],
    attribute: Annotated[str | None, Query(max_length=200, description="One attribute of it.")] = None,
) -> Response:
    """The effective rules of an attribute of a class; without one, those of all that have rules of their own, and of the rest."""
    return json_answer(policy_of(api.context.policy, class_name, attribute))


@router.post("/policy/apply", summary="Settle every CI anew")
async def apply_policy(
    api: ApiDep, *, dry_run: Annotated[bool, Query(description="Show what would change; write nothing.")] = False
) -> Response:
    """By the policy of now; without this each CI takes it up when a look touches it next. Linear in the CIs."""
    resettling = Resettling(_amender(api))
    done = await api.gate.load(lambda: resettling.run(by=api.context.user, is_dry_run=dry_run))
    return json_answer(resettled(done))


@router.post("/tidy", summary="End what has run out")
async def tidy(api: ApiDep) -> Response:
    """Edits with an end, graces, parked drafts; a server does so every minute by itself. 409 while another does."""
    housekeeping = Housekeeping(_amender(api), owner=f"{socket.gethostname()}:{os.getpid()}")
    kept = await api.gate.write(lambda: housekeeping.run(by=api.context.user))
    if kept is None:
        raise Conflict("another process tidies this store now; try again in a moment")
    return json_answer(tidied(kept))


def _amender(api: Api) -> Amender:
    context = api.context
    return Amender(context.store, context.registry, context.policy, clock=context.clock)
