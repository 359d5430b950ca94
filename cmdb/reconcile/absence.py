"""What a completed scope says by silence: claims not seen in it are missing, and after their grace withdrawn.

Source: design §6, *Absence*. A run that did not complete a scope never comes here.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable

import msgspec

from cmdb.classes.spec import Family
from cmdb.entities import Claim, Kind, Relationship, State
from cmdb.errors import Invalid
from cmdb.identity.evidence import Kind as Evident
from cmdb.identity.keys import key
from cmdb.normalise import forms
from cmdb.observation import Observation, Scope, ScopeKind, Unreachable
from cmdb.reconcile.claims import is_reference
from cmdb.reconcile.links import Resolve
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.settling import unreached_at
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry


class Absence:
    """Applies an observation's scopes and failed probes to one workspace."""

    def __init__(self, workspace: Workspace, registry: Registry, policy: Policy, observation: Observation) -> None:
        self._workspace = workspace
        self._registry = registry
        self._policy = policy
        self._observation = observation

    def apply_scope(self, scope: Scope, resolve: Resolve) -> None:
        """Note what the scope did not show; raises `Invalid` for a scope that says nothing."""
        place = f"line {scope.line}" if scope.line is not None else None
        if scope.kind is ScopeKind.SUBNET:
            self._subnet(scope, place)
        elif scope.kind is ScopeKind.CI_CLASS:
            self._ci_class(scope, resolve, place)
        else:
            self._relationships(scope, resolve, place)

    def _subnet(self, scope: Scope, place: str | None) -> None:
        try:
            network = ipaddress.ip_network(scope.cidr or "", strict=False)
            # what did not let itself be read is there, whatever else the look says
            probed = (forms.ip(unreachable.address) for unreachable in self._observation.unreachable)
            refused = (address for address in probed if address is not None)
            excluded = [ipaddress.ip_network(text, strict=False) for text in (*scope.excluded, *refused)]
        except ValueError as error:
            raise Invalid(f"scope of a subnet: {error}; give it as 10.1.0.0/24", place=place) from error
        prefix = f"{self._observation.network}/|"
        for claim in self._workspace.snapshot.claims_of_source(self._observation.source):
            addresses = [
                ipaddress.ip_address(value.removeprefix(prefix))
                for value in claim.identifiers.get(Evident.ADDRESS.value, ())
                if value.startswith(prefix)
            ]
            inside = [
                address for address in addresses if address in network and not any(address in out for out in excluded)
            ]
            # every address of the claim must have been probed: a second address elsewhere may still answer
            if inside and len(inside) == len(addresses):
                self._missing(claim, State.UNREACHABLE)

    def _ci_class(self, scope: Scope, resolve: Resolve, place: str | None) -> None:
        spec = self._registry.get(scope.class_name or "")
        if scope.within is None:
            claims: Iterable[Claim] = self._workspace.snapshot.claims_of_source(self._observation.source)
        else:
            host = resolve(scope.within)
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
                if claim.source == self._observation.source
            ]
        for claim in claims:
            if claim.network == self._observation.network and self._registry.is_a(claim.class_name, spec.name):
                self._missing(claim, State.MISSING)
        del place

    def _relationships(self, scope: Scope, resolve: Resolve, place: str | None) -> None:
        if scope.within is None or scope.relationship_type is None:
            raise Invalid("a scope of relationships names its type and the CI within which it is complete", place=place)
        type_ = self._registry.relationship_type(scope.relationship_type)
        source = self._observation.source
        within = resolve(scope.within)

        def leaves(relationship: Relationship) -> bool:
            # what is installed points at its host, and no other machine says so
            return relationship.source == within or type_.is_symmetric or self._is_catalogue(relationship.source)

        for relationship in self._workspace.touching(within):
            if relationship.type == type_.name and source in relationship.claimed and leaves(relationship):
                self._missing_relationship(relationship, source)

    def _is_catalogue(self, ci: str) -> bool:
        return self._registry.get(self._workspace.ci(ci).class_name).family is Family.CATALOGUE

    def _missing_relationship(self, relationship: Relationship, source: str) -> None:
        last = self._workspace.last_seen(f"{relationship.id}@{source}")
        if last is None or last >= self._observation.at:
            return
        times = _with(relationship.missing_at.get(source, ()), self._observation.at)
        if not self._policy.is_over(self._workspace.ci(relationship.source).class_name, last, times):
            after = msgspec.structs.replace(relationship, missing_at={**relationship.missing_at, source: times})
            self._workspace.put_relationship(after)
            return
        claimed = {name: confidence for name, confidence in relationship.claimed.items() if name != source}
        missing = {name: seen for name, seen in relationship.missing_at.items() if name != source}
        if claimed:
            self._workspace.put_relationship(
                msgspec.structs.replace(
                    relationship, claimed=claimed, missing_at=missing, confidence=max(claimed.values())
                )
            )
        else:
            self._workspace.end(Kind.RELATIONSHIP, relationship.id)

    def _missing(self, claim: Claim, state: State) -> None:
        current = self._workspace.get(Kind.CLAIM, claim.id)
        if not isinstance(current, Claim) or current.withdrawn_at is not None:
            return
        last = self._workspace.last_seen(current.id)
        if last is None or last >= self._observation.at:
            return
        if is_reference(current) and self._is_described(current):
            return
        times = _with(current.missing_at, self._observation.at)
        withdrawn = max(times) if self._policy.is_over(current.class_name, last, times) else None
        self._workspace.put_claim(msgspec.structs.replace(current, missing_at=times, withdrawn_at=withdrawn))
        self._mark(current.ci, state)

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
