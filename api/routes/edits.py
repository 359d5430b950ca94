"""Edits by people: what they say of a CI and of its relationships goes before what sources say."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request, Response

from api.answers import check_match, json_answer, record_answer
from api.edit_models import EditBody, GroupBody, RelationshipEditBody
from api.models import CiAnswer
from api.parts import Api, ApiDep
from api.routes.cis import CiName
from cmdb import documents
from cmdb.amending import Amender
from cmdb.editing.edits import Editing, Why
from cmdb.editing.grouping import Grouping
from cmdb.errors import Invalid, NotFound
from cmdb.lookup import find_ci

router = APIRouter(prefix="/cis", tags=["CIs"])


@router.patch("/{ci}", summary="Edit a CI", response_model=CiAnswer)
async def edit_ci(api: ApiDep, request: Request, ci: CiName, body: EditBody) -> Response:
    """Say what is right for a CI, or take back what was said; the CI as it is then. With `If-Match` only as it was read."""
    store, registry = api.context.store, api.context.registry

    def edit() -> documents.Document:
        found = find_ci(store, registry, ci)
        check_match(request, documents.show(store, found))
        why = _why(api, body.reason, body.until)
        try:
            _editing(api).edit(found.id, dict(body.attributes), unset=body.unset, why=why)
        except NotFound as error:
            # something inside the body: the path itself exists
            raise Invalid(error.message, ids=error.ids) from error
        return documents.show(store, find_ci(store, registry, found.id))

    return record_answer(request, await api.gate.write(edit))


@router.put("/{ci}/relationships", summary="Edit a relationship")
async def edit_relationship(api: ApiDep, ci: CiName, body: RelationshipEditBody) -> Response:
    """Say that a relationship from the CI is there, or is not, which ends it; or take that back. Idempotent but for its time."""
    store, registry = api.context.store, api.context.registry

    def edit() -> dict[str, object]:
        source = find_ci(store, registry, ci)
        try:
            target = find_ci(store, registry, body.target)
            kind = registry.relationship_type(body.type)
            editing = _editing(api)
            say = {True: editing.relate, False: editing.unrelate, None: editing.leave_relationship}[body.is_there]
            revision = say(source.id, kind.name, target.id, why=_why(api, body.reason, body.until))
        except NotFound as error:
            raise Invalid(error.message, ids=error.ids) from error
        return {
            "source": source.id,
            "type": kind.name,
            "target": target.id,
            "is_there": body.is_there,
            "revision": None if revision is None else revision.number,
        }

    return json_answer(await api.gate.write(edit))


@router.put("/{ci}/groups", summary="Edit a redundancy group")
async def edit_group(api: ApiDep, ci: CiName, body: GroupBody) -> Response:
    """Say how many of its members the CI needs, before what sources say of the same group; without a minimum take that back."""
    store, registry = api.context.store, api.context.registry
    grouping = Grouping(_amender(api))

    def edit() -> dict[str, object]:
        of = find_ci(store, registry, ci)
        by = api.context.user
        try:
            members = [find_ci(store, registry, member).id for member in body.members]
            if body.min_up is None and body.min_up_percent is None:
                revision = grouping.ungroup(of.id, name=body.name, members=members, by=by, reason=body.reason)
            else:
                revision = grouping.group(
                    of.id,
                    members,
                    min_up=body.min_up,
                    min_up_percent=body.min_up_percent,
                    name=body.name,
                    by=by,
                    reason=body.reason,
                )
        except NotFound as error:
            raise Invalid(error.message, ids=error.ids) from error
        return {"of": of.id, "revision": None if revision is None else revision.number}

    return json_answer(await api.gate.write(edit))


def _editing(api: Api) -> Editing:
    return Editing(_amender(api))


def _amender(api: Api) -> Amender:
    context = api.context
    return Amender(context.store, context.registry, context.policy, clock=context.clock)


def _why(api: Api, reason: str, until: dt.datetime | None) -> Why:
    if until is not None and until.tzinfo is None:
        raise Invalid("until has no offset; write it as 2026-01-31T12:00:00Z", place="until")
    return Why(by=api.context.user, reason=reason, until=until)
