"""Which logical CI a named row is: by class and name within site and network, within one source (design §6)."""

from __future__ import annotations

from collections.abc import Sequence

from cmdb.entities import CI, Claim
from cmdb.identity.keys import logical_key
from cmdb.identity.match import Decision, Flagged
from cmdb.reconcile.rows import Row
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry


def by_logical_name(row: Row, workspace: Workspace, registry: Registry) -> Decision:
    """The CI of that name that the row's source knows; what only other sources call so is told to a person."""
    assert row.name is not None
    flags: list[Flagged] = []
    considered: list[tuple[str, str]] = []
    strangers: list[str] = []
    owners = workspace.owners(logical_key(row.network, row.name))
    for owner in sorted({workspace.living(owner) for owner in owners}):
        ci = workspace.ci(owner)
        claims = [
            claim for claim in workspace.claims_of(owner) if claim.source == row.source and claim.network == row.network
        ]
        # a person's edit of class or site takes no source away from what it knows
        classes = {ci.class_name, *(claim.class_name for claim in claims)}
        if not any(registry.is_a(a, b) for one in classes for a, b in _both_ways(one, row.spec.name)):
            continue
        if _is_elsewhere(row, ci, claims):
            considered.append((owner, "is at another site"))
            continue
        if not claims:
            strangers.append(owner)
        elif row.draft.native_key and any(claim.native_key not in (None, row.draft.native_key) for claim in claims):
            considered.append((owner, f"{row.source} knows it by another native key"))
            flags.append(Flagged("shared_identifier", (None, owner), {"name": [row.name]}))
        else:
            return Decision(owner, "name_in_site", {"name": [row.name]}, considered=tuple(considered))
    if strangers:
        kind = "possible_duplicate" if len(strangers) == 1 else "ambiguous_match"
        flags.append(Flagged(kind, (None, *strangers), {"name": [row.name]}))
        considered += [(owner, "only another source says this name") for owner in strangers]
    return Decision(None, "new", considered=tuple(considered), flags=tuple(flags))


def _is_elsewhere(row: Row, ci: CI, claims: Sequence[Claim]) -> bool:
    """Whether the row's site is none that the CI has, or had by these claims."""
    site = row.values.get("site")
    said = [ci.attributes.get("site"), *(claim.values["site"].value for claim in claims if "site" in claim.values)]
    theirs = {str(one).casefold() for one in said if one}
    return bool(site and theirs) and str(site).casefold() not in theirs


def _both_ways(one: str, other: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one, other), (other, one)
