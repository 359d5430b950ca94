"""The end of a plan: every touched CI gets the values and the keys that its claims give it."""

from __future__ import annotations

from cmdb.entities import CI, Claim, Kind
from cmdb.identity.evidence import Kind as Evident
from cmdb.identity.keys import fingerprint_key, is_strong, key
from cmdb.reconcile.claims import present, settle
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry


def settle_all(workspace: Workspace, registry: Registry, policy: Policy) -> None:
    """Settle what the plan touched; a CI that was joined into another loses its keys."""
    for ci_id in list(workspace.touched):
        ci = workspace.get(Kind.CI, ci_id)
        assert isinstance(ci, CI), ci_id
        _settle_keys(workspace, ci_id)
        if ci.merged_into is not None:
            continue
        claims = workspace.claims_of(ci_id)
        dated = [(claim, at) for claim in claims if (at := workspace.last_seen(claim.id)) is not None]
        settled = settle(ci, dated, registry, policy)
        if _is_seen_last(workspace, claims):
            settled = present(settled)
        if settled != ci:
            workspace.put(Kind.CI, settled)


def _is_seen_last(workspace: Workspace, claims: list[Claim]) -> bool:
    """Whether this plan's rows are the newest word about the CI."""
    now = [
        at for claim in claims if claim.id in workspace.seen_now and (at := workspace.last_seen(claim.id)) is not None
    ]
    missed = [max(claim.missing_at) for claim in claims if claim.missing_at]
    return bool(now) and (not missed or max(now) >= max(missed))


def _settle_keys(workspace: Workspace, ci: str) -> None:
    before = {full for claim in workspace.snapshot.claims_of(ci) for full, _ in _claim_keys(claim)}
    after = {full: strong for claim in workspace.claims_of(ci) for full, strong in _claim_keys(claim)}
    workspace.snapshot.load_owners([*before, *after])
    for full in sorted(before - set(after)):
        workspace.disown(full, ci)
    for full, strong in sorted(after.items()):
        workspace.own(full, ci)
        others = {workspace.remaining(owner) for owner in workspace.owners(full)} - {workspace.remaining(ci)}
        if strong and others and not workspace.may_be_many(full) and not workspace.is_shared(full):
            workspace.share(full)


def _claim_keys(claim: Claim) -> list[tuple[str, bool]]:
    keys = [
        (full, is_strong(Evident(kind)))
        for kind, values in claim.identifiers.items()
        if Evident(kind) not in (Evident.MAKER, Evident.SITE, Evident.VIRTUAL_SYSTEM)
        for value in values
        if (full := key(Evident(kind), value)) not in claim.disputed
    ]
    if claim.native_key is None and claim.identifiers:
        keys.append((fingerprint_key(claim.source, claim.network, claim.fingerprint), False))
    return keys
