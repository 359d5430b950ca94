"""Blast radius."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.answers import json_answer
from api.impact_desk import ImpactQuestion
from api.models import ImpactAnswer, ImpactBody
from api.parts import Api, ApiDep, AsOf
from cmdb.history.as_of import view as as_of_view
from cmdb.history.past import Past, cautions
from cmdb.lookup import find_ci
from cmdb.store.view import View
from impact.export import radius_to_cytoscape, radius_to_graphml

router = APIRouter(prefix="/impact", tags=["Impact"])

GRAPHML = "application/graphml+xml"


class RadiusFormat(StrEnum):
    """How a blast radius is given."""

    JSON = "json"
    CYTOSCAPE = "cytoscape"
    GRAPHML = "graphml"


Format = Annotated[
    RadiusFormat,
    Query(alias="format", description="json, or the listed CIs and what joins them as Cytoscape JSON or GraphML."),
]
CiNames = Annotated[list[str], Query(max_length=1000)]
_EXPORTS: dict[int | str, dict[str, Any]] = {200: {"content": {GRAPHML: {}}}}


@router.get("", summary="Show a blast radius", response_model=ImpactAnswer, responses=_EXPORTS)
async def show_impact(
    api: ApiDep,
    ci: Annotated[list[str], Query(description="What fails; once per CI.", max_length=1000)] = [],  # noqa: B006 - never changed
    already_down: CiNames = [],  # noqa: B006 - never changed
    not_impacted: CiNames = [],  # noqa: B006 - never changed
    min_confidence: Annotated[float, Query(ge=0, le=1)] = 0.0,
    limit: Annotated[int | None, Query(ge=1, le=100_000, description="The most CIs listed; totals count all.")] = None,
    min_revision: Annotated[int | None, Query(ge=0, description="Wait up to 2 s for this revision, else 503.")] = None,
    as_of: AsOf = None,
    form: Format = RadiusFormat.JSON,
) -> Response:
    """What goes down or degrades when these CIs fail together, with path, confidence and reason for each."""
    body = ImpactBody(
        cis=tuple(ci),
        already_down=tuple(already_down),
        not_impacted=tuple(not_impacted),
        min_confidence=min_confidence,
        limit=limit,
        min_revision=min_revision,
        as_of=as_of,
    )
    return await _answer(api, body, form)


@router.post("", summary="Ask for a blast radius", response_model=ImpactAnswer, responses=_EXPORTS)
async def ask_impact(api: ApiDep, body: ImpactBody, form: Format = RadiusFormat.JSON) -> Response:
    """The same question as a body, for many CIs; it changes nothing."""
    return await _answer(api, body, form)


async def _answer(api: Api, body: ImpactBody, form: RadiusFormat) -> Response:
    await api.follower.wait_for(body.min_revision or 0)
    view = await api.gate.read(lambda: as_of_view(api.context.store, body.as_of, place="as_of"))
    question = await api.gate.read(lambda: _question(api, body, view))
    radius = await api.gate.read(lambda: api.context.impact.answer(question))
    if form is RadiusFormat.GRAPHML:
        return Response(await api.gate.read(lambda: radius_to_graphml(radius)), media_type=GRAPHML)
    if form is RadiusFormat.CYTOSCAPE:
        return Response(await api.gate.read(lambda: radius_to_cytoscape(radius)), media_type="application/json")
    document = await api.gate.read(radius.to_document)
    return json_answer({**document, "warnings": [*radius.warnings, *cautions(view)]})


def _question(api: Api, body: ImpactBody, view: View) -> ImpactQuestion:
    """The question with every CI by the id that it has, or had then."""
    registry = api.context.registry

    def ids(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(find_ci(view, registry, name).id for name in names)

    return ImpactQuestion(
        roots=ids(body.cis),
        already_down=ids(body.already_down),
        not_impacted=ids(body.not_impacted),
        min_confidence=body.min_confidence,
        limit=body.limit,
        as_of=(view.then, body.as_of or "") if isinstance(view, Past) else None,
    )
