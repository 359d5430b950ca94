"""What differs between two revisions, from what was agreed, and from what a file says should be."""

from __future__ import annotations

from typing import cast

import pytest

from cmdb.amending import Amender
from cmdb.documents import Document
from cmdb.errors import Invalid, NotFound
from cmdb.formats.batch import Batch
from cmdb.history.baselines import Baselines
from cmdb.history.difference import differences
from cmdb.history.extent import Extent
from cmdb.history.intended import Intent
from cmdb.observation import Draft, Link
from cmdb.reconcile.precedence import Policy
from cmdb.repairs.merging import Repair
from tests.unit.reconcile.builders import REGISTRY, World, all_relationships, day, draft, observation


def told(world: World, version: str, host: str, at: float) -> None:
    """A database on a host that has moved, or not."""
    drafts = [
        draft("server", "db", name="db1", key="vm-1", os_version=version),
        draft("hypervisor", "h", name=host, key=host),
    ]
    scopes = [all_relationships("RUNS_ON", "db")]
    world.tell(observation("vcenter", at, drafts, links=[("db", "RUNS_ON", "h")], scopes=scopes))


def rows(world: World, first: int, second: int, extent: Extent | None = None) -> list[Document]:
    found = differences(world.store, first, second, extent=extent or Extent())
    return [row for _, row in found]


def said(row: Document) -> tuple[object, ...]:
    """What a row says, in few words."""
    match row["kind"]:
        case "ci":
            return row["what"], cast("Document", row["ci"])["name"], row["changes"]
        case "relationship":
            ends = (cast("Document", row[end])["name"] for end in ("source", "target"))
            return row["what"], row["type"], *ends
        case _:
            return row["what"], row["line"]


def test_what_appeared_changed_and_vanished_is_told_once_with_its_names() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    told(world, "12", "esx2", 2)
    told(world, "13", "esx2", 3)
    assert sorted(map(said, rows(world, 1, world.store.revision())), key=str) == [
        ("appeared", "RUNS_ON", "db1", "esx2"),
        ("appeared", "esx2", {}),
        ("changed", "db1", {"os_version": ["11", "13"]}),
    ]


def test_a_relationship_that_ended_vanishes() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    for at in range(2, 40, 9):
        told(world, "11", "esx2", at)
    found = [said(row) for row in rows(world, 1, world.store.revision()) if row["kind"] == "relationship"]
    assert sorted(found) == [("appeared", "RUNS_ON", "db1", "esx2"), ("vanished", "RUNS_ON", "db1", "esx1")]


def test_what_changed_and_changed_back_does_not_differ() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    told(world, "12", "esx1", 2)
    told(world, "11", "esx1", 3)
    assert rows(world, 1, 3) == []
    assert [said(row) for row in rows(world, 1, 2)] == [("changed", "db1", {"os_version": ["11", "12"]})]


def test_a_ci_that_went_into_another_is_merged_and_one_that_came_and_went_is_not_told() -> None:
    world = World()
    one = world.see("ssh", 1, draft(name="one", serial="S-1"))
    other = world.see("ssh", 2, draft(name="other", serial="S-2"))
    before = world.store.revision()
    Repair(Amender(world.store, REGISTRY, Policy(), clock=lambda: day(9))).merge(one, other, by="anna")
    gone = [row for row in rows(world, before, world.store.revision()) if row["what"] == "merged"]
    assert [(cast("Document", row["ci"])["id"], row["into"]) for row in gone] == [(other, one)]
    assert other not in [cast("Document", row["ci"])["id"] for row in rows(world, 0, world.store.revision())]


def test_one_ci_is_compared_with_what_hangs_on_it() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    (host,) = world.cis("hypervisor")
    told(world, "12", "esx1", 2)
    world.see("ssh", 3, draft(name="stranger", serial="S-9"))
    (server,) = (ci for ci in world.cis() if ci.name == "db1")
    assert [said(row) for row in rows(world, 1, 3, Extent(ci=server.id))] == [
        ("changed", "db1", {"os_version": ["11", "12"]})
    ]
    assert [said(row) for row in rows(world, 0, 3, Extent(ci=host.id))] == [
        ("appeared", "esx1", {}),
        ("appeared", "RUNS_ON", "db1", "esx1"),
    ]


