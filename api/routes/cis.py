"""CIs: listed, shown, and what is around and behind them."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.answers import json_answer, record_answer
from api.models import CiAnswer, CiPage, HistoryPage, Neighbourhood, RelationshipPage
from api.neighbourhood import neighbourhood
from api.parts import ApiDep, AsOf, Filter
from api.relationship_pages import relationship_page
from cmdb import documents
from cmdb.asking.question import ask, make_question
from cmdb.explaining import explain
from cmdb.history.as_of import view as as_of_view
from cmdb.history.timeline import history
from cmdb.lookup import find_ci

router = APIRouter(prefix="/cis", tags=["CIs"])

CiName = Annotated[
    str,
    Path(
        description="An id, a name, class:name, an FQDN or a unique short name; a merged CI's id answers with the one that remains.",
        max_length=1000,
    ),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="The most rows in one page.")]


@router.get("", summary="List CIs", response_model=CiPage)
async def list_cis(
    api: ApiDep,
    class_name: Annotated[str | None, Query(alias="class", description="A class, with its subclasses.")] = None,
    search: Annotated[str | None, Query(max_length=1000, description="A part of the name, in any case.")] = None,
    filter_text: Filter = None,
    sort: Annotated[
        str | None,
        Query(max_length=200, description="A field, or -field for the greatest first; by name when left out."),
    ] = None,
    as_of: AsOf = None,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
    limit: Limit = 100,
) -> Response:
    """CIs by name ignoring ASCII case, then id, or in the order of `sort`; merged ones are left out."""
    context = api.context

    def read() -> dict[str, object]:
        question = make_question(
            context.registry,
            now=context.clock(),
            class_name=class_name,
            search=search,
            filter_text=filter_text,
            sort_text=sort,
        )
        view = as_of_view(context.store, as_of, place="as_of")
        page = ask(view, question, after=cursor, limit=limit)
        return {"items": documents.list_rows(view, page.items), "cursor": page.cursor, **documents.beside(view)}

    return json_answer(await api.gate.read(read))


@router.get("/{ci}", summary="Show one CI", response_model=CiAnswer)
async def show_ci(api: ApiDep, request: Request, ci: CiName, as_of: AsOf = None) -> Response:
    """Its attributes, relationships (at most 1,000 a direction) and claims."""
    store, registry = api.context.store, api.context.registry

    def read() -> dict[str, object]:
        view = as_of_view(store, as_of, place="as_of")
        return documents.show(view, find_ci(view, registry, ci))

    return record_answer(request, await api.gate.read(read))


@router.get("/{ci}/relationships", summary="List a CI's relationships", response_model=RelationshipPage)
async def list_relationships(
    api: ApiDep,
    ci: CiName,
    type_: Annotated[str | None, Query(alias="type", description="One relationship type, such as RUNS_ON.")] = None,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
    limit: Limit = 100,
    as_of: AsOf = None,
) -> Response:
    """Outgoing ones first, then by id."""
    store, registry = api.context.store, api.context.registry

    def read() -> dict[str, object]:
        view = as_of_view(store, as_of, place="as_of")
        found = find_ci(view, registry, ci)
        return relationship_page(view, found.id, cursor=cursor, limit=limit, type_=type_)

    return json_answer(await api.gate.read(read))


@router.get("/{ci}/neighbourhood", summary="Show what is around a CI", response_model=Neighbourhood)
async def show_neighbourhood(
    api: ApiDep,
    ci: CiName,
    depth: Annotated[int, Query(ge=1, le=6, description="Hops, over relationships of any type.")] = 1,
    limit: Annotated[int, Query(ge=1, le=2000, description="The most CIs in the answer.")] = 200,
    as_of: AsOf = None,
) -> Response:
    """The nearest CIs and the relationships between them, and by class what the limit left out."""
    store, registry = api.context.store, api.context.registry

    def read() -> dict[str, object]:
        view = as_of_view(store, as_of, place="as_of")
        return neighbourhood(view, find_ci(view, registry, ci), depth=depth, limit=limit)

    return json_answer(await api.gate.read(read))


@router.get("/{ci}/history", summary="Show a CI's history", response_model=HistoryPage)
async def show_history(
    api: ApiDep,
    ci: CiName,
    after: Annotated[int, Query(ge=0, description="A revision.")] = 0,
    limit: Limit = 100,
    as_of: AsOf = None,
) -> Response:
    """What each revision did to it, oldest first."""
    store, registry = api.context.store, api.context.registry

    def read() -> dict[str, object]:
        view = as_of_view(store, as_of, place="as_of")
        rows = history(view, find_ci(view, registry, ci).id)
        later = (row for row in rows if int(str(row["revision"])) > after)
        page = list(islice(later, limit + 1))
        cursor = page[limit - 1]["revision"] if len(page) > limit else None
        return {"items": page[:limit], "cursor": cursor, **documents.beside(view)}

    return json_answer(await api.gate.read(read))


@router.get("/{ci}/explain", summary="Explain a CI's values")
async def explain_ci(
    api: ApiDep, ci: CiName, attribute: Annotated[str | None, Query(max_length=200)] = None
) -> Response:
    """For each value the source that won, its age, the rule and the claims that lost; and how the CI was matched."""
    context = api.context

    def read() -> dict[str, object]:
        found = find_ci(context.store, context.registry, ci)
        return explain(context.store, found, context.policy, attribute, now=context.clock())

    return json_answer(await api.gate.read(read))
