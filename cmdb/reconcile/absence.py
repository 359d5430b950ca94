"""What a completed scope says by silence: claims not seen in it are missing, and after their grace withdrawn.

Source: design §6, *Absence*. A run that did not complete a scope never comes here. What a look would retire is judged by
the safety stop (`stopping.py`) before anything is written.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

import msgspec

from cmdb.classes.spec import Family
from cmdb.entities import Claim, Kind, Relationship, State
from cmdb.errors import Invalid
from cmdb.identity.evidence import Kind as Evident
from cmdb.identity.keys import key
from cmdb.normalise import forms
from cmdb.observation import Observation, Scope, ScopeKind, Unreachable
from cmdb.reconcile.claims import is_reference
from cmdb.reconcile.confidence import together
from cmdb.reconcile.edits import month
from cmdb.reconcile.links import Resolve
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.settling import unreached_at
from cmdb.reconcile.stopping import Look, SafetyStop
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry


class Absence:
    """Applies an observation's scopes and failed probes to one workspace.

    Scopes are first looked at (`apply_scope`), then judged together and written (`conclude`). A confirmed look is not judged:
    a person has said that what is missing is gone.
    """

    def __init__(
        self,
        workspace: Workspace,
        registry: Registry,
        policy: Policy,
        observation: Observation,
        *,
        is_confirmed: bool = False,
    ) -> None:
        self._workspace = workspace
        self._registry = registry
        self._policy = policy
        self._observation = observation
        self._is_confirmed = is_confirmed
        self._looks: list[Look] = []
        self._mine: tuple[Claim, ...] | None = None

    def apply_scope(self, scope: Scope, resolve: Resolve) -> None:
        """Find what the scope did not show; raises `Invalid` for a scope that says nothing."""
        place = f"line {scope.line}" if scope.line is not None else None
        if scope.kind is ScopeKind.SUBNET:
            self._subnet(scope, place)
        elif scope.kind is ScopeKind.CI_CLASS:
            self._ci_class(scope, resolve)
        else:
            self._relationships(scope, resolve, place)

    def conclude(self, *, now: dt.datetime) -> None:
        """Write what the scopes did not show, unless it is more than may go without asking."""
        looks = self._looks
        if not self._is_confirmed:
            stop = SafetyStop(self._workspace, self._registry, self._policy, self._observation)
            looks = stop.judge(looks, self._all_mine, now=now)
        for look in looks:
            for claim in look.claims:
                self._missing(claim, look)
            for relationship in look.relationships:
                if not look.is_void:
                    self._missing_relationship(relationship)

    def withdraw_again(self, claims: Iterable[str]) -> None:
        """Withdraw claims that this run had withdrawn and that were given back, unless they were seen since."""
        for id_ in claims:
            claim = self._workspace.get(Kind.CLAIM, id_)
            if isinstance(claim, Claim) and self._is_missed(claim) and self._is_overdue(claim):
                self._missing(claim, Look(scope=Scope(kind=ScopeKind.CI_CLASS), held=1))

    def _all_mine(self) -> tuple[Claim, ...]:
        """The source's claims in this network, as decided so far."""
        if self._mine is None:
            found = self._workspace.snapshot.claims_of_source(self._observation.source)
            self._mine = tuple(claim for claim in found if claim.network == self._observation.network)
            self._workspace.snapshot.load_seen([claim.id for claim in self._mine])
        current = (self._workspace.get(Kind.CLAIM, claim.id) for claim in self._mine)
        return tuple(claim for claim in current if isinstance(claim, Claim))

    def _subnet(self, scope: Scope, place: str | None) -> None:
        try:
            network = ipaddress.ip_network(scope.cidr or "", strict=False)
            # what did not let itself be read is there, whatever else the look says
            probed = (forms.ip(unreachable.address) for unreachable in self._observation.unreachable)
            refused = tuple(address for address in probed if address is not None)
            excluded = [ipaddress.ip_network(text, strict=False) for text in (*scope.excluded, *refused)]
        except ValueError as error:
            raise Invalid(f"scope of a subnet: {error}; give it as 10.1.0.0/24", place=place) from error
        prefix = f"{self._observation.network}/|"

        def is_covered(claim: Claim) -> bool:
            addresses = [
                ipaddress.ip_address(value.removeprefix(prefix))
                for value in claim.identifiers.get(Evident.ADDRESS.value, ())
                if value.startswith(prefix)
            ]
            inside = [
                address for address in addresses if address in network and not any(address in out for out in excluded)
            ]
            # every address of the claim must have been probed: a second address elsewhere may still answer
            return bool(inside) and len(inside) == len(addresses)

        held = [claim for claim in self._all_mine() if is_covered(claim)]
        self._look(replace(scope, excluded=(*scope.excluded, *refused)), held, State.UNREACHABLE)

    def _ci_class(self, scope: Scope, resolve: Resolve) -> None:
        spec = self._registry.get(scope.class_name or "")
        scope = replace(scope, class_name=spec.name)
        claims: Iterable[Claim]
        if scope.within is None:
            claims = self._all_mine()
        else:
            host = resolve(scope.within)
            scope = replace(scope, within=host)
            inside = {
                relationship.source
                for relationship in self._workspace.touching(host)
                if relationship.target == host and self._observation.source in relationship.claimed
            }
            self._workspace.snapshot.load_claims_of(inside)
            claims = [
                claim
                for ci in sorted(inside)
                for claim in self._workspace.claims_of(ci)
                if claim.source == self._observation.source and claim.network == self._observation.network
            ]
        held = [claim for claim in claims if self._registry.is_a(claim.class_name, spec.name)]
        self._look(scope, held, State.MISSING)

    def _look(self, scope: Scope, claims: Iterable[Claim], state: State) -> None:
        held = [claim for claim in claims if claim.withdrawn_at is None]
        missed = tuple(claim for claim in held if self._is_missed(claim))
        overdue = {claim.ci for claim in missed if self._is_overdue(claim)}
        self._looks.append(
            Look(scope=scope, held=len({claim.ci for claim in held}), claims=missed, overdue=len(overdue), state=state)
        )

    def _is_missed(self, claim: Claim) -> bool:
        last = self._workspace.last_seen(claim.id)
        if last is None or last >= self._observation.at:
            return False
        return not (is_reference(claim) and self._is_described(claim))

    def _is_overdue(self, claim: Claim) -> bool:
        last = self._workspace.last_seen(claim.id)
        times = _with(claim.missing_at, self._observation.at)
        return last is not None and self._policy.is_over(claim.class_name, last, times)

    def _relationships(self, scope: Scope, resolve: Resolve, place: str | None) -> None:
        if scope.within is None or scope.relationship_type is None:
            raise Invalid("a scope of relationships names its type and the CI within which it is complete", place=place)
        type_ = self._registry.relationship_type(scope.relationship_type)
        source = self._observation.source
        within = resolve(scope.within)

        def leaves(relationship: Relationship) -> bool:
            # what is installed points at its host, and no other machine says so
            return relationship.source == within or type_.is_symmetric or self._is_catalogue(relationship.source)

        held = [
            relationship
            for relationship in self._workspace.touching(within)
            if relationship.type == type_.name and source in relationship.claimed and leaves(relationship)
        ]
        missed = tuple(relationship for relationship in held if self._is_unseen(relationship))
        overdue = sum(self._is_ending(relationship) for relationship in missed)
        scope = replace(scope, within=within, relationship_type=type_.name)
        self._looks.append(Look(scope=scope, held=len(held), relationships=missed, overdue=overdue))

    def _is_catalogue(self, ci: str) -> bool:
        return self._registry.get(self._workspace.ci(ci).class_name).family is Family.CATALOGUE

    def _is_unseen(self, relationship: Relationship) -> bool:
        last = self._workspace.last_seen(f"{relationship.id}@{self._observation.source}")
        return last is not None and last < self._observation.at

    def _is_ending(self, relationship: Relationship) -> bool:
        source = self._observation.source
        last = self._workspace.last_seen(f"{relationship.id}@{source}")
        times = _with(relationship.missing_at.get(source, ()), self._observation.at)
        class_name = self._workspace.ci(relationship.source).class_name
        return last is not None and self._policy.is_over(class_name, last, times)

    def _missing_relationship(self, found: Relationship) -> None:
        source = self._observation.source
        relationship = cast("Relationship | None", self._workspace.get(Kind.RELATIONSHIP, found.id))
        if relationship is None:
            return
        if not self._is_ending(relationship):
            times = _with(relationship.missing_at.get(source, ()), self._observation.at)
            after = msgspec.structs.replace(relationship, missing_at={**relationship.missing_at, source: times})
            self._workspace.put_relationship(after)
            return
        claimed = {name: confidence for name, confidence in relationship.claimed.items() if name != source}
        missing = {name: seen for name, seen in relationship.missing_at.items() if name != source}
        if claimed:
            self._workspace.put_relationship(
                msgspec.structs.replace(
                    relationship, claimed=claimed, missing_at=missing, confidence=together(claimed.values())
                )
            )
        else:
            self._workspace.end(Kind.RELATIONSHIP, relationship.id)

    def _missing(self, found: Claim, look: Look) -> None:
        claim = self._workspace.get(Kind.CLAIM, found.id)
        if not isinstance(claim, Claim) or claim.withdrawn_at is not None:
            return
        if not look.is_void:
            times = _with(claim.missing_at, self._observation.at)
            run = self._observation.run_id
            is_over = self._is_overdue(claim)
            if times != claim.missing_at or is_over:
                claim = msgspec.structs.replace(
                    claim,
                    missing_at=times,
                    missed_by=run if max(times) == self._observation.at else claim.missed_by,
                    withdrawn_at=max(times) if is_over else None,
                    withdrawn_by=run if is_over else "",
                    expires_in=None if is_over else self._due_in(claim, times),
                )
                self._workspace.put_claim(claim)
        self._mark(claim.ci, look.state)

    def _due_in(self, claim: Claim, times: Sequence[dt.datetime]) -> str | None:
        """The month in which the grace runs out without another look; None while looks are wanting."""
        grace, last = self._policy.grace(claim.class_name), self._workspace.last_seen(claim.id)
        return None if last is None or len(times) < grace.scans else month(last + grace.time)

    def _is_described(self, reference: Claim) -> bool:
        """Whether the source itself saw, in this look, what the reference points at."""
        return any(
            (seen := self._workspace.last_seen(claim.id)) is not None and seen >= self._observation.at
            for claim in self._workspace.claims_of(reference.ci)
            if claim.source == reference.source and not is_reference(claim)
        )

    def _mark(self, ci_id: str, state: State) -> None:
        ci = self._workspace.ci(ci_id)
        seen = [
            at for claim in self._workspace.claims_of(ci.id) if (at := self._workspace.last_seen(claim.id)) is not None
        ]
        if seen and max(seen) < self._observation.at and ci.state is not state:
            self._workspace.put(Kind.CI, msgspec.structs.replace(ci, state=state))

    def apply_unreachable(self, unreachable: Unreachable) -> None:
        """Mark what lives at an address that was probed and did not answer; retires nothing."""
        full = key(Evident.ADDRESS, f"{self._observation.network}/|{unreachable.address}")
        for owner in sorted(self._workspace.owners(full)):
            self._mark(owner, State.UNREACHABLE)
            self._workspace.see(unreached_at(owner), self._observation.at)


def _with(times: tuple[dt.datetime, ...], at: dt.datetime) -> tuple[dt.datetime, ...]:
    kept = tuple(sorted({*times, at}))
    return kept if len(kept) <= 10 else (kept[0], *kept[-9:])