def test_a_class_is_compared_with_its_subclasses() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    world.see("ssh", 3, draft("switch", name="sw1", serial="S-9"))
    extent = Extent(class_names=frozenset(REGISTRY.subclasses("network_device")))
    assert [said(row) for row in rows(world, 0, 2, extent)] == [("appeared", "sw1", {})]


def test_pages_go_on_after_a_row() -> None:
    world = World()
    for number in range(5):
        world.see("ssh", number, draft(name=f"s{number}", serial=f"SN-{number}"))
    places = [place for place, _ in differences(world.store, 0, 5)]
    assert [place for place, _ in differences(world.store, 0, 5, after=places[1])] == places[2:]


def test_the_later_point_comes_second() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    told(world, "12", "esx1", 2)
    with pytest.raises(Invalid, match="name the earlier one first"):
        rows(world, 2, 1)


def test_a_baseline_names_a_revision_and_its_drift_is_what_differs_since() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    baselines = Baselines(world.store, REGISTRY, clock=lambda: day(5))
    made, before = baselines.set("agreed", 1, class_name="server", by="anna", reason="CAB")
    assert (made.revision, before) == (1, None)
    told(world, "12", "esx1", 2)
    assert baselines.get("agreed") == made
    drift = list(baselines.drift(made, world.store.revision()))
    assert [said(row) for row in drift] == [("changed", "db1", {"os_version": ["11", "12"]})]


def test_a_baseline_moves_and_is_forgotten_and_its_history_tells_so() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    baselines = Baselines(world.store, REGISTRY, clock=lambda: day(5))
    first, _ = baselines.set("agreed", 1, by="anna")
    second, before = baselines.set("agreed", 2, by="anna")
    assert before == first
    assert baselines.all() == [second]
    assert baselines.delete("agreed", by="anna") == second
    with pytest.raises(NotFound, match="no baseline is called 'agreed'; there is: none"):
        baselines.get("agreed")
    assert [revision.reason for revision in world.store.revisions(after=1)] == [
        "baseline agreed",
        "baseline agreed",
        "baseline agreed deleted",
    ]


@pytest.mark.parametrize(
    ("name", "revision"), [("", 1), (" ", 1), ("a\nb", 1), ("x" * 201, 1), ("agreed", 0), ("agreed", 9)]
)
def test_a_baseline_that_cannot_be_is_refused(name: str, revision: int) -> None:
    world = World()
    told(world, "11", "esx1", 1)
    with pytest.raises(Invalid):
        Baselines(world.store, REGISTRY, clock=lambda: day(5)).set(name, revision, by="anna")


def test_an_intended_state_says_what_is_missing_differs_and_is_extra_and_writes_nothing() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    world.see("vcenter", 2, draft("server", name="stray", key="vm-9"))
    (server,) = (ci for ci in world.cis() if ci.name == "db1")
    meant = Batch(
        drafts=[
            draft("server", server.id, name="db1", os_version="12"),
            draft("server", "new", name="db2", key="vm-2"),
            draft("hypervisor", "h", name="esx1", key="esx1"),
        ],
        links=[Link(source=server.id, type="DEPENDS_ON", target="h")],
    )
    revision = world.store.revision()
    found = list(
        Intent(world.store, REGISTRY, world.ingest).compare(meant, source="vcenter", network="default", at=day(9))
    )
    assert sorted(map(said, found), key=str) == sorted(
        [
            ("differs", "db1", {"os_version": ["12", "11"]}),
            ("missing", "db2", {}),
            ("extra", "stray", {}),
            ("missing", "DEPENDS_ON", "db1", "esx1"),
        ],
        key=str,
    )
    assert world.store.revision() == revision


def test_an_export_is_its_own_intended_state() -> None:
    world = World()
    told(world, "11", "esx1", 1)
    meant = Batch(
        drafts=[
            Draft(local_id=ci.id, class_name=ci.class_name, name=ci.name, attributes=ci.attributes)
            for ci in world.cis()
        ],
        links=[Link(source=source, type=type_, target=target) for source, type_, target in world.relationships()],
    )
    intent = Intent(world.store, REGISTRY, world.ingest)
    assert list(intent.compare(meant, source="any", network="default", at=day(9))) == []
