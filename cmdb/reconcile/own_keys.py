"""Identity keys that a claim gives its CI beside its evidence: by name, by content, and by place inside a host."""

from __future__ import annotations

from collections.abc import Collection

from cmdb.classes.spec import Family
from cmdb.entities import Claim, Relationship
from cmdb.identity.keys import content_key, inside_key, logical_key, process_key
from cmdb.reconcile.workspace import Workspace, claim_keys
from cmdb.registry import Registry


def hosts_of(workspace: Workspace, registry: Registry, ci: str, class_name: str) -> tuple[str, ...]:
    """CIs that a CI runs inside or sits beside, as stored and as decided so far."""
    type_ = registry.get(class_name).host_relationship
    both = {one.id: one for one in (*workspace.snapshot.touching(ci), *workspace.touching(ci))}
    return tuple(sorted({one.target for one in both.values() if one.source == ci and one.type == type_}))


def hosted(registry: Registry, relationship: Relationship, class_name: str) -> bool:
    """Whether the relationship says what its source, of this class, is inside."""
    return registry.get(class_name).host_relationship == relationship.type


def own_keys(registry: Registry, claim: Claim, hosts: Collection[str]) -> frozenset[str]:
    """The keys of one claim whose CI has these hosts."""
    spec = registry.get(claim.class_name)
    keys: set[str] = set()
    if spec.family is Family.CATALOGUE:
        said = {name: kept.value for name, kept in claim.values.items()}
        parts = (claim.name if name == "name" else said.get(name) for name in spec.identity)
        keys.add(content_key(spec.name, tuple(str(part or "").casefold() for part in parts)))
    elif spec.family is Family.LOGICAL and claim.name is not None:
        keys.add(logical_key(claim.network, claim.name))
    process = claim.values.get("process")
    for host in hosts:
        if claim.name is not None:
            keys.add(inside_key(host, spec.name, claim.name))
        if spec.name == "software_instance" and process is not None and isinstance(process.value, str):
            keys.add(process_key(host, process.value))
    return frozenset(keys)


def all_keys(registry: Registry, claim: Claim, hosts: Collection[str]) -> frozenset[str]:
    """Every key that a claim gives its CI."""
    return own_keys(registry, claim, hosts) | {full for full, _ in claim_keys(claim)}
