"""The class registry."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import json_answer
from api.models import ClassRow
from api.parts import ApiDep

router = APIRouter(prefix="/classes", tags=["Classes"])


@router.get("", summary="List CI classes", response_model=list[ClassRow])
async def list_classes(api: ApiDep) -> Response:
    """All classes, the site's own among them, by name."""
    registry = api.context.registry
    specs = sorted(registry.classes(), key=lambda spec: spec.name)
    return json_answer(
        [
            {
                "name": spec.name,
                "parents": list(spec.parents),
                "family": spec.family.value,
                "abstract": spec.is_abstract,
                "description": spec.description,
            }
            for spec in specs
        ]
    )


@router.get("/{name}/schema", summary="Show a class's JSON Schema")
async def show_schema(api: ApiDep, name: str) -> Response:
    """JSON Schema (2020-12) of the attributes of a class, inherited ones included."""
    registry = api.context.registry
    return json_answer(registry.json_schema(registry.get(name).name))
