"""Kill -9 of the real `cmdb` in the middle of repairs and of compaction: nothing is lost, and doing it again finishes it."""

from __future__ import annotations

import contextlib
import json
import random
from functools import partial

from cmdb.entities import CI, Kind
from cmdb.store.protocol import Store
from tests.integration.test_kill_nine import (
    Place,
    check_nothing_lost_or_doubled,
    entities,
    kill_after,
    neo4j_server,
    place,
)
from tests.unit.reconcile.builders import World, day, draft, observation
from tests.unit.reconcile.picture import Picture, check_same, picture
from tests.unit.reconcile.test_merging import but_verdicts

__all__ = ["neo4j_server", "place"]
CIS = {"sqlite": 1_000, "neo4j": 300}
KILLS = 4
PARTS = {"sqlite": 500, "neo4j": 150}
"""Interfaces of each of the two servers that are merged: one change set takes a while."""
DAYS, SERVERS = 40, 25
"""Two looks a day at so many servers, each with a new value: the first of the two is what a compaction drops."""


class Moments:
    """When to kill, in seconds after the start: drawn anew each time, earlier after an act that ended by itself and later after a cut."""

    def __init__(self, seed: int, *, longest_s: float) -> None:
        self._chance = random.Random(seed)
        self._longest_s = longest_s

    def next(self) -> float:
        """The next one; never earlier than the program takes to load."""
        return self._chance.uniform(0.25, self._longest_s)

    def told(self, *, was_cut: bool) -> bool:
        """Learn from how the last one went; whether it cut."""
        self._longest_s = max(0.3, self._longest_s * (1.4 if was_cut else 0.5))
        return was_cut


def _servers(count: int, **attributes: str) -> str:
    """Servers of which each depends on the one before it."""
    lines: list[object] = []
    for number in range(count):
        said = {"serial_number": f"SN-{number}", **attributes}
        lines.append({"ci": {"id": f"s{number}", "class": "server", "name": f"s{number}", "attributes": said}})
        if number:
            ends = {"source": f"s{number}", "target": f"s{number - 1}"}
            lines.append({"relationship": {**ends, "type": "DEPENDS_ON"}})
    return "\n".join(json.dumps(line) for line in lines)


def _landed(place: Place, text: str, *more: str) -> None:
    path = place.command.write("estate.jsonl", text)
    done = place.command.run("import", "graph", path, *more)
    assert done.code == 0, done.err


def _still(found: Picture) -> Picture:
    """What an act that was begun and cut off in its first step leaves as it was."""
    return but_verdicts(found)


def test_a_withdrawal_killed_at_random_is_finished_by_withdrawing_again(place: Place) -> None:
    moments = Moments(3, longest_s=1.5)
    _landed(place, _servers(CIS[place.kind], location="hall 2"), "--source", "csv")
    _landed(place, _servers(CIS[place.kind] // 2, location="hall 1"), "--source", "ssh")
    was_cut = 0
    with contextlib.closing(place.open()) as watching:
        before = picture(watching)
        for _ in range(KILLS):
            process = place.start("withdraw", "csv", "--json")
            seen = kill_after(process, watching, moments.next())
            was_cut += moments.told(was_cut=process.returncode == -9)
            with contextlib.closing(place.open()) as again:
                check_nothing_lost_or_doubled(again, seen)
        assert was_cut
        assert place.command.run("withdraw", "csv").code == 0
        check_nothing_lost_or_doubled(watching, 1)
        claims = [claim for claim in entities(watching, Kind.CLAIM) if claim.source == "csv"]
        assert all(claim.withdrawn_at is not None and not claim.values for claim in claims)
        assert json.loads(place.command.run("withdraw", "csv", "--json").out)["revisions"] == []
        first = next(one.number for one in watching.revisions(limit=10_000) if one.reason == "withdrew csv")
        done = place.command.run("revert", str(first))
        assert done.code == 0, done.err
        check_same(picture(watching), before)


def _two_servers(parts: int) -> str:
    lines: list[object] = []
    for server in "ab":
        lines.append({"ci": {"id": server, "class": "server", "name": server, "native_key": server}})
        lines += [
            {
                "ci": {
                    "id": f"{server}{number}",
                    "class": "interface",
                    "name": f"eth{number}",
                    "attributes": {"host": server},
                }
            }
            for number in range(parts)
        ]
    return "\n".join(json.dumps(line) for line in lines)


def _ids(store: Store) -> tuple[str, str]:
    servers = [ci for ci in entities(store, Kind.CI) if isinstance(ci, CI) and ci.class_name == "server"]
    one, other = sorted(servers, key=lambda ci: (ci.created_at, ci.id))
    return one.id, other.id


def _is_merged(store: Store, ci: str) -> bool:
    found = store.get_many(Kind.CI, [ci])[ci]
    return isinstance(found, CI) and found.merged_into is not None


def test_a_merge_and_an_unmerge_killed_at_random_are_done_or_not_done(place: Place) -> None:
    moments = Moments(5, longest_s=1.0)
    _landed(place, _two_servers(PARTS[place.kind]))
    was_cut = 0
    with contextlib.closing(place.open()) as watching:
        before = _still(picture(watching))
        kept, gone = _ids(watching)
        for command in (("merge", kept, gone), ("unmerge", gone)) * 2:
            wanted = command[0] == "merge"
            for _ in range(KILLS):
                if _is_merged(watching, gone) is wanted:
                    break
                process = place.start(*command)
                seen = kill_after(process, watching, moments.next())
                was_cut += moments.told(was_cut=process.returncode == -9)
                with contextlib.closing(place.open()) as again:
                    check_nothing_lost_or_doubled(again, seen)
                    if not _is_merged(again, gone):
                        check_same(_still(picture(again)), before)
            if _is_merged(watching, gone) is not wanted:
                done = place.command.run(*command)
                assert done.code == 0, done.err
            assert _is_merged(watching, gone) is wanted
        assert was_cut
        check_same(_still(picture(watching)), before)


def test_a_compaction_killed_at_random_is_finished_by_compacting_again(place: Place) -> None:
    moments = Moments(7, longest_s=1.0)
    for number in range(DAYS):
        with contextlib.closing(place.open(clock=partial(day, number))) as store:
            for hour in range(2):
                drafts = [
                    draft(local_id=f"s{server}", serial=f"SN-{server}", location=f"hall {number} {hour}")
                    for server in range(SERVERS)
                ]
                World(store).tell(observation("csv", number + hour / 24, drafts))
    was_cut = 0
    with contextlib.closing(place.open()) as watching:
        now = picture(watching)
        for _ in range(KILLS):
            process = place.start("compact", "--before", "30", "--json")
            seen = kill_after(process, watching, moments.next())
            was_cut += moments.told(was_cut=process.returncode == -9)
            with contextlib.closing(place.open()) as again:
                check_nothing_lost_or_doubled(again, seen)
                check_same(picture(again), now)
        assert was_cut
        done = place.command.run("compact", "--before", "30", "--json")
        assert done.code == 0, done.err
        check_same(picture(watching), now)
        assert json.loads(place.command.run("compact", "--before", "30", "--json").out)["dropped"] == 0
