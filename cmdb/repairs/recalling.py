"""What a store remembers of what was said: states, and the sightings that go with each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import cast

from cmdb.changeset import Change
from cmdb.entities import Claim, Kind, Redundancy
from cmdb.reconcile.retelling import Heard
from cmdb.reconcile.withdrawing import Recall
from cmdb.store.protocol import Sighted, Store
from cmdb.store.walking import every_change


class StoreRecall(Recall):
    """Reads the history of one entity when it is asked for; linear in that history."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def heard(self, claim: str) -> Sequence[Heard]:
        """As `Recall.heard`."""
        states = _since_made(list(every_change(self._store, Kind.CLAIM, claim)))
        sighted = self._sighted(claim)
        heard: list[Heard] = []
        for index, change in enumerate(states):
            until = states[index + 1].revision if index + 1 < len(states) else None
            before = [one.at for one in sighted if one.revision < change.revision]
            during = [
                one.at for one in sighted if one.revision >= change.revision and (until is None or one.revision < until)
            ]
            # what a late row brought was seen by no sighting, and the rest of the state was seen by the one before
            times = during or ([max(before)] if before else [])
            heard.append(Heard(cast("Claim", change.after), tuple(times)))
        return heard

    def times(self, subject: str) -> Sequence[dt.datetime]:
        """As `Recall.times`."""
        return [one.at for one in self._sighted(subject)]

    def writers(self, group: Redundancy) -> Sequence[tuple[Redundancy, frozenset[str]]]:
        """As `Recall.writers`."""
        states = _since_made(list(every_change(self._store, Kind.REDUNDANCY, group.id)))
        seen = {source: {one.revision for one in self._sighted(f"{group.id}@{source}")} for source in group.sources}
        return [
            (
                cast("Redundancy", change.after),
                frozenset(source for source, revisions in seen.items() if change.revision in revisions),
            )
            for change in states
        ]

    def _sighted(self, subject: str) -> tuple[Sighted, ...]:
        return self._store.sightings_of([subject]).get(subject, ())


def _since_made(changes: Sequence[Change]) -> list[Change]:
    """The states of an entity since it was made the last time."""
    ended = max((index for index, change in enumerate(changes) if change.after is None), default=-1)
    return list(changes[ended + 1 :])
