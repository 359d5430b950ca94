"""How complete, correct and compliant the graph is, and which addresses were seen."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.answers import json_answer
from api.parts import ApiDep
from cmdb.errors import NotFound
from cmdb.health.answers import health_document
from cmdb.health.assessment import assess
from cmdb.health.coverage_reading import address_document, range_document, ranges_of
from cmdb.health.keeping import kept
from cmdb.health.services import parts_of
from cmdb.lookup import find_ci

router = APIRouter(tags=["Health"])
Space = Annotated[str, Query(max_length=200, description="Address space.")]


@router.get("/health", summary="Compute the health of the graph")
async def compute_health(
    api: ApiDep,
    class_name: Annotated[
        str | None, Query(alias="class", max_length=200, description="Only CIs of a class and its subclasses.")
    ] = None,
    service: Annotated[
        str | None, Query(max_length=1000, description="Only a service and everything that it needs; an id or a name.")
    ] = None,
    audit: Annotated[str | None, Query(max_length=200, description="Only one audit.")] = None,
) -> Response:
    """Completeness, correctness and compliance, in percent; a pass over all CIs, and `/health/days` for what was kept."""
    context = api.context

    def read() -> dict[str, object]:
        audits = tuple(one for one in context.audits if audit in (None, one.name))
        if audit is not None and not audits:
            raise NotFound(f"there is no audit {audit!r}; there are {', '.join(one.name for one in context.audits)}")
        ids = None
        if service is not None:
            ids, _ = parts_of(context.store, context.registry, find_ci(context.store, context.registry, service))
        done = assess(context.store, context.registry, audits, now=context.clock(), class_name=class_name, ids=ids)
        return health_document(done)

    return json_answer(await api.gate.read(read))


@router.get("/health/days", summary="List the health of past days")
async def list_days(api: ApiDep) -> Response:
    """The figures that were kept, a day each, oldest first; at most ten years."""
    return json_answer({"items": await api.gate.read(lambda: kept(api.context.store))})


@router.get("/coverage", summary="List which addresses were seen")
async def list_coverage(api: ApiDep, network: Space = "default") -> Response:
    """Every range that a schedule, a run or a subnet names: seen addresses by source, and why the others are not known."""
    found = await api.gate.read(lambda: [range_document(one) for one in ranges_of(api.context.store, network)])
    return json_answer({"ranges": found})


@router.get("/coverage/{address}", summary="Show who looked at an address")
async def show_coverage(
    api: ApiDep, address: Annotated[str, Path(max_length=100)], network: Space = "default"
) -> Response:
    """What is there, who looked and when, and why nothing is known."""
    return json_answer(await api.gate.read(lambda: address_document(api.context.store, address, network)))
