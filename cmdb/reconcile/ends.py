"""Ends of a link that are named by a key instead of an id of the input: what a column such as "runs on" holds."""

from __future__ import annotations

from collections.abc import Iterable

from cmdb.entities import CI, Claim
from cmdb.entities import Kind as EntityKind
from cmdb.errors import Invalid
from cmdb.identity.evidence import Kind
from cmdb.identity.keys import key, logical_key
from cmdb.normalise import naming
from cmdb.observation import Observation
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry

MAX_LISTED = 5


def named_end(text: str, workspace: Workspace, registry: Registry, observation: Observation) -> str:
    """The CI that a key names: a native key of the same source, the id of a CI, `class:name`, an FQDN or a name.

    Raises `Invalid` when no CI or several fit; what was landed earlier in the same plan counts.
    """
    claim = workspace.get(
        EntityKind.CLAIM, Claim.make_id(observation.source, observation.network, f"native:{text}")
    ) or workspace.get(
        EntityKind.CLAIM, Claim.make_id(observation.source, observation.network, f"native:{text.strip()}")
    )
    if isinstance(claim, Claim):
        return workspace.living(claim.ci)
    if isinstance(workspace.get(EntityKind.CI, text), CI):
        return workspace.living(text)
    class_name, name = _class_and_name(registry, text)
    found = sorted({workspace.living(owner) for owner in _owners(workspace, name, observation.network)})
    if class_name is not None:
        found = [ci for ci in found if registry.is_a(workspace.ci(ci).class_name, class_name)]
    if not found:
        raise Invalid(f"{text!r} names no CI of this input or of the store; import it first, or correct the key")
    if len(found) > 1:
        listed = ", ".join(f"{workspace.ci(ci).class_name}:{workspace.ci(ci).name} ({ci})" for ci in found[:MAX_LISTED])
        raise Invalid(f"{text!r} fits {len(found)} CIs: {listed}; write the id or class:name")
    return found[0]


def _owners(workspace: Workspace, name: str, network: str) -> Iterable[str]:
    """CIs that are called so; a full name finds only who carries it whole."""
    full = naming.fqdn(name) or ""
    keys = [logical_key(network, name)]
    if "." in full:
        keys.append(key(Kind.FQDN, full))
    elif short := naming.short_name(name):
        keys.append(key(Kind.NAME, short.casefold()))
    for full_key in keys:
        yield from workspace.owners(full_key)


def _class_and_name(registry: Registry, text: str) -> tuple[str | None, str]:
    before, colon, after = text.partition(":")
    if not colon or not after.strip():
        return None, text
    try:
        return registry.get(before).name, after.strip()
    except Invalid:
        return None, text
