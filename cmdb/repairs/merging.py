"""Repairs by people: each is a revision of its own, so it can be looked at and undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from cmdb.amending import Amender
from cmdb.changeset import Change, Revision, Write
from cmdb.entities import CI, Kind, Run, RunState
from cmdb.errors import NotFound
from cmdb.history.past import Past
from cmdb.ids import new_id
from cmdb.reconcile.joined import Joined, joining_change
from cmdb.reconcile.joins import join
from cmdb.reconcile.unjoins import unjoin
from cmdb.reconcile.workspace import Workspace
from cmdb.repairs.reverting import changes_of
from cmdb.store.walking import every_change
from cmdb.values import Value

SOURCE = "unmerge"
"""Source of the run that an unmerge of several steps is journalled as; its target is the id that comes back."""


class Repair:
    """Joins and separates CIs on one store."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender
        self._store = amender.store
        self._registry = amender.registry

    def merge(self, one: str, other: str, *, by: str) -> Revision | None:
        """Join two CIs into the older; None when they are one already. Later runs obey; a verdict that kept them apart ends."""
        return self._join(one, other, by=by, is_verdict=True)

    def _join(self, one: str, other: str, *, by: str, is_verdict: bool) -> Revision | None:
        def change(workspace: Workspace) -> None:
            both = workspace.living(one), workspace.living(other)
            if both[0] == both[1]:
                return
            for id_, apart in (both, both[::-1]):
                ci = workspace.ci(id_)
                kept_apart = tuple(each for each in ci.kept_apart_from if each != apart)
                workspace.put(Kind.CI, msgspec.structs.replace(ci, kept_apart_from=kept_apart))
            kept = workspace.ci(join(workspace, self._registry, *both))
            same = {*kept.same_as, *(both if is_verdict else ())} - {kept.id}
            workspace.put(Kind.CI, msgspec.structs.replace(kept, same_as=tuple(sorted(same))))

        return self._amender.amend(change, by=by, reason=f"merged {one} and {other}")

    def unmerge(self, merged: str, *, by: str) -> Revision | None:
        """Undo the join by which `merged` went into another CI, and keep the two apart from now on; the revision that did.

        What was joined to the other since is parted first and joined again afterwards, so that each join holds what was before
        it; interrupted, the same call finishes it. Raises `NotFound` for an unknown id and `Conflict` for a CI that is not merged.
        """
        run = self._unfinished(merged)
        steps = self._later(merged) if run is None else tuple(run.results)
        if run is None and steps:
            run = self._journal(merged, steps, by=by)
        revision: Revision | None = None
        if run is None or self._is_merged(merged):
            for step in reversed(steps):
                if self._is_merged(str(step["ci"])):
                    self._part(str(step["ci"]), by=by, keeps_apart=False)
            revision = self._part(merged, by=by, keeps_apart=True)
        for step in steps:
            if not self._is_merged(str(step["ci"])):
                self._join(str(step["into"]), str(step["ci"]), by=by, is_verdict=bool(step["is_verdict"]))
        if run is not None:
            done = msgspec.structs.replace(run, state=RunState.DONE, finished_at=self._amender.clock())
            self._store.note([Write(Kind.RUN, run.id, run, done)])
        return revision

    def _part(self, merged: str, *, by: str, keeps_apart: bool) -> Revision | None:
        def change(workspace: Workspace) -> None:
            unjoin(workspace, self._registry, self._joined(merged), keeps_apart=keeps_apart)

        return self._amender.amend(change, by=by, reason=f"unmerged {merged}")

    def _joined(self, merged: str) -> Joined:
        change = self._joining(merged)
        store = self._store
        before, after = (Past(store, store.then(number)) for number in (change.revision - 1, change.revision))
        return Joined(change, tuple(changes_of(store, change.revision)), before, after)

    def _joining(self, merged: str) -> Change:
        history = tuple(every_change(self._store, Kind.CI, merged))
        if not history:
            raise NotFound(f"no CI has the id {merged}", ids=[merged])
        return joining_change(history)

    def _is_merged(self, ci: str) -> bool:
        found = self._store.get_many(Kind.CI, [ci]).get(ci)
        return isinstance(found, CI) and found.merged_into is not None

    def _later(self, merged: str) -> Sequence[dict[str, Value]]:
        """What was joined to the same CI after `merged` was, oldest join first."""
        first = self._joining(merged).revision
        living = merged
        while isinstance(ci := self._store.get_many(Kind.CI, [living]).get(living), CI) and ci.merged_into is not None:
            living = ci.merged_into
        members: list[CI] = []
        waiting: Sequence[str] = [living]
        while waiting:
            found = cast("tuple[CI, ...]", self._store.find(Kind.CI, "merged_into", waiting))
            members += found
            waiting = [one.id for one in found]
        joins = sorted((self._joining(one.id).revision, one.id, one) for one in members if one.id != merged)
        said = self._store.get_many(Kind.CI, [str(one.merged_into) for _, _, one in joins])
        same = {id_: ci.same_as for id_, ci in said.items() if isinstance(ci, CI)}
        return [
            {"ci": id_, "into": one.merged_into, "is_verdict": id_ in same.get(str(one.merged_into), ())}
            for revision, id_, one in joins
            if revision > first
        ]

    def _unfinished(self, merged: str) -> Run | None:
        runs = self._store.find(Kind.RUN, "state", [RunState.RUNNING.value, RunState.INTERRUPTED.value])
        mine = (run for run in cast("tuple[Run, ...]", runs) if (run.source, run.targets) == (SOURCE, (merged,)))
        return next(mine, None)

    def _journal(self, merged: str, steps: Sequence[dict[str, Value]], *, by: str) -> Run:
        now = self._amender.clock()
        run = Run(
            id=new_id(now),
            source=SOURCE,
            state=RunState.RUNNING,
            by=by,
            started_at=now,
            targets=(merged,),
            results=tuple(steps),
        )
        self._store.note([Write(Kind.RUN, run.id, None, run)])
        return run
