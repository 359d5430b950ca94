"""Whose value stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.answers import json_answer
from api.parts import ApiDep
from cmdb.policy_answers import policy_of

router = APIRouter(prefix="/policy", tags=["Policy"])


@router.get("/{class_name}", summary="Show whose value stands")
async def show_policy(
    api: ApiDep,
    class_name: Annotated[str, Path(max_length=200, description="A class.")],
    attribute: Annotated[str | None, Query(max_length=200, description="One attribute of it.")] = None,
) -> Response:
    """The effective rules of an attribute of a class; without one, those of all that have rules of their own, and of the rest."""
    return json_answer(policy_of(api.context.policy, class_name, attribute))
