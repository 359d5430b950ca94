"""Repairs by people: each is a revision of its own, so it can be looked at and undone."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from cmdb.amending import Amender
from cmdb.changeset import Change, Revision
from cmdb.entities import Kind
from cmdb.errors import NotFound
from cmdb.reconcile.joins import join
from cmdb.reconcile.unjoins import joining_change, unjoin
from cmdb.reconcile.workspace import Workspace
from cmdb.reverting import changes_of


class Repair:
    """Joins and separates CIs on one store."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender
        self._store = amender.store
        self._registry = amender.registry

    def merge(self, one: str, other: str, *, by: str) -> Revision | None:
        """Join two CIs into the older; None when they are one already. A verdict that kept them apart ends."""

        def change(workspace: Workspace) -> None:
            for id_, apart in ((one, other), (other, one)):
                ci = workspace.ci(id_)
                kept_apart = tuple(each for each in ci.kept_apart_from if each != apart)
                workspace.put(Kind.CI, msgspec.structs.replace(ci, kept_apart_from=kept_apart))
            join(workspace, self._registry, one, other)

        return self._amender.amend(change, by=by, reason=f"merged {one} and {other}")

    def unmerge(self, merged: str, *, by: str) -> Revision | None:
        """Undo the join by which `merged` went into another CI, and keep the two apart from now on.

        Raises `NotFound` for an unknown id and `Conflict` for a CI that is not merged.
        """
        history = tuple(self._history(merged))
        if not history:
            raise NotFound(f"no CI has the id {merged}", ids=[merged])
        joined = joining_change(history)
        revision = tuple(changes_of(self._store, joined.revision))
        return self._amender.amend(
            lambda workspace: unjoin(workspace, self._registry, joined, revision), by=by, reason=f"unmerged {merged}"
        )

    def _history(self, ci: str) -> Iterator[Change]:
        after = 0
        while page := self._store.history(Kind.CI, ci, after=after):
            yield from page
            after = page[-1].revision
