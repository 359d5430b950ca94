"""A small estate with somebody who edits it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from cmdb.amending import Amender
from cmdb.changeset import Revision
from cmdb.editing.edits import Editing, Why
from cmdb.ingest import Ingested
from cmdb.observation import Draft, Observation
from cmdb.reconcile.precedence import Policy
from cmdb.values import Value
from tests.unit.reconcile.builders import REGISTRY, World, day

WHY = Why(by="kim", reason="walked there and looked")


class Desk:
    """A world with somebody who edits it, on a given day."""

    def __init__(self, at: float = 10) -> None:
        self.now = day(at)
        self.world = World(clock=self.clock)
        self.editing = Editing(Amender(self.world.store, REGISTRY, Policy(), clock=self.clock))

    def see(self, source: str, at: float, *drafts: Draft) -> str:
        """What a source sees on a day, told on that day."""
        self.now = max(self.now, day(at))
        return self.world.see(source, at, *drafts)

    def tell(self, told: Observation) -> Ingested:
        """An observation, told when it was made."""
        self.now = max(self.now, told.at)
        return self.world.tell(told)

    def clock(self) -> dt.datetime:
        """The time of sources, people and the store."""
        return self.now

    def edit(
        self,
        ci: str,
        said: Mapping[str, Value],
        *,
        by: str = "kim",
        unset: tuple[str, ...] = (),
        until: float | None = None,
    ) -> Revision | None:
        why = Why(by=by, reason="walked there and looked", until=None if until is None else day(until))
        return self.editing.edit(ci, said, unset=unset, why=why)

    def value(self, ci: str, name: str) -> Value:
        return self.world.ci(ci).attributes.get(name)
