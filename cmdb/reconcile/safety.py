"""When a look would retire so much that a person is asked first (design §6, *Absence*; the safety stop)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cmdb.observation import Scope, ScopeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Up to `count`, or up to `share` (0–1) of what a scope held, one look may retire; beyond both it retires nothing."""

    share: float = 0.1
    count: int = 5

    def is_exceeded(self, *, held: int, overdue: int) -> bool:
        """Whether a look that held `held` and would retire `overdue` of them must ask."""
        return overdue > self.count and overdue > self.share * held


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLimit:
    """The limit of some scopes: of a kind, of a class or relationship type by name, of the subnets inside a network."""

    limit: Limit
    kind: ScopeKind | None = None
    name: str | None = None
    cidr: str | None = None

    def fits(self, scope: Scope) -> bool:
        """Whether the scope is one of those."""
        if self.kind is not None and scope.kind is not self.kind:
            return False
        if self.name is not None and self.name not in (scope.class_name, scope.relationship_type):
            return False
        return self.cidr is None or _is_within(scope.cidr, self.cidr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """The limits of a site: the first that fits a scope, else `limit`."""

    limit: Limit = Limit()
    scopes: tuple[ScopeLimit, ...] = ()

    def limit_of(self, scope: Scope) -> Limit:
        """The limit that holds for a scope."""
        return next((one.limit for one in self.scopes if one.fits(scope)), self.limit)


def together(limits: Sequence[Limit]) -> Limit:
    """The limit of several scopes of one look, judged as one: the most patient share and count among them."""
    return Limit(share=max(one.share for one in limits), count=max(one.count for one in limits))


def _is_within(inner: str | None, outer: str) -> bool:
    try:
        small, large = (ipaddress.ip_network(text, strict=False) for text in (inner or "", outer))
    except ValueError:
        return False
    return small.version == large.version and bool(
        large.network_address <= small.network_address and small.broadcast_address <= large.broadcast_address  # type: ignore[operator] # of one version
    )
