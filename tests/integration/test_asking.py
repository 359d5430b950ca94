"""Filters, orders and search as people and programs ask: command line and HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.models import CiPage, SearchAnswer
from tests.support.api_world import World, ci, open_world, rel
from tests.support.command import Command

ESTATE = (
    ci("web1", "server", os_name="Linux", memory_bytes=8, ip_addresses=["10.1.0.1"], serial_number="C02XL0AB1234"),
    ci("web2", "server", os_name="linux", memory_bytes=16, ip_addresses=["10.2.0.1"]),
    ci("win1", "laptop", os_name="Windows", memory_bytes=32),
    ci("hv1", "hypervisor", os_name="ESXi"),
    rel("web1", "RUNS_ON", "hv1"),
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        await made.import_graph(*ESTATE, source="test")
        yield made


async def _names(world: World, **asked: str | int) -> list[str]:
    return [item.name for item in CiPage.model_validate(await world.get("/cis", **asked)).items]


async def test_a_list_is_filtered_and_ordered_over_http(world: World) -> None:
    assert await _names(world, filter='os_name == "Linux"') == ["web1", "web2"]
    assert await _names(world, filter="has(memory_bytes)", sort="-memory_bytes", **{"class": "host"}) == [
        "win1",
        "web2",
        "web1",
    ]
    assert await _names(world, filter='related("RUNS_ON", class == "hypervisor")') == ["web1"]


async def test_pages_of_an_ordered_list_follow_one_another(world: World) -> None:
    asked: dict[str, str | int] = {"class": "host", "sort": "-memory_bytes", "limit": 2}
    first = CiPage.model_validate(await world.get("/cis", **asked))
    second = CiPage.model_validate(await world.get("/cis", cursor=first.cursor or "", **asked))
    assert [item.name for item in (*first.items, *second.items)][:3] == ["win1", "web2", "web1"]


async def test_a_filter_that_cannot_be_asked_is_a_problem_with_its_place(world: World) -> None:
    answer = await world.client.get("/api/v1/cis", params={"class": "server", "filter": 'os_nam == "x"'})
    assert answer.status_code == 422
    assert (answer.json()["place"], "did you mean os_name" in answer.json()["detail"]) == ("filter, character 1", True)
    answer = await world.client.get("/api/v1/cis", params={"sort": "nonsense"})
    assert (answer.status_code, answer.json()["place"]) == (422, "sort")


async def test_a_search_says_what_it_found(world: World) -> None:
    found = SearchAnswer.model_validate(await world.get("/search", text="c02xl"))
    assert [(item.name, item.field, item.value) for item in found.items] == [("web1", "serial_number", "C02XL0AB1234")]


@pytest.mark.parametrize("form", ["graph", "csv", "graphml", "cytoscape"])
async def test_an_export_holds_what_the_filter_leaves(world: World, form: str) -> None:
    answer = await world.client.get(f"/api/v1/exports/{form}", params={"filter": 'class in ["server", "hypervisor"]'})
    assert answer.status_code == 200
    assert [name in answer.text for name in ("web1", "hv1", "RUNS_ON", "win1")] == [True, True, True, False]


def test_the_command_line_lists_exports_and_searches(tmp_path: Path) -> None:
    command = Command(tmp_path)
    assert command.run("import", "graph", "-", stdin="\n".join(json.dumps(row) for row in ESTATE).encode()).code == 0
    listed = command.run("list", "host", "--filter", "memory_bytes > 8", "--sort", "-memory_bytes", "--json")
    assert [row["name"] for row in listed.documents()] == ["win1", "web2"]
    shown = command.run("list", "host", "--filter", "memory_bytes > 8", "--sort", "-memory_bytes")
    assert shown.out.split("\n")[0].split() == [
        "name",
        "class",
        "state",
        "memory_bytes",
        "addresses",
        "last",
        "seen",
        "id",
    ]
    exported = command.run("export", "graph", "--filter", 'inside(ip_addresses, "10.1.0.0/16")')
    assert [line["ci"]["name"] for line in exported.documents()] == ["web1"]
    found = command.run("search", "10.1.", "--json")
    assert [(row["name"], row["field"], row["value"]) for row in found.documents()] == [
        ("web1", "ip_addresses", "10.1.0.1")
    ]
    assert "no CI fits" in command.run("search", "nothing like it").out


def test_a_fault_in_a_filter_is_one_line_in_a_pipe(tmp_path: Path) -> None:
    done = Command(tmp_path).run("list", "server", "--filter", 'os_nam == "x"')
    assert (done.code, done.said()) == (
        1,
        ["cmdb: filter, character 1: server has no attribute 'os_nam'; did you mean os_name or os_family or name?"],
    )
