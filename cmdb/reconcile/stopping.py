"""The safety stop: a look that would retire too much of what its scopes held retires nothing, and a person is asked.

Source: design §6, *Absence*. The law: what a stopped look did not see is shown as missing, but the look counts for no grace,
so that no number of them adds up to a retirement; each asks again, in the one review item of its source, network and kind of
scope. The item ends when a later look of the same scopes is within its limit, or when a person confirms it
(`cmdb retire REVIEW`).

Scopes that a run completed one by one ("the disks of this host") are judged each alone and all together. A run is known by
its time of observation, which all its observations share; what it retired before it had gone too far is taken back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from cmdb.entities import Claim, Kind, Relationship, Review, State, derived_id
from cmdb.identity.evidence import Kind as Evident
from cmdb.observation import Observation, Scope, ScopeKind
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.reviews import REMEDIES
from cmdb.reconcile.safety import Limit, together
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry
from cmdb.values import Value

KIND = "unsafe_retirement"
MAX_LISTED = 1000
"""Scopes and claims that one review item names; what is beyond stays missing until it is asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one completed scope held and did not show; `within` of its scope is the id of a CI.

    `held` counts CIs (or relationships), withdrawn ones left out; `overdue` those of the missed whose grace this look ends.
    """

    scope: Scope
    held: int
    claims: tuple[Claim, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    overdue: int = 0
    state: State = State.MISSING
    is_void: bool = False
    """Stopped: shown, but counted for nothing."""


class SafetyStop:
    """Judges the looks of one observation together with what its run did before."""

    def __init__(self, workspace: Workspace, registry: Registry, policy: Policy, observation: Observation) -> None:
        self._workspace = workspace
        self._registry = registry
        self._policy = policy
        self._observation = observation

    def judge(
        self, looks: Sequence[Look], claims_of_source: Callable[[], Sequence[Claim]], *, now: dt.datetime
    ) -> list[Look]:
        """The looks, void where a person must be asked first; writes the review items."""
        groups: dict[str, list[Look]] = {}
        for look in looks:
            groups.setdefault(group_of(look.scope), []).append(look)
        judged: list[Look] = []
        for group, of_group in groups.items():
            judged += self._judge(group, of_group, claims_of_source, now=now)
        return judged

    def _judge(
        self, group: str, looks: Sequence[Look], claims_of_source: Callable[[], Sequence[Claim]], *, now: dt.datetime
    ) -> list[Look]:
        item = self._item(group)
        is_same_run = item is not None and item.values.get("at") == self._observation.at.isoformat()
        whole = item is not None and is_same_run and bool(item.values.get("is_whole_run"))
        taken_back: tuple[Claim, ...] = ()
        overdue = [look for look in looks if look.overdue]
        held_by_run, overdue_by_run = 0, 0
        if overdue and not whole and not looks[0].relationships:
            held_by_run, overdue_by_run, taken_back = self._of_run(looks, claims_of_source())
            limit = together([self._policy.safety.limit_of(look.scope) for look in looks])
            whole = limit.is_exceeded(held=held_by_run, overdue=overdue_by_run)
        judged = [replace(look, is_void=whole or self._is_unsafe(look)) for look in looks]
        self._take_back(taken_back if whole else ())
        stopped = [look for look in judged if look.is_void and look.overdue]
        if stopped:
            self._ask(group, stopped, taken_back if whole else (), is_whole_run=whole, now=now)
        elif item is not None:
            self._settle(item, judged)
        return judged

    def _is_unsafe(self, look: Look) -> bool:
        limit: Limit = self._policy.safety.limit_of(look.scope)
        if look.relationships:
            # an upgrade replaces every package of a host; that it has none at all is another matter
            return look.overdue == look.held and look.overdue > limit.count
        return limit.is_exceeded(held=look.held, overdue=look.overdue)

    def _of_run(self, looks: Sequence[Look], mine: Sequence[Claim]) -> tuple[int, int, tuple[Claim, ...]]:
        """What the run's scopes of this group held so far, what it would retire of it, and what it has missed already."""
        held: set[str] = set()
        gone: set[str] = set()
        missed: list[Claim] = []
        at = self._observation.at
        for claim in mine:
            if not self._is_of(looks[0].scope, claim):
                continue
            is_missed = at in claim.missing_at
            if is_missed or self._workspace.last_seen(claim.id) == at:
                held.add(claim.ci)
            if is_missed:
                missed.append(claim)
                if claim.withdrawn_at is not None and claim.withdrawn_by == self._observation.run_id:
                    gone.add(claim.ci)
        now_missed = {claim.ci for look in looks for claim in look.claims}
        overdue = len(gone) + sum(look.overdue for look in looks)
        return max(len(held | now_missed), *(look.held for look in looks)), overdue, tuple(missed)

    def _is_of(self, scope: Scope, claim: Claim) -> bool:
        if scope.kind is ScopeKind.SUBNET:
            return bool(claim.identifiers.get(Evident.ADDRESS.value))
        return self._registry.is_a(claim.class_name, scope.class_name or "")

    def _take_back(self, claims: Sequence[Claim]) -> None:
        """Have the run have missed nothing: what its earlier observations wrote counts for no grace either."""
        at, run = self._observation.at, self._observation.run_id
        for claim in claims:
            times = tuple(time for time in claim.missing_at if time != at)
            is_retired_here = claim.withdrawn_by == run
            self._workspace.put_claim(
                msgspec.structs.replace(
                    claim,
                    missing_at=times,
                    missed_by="" if claim.missed_by == run else claim.missed_by,
                    withdrawn_at=None if is_retired_here else claim.withdrawn_at,
                    withdrawn_by="" if is_retired_here else claim.withdrawn_by,
                    expires_in=None,
                )
            )

    # the review item
    def _item(self, group: str) -> Review | None:
        id_ = review_id(self._observation.source, self._observation.network, group)
        item = self._workspace.get(Kind.REVIEW, id_)
        return item if isinstance(item, Review) else None

    def _ask(
        self, group: str, stopped: Sequence[Look], taken_back: Sequence[Claim], *, is_whole_run: bool, now: dt.datetime
    ) -> None:
        observation = self._observation
        before = self._item(group)
        at = observation.at.isoformat()
        is_same = before is not None and before.values.get("at") == at
        scopes = scopes_of(before) if before is not None and is_same else []
        known = {_text(scope) for scope in scopes}
        scopes += [entry for look in stopped if _text(entry := _entry(look)) not in known]
        claims = list(_texts(before.values.get("claims"))) if before is not None and is_same else []
        claims += [
            claim.id for claim in taken_back if claim.withdrawn_by == observation.run_id and claim.id not in claims
        ]
        item = Review(
            id=review_id(observation.source, observation.network, group),
            kind=KIND,
            cis=(),
            values={
                "scope": group,
                "source": observation.source,
                "network": observation.network,
                "run": observation.run_id,
                "at": at,
                "held": sum(_number(entry["held"]) for entry in scopes),
                "would_retire": sum(_number(entry["would_retire"]) for entry in scopes) + len(claims),
                "is_whole_run": is_whole_run,
                "scopes": list[Value](scopes[:MAX_LISTED]),
                "claims": list[Value](claims[:MAX_LISTED]),
            },
            since=before.since if before is not None else now,
            remedy=REMEDIES[KIND].replace("REVIEW", review_id(observation.source, observation.network, group)),
            source=observation.source,
        )
        if item != before:
            self._workspace.put(Kind.REVIEW, item)

    def _settle(self, item: Review, looks: Sequence[Look]) -> None:
        """End what was asked about the scopes that a later look found within their limit."""
        if str(item.values.get("at")) >= self._observation.at.isoformat():
            return
        done = {_text(_entry(look)) for look in looks}
        left = [entry for entry in scopes_of(item) if _text(entry) not in done]
        if not left:
            self._workspace.end(Kind.REVIEW, item.id)
        elif len(left) < len(scopes_of(item)):
            values: dict[str, Value] = {**item.values, "scopes": list[Value](left)}
            self._workspace.put(Kind.REVIEW, msgspec.structs.replace(item, values=values))


