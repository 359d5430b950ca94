"""Purge and erasure on every store: what is gone is gone from the past too, and the past stays readable."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import msgspec
import pytest

from cmdb.amending import Amender
from cmdb.entities import CI, Kind
from cmdb.errors import Conflict, Invalid, NotFound
from cmdb.lifecycle.pseudonyms import Pseudonyms
from cmdb.lifecycle.purging import Purging
from cmdb.lifecycle.retirement import Retirement
from cmdb.observation import Draft, RedundancyDraft
from cmdb.reconcile.precedence import Policy
from cmdb.store.protocol import Store
from tests.unit.reconcile.builders import REGISTRY, World, day, draft, observation

SERIAL = "SECRET-SERIAL-1"
NOW = dt.timedelta(0)


def _amender(store: Store, at: float = 500) -> Amender:
    return Amender(store, REGISTRY, Policy(), clock=lambda: day(at))


def _estate(store: Store) -> tuple[World, dict[str, str]]:
    """A host with a disk, what runs on it, and a group that it is a member of; ids by local id."""
    world = World(store)
    drafts = [
        draft("server", "h", name="doomed", serial=SERIAL, owner="ada"),
        draft("disk", "d", name="sda", host="h"),
        draft("server", "twin", name="twin", serial="TWIN-1"),
        draft("application", "app", name="shop"),
    ]
    group = RedundancyDraft(of="app", members=("h", "twin"), min_up=1, name="web")
    told = observation("graph", 1, drafts, links=[("app", "RUNS_ON", "h"), ("app", "RUNS_ON", "twin")], groups=[group])
    rows = world.tell(told).plan.rows
    return world, {row.local_id: str(row.ci) for row in rows}


def _everything(store: Store) -> str:
    """All that the store says of its past and present, as text."""
    said: list[object] = [store.changes(after=0, limit=1000), store.revisions(), store.touches(after=0)]
    said += [store.scan(kind) for kind in Kind]
    said.append(store.places_ever())
    return msgspec.json.encode(said).decode()


def test_a_purged_ci_is_gone_with_its_parts_and_reads_purged_in_the_past(store: Store) -> None:
    world, ids = _estate(store)
    Retirement(_amender(store)).delete(ids["h"], by="ada", reason="scrapped")
    assert SERIAL.casefold() in _everything(store).casefold()
    before = store.revision()
    purge, revision = Purging(_amender(store)).purge(ids["h"], retired_for=NOW, by="bob")
    assert revision.number == before + 1
    assert ([ci.id for ci in purge.purged], purge.groups_moved) == ([ids["d"]], 1)
    assert {ci.name for ci in world.cis()} == {"twin", "shop"}
    assert world.relationships() == {(ids["app"], "RUNS_ON", ids["twin"])}
    assert [group.members for group in world.groups()] == [(ids["twin"],)]
    text = _everything(store).casefold()
    assert SERIAL.casefold() not in text
    assert "doomed" not in text
    names = [change.after.name for change in store.history(Kind.CI, ids["h"]) if isinstance(change.after, CI)]
    assert set(names) == {"purged"}
    then = store.get_many_as_of(Kind.CI, [ids["h"]], 1)
    assert [ci.name for ci in then.values() if isinstance(ci, CI)] == ["purged"]


def test_what_was_purged_and_is_seen_again_is_a_new_ci(store: Store) -> None:
    world, ids = _estate(store)
    Retirement(_amender(store)).delete(ids["h"], by="ada", reason="scrapped")
    Purging(_amender(store)).purge(ids["h"], retired_for=NOW, by="bob")
    rows = world.tell(
        observation(
            "graph", 300, [draft("server", "h", name="doomed", serial=SERIAL), draft("disk", "d", name="sda", host="h")]
        )
    ).plan.rows
    assert [row.outcome for row in rows] == ["created", "created"]
    assert not {str(row.ci) for row in rows} & {ids["h"], ids["d"]}


def test_only_what_was_retired_long_enough_is_purged(store: Store) -> None:
    _, ids = _estate(store)
    purging = Purging(_amender(store))
    with pytest.raises(Conflict, match="cmdb delete"):
        purging.plan(ids["h"], retired_for=NOW)
    Retirement(_amender(store)).delete(ids["h"], by="ada", reason="scrapped")
    with pytest.raises(Conflict, match="--retired-for"):
        Purging(_amender(store, at=501)).plan(ids["h"], retired_for=dt.timedelta(days=36500))
    assert list(purging.due(retired_for=dt.timedelta(days=36500))) == []
    assert {ci.id for ci in Purging(_amender(store, at=40000)).due(retired_for=NOW)} == {ids["h"], ids["d"]}
    with pytest.raises(NotFound):
        purging.plan("nothing", retired_for=NOW)


def test_ids_that_were_merged_into_it_go_with_it(store: Store) -> None:
    world = World(store)
    one = world.see("csv", 1, draft(key="1", serial="S-1"))
    other = world.see("csv", 2, draft(key="2", macs=["d8:bb:c1:00:00:0a"]))
    world.see("ssh", 3, draft(serial="S-1", macs=["d8:bb:c1:00:00:0a"]))
    remains = world.ci(one).id
    assert world.ci(other).id == remains
    Retirement(_amender(store)).delete(remains, by="ada", reason="scrapped")
    purge, _ = Purging(_amender(store)).purge(remains, retired_for=NOW, by="ada")
    assert {purge.ci.id, *(ci.id for ci in purge.purged)} == {one, other}
    assert store.scan(Kind.CI) == ()


def test_a_login_is_replaced_everywhere_by_one_pseudonym(store: Store) -> None:
    world, ids = _estate(store)
    edit = observation("person:ada", 2, [draft("server", "h", name="doomed", serial=SERIAL, owner="ada")])
    world.tell(replace(edit, run_id="r2"))
    Retirement(_amender(store)).delete(ids["h"], by="ada", reason="scrapped")
    done = Pseudonyms(_amender(store)).erase_login("person:ada", by="bob")
    text = _everything(store)
    assert '"ada"' not in text
    assert "person:ada" not in text
    assert done.pseudonym in text
    assert {claim.source for claim in world.claims(ids["h"])} == {"graph", f"person:{done.pseudonym}"}
    assert world.ci(ids["h"]).attributes["owner"] == done.pseudonym
    deleted = [revision for revision in store.revisions() if revision.reason.startswith("deleted")]
    assert [revision.by for revision in deleted] == [done.pseudonym]
    # what was seen is still dated, and found by its source
    assert len(store.seen([claim.id for claim in world.claims(ids["h"])])) == 2
    assert len(store.find(Kind.CLAIM, "source", [f"person:{done.pseudonym}"])) == 1
    (told,) = store.revisions(after=done.revision.number - 1)
    assert (told.by, told.reason) == ("bob", f"erased a person, now {done.pseudonym}")


def test_a_persons_ci_stays_under_a_pseudonym_with_its_relationships(store: Store) -> None:
    world = World(store)
    person = draft("person", "p", name="Ada Example", key="u1", login="ada", email="ada@example.org")
    server = draft("server", "s", name="db01", serial="S-1", owner="Ada Example")
    rows = world.tell(observation("graph", 1, [person, server], links=[("s", "OWNED_BY", "p")])).plan.rows
    id_ = str(rows[0].ci)
    done = Pseudonyms(_amender(store)).erase_ci(id_, by="ada")
    text = _everything(store).casefold()
    # three letters by themselves may stand in an id
    assert [word for word in ("ada example", '"ada"', "ada@", "person:ada") if word in text] == []
    assert (world.ci(id_).name, world.ci(id_).lifecycle, world.ci(id_).attributes) == (done.pseudonym, "retired", {})
    assert world.ci(str(rows[1].ci)).attributes["owner"] == done.pseudonym
    assert len(world.relationships()) == 1
    # a source that still has the person makes another CI of them
    again = world.tell(observation("graph", 9, [person])).plan.rows[0]
    assert (again.outcome, again.ci == id_) == ("created", False)


def test_only_people_are_erased(store: Store) -> None:
    _, ids = _estate(store)
    with pytest.raises(Invalid, match="cmdb purge"):
        Pseudonyms(_amender(store)).erase_ci(ids["h"], by="bob")
    with pytest.raises(NotFound):
        Pseudonyms(_amender(store)).erase_ci("nothing", by="bob")
    with pytest.raises(Invalid, match="person:LOGIN"):
        Pseudonyms(_amender(store)).erase_login(" ", by="bob")


def test_the_run_of_the_newest_sighting_is_known(store: Store) -> None:
    world = World(store)
    one: Draft = draft(serial="S-1")
    for at in (1, 9, 4):
        world.see("ssh", at, one)
    claims = [claim.id for claim in world.claims(world.cis()[0].id)]
    assert store.last_runs([*claims, "nothing"]) == dict.fromkeys(claims, "ssh-9")
