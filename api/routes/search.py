"""Full-text search."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import json_answer
from api.models import SearchAnswer
from api.parts import ApiDep
from cmdb.search.answers import search_rows
from cmdb.search.searching import HITS_LIMIT, search

router = APIRouter(tags=["CIs"])


@router.get("/search", summary="Find CIs by words", response_model=SearchAnswer)
async def search_cis(
    api: ApiDep,
    text: Annotated[
        str,
        Query(
            min_length=1,
            max_length=1000,
            description="Words or beginnings of words of names, addresses, MACs, serials, asset tags, domain names, models, descriptions.",
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=HITS_LIMIT, description="The most hits.")] = 50,
) -> Response:
    """The best hits with the value that was found: exact names first, then identifiers, beginnings and words; retired CIs last."""
    store = api.context.store
    items = await api.gate.read(lambda: search_rows(store, search(store, text, limit=limit)))
    return json_answer({"items": items})
