"""What time alone ends beside edits: parked drafts, graces, and questions about clocks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import cast

from cmdb.amending import Amender, Change
from cmdb.changeset import Revision
from cmdb.entities import Claim, Kind, Parked, Review
from cmdb.reconcile import clocks, stopping
from cmdb.reconcile.edits import month
from cmdb.reconcile.graces import end_answered, end_graces, has_run_out
from cmdb.reconcile.parking import end_parked, expired, forget_waits
from cmdb.reconcile.workspace import Workspace
from cmdb.store.walking import every

MAX_AT_ONCE = 1000
"""Parked drafts or claims that one revision ends."""
MONTHS_BACK = 24
"""How far back graces are looked for that ran out while nobody looked."""
CLOCKS_FORGOTTEN_AFTER = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """What a pass ended."""

    parked: int = 0
    graces: int = 0
    """Claims whose grace ran out without another look, retired or asked about."""
    clocks: int = 0


class Tidying:
    """Ends what has run out, on one store; idempotent."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender
        self._store = amender.store

    def tidy(self, *, by: str) -> Tidied:
        """One pass; reads all parked drafts. Raises as `Amender.amend`."""
        return Tidied(parked=self._expire_parked(by), graces=self._end_graces(by), clocks=self._forget_clocks(by))

    def _expire_parked(self, by: str) -> int:
        old = expired(every(self._store, Parked), self._amender.clock())
        for start in range(0, len(old), MAX_AT_ONCE):
            some = old[start : start + MAX_AT_ONCE]

            def change(workspace: Workspace, some: list[Parked] = some) -> None:
                for item in some:
                    if workspace.get(Kind.PARKED, item.id) is None:
                        continue
                    end_parked(workspace, item)
                    forget_waits(workspace, item, self._amender.registry)

            self._amend(change, by, f"{len(some)} parked drafts expired")
        return len(old)

    def _end_graces(self, by: str) -> int:
        now, policy = self._amender.clock(), self._amender.policy
        found = cast("tuple[Claim, ...]", self._store.find(Kind.CLAIM, "expires_in", _months(now)))
        seen = self._store.seen([claim.id for claim in found])
        over = [
            claim.id
            for claim in found
            if claim.id in seen and has_run_out(claim, seen[claim.id].last_at, policy, now=now)
        ]
        asked = cast("tuple[Review, ...]", self._store.find(Kind.REVIEW, "kind", (stopping.KIND,)))

        def change(workspace: Workspace) -> None:
            end_graces(workspace, policy, over, now=now)
            end_answered(workspace, policy, asked, now=now)

        if over or asked:
            self._amend(change, by, "graces ran out")
        return len(over)

    def _forget_clocks(self, by: str) -> int:
        now = self._amender.clock()
        items = cast("tuple[Review, ...]", self._store.find(Kind.REVIEW, "kind", (clocks.KIND,)))
        old = [item.id for item in items if now - item.since > CLOCKS_FORGOTTEN_AFTER]

        def change(workspace: Workspace) -> None:
            for id_ in old:
                if workspace.get(Kind.REVIEW, id_) is not None:
                    workspace.end(Kind.REVIEW, id_)

        if old:
            self._amend(change, by, "questions about clocks forgotten")
        return len(old)

    def _amend(self, change: Change, by: str, reason: str) -> Revision | None:
        return self._amender.amend(change, by=by, reason=reason)


def _months(now: dt.datetime) -> list[str]:
    last = now.year * 12 + now.month - 1
    return [month(now.replace(year=n // 12, month=n % 12 + 1, day=1)) for n in range(last - MONTHS_BACK, last + 1)]
