"""Rows become CIs: identified family by family, folded into their records' claims, hung into their hosts."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import msgspec

from cmdb.changeset import Write
from cmdb.classes.spec import Family
from cmdb.entities import Claim, Kind, Parked, Relationship, Review
from cmdb.errors import Invalid
from cmdb.identity.evidence import IDENTIFYING
from cmdb.identity.keys import key
from cmdb.identity.match import Decision, Flagged
from cmdb.observation import Link, Observation
from cmdb.reconcile.blocking import KIND as BLOCKED
from cmdb.reconcile.claims import fold, record_by_values, record_for
from cmdb.reconcile.identify import BESIDE, Identifier
from cmdb.reconcile.joins import group_id, join
from cmdb.reconcile.links import EndIsParked, put_link, relate
from cmdb.reconcile.matched import matched
from cmdb.reconcile.parking import (
    end_parked,
    host_candidates,
    links_between,
    links_together,
    parked,
    parked_as,
    told_of,
    wait_for,
    wait_no_more,
)
from cmdb.reconcile.rejudging import Rejudging
from cmdb.reconcile.reviews import review, together
from cmdb.reconcile.rows import Row, flag_of
from cmdb.reconcile.workspace import Workspace, claim_keys
from cmdb.registry import Registry
from cmdb.values import Value


class Landing:
    """Lands the rows of one plan in one workspace; `resolved` grows as local ids become CIs."""

    def __init__(
        self,
        workspace: Workspace,
        registry: Registry,
        observation: Observation,
        *,
        now: dt.datetime,
        make_id: Callable[[dt.datetime], str],
        resolved: dict[str, str],
    ) -> None:
        self._workspace = workspace
        self._registry = registry
        self._observation = observation
        self._now = now
        self._identifier = Identifier(workspace, registry, now=now, make_id=make_id)
        self.resolved = resolved
        self._parked: dict[str, Row] = {}
        self._parked_links: dict[str, list[dict[str, Value]]] = {}
        self._flagged: list[tuple[Row, Flagged]] = []
        self._landed: list[Row] = []
        self._rejudging = Rejudging(workspace, registry, self._identifier, now=now, make_id=make_id)
        self._local_ids = {draft.local_id for draft in observation.drafts}

    def confirm(self, row: Row, claim: Claim) -> None:
        """Have a row stand for its claim, which it leaves as it is."""
        row.ci, row.rule = claim.ci, "native_key"
        self.resolved[row.draft.local_id] = claim.ci
        self._workspace.see(claim.id, row.at)
        self._workspace.seen_now.add(claim.id)
        self._landed.append(row)

    def land(self, rows: Sequence[Row]) -> None:
        """Identify and fold all rows: devices first (members, then strongest evidence, then record key), dependents last."""
        self._identifier.prefetch(rows)
        devices = sorted(
            (row for row in rows if row.family is Family.DEVICE),
            key=lambda row: (row.spec.name in BESIDE and row.host is not None, row.strength(), _record_key(row)),
        )
        self._rejudging.make_older(devices)
        for row in devices:
            if row.has_only_virtual_mac():
                self._park(
                    row,
                    "virtual_mac",
                    "its only MAC address moves between routers, so it describes an address and no device",
                )
            elif not self._has_identity(row):
                self._park(
                    row,
                    "insufficient_identity",
                    "nothing to recognise it by: no native key, name, address or other identifier",
                )
            else:
                host = self._host_of(row) if row.host is not None else None
                # what only waits is whatever fits it now
                late = None if row.draft.is_known_or_waits else self._rejudging.late(row)
                decision = late or self._identifier.device(row, host)
                if row.draft.is_known_or_waits and decision.ci is None:
                    self._park(row, "parked", _why_it_waits(decision))
                else:
                    self._settle(row, decision, host)
        for row in rows:
            if row.family in (Family.CATALOGUE, Family.LOGICAL):
                if not row.draft.native_key and row.name is None and not _has_content(row):
                    self._park(row, "insufficient_identity", "nothing to recognise it by: no native key and no name")
                    continue
                decision = (
                    self._identifier.catalogue(row) if row.family is Family.CATALOGUE else self._identifier.logical(row)
                )
                self._settle(row, decision, None)
        self._land_dependents([row for row in rows if row.family is Family.DEPENDENT])

    @staticmethod
    def _has_identity(row: Row) -> bool:
        return bool(row.draft.native_key) or any(row.evidence.get(kind) for kind in IDENTIFYING)

    def _land_dependents(self, rows: list[Row]) -> None:
        waiting = rows
        while waiting:
            ready = [(row, host) for row in waiting if (host := self._host_of(row)) is not None]
            self._identifier.prefetch_inside(ready)
            for row, host in ready:
                if row.name is None and not row.draft.native_key:
                    self._park(
                        row, "insufficient_identity", "nothing to recognise it by inside its host: give it a name"
                    )
                else:
                    self._settle(row, self._identifier.dependent(row, self._workspace.remaining(host)), host)
            landed = {id(row) for row, _ in ready}
            rest = [row for row in waiting if id(row) not in landed]
            if len(rest) == len(waiting):
                for row in rest:
                    self._park(
                        row, "parked", f"its host {row.host!r} is not known yet" if row.host else "it names no host"
                    )
                return
            waiting = rest

    def _host_of(self, row: Row) -> str | None:
        if row.host is None:
            return None
        if row.host in self.resolved:
            return self._workspace.remaining(self.resolved[row.host])
        if row.host in self._local_ids:
            return None
        candidates = host_candidates(row, self._workspace)
        return self._workspace.remaining(min(candidates)) if len(candidates) == 1 else None

    def _settle(self, row: Row, decision: Decision, host: str | None) -> None:
        workspace = self._workspace
        ci = self._identifier.ci_for(row, decision)
        for other in decision.joins:
            ci = join(workspace, self._registry, ci, other)
        for other, kind, value in decision.ceded:
            self._cede(other, key(kind, value))
        for kind, value in decision.told_apart:
            workspace.allow_many(key(kind, value))
        for kind, value in decision.shared:
            workspace.share(key(kind, value))
        row.ci, row.rule = ci, decision.rule
        self.resolved[row.draft.local_id] = ci
        record = record_for(row, workspace.claims_of(ci), ci, lambda id_: workspace.get(Kind.CLAIM, id_) is not None)
        id_ = Claim.make_id(row.source, row.network, record)
        if workspace.is_new(ci) and record in (f"of:{ci}", f"reference:{ci}"):
            workspace.snapshot.assume_absent(Kind.CLAIM, id_)
        before = workspace.get(Kind.CLAIM, id_)
        if before is None:
            workspace.snapshot.assume_unseen(id_)
        last_seen = workspace.last_seen(id_) if isinstance(before, Claim) else None
        claim = fold(row, before if isinstance(before, Claim) else None, ci, record, last_seen, self._registry)
        if before is None or decision.joins:
            claim = msgspec.structs.replace(claim, matched=matched(row, decision))
        if decision.disputed:
            disputed = {*claim.disputed, *(key(kind, value) for kind, value in decision.disputed)}
            claim = msgspec.structs.replace(claim, disputed=tuple(sorted(disputed)))
        if claim != before:
            workspace.put_claim(claim)
        workspace.touch(ci)
        workspace.see(id_, row.at)
        workspace.seen_now.add(id_)
        self._identifier.own_keys(row, ci, host)
        if host is not None and row.spec.host_relationship is not None:
            if workspace.is_new(ci) and not decision.joins:
                fresh = Relationship.make_id(ci, row.spec.host_relationship, host)
                workspace.snapshot.assume_absent(Kind.RELATIONSHIP, fresh)
                workspace.snapshot.assume_unseen(f"{fresh}@{row.source}")
            relate(
                workspace,
                ci,
                row.spec.host_relationship,
                host,
                by=row.source,
                attributes={},
                confidence=1.0,
                observation=self._observation,
            )
        self._flagged += [(row, flagged) for flagged in decision.flags]
        self._landed.append(row)

    def _cede(self, ci: str, full: str) -> None:
        for claim in self._workspace.claims_of(self._workspace.remaining(ci)):
            if full in {own for own, _ in claim_keys(claim)}:
                self._workspace.put_claim(
                    msgspec.structs.replace(claim, disputed=tuple(sorted({*claim.disputed, full})))
                )

    def _park(self, row: Row, kind: str, reason: str) -> None:
        row.reason, row.parked_as = reason, kind
        _flag(row, kind)
        _flag(row, "parked")
        self._parked[row.draft.local_id] = row

    # links
    def knows(self, local_id: str) -> bool:
        """Whether it is the id of a row of this input, landed, parked or refused."""
        return local_id in self.resolved or local_id in self._parked or local_id in self._local_ids

    def resolve(self, local_id: str) -> str:
        """The CI of a local id; see `links.Resolve`."""
        if local_id in self.resolved:
            return self._workspace.remaining(self.resolved[local_id])
        if local_id in self._parked:
            raise EndIsParked(local_id)
        if local_id in self._local_ids:
            raise Invalid(f"{local_id!r} was refused, so nothing can refer to it")
        raise Invalid(f"{local_id!r} is no id of this input; a relationship joins two ids of the same input")

    def prefetch_links(self, observation: Observation) -> None:
        """Read at once the relationships that the links may confirm, and when they were last seen."""
        ids: list[str] = []
        ends: set[str] = set()
        for link in observation.links:
            source, target = self.resolved.get(link.source), self.resolved.get(link.target)
            if source is None or target is None:
                continue
            ends |= {source, target}
            try:
                kind = self._registry.relationship_type(link.type)
            except Invalid:
                continue
            ids.append(Relationship.make_id(source, kind.name, target))
            if kind.is_symmetric:
                ids.append(Relationship.make_id(target, kind.name, source))
        snapshot = self._workspace.snapshot
        snapshot.load(Kind.CI, ends)
        snapshot.load(Kind.RELATIONSHIP, ids)
        groups = []
        for group in observation.redundancy:
            if {group.of, *group.members} <= self.resolved.keys():
                members = tuple(sorted({self.resolved[member] for member in group.members}))
                groups.append(group_id(self.resolved[group.of], members, group.name))
        snapshot.load(Kind.REDUNDANCY, groups)
        snapshot.load_seen([f"{id_}@{observation.source}" for id_ in (*ids, *groups)])

    def park_link(self, link: Link, waiting: str) -> None:
        """Keep a link with its parked end, or with both; the other end of the one is a CI by now, or is lost with this input."""
        ends: dict[str, Value] = {}
        for name, local_id in (("source", link.source), ("target", link.target)):
            if local_id in self._parked:
                ends[name] = parked_as(parked(self._parked[local_id], now=self._now).id)
            else:
                ends[name] = self.resolved.get(local_id)
        if None in ends.values():
            return
        kept = {**ends, "type": link.type, "attributes": dict(link.attributes), "confidence": link.confidence}
        for local_id in {waiting, *({link.source, link.target} & set(self._parked))}:
            self._parked_links.setdefault(local_id, []).append(kept)

    def complete(self, come_back: Sequence[tuple[Parked, Row]]) -> None:
        """End the parked drafts that landed, and make their links."""
        became = {parked_as(item.id): row.ci for item, row in come_back if row.ci is not None}
        for item, row in come_back:
            if row.ci is None:
                self._parked.pop(row.draft.local_id, None)
                continue
            if row.draft.is_known_or_waits:
                wait_no_more(self._workspace, item, row)
            end_parked(self._workspace, item)
            seen = replace(self._observation, source=item.source, at=item.observed_at)
            ready_links, waiting = links_between(item, became)
            for link in ready_links:
                # a pair that is not allowed was never right
                with contextlib.suppress(Invalid):
                    put_link(self._workspace, self._registry, link, seen, self._workspace.living)
            for link_waiting in waiting:
                self._hand_over(link_waiting, item.id, row.ci)

    def _hand_over(self, link: dict[str, Value], item: str, ci: str) -> None:
        """Tell the parked draft at the other end of a link which CI this end became."""
        other = next(str(link[end]) for end in ("source", "target") if str(link[end]).startswith(parked_as("")))
        theirs = self._workspace.get(Kind.PARKED, other.removeprefix(parked_as("")))
        if isinstance(theirs, Parked):
            links = tuple(
                {name: ci if value == parked_as(item) else value for name, value in kept.items()}
                for kept in theirs.links
            )
            self._workspace.put(Kind.PARKED, msgspec.structs.replace(theirs, links=links))

    # the report
    def report(self, *, by: str, shared: Iterable[Flagged]) -> None:
        """Write parked drafts and what a person must be told."""
        for local_id, row in self._parked.items():
            item = parked(row, now=self._now, links=tuple(self._parked_links.get(local_id, ())))
            before = self._workspace.get(Kind.PARKED, item.id)
            if isinstance(before, Parked):
                item = msgspec.structs.replace(
                    item,
                    since=before.since,
                    observed_at=max(before.observed_at, item.observed_at),
                    links=links_together(before.links, item.links),
                )
            elif row.draft.is_known_or_waits:
                wait_for(self._workspace, item, row)
            if before is None or item.links != getattr(before, "links", ()):
                self._workspace.put(Kind.PARKED, item)
                self._tell(told_of(item, row.parked_as), row, by)
        for row, flagged in self._flagged:
            _flag(row, flagged.kind)
            self._tell(flagged, row, by)
        for row in self._landed:
            for aside in row.set_aside:
                flag = flag_of(aside)
                if flag is not None:
                    self._tell(Flagged(flag, (None,), {aside.kind.value: [aside.value]}), row, by)

        for row, flagged in self._rejudging.told:
            self._tell(flagged, row, by)
        for flagged in shared:
            for row in self._landed:
                if row.ci is not None and self._workspace.remaining(row.ci) in flagged.cis:
                    _flag(row, flagged.kind)
            # what an edit blocks has an item already, since it also ends without a row
            if flagged.kind != BLOCKED:
                self._tell(flagged, None, by)

    def _tell(self, flagged: Flagged, row: Row | None, by: str) -> None:
        own = row.ci if row is not None else None
        cis = [self._workspace.remaining(ci or own or "") for ci in flagged.cis if ci or own]
        item = review(flagged.kind, cis, flagged.values, source=by, since=self._now)
        before = self._workspace.get(Kind.REVIEW, item.id)
        self._workspace.put(Kind.REVIEW, together(before, item) if isinstance(before, Review) else item)

    def changed_by_claims(self, writes: Iterable[Write]) -> set[str]:
        """CIs whose claims a plan's writes changed."""
        return {write.after.ci for write in writes if isinstance(write.after, Claim)}


def _record_key(row: Row) -> str:
    return row.draft.native_key or record_by_values(row) or ""


def _why_it_waits(decision: Decision) -> str:
    if not decision.considered:
        return "it was heard of, and nothing that is known fits it yet"
    return "it was heard of, and what it may be is not sure: " + "; ".join(why for _, why in decision.considered)


def _flag(row: Row, kind: str) -> None:
    if kind not in row.flags:
        row.flags.append(kind)


def _has_content(row: Row) -> bool:
    """Whether a catalogue entry says what it is; a logical CI is known by its key or name alone."""
    return row.family is Family.CATALOGUE and any(row.values.get(name) for name in row.spec.identity)
