"""Repairs over HTTP: the same acts and shapes as on the command line."""

from __future__ import annotations

import pytest

from tests.support.api_world import World, ci, open_world


async def _post(world: World, path: str, **body: object) -> tuple[int, dict[str, object]]:
    answer = await world.client.post(f"/api/v1{path}", json=body)
    return answer.status_code, answer.json()


async def test_two_cis_are_merged_and_parted_again() -> None:
    async with open_world() as world:
        await world.import_graph(ci("db1", "server"), ci("db2", "server"))
        status, merged = await _post(world, "/cis/db1/merge", other="server:db2")
        assert (status, merged["revision"]) == (200, 2)
        gone = (await world.get("/changes", after="1"))["items"]
        merged_id = next(row["id"] for row in gone if row["kind"] == "ci" and row["after"]["merged_into"])  # type: ignore[attr-defined]
        status, back = await _post(world, f"/cis/{merged_id}/unmerge")
        assert (status, back["id"], back["revision"]) == (200, merged_id, 3)
        status, _ = await _post(world, f"/cis/{merged_id}/unmerge")
        assert status == 409


async def test_a_source_is_withdrawn_and_the_withdrawal_reverted() -> None:
    async with open_world() as world:
        await world.import_graph(ci("db1", "server", location="hall 1"), source="csv")
        status, planned = await _post(world, "/sources/csv/withdraw", dry_run=True)
        assert (status, planned["claims"], planned["revisions"]) == (200, 1, [])
        status, done = await _post(world, "/sources/csv/withdraw", reason="wrong file")
        assert (status, done["retired_count"], done["revisions"]) == (200, 1, [2])
        assert (await world.get("/cis/db1"))["lifecycle"] == "retired"
        status, back = await _post(world, "/revisions/2/revert")
        assert (status, back["undone"], back["revisions"]) == (200, [2], [3])
        assert (await world.get("/cis/db1"))["lifecycle"] == "live"
        revisions = (await world.get("/revisions"))["items"]
        assert [row["reason"] for row in revisions] == ["observed by csv", "withdrew csv: wrong file", "reverted 2"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/sources/nobody/withdraw", {}, 404),
        ("/sources/csv/withdraw", {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 422),
        ("/sources/csv/withdraw", {"from": "2026-01-02T00:00:00"}, 422),
        ("/revisions/9/revert", {}, 404),
        ("/cis/db1/merge", {"other": "nothing"}, 422),
        ("/cis/nothing/merge", {"other": "db1"}, 404),
        ("/cis/nothing/unmerge", {}, 404),
    ],
)
async def test_what_cannot_be_done_says_why(path: str, body: dict[str, object], status: int) -> None:
    async with open_world() as world:
        await world.import_graph(ci("db1", "server"), source="csv")
        answer = await world.client.post(f"/api/v1{path}", json=body)
        assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)
