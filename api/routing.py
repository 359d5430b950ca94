"""Every route, with what they all may answer, and the OpenAPI document of them."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from starlette.types import Lifespan

from api.errors import PROBLEMS, Fault, Problem
from api.frame import PREFIX
from api.page import start_page
from api.routes import (
    changes,
    cis,
    classes,
    collectors,
    edits,
    health,
    history,
    impact,
    lifecycle,
    policy,
    process,
    repairs,
    reviews,
    scans,
    schedules,
    search,
    transfers,
)

_ROUTERS = (
    cis.router,
    search.router,
    edits.router,
    lifecycle.router,
    classes.router,
    policy.router,
    impact.router,
    scans.router,
    schedules.router,
    collectors.router,
    transfers.router,
    changes.router,
    history.router,
    repairs.router,
    reviews.router,
    health.router,
)


def described_app(version: str, *, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """An application with all routes and its own OpenAPI document; its routes answer once `app.state.api` is set."""
    app = FastAPI(
        title="Graph CMDB",
        version=version,
        summary="Configuration items, what depends on what, and what falls if one of them falls.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    _add_routes(app)
    return app


def _add_routes(app: FastAPI) -> None:
    versioned = APIRouter(prefix=PREFIX, responses=PROBLEMS)
    for router in _ROUTERS:
        versioned.include_router(router)
    app.include_router(versioned)
    app.include_router(process.router, responses={status: PROBLEMS[status] for status in (401, 403, 500, 503)})

    @app.get("/", include_in_schema=False)
    async def show_page(request: Request) -> HTMLResponse:
        return HTMLResponse(start_page(request.app.openapi()))

    document: dict[str, object] = {}

    def openapi() -> dict[str, object]:
        if not document:
            document.update(
                get_openapi(
                    title=app.title, version=app.version, summary=app.summary, routes=app.routes, license_info=_LICENSE
                )
            )
            _add_schemas(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign] # the documented way to extend it


_LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def _add_schemas(document: dict[str, object]) -> None:
    components = cast("dict[str, dict[str, object]]", document.setdefault("components", {}))
    schemas = components.setdefault("schemas", {})
    for model in (Problem, Fault):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