def group_of(scope: Scope) -> str:
    """The kind of scope that is judged together: all subnets, all scopes of a class, all of a relationship type."""
    return " ".join(part for part in (scope.kind.value, scope.class_name, scope.relationship_type) if part)


def review_id(source: str, network: str, group: str) -> str:
    """The one review item about a source's looks of a kind in a network."""
    return derived_id("review", KIND, source, network, group)


def scopes_of(item: Review) -> list[dict[str, Value]]:
    """The scopes that a review item names, each with `scope_from`'s fields, `held` and `would_retire`."""
    listed = item.values.get("scopes")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, (list, tuple)) else []


def claims_of(item: Review) -> list[str]:
    """Claims that the run had withdrawn before it was stopped."""
    return _texts(item.values.get("claims"))


def scope_from(entry: dict[str, Value]) -> Scope:
    """The scope of an entry, `within` being the id of a CI."""

    def said(name: str) -> str | None:
        value = entry.get(name)
        return value if isinstance(value, str) else None

    return Scope(
        kind=ScopeKind(str(entry["scope"])),
        class_name=said("class"),
        within=said("within"),
        cidr=said("cidr"),
        relationship_type=said("type"),
        excluded=tuple(_texts(entry.get("excluded"))),
    )


def _entry(look: Look) -> dict[str, Value]:
    scope = look.scope
    entry: dict[str, Value] = {
        "scope": scope.kind.value,
        "class": scope.class_name,
        "type": scope.relationship_type,
        "within": scope.within,
        "cidr": scope.cidr,
        "excluded": list[Value](scope.excluded),
    }
    said = {name: value for name, value in entry.items() if value}
    return {**said, "held": look.held, "would_retire": look.overdue}


def _text(entry: dict[str, Value]) -> str:
    """What a scope is known by, whatever it held."""
    return "|".join(str(entry.get(name, "")) for name in ("scope", "class", "type", "within", "cidr"))


def _texts(value: Value) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, (list, tuple)) else []


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0
