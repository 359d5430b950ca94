"""The OpenAPI document: complete for every endpoint, and what the reference page and the start page are made of."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import cast

import pytest

from api.page import operations
from api.reference import api_reference
from api.routing import described_app
from tests.shared import ROOT
from tests.support.api_world import SHOP, World, open_world

DOCUMENT = described_app("test").openapi()
OPERATIONS = [(method, path, operation) for path, method, operation in operations(DOCUMENT)]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]

PROMISED = {
    "get /api/v1/cis",
    "get /api/v1/cis/{ci}",
    "get /api/v1/cis/{ci}/relationships",
    "get /api/v1/cis/{ci}/neighbourhood",
    "get /api/v1/cis/{ci}/history",
    "get /api/v1/classes",
    "get /api/v1/classes/{name}/schema",
    "post /api/v1/imports/{format_name}",
    "post /api/v1/scans",
    "get /api/v1/scans",
    "get /api/v1/scans/{run_id}",
    "delete /api/v1/scans/{run_id}",
    "get /api/v1/scans/{run_id}/events",
    "get /api/v1/changes",
    "get /api/v1/changes/events",
    "get /api/v1/schedules",
    "post /api/v1/schedules",
    "delete /api/v1/schedules/{name}",
    "post /api/v1/schedules/{name}/run",
    "get /api/v1/impact",
    "post /api/v1/impact",
    "get /api/v1/revisions",
    "get /healthz",
    "get /readyz",
    "get /metrics",
}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made


def test_every_promised_endpoint_is_there() -> None:
    assert set(NAMES) >= PROMISED
    assert str(DOCUMENT["openapi"]).startswith("3.1")


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_endpoint_says_what_it_does_and_how_it_fails(
    method: str, path: str, operation: dict[str, object]
) -> None:
    assert operation["summary"]
    assert str(operation["description"]).strip()
    assert len(cast("list[str]", operation["tags"])) == 1
    responses = cast("dict[str, dict[str, dict[str, object]]]", operation["responses"])
    wanted = {"401", "403", "500", "503"} | ({"404", "409", "422", "429"} if path.startswith("/api/v1") else set())
    if path == "/healthz":
        wanted = {"500"}
    assert set(responses) >= wanted
    for status in wanted:
        assert "application/problem+json" in responses[status]["content"]
    assert any(status.startswith("2") for status in responses), f"{method} {path} never succeeds"


def test_operation_ids_are_unique() -> None:
    ids = [str(operation["operationId"]) for _, _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)


def test_every_reference_in_the_document_resolves() -> None:
    schemas = cast("dict[str, dict[str, object]]", DOCUMENT["components"])["schemas"]
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert referred <= set(schemas)
    assert "Problem" in referred


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for method, path, _ in OPERATIONS if "events" not in path],
    ids=[n for n in NAMES if "events" not in n],
)
async def test_no_endpoint_fails_unexpectedly_on_odd_input(world: World, method: str, path: str) -> None:
    await world.import_graph(*SHOP)
    for odd in ("db1", "%00", "..%2f..", "ü", "x" * 900, "-1", "'\"<>"):
        filled = re.sub(r"\{[^}]+\}", odd, path)
        for body in (b"", b"{}", b"[]", b"null", b'"\xff"', b'{"cis": [null]}'):
            headers = {"content-type": "application/json"}
            content = body if method == "post" else None
            answer = await world.client.request(method, filled, content=content, headers=headers)
            assert answer.status_code < 500, f"{method} {filled} {body!r}: {answer.text}"
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"
            if method != "post":
                break


async def test_the_document_is_served_and_the_start_page_lists_it(world: World) -> None:
    served = await world.client.get("/api/v1/openapi.json")
    assert served.json()["paths"].keys() == cast("dict[str, object]", DOCUMENT["paths"]).keys()
    page = (await world.client.get("/")).text
    for path in cast("dict[str, object]", DOCUMENT["paths"]):
        assert f"<code>{path}</code>" in page
    assert not re.search(r'(src|href)="(https?:)?//', page), "the page asks another host"


def test_the_reference_page_is_current() -> None:
    page = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    assert page == api_reference(described_app("any").openapi()), (
        "write it anew: python -m api.reference > docs/reference/api.md"
    )
