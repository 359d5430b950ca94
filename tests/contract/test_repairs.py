"""Merge, unmerge, withdraw and revert on every store: what is undone leaves no trace, and the past is as it was."""

from __future__ import annotations

import itertools

import pytest

from cmdb.entities import CI, Kind
from cmdb.errors import Conflict
from cmdb.history.past import Past
from cmdb.reconcile.retelling import Window
from cmdb.repairs.merging import Repair
from cmdb.repairs.reverting import Reverting
from cmdb.repairs.withdrawal import WRITES_LIMIT
from cmdb.store.protocol import Store
from tests.unit.reconcile.builders import World, day, draft, observation
from tests.unit.reconcile.picture import check_same, picture
from tests.unit.reconcile.test_merging import amender, but_verdicts, estate
from tests.unit.reconcile.test_withdrawal import withdraw


def _built(store: Store) -> tuple[World, dict[str, str]]:
    world = World(store)
    ids = dict(world.tell(estate(has_links_between=True)).plan.resolved)
    drafts = [draft(local_id="a", serial="SN-a", location="hall 1"), draft(local_id="b", serial="SN-b", model="R640")]
    world.tell(observation("csv", 2, drafts, links=[("a", "DEPENDS_ON", "b")]))
    return world, ids


def _merged(store: Store, *ids: str) -> list[str]:
    found = store.get_many(Kind.CI, ids)
    return sorted(id_ for id_, ci in found.items() if isinstance(ci, CI) and ci.merged_into is not None)


def test_a_chain_of_merges_is_undone_oldest_first(store: Store) -> None:
    world, ids = _built(store)
    before = picture(store)
    repair = Repair(amender(world))
    repair.merge(ids["a"], ids["b"], by="kim")
    (first,) = _merged(store, ids["a"], ids["b"])
    repair.merge(ids["a"], ids["c"], by="kim")
    (second,) = set(_merged(store, ids["a"], ids["b"], ids["c"])) - {first}
    repair.unmerge(first, by="kim")
    repair.unmerge(second, by="kim")
    check_same(but_verdicts(picture(store)), but_verdicts(before))


def test_a_withdrawal_and_its_undoing_leave_everything_as_it_was_and_the_past_as_it_was_then(store: Store) -> None:
    world, ids = _built(store)
    before = picture(store)
    then = store.then(store.revision())
    claims = [claim.id for claim in world.claims(ids["a"])]
    seen = store.seen(claims)
    done = withdraw(world, "graph")
    assert world.ci(ids["c"]).lifecycle == "retired"
    assert {claim.source for claim in world.claims(ids["a"])} == {"csv"}
    assert Past(store, then).seen(claims) == seen
    Reverting(amender(world)).revert(done.revisions[0], by="kim")
    check_same(picture(store), before)


def test_a_window_is_withdrawn_and_given_back(store: Store) -> None:
    world, ids = _built(store)
    world.see("csv", 6, draft(local_id="a", serial="SN-a", location="wrong", os_version="9"))
    before = picture(store)
    done = withdraw(world, "csv", Window(day(5), day(7)))
    assert world.ci(ids["a"]).attributes["location"] == "hall 1"
    assert "os_version" not in world.ci(ids["a"]).attributes
    Reverting(amender(world)).revert(done.revisions[0], by="kim")
    check_same(picture(store), before)


def test_a_revert_is_refused_where_later_work_depends_on_it(store: Store) -> None:
    world, ids = _built(store)
    with pytest.raises(Conflict, match=r"since later work depends on it: .* revision 2"):
        Reverting(amender(world)).revert(1, by="kim")
    before = picture(store)
    Reverting(amender(world)).revert(2, by="kim")
    Reverting(amender(world)).revert(3, by="kim")
    check_same(picture(store), before)
    assert world.ci(ids["a"]).attributes["location"] == "hall 1"


def test_a_large_withdrawal_is_made_in_change_sets_of_bounded_size(store: Store) -> None:
    world = World(store)
    hub = draft("server", "hub", serial="SN-hub")
    for start in range(0, 600, 300):
        many = [draft("application", f"a{number}", name=f"a{number}") for number in range(start, start + 300)]
        links = [(each.local_id, "DEPENDS_ON", "hub") for each in many]
        world.tell(observation("csv", 1, [hub, *many], links=links))
    first = store.revision()
    done = withdraw(world, "csv")
    assert (done.claims, done.relationships, done.retired_count) == (601, 600, 601)
    revisions = store.revisions(after=first)
    assert len(revisions) > 1
    counted = {number: len(list(group)) for number, group in itertools.groupby(_changes(store, first))}
    assert sorted(counted) == [revision.number for revision in revisions]
    assert max(counted.values()) <= WRITES_LIMIT


def _changes(store: Store, after: int) -> list[int]:
    found: list[int] = []
    sequence: int | None = None
    while page := store.changes(after=after, after_sequence=sequence):
        found += [change.revision for change in page]
        after, sequence = page[-1].revision, page[-1].sequence
    return found
