"""Settling everything anew: after a change of the policy, or of what the site knows of spellings, values take up the new rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cmdb.amending import Amender
from cmdb.entities import CI
from cmdb.reconcile.workspace import Workspace
from cmdb.store.walking import pages_of

PAGE = 500
NAMED_LIMIT = 1_000
"""Most CIs that an answer names."""


@dataclass(slots=True)
class Resettled:
    """What the rules of now changed, or would change; `changed` names the first 1,000 CIs before and after."""

    cis: int = 0
    changed_count: int = 0
    changed: list[tuple[CI, CI]] = field(default_factory=list)
    revisions: list[int] = field(default_factory=list)
    """First and last revision that it made; one when they are the same, none when nothing changed."""


class Resettling:
    """Settles all CIs of one store page by page, each an atomic change set; idempotent, finished by doing it again."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender

    def run(self, *, by: str, is_dry_run: bool = False) -> Resettled:
        """One pass over all CIs, linear in them; a dry run writes nothing. Raises as `Amender.amend`."""
        done = Resettled()
        for page in self._pages():

            def change(workspace: Workspace, page: Sequence[CI] = page) -> None:
                workspace.snapshot.load_claims_of(ci.id for ci in page)
                for ci in page:
                    workspace.touch(ci.id)

            workspace = self._amender.workspace()
            change(workspace)
            writes = self._amender.change_set(workspace, by=by, reason="settled anew").writes
            planned = [
                (write.before, write.after)
                for write in writes
                if isinstance(write.before, CI) and isinstance(write.after, CI)
            ]
            done.cis += len(page)
            done.changed_count += len(planned)
            done.changed += planned[: NAMED_LIMIT - len(done.changed)]
            if writes and not is_dry_run:
                revision = self._amender.amend(change, by=by, reason="settled anew by the rules of now")
                if revision is not None:
                    done.revisions = [*done.revisions[:1], revision.number]
        return done

    def _pages(self) -> Iterator[list[CI]]:
        for page in pages_of(self._amender.store, CI, limit=PAGE):
            if living := [ci for ci in page if ci.merged_into is None]:
                yield living
