"""The process itself: does it live, can it answer, what has it counted."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import json_answer
from api.metrics import CONTENT_TYPE
from api.models import Health
from api.parts import ApiDep
from cmdb.errors import CmdbError

router = APIRouter(tags=["Process"])


@router.get("/healthz", summary="Does the process live", response_model=Health)
async def show_health() -> Response:
    """Always ok while the event loop turns; asks nothing, needs no token."""
    return json_answer({"status": "ok", "reasons": []})


@router.get("/readyz", summary="Can the process answer", response_model=Health)
async def show_readiness(api: ApiDep) -> Response:
    """Whether the store answers and the impact graph is current; 503 with the reasons when not."""
    reasons = []
    try:
        await api.gate.read(api.context.store.revision)
    except CmdbError as error:
        reasons.append(f"the store does not answer: {error.message}")
    if api.context.impact.revision is None:
        reasons.append("the impact graph is being built")
    elif not api.follower.is_current:
        reasons.append("the impact graph does not follow the store")
    status = "not ready" if reasons else "ok"
    return json_answer({"status": status, "reasons": reasons}, status=503 if reasons else 200)


@router.get("/metrics", summary="Read Prometheus metrics", response_class=Response)
async def show_metrics(api: ApiDep) -> Response:
    """Counters and gauges of this process in Prometheus' text format."""
    api.metrics.set_revisions(store=api.follower.store_revision, impact=api.context.impact.revision or 0)
    api.metrics.set_lanes(api.gate.load_factors())
    return Response(api.metrics.text(), media_type=CONTENT_TYPE)
