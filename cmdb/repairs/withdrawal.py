"""Withdrawing a source: page by page, each an atomic change set, finished by doing it again, undone by reverting any of its revisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import msgspec

from cmdb.amending import Amender
from cmdb.changeset import ChangeSet, Revision, Write
from cmdb.entities import Claim, Kind, Parked, Review, Run, RunState
from cmdb.errors import Invalid, NotFound
from cmdb.ids import new_id
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.retelling import Window
from cmdb.reconcile.withdrawing import Withdrawing, retired_by
from cmdb.reconcile.workspace import Workspace
from cmdb.repairs.recalling import StoreRecall
from cmdb.store.walking import pages_of

SOURCE = "withdraw"
"""Source of the run that a withdrawal is journalled as; its target is the source that was withdrawn."""
AFTER = "after_revision"
"""Among the counts of its run: the newest revision when it began."""
WRITES_LIMIT = 5_000
"""Most writes of one change set (design §6, writing)."""
PAGE = 500
NAMED_LIMIT = 1_000
"""Most retired CIs that an answer names."""


@dataclass(slots=True)
class Withdrawn:
    """What a withdrawal did, or would do: numbers of claims, relationships, groups and parked drafts that ended or changed."""

    source: str
    window: Window
    claims: int = 0
    cis: int = 0
    """CIs whose values, lifecycle or state changed."""
    relationships: int = 0
    groups: int = 0
    parked: int = 0
    retired_count: int = 0
    retired: list[str] = field(default_factory=list)
    """The first 1,000 CIs that only the source claimed."""
    revisions: list[int] = field(default_factory=list)
    """First and last revision that it made; one when they are the same, none when it changed nothing."""
    _counted: set[str] = field(default_factory=set)

    def count(self, workspace: Workspace) -> None:
        """Add what a settled plan writes; a relationship that two plans would write, from either end, is one."""
        for write in workspace.writes():
            self.claims += write.kind is Kind.CLAIM
            self.parked += write.kind is Kind.PARKED
            self.cis += write.kind is Kind.CI
            if write.kind in (Kind.RELATIONSHIP, Kind.REDUNDANCY) and write.id not in self._counted:
                self._counted.add(write.id)
                self.relationships += write.kind is Kind.RELATIONSHIP
                self.groups += write.kind is Kind.REDUNDANCY
        retired = retired_by(workspace)
        self.retired_count += len(retired)
        self.retired += retired[: NAMED_LIMIT - len(self.retired)]

    def landed(self, revision: Revision | None) -> None:
        """Note a revision."""
        if revision is not None:
            self.revisions = sorted({*self.revisions[:1], revision.number})


class _TooMuchError(Exception):
    """The plan has more writes than one change set may."""


Step = Callable[[Withdrawing], None]


class Withdrawal:
    """Withdraws what sources said, on one store."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender
        self._store = amender.store

    def plan(self, source: str, window: Window) -> Withdrawn:
        """What withdrawing would do; writes nothing. Raises as `withdraw`."""
        self._check(source, window)
        found = Withdrawn(source, window)

        def look(step: Step) -> None:
            workspace = self._amender.workspace()
            step(self._withdrawing(workspace, source, window, by=PERSON_PREFIX))
            self._amender.change_set(workspace, by="", reason="")
            found.count(workspace)

        for items in self._leftovers(source):
            look(partial(_end, items=items))
        counted: set[str] = set()
        for cis in self._pages(source):
            fresh = [ci for ci in cis if ci not in counted]
            counted.update(fresh)
            for ci in fresh:
                look(partial(_some, cis=[ci], finished=[], room=1 << 62))
        return found

    def withdraw(self, source: str, window: Window, *, by: str, reason: str = "") -> Withdrawn:
        """Take back what a source said in a window; done again, it finishes what was interrupted, or finds nothing to do.

        Raises `NotFound` for a source that never said anything and `Invalid` for a window that ends before it starts.
        """
        self._check(source, window)
        run = self._journal(source, window, by=by)
        said = _said(source, window, reason)
        done = Withdrawn(source, window)
        for items in self._leftovers(source):
            self._commit(done, run, by, said, partial(_end, items=items))
        for cis in self._pages(source):
            self._all(done, run, by, said, cis)
        after = msgspec.structs.replace(
            run,
            state=RunState.DONE,
            finished_at=self._amender.clock(),
            counts={**run.counts, "claims": done.claims, "cis": done.cis, "retired": done.retired_count},
        )
        self._store.note([Write(Kind.RUN, run.id, run, after)])
        return done

    def _all(self, done: Withdrawn, run: Run, by: str, said: str, cis: Sequence[str]) -> None:
        waiting, size = list(cis), len(cis)
        finished: list[str] = []
        while waiting:
            some = waiting[:size]
            try:
                step = partial(_some, cis=some, finished=finished, room=WRITES_LIMIT // 2)
                self._commit(done, run, by, said, step)
            except _TooMuchError:
                size = max(1, len(some) // 2)
                continue
            waiting = waiting[len(finished) :]

    def _commit(self, done: Withdrawn, run: Run, by: str, said: str, step: Step) -> None:
        plans: list[Workspace] = []

        def change(workspace: Workspace) -> None:
            step(self._withdrawing(workspace, done.source, done.window, by=f"{PERSON_PREFIX}{by}"))
            plans.append(workspace)

        def commit(change_set: ChangeSet) -> Revision | None:
            if len(change_set.writes) > WRITES_LIMIT:
                raise _TooMuchError
            if not (change_set.writes or change_set.keys or change_set.sightings or change_set.forgotten):
                return None
            return self._store.apply(change_set)

        revision = self._amender.amend(change, by=by, reason=said, run_id=run.id, commit=commit)
        if revision is not None:
            done.landed(revision)
            done.count(plans[-1])

    def _withdrawing(self, workspace: Workspace, source: str, window: Window, *, by: str) -> Withdrawing:
        return Withdrawing(
            workspace,
            self._amender.registry,
            self._amender.policy,
            StoreRecall(self._store),
            source=source,
            window=window,
            now=self._amender.clock(),
            by=by,
        )

    def _check(self, source: str, window: Window) -> None:
        if window.start is not None and window.end is not None and window.end < window.start:
            raise Invalid(f"the window ends at {window.end.isoformat()}, before it starts; exchange --from and --to")
        if not self._store.ids_ever(Kind.CLAIM, "source", [source], limit=1) and not self._has_parked(source):
            raise NotFound(
                f"no source called {source!r} has said anything; cmdb show CI and cmdb runs name the sources"
            )

    def _has_parked(self, source: str) -> bool:
        return any(isinstance(item, Parked) for items in self._leftovers(source) for item in items)

    def _pages(self, source: str) -> Iterator[list[str]]:
        """CIs that the source claims, each page once read."""
        after = ""
        while ids := self._store.ids_ever(Kind.CLAIM, "source", [source], after=after, limit=PAGE):
            claims = cast("dict[str, Claim]", self._store.get_many(Kind.CLAIM, ids))
            mine = (claims[id_].ci for id_ in ids if id_ in claims and claims[id_].source == source)
            yield list(dict.fromkeys(mine))
            after = ids[-1]

    def _leftovers(self, source: str) -> Iterator[list[Parked | Review]]:
        """Parked drafts and review items of the source, page by page; reads all of both."""
        types: tuple[type[Parked | Review], ...] = (Parked, Review)
        for type_ in types:
            for page in pages_of(self._store, type_, limit=PAGE):
                if mine := [item for item in page if item.source == source]:
                    yield mine

    def _journal(self, source: str, window: Window, *, by: str) -> Run:
        """The run of this withdrawal: the one that was interrupted, else a new one."""
        message = _window_text(window)
        open_states = [RunState.RUNNING.value, RunState.INTERRUPTED.value]
        for entity in self._store.find(Kind.RUN, "state", open_states):
            found = cast("Run", entity)
            if (found.source, found.targets, found.message) == (SOURCE, (source,), message):
                return found
        now = self._amender.clock()
        run = Run(
            id=new_id(now),
            source=SOURCE,
            state=RunState.RUNNING,
            by=by,
            started_at=now,
            targets=(source,),
            message=message,
            counts={AFTER: self._store.revision()},
        )
        self._store.note([Write(Kind.RUN, run.id, None, run)])
        return run


def _end(withdrawing: Withdrawing, items: Sequence[Parked | Review]) -> None:
    for item in items:
        if isinstance(item, Parked):
            withdrawing.parked(item)
        else:
            withdrawing.review(item)


def _some(withdrawing: Withdrawing, cis: Sequence[str], finished: list[str], room: int) -> None:
    """As many CIs as there is room for relationships; `finished` are those that are done."""
    finished.clear()
    for ci in cis:
        changed = withdrawing.ci(ci, room=room)
        if changed is None:
            return
        room -= changed
        finished.append(ci)


def _said(source: str, window: Window, reason: str) -> str:
    text = f"withdrew {source}{_window_text(window)}"
    return f"{text}: {reason.strip()}" if reason.strip() else text


def _window_text(window: Window) -> str:
    start = f" from {window.start.isoformat()}" if window.start is not None else ""
    return start + (f" to {window.end.isoformat()}" if window.end is not None else "")
