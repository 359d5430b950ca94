"""What a source said is taken back: its claims, relationships and groups, and whatever they had won (design §6, claims).

What only the source claimed is retired. Its record leads back to it, so that the source's next word revives it, and identifies it for
nobody else: what was withdrawn may have been wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import msgspec

from cmdb.entities import CI, Claim, Kind, Lifecycle, Parked, Redundancy, Relationship, Review, State
from cmdb.identity.keys import fingerprint_key
from cmdb.reconcile.claims import is_edit
from cmdb.reconcile.confidence import together
from cmdb.reconcile.own_keys import all_keys, hosts_of
from cmdb.reconcile.parking import end_parked
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.retelling import Heard, Retold, Window, without
from cmdb.reconcile.reviews import review
from cmdb.reconcile.values import settle
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry
from cmdb.store.protocol import Seen


class Recall(Protocol):
    """What was said before now."""

    def heard(self, claim: str) -> Sequence[Heard]:
        """The states of a claim since it was last made, oldest first, each with the times at which it was seen so."""

    def times(self, subject: str) -> Sequence[dt.datetime]:
        """When a subject was seen."""

    def writers(self, group: Redundancy) -> Sequence[tuple[Redundancy, frozenset[str]]]:
        """The states of a redundancy group, oldest first, each with the sources that said it."""


class Withdrawing:
    """Takes back what one source said in a window, in one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        registry: Registry,
        policy: Policy,
        recall: Recall,
        *,
        source: str,
        window: Window,
        now: dt.datetime,
        by: str,
    ) -> None:
        self._workspace = workspace
        self._registry = registry
        self._policy = policy
        self._recall = recall
        self._source = source
        self._window = window
        self._now = now
        self._by = by

    def ci(self, ci: str, *, room: int) -> int | None:
        """Take back what the source said of a CI and of its relationships; how many relationships changed.

        Stops after `room` of these and returns None: the CI is not done, and its claims are as they were. Idempotent.
        """
        changed = 0
        for relationship in self._workspace.touching(ci):
            if changed >= room:
                return None
            changed += self._relationship(relationship)
        for group in self._workspace.groups_of(ci):
            self._group(group)
        self._claims(ci)
        return changed

    def parked(self, item: Parked) -> None:
        """End a parked draft of the source, and what a person was told of it."""
        if item.source != self._source or item.observed_at not in self._window:
            return
        end_parked(self._workspace, item)

    def review(self, item: Review) -> None:
        """End what a person was told by the source, when all that it said is taken back."""
        if item.source == self._source and self._window.is_all:
            self._workspace.end(Kind.REVIEW, item.id)

    # claims
    def _claims(self, ci: str) -> None:
        workspace = self._workspace
        claims = workspace.claims_of(ci)
        mine = [claim for claim in claims if claim.source == self._source and not _is_left(workspace, claim)]
        hosts = hosts_of(workspace, self._registry, ci, workspace.ci(ci).class_name)
        keys = {full for claim in mine for full in all_keys(self._registry, claim, hosts)}
        gone: list[Claim] = []
        changed = False
        for claim in mine:
            retold = self._retold(claim)
            if retold is None:
                gone.append(claim)
            elif retold.claim != claim or retold.seen != workspace.snapshot.seen(claim.id):
                changed = True
                workspace.put_claim(retold.claim)
                workspace.see_anew(claim.id, retold.seen)
        if not gone and not changed:
            return
        ended = {claim.id for claim in gone}
        others = [claim for claim in workspace.claims_of(ci) if claim.id not in ended]
        is_alone = all(is_edit(claim) or _is_left(workspace, claim) for claim in others)
        for claim in gone:
            self._take_back(claim, is_alone=is_alone)
        if not is_alone:
            left = {full for claim in workspace.claims_of(ci) for full in all_keys(self._registry, claim, hosts)}
            for full in keys - left:
                workspace.disown(full, ci)
        self._identify_again(keys)
        self._settle_state(ci, mine)
        if others and not is_alone:
            self._settle_retired(ci)

    def _retold(self, claim: Claim) -> Retold | None:
        if self._window.is_all:
            return None
        return without(claim, self._recall.heard(claim.id), self._window, self._registry)

    def _take_back(self, claim: Claim, *, is_alone: bool) -> None:
        workspace = self._workspace
        # what it says no more identifies nobody
        left = msgspec.structs.replace(
            claim,
            name=None,
            name_left_out_since=None,
            values={},
            identifiers={},
            disputed=(),
            missing_at=(),
            missed_by="",
            withdrawn_at=self._now,
            withdrawn_by=self._by,
            expires_in=None,
        )
        workspace.put_claim(left)
        workspace.see_anew(claim.id, None)
        if is_edit(claim) or not is_alone:
            workspace.end_claim(left)
        elif claim.native_key is None and claim.identifiers:
            workspace.own(fingerprint_key(claim.source, claim.network, claim.fingerprint), claim.ci)

    def _identify_again(self, keys: set[str]) -> None:
        """Values that one CI is left to hold identify it again, and nobody needs to be told of them."""
        for full in keys:
            if self._workspace.is_shared(full) and len(self._workspace.owners(full)) < 2:
                self._workspace.unshare(full)
                kind, _, value = full.partition("|")
                told = review("shared_identifier", (), {kind: [value]}, source=self._source, since=self._now)
                if self._workspace.get(Kind.REVIEW, told.id) is not None:
                    self._workspace.end(Kind.REVIEW, told.id)

    def _settle_state(self, ci: str, mine: Sequence[Claim]) -> None:
        """Nobody misses it, when only the source did."""
        found = self._workspace.ci(ci)
        was_missed = any(claim.missing_at for claim in mine)
        is_missed = any(claim.missing_at for claim in self._workspace.claims_of(ci))
        if found.state is not State.PRESENT and was_missed and not is_missed:
            self._workspace.put(Kind.CI, msgspec.structs.replace(found, state=State.PRESENT))

    def _settle_retired(self, ci: str) -> None:
        """A CI that all others had let go already has the last of their values, not the source's."""
        claims = self._workspace.claims_of(ci)
        sources = [claim for claim in claims if not is_edit(claim)]
        if any(claim.withdrawn_at is None for claim in claims):
            return
        last = max(claim.withdrawn_at for claim in sources if claim.withdrawn_at is not None)
        speaking = [
            (msgspec.structs.replace(claim, withdrawn_at=None), self._workspace.last_seen(claim.id))
            for claim in sources
            if claim.withdrawn_at == last
        ]
        found = settle(self._workspace.ci(ci), speaking, self._registry, self._policy, now=self._now)
        self._workspace.put(Kind.CI, msgspec.structs.replace(found, lifecycle=Lifecycle.RETIRED))

    # relationships
    def _relationship(self, relationship: Relationship) -> int:
        source = self._source
        if source not in relationship.claimed and source not in relationship.missing_at:
            return 0
        subject = f"{relationship.id}@{source}"
        seen = self._workspace.snapshot.seen(subject)
        if seen is None:
            # an edit says it, and its claim is asked
            return 0
        left = self._left(subject)
        missing = {name: times for name, times in relationship.missing_at.items() if name != source}
        claimed = dict(relationship.claimed)
        if left is None:
            claimed.pop(source, None)
        elif missed := tuple(at for at in relationship.missing_at.get(source, ()) if at not in self._window):
            missing[source] = missed
        if left != seen:
            self._workspace.see_anew(subject, left)
        after = msgspec.structs.replace(
            relationship, claimed=claimed, missing_at=missing, confidence=together(claimed.values())
        )
        if not claimed:
            self._workspace.end(Kind.RELATIONSHIP, relationship.id)
        elif after != relationship:
            self._workspace.put_relationship(after)
        return 1

    def _left(self, subject: str) -> Seen | None:
        """The sightings of a subject outside the window."""
        if self._window.is_all:
            return None
        times = [at for at in self._recall.times(subject) if at not in self._window]
        return Seen(min(times), max(times)) if times else None

    def _group(self, group: Redundancy) -> None:
        if self._source not in group.sources:
            return
        subject = f"{group.id}@{self._source}"
        left = self._left(subject)
        if left != self._workspace.snapshot.seen(subject):
            self._workspace.see_anew(subject, left)
        if left is not None:
            return
        sources = tuple(source for source in group.sources if source != self._source)
        if not sources:
            self._workspace.end(Kind.REDUNDANCY, group.id)
            return
        said = group
        for state, writers in self._recall.writers(group):
            if writers - {self._source}:
                said = state
        after = msgspec.structs.replace(group, min_up=said.min_up, min_up_percent=said.min_up_percent, sources=sources)
        self._workspace.put(Kind.REDUNDANCY, after)


def _is_left(workspace: Workspace, claim: Claim) -> bool:
    """Whether all that the claim said was taken back before, and only its record is left."""
    is_empty = claim.withdrawn_at is not None and not claim.values and not claim.identifiers
    return is_empty and workspace.last_seen(claim.id) is None


def retired_by(workspace: Workspace) -> tuple[str, ...]:
    """CIs that a plan, settled by now, retires, in order."""
    return tuple(
        write.id
        for write in workspace.writes()
        if isinstance(write.before, CI)
        and isinstance(write.after, CI)
        and write.before.lifecycle is not Lifecycle.RETIRED
        and write.after.lifecycle is Lifecycle.RETIRED
    )
