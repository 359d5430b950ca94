"""What time alone changes: done in the background by one server of a store, and by hand where no server runs."""

from __future__ import annotations

from dataclasses import dataclass

from cmdb.amending import Amender
from cmdb.changeset import Revision
from cmdb.editing.edits import Editing
from cmdb.lifecycle.tidying import Tidied, Tidying

LEASE = "housekeeping"
LEASE_S = 300.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What a pass did; `edits` is the revision in which edits ran out, None when none did."""

    edits: Revision | None
    tidied: Tidied


class Housekeeping:
    """Ends what has run out, on one store; of several servers one at a time does it."""

    def __init__(self, amender: Amender, *, owner: str) -> None:
        self._amender = amender
        self._owner = owner

    def run(self, *, by: str = LEASE) -> Kept | None:
        """One pass; None while another owner's is under way. Idempotent; raises as `Amender.amend`."""
        store = self._amender.store
        if not store.acquire_lease(LEASE, self._owner, now=self._amender.clock(), ttl_s=LEASE_S):
            return None
        try:
            return Kept(edits=Editing(self._amender).end_run_out(by=by), tidied=Tidying(self._amender).tidy(by=by))
        finally:
            store.release_lease(LEASE, self._owner)
