"""Repairs: CIs joined and parted, sources withdrawn, revisions undone."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.answers import json_answer
from api.parts import Api, ApiDep
from api.repair_models import Joined, MergeBody, RevertBody, Reverted, WithdrawBody, Withdrawn
from api.routes.cis import CiName
from cmdb.amending import Amender
from cmdb.errors import Invalid, NotFound
from cmdb.lookup import find_ci
from cmdb.reconcile.retelling import Window
from cmdb.repairs import answers as repair_answers
from cmdb.repairs.merging import Repair
from cmdb.repairs.reverting import Reverting
from cmdb.repairs.withdrawal import Withdrawal

router = APIRouter(tags=["Repairs"])


@router.post("/cis/{ci}/merge", summary="Say that two CIs are one", response_model=Joined)
async def merge_cis(api: ApiDep, ci: CiName, body: MergeBody) -> Response:
    """The older id remains, and both keep answering; later runs obey."""
    store, registry = api.context.store, api.context.registry

    def merge() -> dict[str, object]:
        one = find_ci(store, registry, ci)
        try:
            other = find_ci(store, registry, body.other)
        except NotFound as error:
            raise Invalid(error.message, ids=error.ids) from error
        revision = Repair(_amender(api)).merge(one.id, other.id, by=api.context.user)
        return repair_answers.joined(find_ci(store, registry, one.id), revision)

    return json_answer(await api.gate.write(merge))


@router.post("/cis/{ci}/unmerge", summary="Undo a join", response_model=Joined)
async def unmerge_ci(
    api: ApiDep, ci: Annotated[str, Path(description="The id that was merged into another.", max_length=1000)]
) -> Response:
    """The CI comes back with its claims and relationships, and is kept apart from the other from then on."""
    store, registry = api.context.store, api.context.registry

    def unmerge() -> dict[str, object]:
        revision = Repair(_amender(api)).unmerge(ci, by=api.context.user)
        return repair_answers.joined(find_ci(store, registry, ci), revision)

    return json_answer(await api.gate.write(unmerge))


@router.post("/sources/{source}/withdraw", summary="Take back what a source said", response_model=Withdrawn)
async def withdraw_source(
    api: ApiDep, source: Annotated[str, Path(max_length=200, description="A source's name.")], body: WithdrawBody
) -> Response:
    """Other sources' values stand again, and what only it claimed is retired. Interrupted, it is finished by posting it again."""
    window = Window(_aware(body.from_, "from"), _aware(body.to, "to"))
    withdrawal = Withdrawal(_amender(api))

    def withdraw() -> dict[str, object]:
        if body.dry_run:
            done = withdrawal.plan(source, window)
        else:
            done = withdrawal.withdraw(source, window, by=api.context.user, reason=body.reason)
        return repair_answers.withdrawn(api.context.store, done)

    return json_answer(await (api.gate.read(withdraw) if body.dry_run else api.gate.load(withdraw)))


@router.post("/revisions/{revision}/revert", summary="Undo a revision", response_model=Reverted)
async def revert_revision(api: ApiDep, revision: Annotated[int, Path(ge=1)], body: RevertBody) -> Response:
    """By a new one; 409 where later work depends on it. A withdrawal is undone as a whole, by any of its revisions."""
    reverting = Reverting(_amender(api))

    def revert() -> dict[str, object]:
        if body.dry_run:
            done = reverting.plan(revision)
        else:
            done = reverting.revert(revision, by=api.context.user, reason=body.reason)
        return repair_answers.reverted(api.context.store, done)

    return json_answer(await (api.gate.read(revert) if body.dry_run else api.gate.load(revert)))


def _amender(api: Api) -> Amender:
    context = api.context
    return Amender(context.store, context.registry, context.policy, clock=context.clock)


def _aware(at: dt.datetime | None, name: str) -> dt.datetime | None:
    if at is not None and at.tzinfo is None:
        raise Invalid(f"{name} has no offset; write it as 2026-01-31T12:00:00Z", place=name)
    return at
