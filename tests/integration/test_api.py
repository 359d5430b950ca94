"""The API over an application in process: each endpoint answers in contract.md's shapes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import pytest

from api.models import (
    ChangePage,
    CiAnswer,
    CiPage,
    HistoryPage,
    ImpactAnswer,
    Neighbourhood,
    RelationshipPage,
    RevisionPage,
)
from cmdb.store.sqlite.store import SqliteStore
from tests.support.api_world import SHOP, World, ci, open_world, rel


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made


async def ids_by_name(world: World) -> dict[str, str]:
    page = CiPage.model_validate(await world.get("/cis", limit=1000))
    return {item.name: item.id for item in page.items}


async def test_an_import_answers_a_line_a_row_and_last_the_totals(world: World) -> None:
    lines = await world.import_graph(*SHOP, source="datacentre")
    assert [(line["id"], line["outcome"]) for line in lines[:3]] == [
        ("shop", "created"),
        ("web", "created"),
        ("db1", "created"),
    ]
    totals = lines[-1]
    assert (totals["created"], totals["updated"], totals["unchanged"], totals["parked"], totals["refused"]) == (
        3,
        0,
        0,
        0,
        0,
    )
    assert totals["revision"] == world.store.revision()
    again = await world.import_graph(*SHOP, source="datacentre")
    assert (again[-1]["revision"], again[-1]["unchanged"]) == (None, 3)


async def test_a_dry_run_writes_nothing(world: World) -> None:
    lines = await world.import_graph(*SHOP, dry_run="true")
    assert (lines[-1]["created"], lines[-1]["revision"], lines[-1]["dry_run"]) == (3, None, True)
    assert world.store.revision() == 0


async def test_a_file_that_cannot_be_right_is_refused_as_a_whole_with_its_place(world: World) -> None:
    answer = await world.client.post(
        "/api/v1/imports/graph", content=b'{"ci": {"id": "a", "class": "server"}}\nnot json\n'
    )
    assert answer.status_code == 422
    assert answer.json()["place"] == "body:2"
    assert world.store.revision() == 0


async def test_an_unknown_format_is_not_found(world: World) -> None:
    answer = await world.client.post("/api/v1/imports/cobol", content=b"")
    assert answer.status_code == 404
    assert "graph" in answer.json()["detail"]


async def test_cis_are_listed_by_name_in_pages_without_gap_or_overlap(world: World) -> None:
    await world.import_graph(*(ci(f"srv{number:02}", "server") for number in range(25)), ci("Alpha", "switch"))
    names, cursor = [], None
    while True:
        params = {"limit": 10} if cursor is None else {"limit": 10, "cursor": cursor}
        page = CiPage.model_validate(await world.get("/cis", **params))
        names += [item.name for item in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert names == ["Alpha", *(f"srv{number:02}" for number in range(25))]


async def test_a_class_lists_its_subclasses_and_a_search_narrows(world: World) -> None:
    await world.import_graph(ci("web1", "server"), ci("web2", "laptop"), ci("core", "switch"), ci("db", "server"))
    hosts = CiPage.model_validate(await world.get("/cis", **{"class": "host", "search": "WEB"}))
    assert [item.name for item in hosts.items] == ["web1", "web2"]
    answer = await world.client.get("/api/v1/cis", params={"class": "sever"})
    assert answer.status_code == 422
    assert "server" in answer.json()["detail"]


async def test_a_ci_is_shown_by_id_and_by_name_with_relationships_and_claims(world: World) -> None:
    await world.import_graph(*SHOP, source="datacentre")
    ids = await ids_by_name(world)
    by_id = await world.get(f"/cis/{ids['db1']}")
    assert await world.get("/cis/server:db1") == by_id == await world.get("/cis/db1")
    shown = CiAnswer.model_validate(by_id)
    assert (shown.class_, shown.name, shown.lifecycle, shown.state) == ("server", "db1", "live", "present")
    assert [(row.type, row.direction, row.ci.name) for row in shown.relationships] == [("DEPENDS_ON", "in", "web")]
    assert [(claim.source, claim.attributes["serial_number"]) for claim in shown.claims] == [
        ("datacentre", "C02XL0AB1234")
    ]


async def test_an_unchanged_ci_is_not_sent_again(world: World) -> None:
    await world.import_graph(*SHOP)
    first = await world.client.get("/api/v1/cis/db1")
    again = await world.client.get("/api/v1/cis/db1", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await world.import_graph(ci("db1", "server", serial_number="C02XL0AB1234", location="rack 7"))
    moved = await world.client.get("/api/v1/cis/db1", headers={"If-None-Match": first.headers["etag"]})
    assert moved.status_code == 200


async def test_an_ambiguous_name_lists_the_candidates(world: World) -> None:
    await world.import_graph(ci("core", "server"), source="one")
    await world.import_graph(ci("core", "switch"), source="two")
    answer = await world.client.get("/api/v1/cis/core")
    assert answer.status_code == 409
    assert len(answer.json()["ids"]) == 2
    assert (await world.get("/cis/switch:core"))["class"] == "switch"


async def test_relationships_are_paged_outgoing_first(world: World) -> None:
    await world.import_graph(
        ci("hub", "application"),
        *(ci(f"n{number}", "application") for number in range(7)),
        *(rel("hub", "DEPENDS_ON", f"n{number}") for number in range(4)),
        *(rel(f"n{number}", "DEPENDS_ON", "hub") for number in range(4, 7)),
    )
    found, cursor = [], None
    while True:
        params = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = RelationshipPage.model_validate(await world.get("/cis/hub/relationships", **params))
        assert page.is_complete
        found += [(row.direction, row.ci.name) for row in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert [direction for direction, _ in found] == ["out"] * 4 + ["in"] * 3
    assert {name for _, name in found} == {f"n{number}" for number in range(7)}
    none = await world.get("/cis/hub/relationships", type="RUNS_ON")
    assert none["items"] == []
    bad = await world.client.get("/api/v1/cis/hub/relationships", params={"cursor": "sideways.1"})
    assert (bad.status_code, bad.json()["place"]) == (422, "cursor")


async def test_a_neighbourhood_says_what_its_limit_left_out(world: World) -> None:
    await world.import_graph(
        *SHOP,
        ci("api", "application"),
        ci("job", "application"),
        rel("api", "DEPENDS_ON", "db1"),
        rel("job", "DEPENDS_ON", "db1"),
    )
    whole = Neighbourhood.model_validate(await world.get("/cis/db1/neighbourhood", depth=2))
    assert [(row.name, row.hops) for row in whole.cis] == [("db1", 0), ("api", 1), ("job", 1), ("web", 1), ("shop", 2)]
    assert (len(whole.relationships), whole.left_out, whole.is_complete) == (4, {}, True)
    cut = Neighbourhood.model_validate(await world.get("/cis/db1/neighbourhood", depth=2, limit=3))
    assert [row.name for row in cut.cis] == ["db1", "api", "job"]
    assert (len(cut.relationships), cut.left_out) == (2, {"application": 1})


async def test_history_lists_what_each_revision_did(world: World) -> None:
    await world.import_graph(ci("db1", "server", location="rack 1"))
    await world.import_graph(ci("db1", "server", location="rack 2"))
    page = HistoryPage.model_validate(await world.get("/cis/db1/history"))
    assert [row.what for row in page.items] == ["created", "updated"]
    assert page.items[1].changes == {"location": ["rack 1", "rack 2"]}
    first = HistoryPage.model_validate(await world.get("/cis/db1/history", limit=1))
    assert first.cursor == page.items[0].revision
    rest = HistoryPage.model_validate(await world.get("/cis/db1/history", after=first.cursor))
    assert rest.items == page.items[1:]


async def test_values_are_explained(world: World) -> None:
    await world.import_graph(*SHOP, source="datacentre")
    explained = await world.get("/cis/db1/explain", attribute="serial_number")
    attributes = explained["attributes"]
    assert isinstance(attributes, dict)
    assert (attributes["serial_number"]["value"], attributes["serial_number"]["source"]) == (
        "C02XL0AB1234",
        "datacentre",
    )


async def test_classes_and_their_schemas_are_listed(world: World) -> None:
    answer = await world.client.get("/api/v1/classes")
    rows = {row["name"]: row for row in answer.json()}
    assert "host" in rows["server"]["parents"]
    schema = await world.get("/classes/server/schema")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert "serial_number" in properties


async def test_the_radius_of_the_database_reaches_the_shop(world: World) -> None:
    lines = await world.import_graph(*SHOP)
    ids = await ids_by_name(world)
    revision = lines[-1]["revision"]
    assert isinstance(revision, int)
    radius = ImpactAnswer.model_validate(await world.get("/impact", ci="db1", min_revision=revision))
    assert radius.roots == [ids["db1"]]
    assert [(row.name, row.state, row.hops) for row in radius.impacted] == [("shop", "down", 2), ("web", "down", 1)]
    assert radius.impacted[0].path == [ids["db1"], ids["web"], ids["shop"]]
    assert [row.name for row in radius.services] == ["shop"]
    assert radius.totals.model_dump() == {
        "down": 2,
        "degraded": 0,
        "by_class": {"application": 1, "business_service": 1},
    }
    body = {"cis": ["server:db1"], "not_impacted": ["web"], "min_revision": revision}
    answer = await world.client.post("/api/v1/impact", json=body)
    assert answer.json()["impacted"] == []


async def test_without_root_or_down_ci_the_radius_is_empty(world: World) -> None:
    await world.import_graph(*SHOP)
    assert (await world.get("/impact"))["impacted"] == []


async def test_a_limited_radius_says_what_it_left_out(world: World) -> None:
    lines = await world.import_graph(*SHOP)
    radius = await world.get("/impact", ci="db1", limit=1, min_revision=str(lines[-1]["revision"]))
    assert (len(radius["impacted"]), radius["omitted"]) == (1, 1)  # type: ignore[arg-type]


async def test_the_radius_of_an_earlier_time_is_answered_from_the_past(world: World) -> None:
    await world.import_graph(*SHOP)
    await world.import_graph(ci("billing", "application"), ci("db1", "server"), rel("billing", "DEPENDS_ON", "db1"))
    first = world.store.revisions(limit=1)[0].at.isoformat()
    then = ImpactAnswer.model_validate(await world.get("/impact", ci="db1", as_of=first))
    assert [row.name for row in then.impacted] == ["shop", "web"]
    assert (then.revision, then.as_of) == (1, first)
    now = ImpactAnswer.model_validate(await world.get("/impact", ci="db1", min_revision=2))
    assert [row.name for row in now.impacted] == ["shop", "billing", "web"]


async def test_a_revision_that_does_not_come_is_unavailable_after_a_short_wait(world: World) -> None:
    answer = await world.client.get("/api/v1/impact", params={"min_revision": 1_000_000})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


async def test_the_feed_gives_every_change_once_and_in_order(world: World) -> None:
    await world.import_graph(*SHOP)
    rows, cursor = [], "0"
    for _ in range(100):
        page = ChangePage.model_validate(await world.get("/changes", after=cursor, limit=2))
        rows += [(row.revision, row.sequence) for row in page.items]
        if not page.items:
            break
        cursor = page.cursor
    whole = [(change.revision, change.sequence) for change in world.store.changes(after=0)]
    assert rows == whole
    assert (await world.get("/changes", after=cursor))["cursor"] == cursor
    bad = await world.client.get("/api/v1/changes", params={"after": "yesterday"})
    assert (bad.status_code, bad.json()["place"]) == (422, "after")


async def test_revisions_are_listed_in_pages(world: World) -> None:
    for number in range(3):
        await world.import_graph(ci(f"srv{number}", "server"))
    first = RevisionPage.model_validate(await world.get("/revisions", limit=2))
    assert [row.number for row in first.items] == [1, 2]
    rest = RevisionPage.model_validate(await world.get("/revisions", after=str(first.cursor)))
    assert ([row.number for row in rest.items], rest.cursor) == ([3], None)


async def test_an_export_is_imported_as_the_same_graph(world: World) -> None:
    await world.import_graph(*SHOP)
    exported = await world.client.get("/api/v1/exports/graph")
    assert exported.status_code == 200
    async with open_world() as other:
        answer = await other.client.post("/api/v1/imports/graph", content=exported.content)
        assert answer.status_code == 200
        assert (await other.client.get("/api/v1/exports/graph")).content == exported.content
        assert len(json.loads(b"[" + b",".join(exported.content.splitlines()) + b"]")) >= 5


async def test_a_radius_and_the_graph_are_exported_for_other_programs(world: World) -> None:
    lines = await world.import_graph(*SHOP)
    params = {"ci": "db1", "min_revision": str(lines[-1]["revision"])}
    radius = (await world.client.get("/api/v1/impact", params={**params, "format": "cytoscape"})).json()
    assert sorted(node["data"]["name"] for node in radius["elements"]["nodes"]) == ["db1", "shop", "web"]
    assert [edge["data"]["type"] for edge in radius["elements"]["edges"]] == ["DEPENDS_ON", "DEPENDS_ON"]
    graphml = await world.client.get("/api/v1/impact", params={**params, "format": "graphml"})
    assert graphml.headers["content-type"].startswith("application/graphml+xml")
    whole = await world.client.get("/api/v1/exports/graphml")
    for text in (graphml.text, whole.text):
        root = ET.fromstring(text)
        assert len(root.findall(".//{*}node")) == 3
        assert len(root.findall(".//{*}edge")) == 2
    assert len((await world.get("/exports/cytoscape"))["elements"]["nodes"]) == 3  # type: ignore[index]
    assert (await world.client.get("/api/v1/exports/cobol")).status_code == 422


async def test_the_process_is_healthy_ready_and_measured(world: World) -> None:
    assert (await world.client.get("/healthz")).json() == {"status": "ok", "reasons": []}
    for _ in range(100):
        ready = await world.client.get("/readyz")
        if ready.status_code == 200:
            break
        await asyncio.sleep(0.02)
    assert ready.json() == {"status": "ok", "reasons": []}
    await world.client.get("/api/v1/cis/nobody")
    text = (await world.client.get("/metrics")).text
    assert 'cmdb_http_requests_total{method="GET",route="/api/v1/cis/{ci}",status="404"} 1.0' in text
    assert "cmdb_store_revision 0.0" in text


async def test_a_store_that_does_not_answer_makes_the_process_not_ready(world: World) -> None:
    assert isinstance(world.store, SqliteStore)
    world.store.close()
    answer = await world.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert (await world.client.get("/healthz")).status_code == 200
