"""What needs a person."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Query, Response

from api.answers import json_answer
from api.parts import ApiDep
from cmdb.documents import review_item
from cmdb.entities import Kind, Review

router = APIRouter(prefix="/review", tags=["Review"])


@router.get("", summary="List what needs a person")
async def list_reviews(
    api: ApiDep,
    cursor: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Duplicates, shared identifiers, conflicts and the like, by id."""
    found = await api.gate.read(lambda: api.context.store.scan(Kind.REVIEW, after=cursor, limit=limit + 1))
    rows = [review_item(cast("Review", item)) for item in found[:limit]]
    return json_answer({"items": rows, "cursor": rows[-1]["id"] if len(found) > limit else None})
