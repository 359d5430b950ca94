"""A join undone: what moved goes back, as a new revision, and later runs keep the two apart.

The join's own revision holds the states before it. What is as the join left it becomes as it was, to the letter; what others changed
since stays, with the record that it came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import msgspec

from cmdb.changeset import Change
from cmdb.entities import CI, Claim, Kind, Relationship, Review
from cmdb.identity.evidence import Evidence, union
from cmdb.identity.ladder import compare
from cmdb.reconcile.joined import Joined
from cmdb.reconcile.own_keys import all_keys, hosts_of
from cmdb.reconcile.unjoined_relationships import UnjoinedRelationships
from cmdb.reconcile.workspace import Workspace, evidence_of
from cmdb.registry import Registry


def unjoin(workspace: Workspace, registry: Registry, joined: Joined, *, keeps_apart: bool = True) -> None:
    """Put back everything that a join moved; nothing may have been joined to the CI that remains since.

    Later runs keep the two apart, unless told otherwise.
    """
    _Unjoin(workspace, registry, joined).undo(keeps_apart=keeps_apart)


class _Unjoin:
    """One join being undone; `_gone` are the CIs that come back, each with its state before: the CI and its twins inside."""

    def __init__(self, workspace: Workspace, registry: Registry, joined: Joined) -> None:
        self._workspace = workspace
        self._registry = registry
        self._joined = joined
        self._root = joined.change.id
        self._gone = _with_dependents(joined, registry)

    def undo(self, *, keeps_apart: bool) -> None:
        """Put back the CIs, then what they have."""
        workspace = self._workspace
        # asked before anything moves: who a CI that comes back went into
        kept_of = {id_: workspace.living(id_) for id_ in self._gone}
        for id_ in sorted(self._gone):
            self._restore_ci(id_)
        self._verdicts(kept_of[self._root], keeps_apart=keeps_apart)
        for change in self._joined.revision:
            if change.kind is Kind.CLAIM:
                self._claim_back(change, kept_of)
        self._later_claims(kept_of)
        UnjoinedRelationships(workspace, self._registry, self._joined, self._gone, kept_of).undo()
        self._keys_back(kept_of)
        for change in self._joined.revision:
            before = change.before
            is_about = isinstance(before, Review) and not self._gone.keys().isdisjoint(before.cis)
            if is_about and workspace.get(Kind.REVIEW, change.id) == change.after:
                workspace.put(Kind.REVIEW, cast("Review", before))

    # the CIs
    def _restore_ci(self, id_: str) -> None:
        current = self._workspace.get(Kind.CI, id_)
        assert isinstance(current, CI), id_
        change = self._joined.change_of(Kind.CI, id_)
        is_as_left = change is not None and current == change.after
        restored = self._gone[id_] if is_as_left else msgspec.structs.replace(current, merged_into=None)
        self._workspace.put(Kind.CI, restored)
        self._workspace.touch(id_)

    def _verdicts(self, kept: str, *, keeps_apart: bool) -> None:
        """The CI that comes back is not the one that it went into; what it was said to be, or not to be, goes with it."""
        root, other = self._workspace.ci(self._root), self._workspace.ci(kept)
        before = self._gone[self._root]
        theirs = self._joined.before.get_many(Kind.CI, [kept]).get(kept)
        known = set(theirs.kept_apart_from) if isinstance(theirs, CI) else set()
        apart = set(other.kept_apart_from) - (set(before.kept_apart_from) - known)
        same = set(other.same_as) - {self._root, *before.same_as}
        if keeps_apart:
            apart.add(self._root)
            mine = tuple(sorted({*root.kept_apart_from, kept}))
            self._workspace.put(Kind.CI, msgspec.structs.replace(root, kept_apart_from=mine))
        self._workspace.put(
            Kind.CI,
            msgspec.structs.replace(other, kept_apart_from=tuple(sorted(apart)), same_as=tuple(sorted(same))),
        )
        self._workspace.touch(kept)

    # claims
    def _claim_back(self, change: Change, kept_of: dict[str, str]) -> None:
        before, after = change.before, change.after
        if not isinstance(before, Claim):
            return
        current = self._workspace.get(Kind.CLAIM, change.id)
        is_as_left = current == after
        if before.ci in self._gone:
            if after is None:
                self._unfold(before, kept_of[before.ci])
            if is_as_left:
                self._workspace.put_claim(before)
                self._seen_back(change.id)
            elif isinstance(current, Claim):
                self._workspace.put_claim(msgspec.structs.replace(current, ci=before.ci))
            else:
                self._workspace.put_claim(before)
        elif is_as_left and isinstance(after, Claim) and self._has_taken_in(after):
            self._workspace.put_claim(before)
            self._seen_back(change.id)

    def _unfold(self, folded: Claim, kept: str) -> None:
        """The claim that another was folded into, as it was: it may have been given a later sighting and nothing else."""
        for claim in self._workspace.claims_of(kept):
            is_twin = (claim.source, claim.network, claim.native_key) == (folded.source, folded.network, None)
            if is_twin and self._joined.change_of(Kind.CLAIM, claim.id) is None:
                self._seen_back(claim.id)

    def _has_taken_in(self, twin: Claim) -> bool:
        """Whether a claim of the same source that went back was folded into this one."""
        return any(
            isinstance(one.before, Claim)
            and one.after is None
            and one.before.ci in self._gone
            and (one.before.source, one.before.network) == (twin.source, twin.network)
            for one in self._joined.revision
        )

    def _seen_back(self, subject: str) -> None:
        """What nobody saw since was last seen when it was before."""
        now = self._workspace.snapshot.seen(subject)
        if now == self._joined.after.seen([subject]).get(subject):
            self._workspace.see_anew(subject, self._joined.before.seen([subject]).get(subject))

    def _later_claims(self, kept_of: dict[str, str]) -> None:
        """Claims of records that were heard of since go to the one that their values fit, when they fit that one only."""
        for id_, kept in sorted(kept_of.items()):
            claims = self._workspace.claims_of(kept)
            known = self._joined.before.get_many(Kind.CLAIM, [claim.id for claim in claims])
            new = [claim for claim in claims if claim.id not in known and claim.identifiers]
            if not new:
                continue
            mine = _evidence(self._workspace.claims_of(id_))
            theirs = _evidence(claim for claim in claims if claim.id in known)
            for claim in new:
                said = evidence_of(claim)
                if compare(said, mine).is_equal is True and compare(said, theirs).is_equal is not True:
                    self._workspace.put_claim(msgspec.structs.replace(claim, ci=id_))

    # keys
    def _keys_back(self, kept_of: dict[str, str]) -> None:
        """What the CIs that come back were known by is theirs again, and identifies as it did."""
        workspace = self._workspace
        for id_, kept in sorted(kept_of.items()):
            mine, theirs = (self._keys_of(ci) for ci in (id_, kept))
            was = self._joined.before.owners(mine | theirs)
            for full in sorted(mine | theirs):
                then = was.get(full)
                owners = workspace.owners(full)
                if full in mine:
                    workspace.own(full, id_)
                if kept in owners and full not in theirs and (then is None or kept not in then.owners):
                    workspace.disown(full, kept)
                if then is not None and then.is_shared and len(workspace.owners(full)) > 1:
                    workspace.share(full)
                elif then is not None and set(then.owners) == workspace.owners(full) and len(then.owners) > 1:
                    workspace.allow_many(full)

    def _keys_of(self, ci: str) -> frozenset[str]:
        class_name = self._workspace.ci(ci).class_name
        hosts = hosts_of(self._workspace, self._registry, ci, class_name)
        live = {one.target for one in self._workspace.touching(ci) if one.source == ci}
        claims = self._workspace.claims_of(ci)
        return frozenset(
            full for claim in claims for full in all_keys(self._registry, claim, [one for one in hosts if one in live])
        )


def _evidence(claims: Iterable[Claim]) -> Evidence:
    return union([evidence_of(claim) for claim in claims])


def _with_dependents(joined: Joined, registry: Registry) -> dict[str, CI]:
    """The merged CI and the twins inside the two, of which the older remained, as they were before, by id."""
    went_into = joined.went_into()
    merged = {one.id: one.before for one in joined.revision if isinstance(one.before, CI) and one.id in went_into}
    before = [one.before for one in joined.revision if isinstance(one.before, Relationship)]
    found = {joined.change.id}
    hosts = {joined.change.id, went_into[joined.change.id]}

    def is_inside(id_: str) -> bool:
        type_ = registry.get(merged[id_].class_name).host_relationship
        return any(one.source == id_ and one.target in hosts and one.type == type_ for one in before)

    while waiting := {id_ for id_ in merged if id_ not in found and is_inside(id_)}:
        found |= waiting
        hosts |= waiting | {went_into[id_] for id_ in waiting}
    return {id_: merged[id_] for id_ in found}
