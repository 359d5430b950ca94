"""The safety stop and the retention as a policy file spells them (docs/guides/lifecycle.md)."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cmdb.observation import ScopeKind
from cmdb.reconcile.safety import Limit, Safety, ScopeLimit


def _network(text: str) -> str:
    ipaddress.ip_network(text, strict=False)
    return text


Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScopeRow(_Row):
    """The limit of some scopes; what it leaves out does not matter."""

    kind: ScopeKind | None = None
    class_name: str | None = Field(default=None, alias="class")
    relationship: str | None = None
    cidr: Annotated[str, AfterValidator(_network)] | None = None
    share: Share = Limit().share
    count: Count = Limit().count


class SafetyRow(_Row):
    """The limits: the first of `scopes` that fits, else these two."""

    share: Share = Limit().share
    count: Count = Limit().count
    scopes: tuple[ScopeRow, ...] = ()

    def safety(self) -> Safety:
        """The limits as the reconciler takes them."""
        return Safety(
            limit=Limit(share=self.share, count=self.count),
            scopes=tuple(
                ScopeLimit(
                    limit=Limit(share=row.share, count=row.count),
                    kind=row.kind,
                    name=row.class_name or row.relationship,
                    cidr=row.cidr,
                )
                for row in self.scopes
            ),
        )
