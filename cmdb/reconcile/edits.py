"""People's edits as claims: what a person said of a CI, each value with its time, reason and end (design §6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import msgspec

from cmdb.classes.spec import Family
from cmdb.entities import CI, Claim, ClaimValue, Edit
from cmdb.identity.evidence import gather
from cmdb.identity.keys import fingerprint
from cmdb.reconcile.claims import EDIT_PREFIX, is_edit
from cmdb.reconcile.policy_file import CLASS
from cmdb.reconcile.values import NAME, RELATIONSHIP_PREFIX
from cmdb.reconcile.workspace import Workspace, as_identifiers
from cmdb.registry import Registry
from cmdb.values import Value


def enter(
    workspace: Workspace,
    registry: Registry,
    ci: CI,
    said: Mapping[str, Value],
    *,
    source: str,
    edit: Edit,
) -> None:
    """Have a person say these values of a CI; the value None says that there is none. What they said before of the same
    attribute is replaced, by whom ever it was said.
    """
    take_back(workspace, registry, ci, said, now=edit.at)
    mine = [claim for claim in _edits_of(workspace, ci.id) if claim.source == source]
    before = next((claim for claim in mine if claim.record == f"{EDIT_PREFIX}{ci.id}"), None)
    # what was withdrawn stays so, when the person speaks again
    values = {} if before is None or before.withdrawn_at is not None else before.values
    kept = {**values, **{name: ClaimValue(value, edit=edit) for name, value in said.items()}}
    network = before.network if before is not None else _network(workspace, ci.id)
    record = f"{EDIT_PREFIX}{ci.id}"
    claim = before or Claim(
        id=Claim.make_id(source, network, record),
        ci=ci.id,
        source=source,
        network=network,
        record=record,
        native_key=None,
        class_name=ci.class_name,
    )
    speaking = msgspec.structs.replace(claim, withdrawn_at=None, withdrawn_by="")
    workspace.put_claim(with_values(speaking, kept, registry, now=edit.at))


def take_back(
    workspace: Workspace, registry: Registry, ci: CI, names: Iterable[str], *, now: dt.datetime
) -> frozenset[str]:
    """End everybody's edits of these attributes, so that sources speak again; which of them were edited."""
    wanted = frozenset(names)
    ended: set[str] = set()
    for claim in _edits_of(workspace, ci.id):
        gone = wanted & claim.values.keys()
        if not gone:
            continue
        ended |= gone
        kept = {name: value for name, value in claim.values.items() if name not in gone}
        if kept:
            workspace.put_claim(with_values(claim, kept, registry, now=now))
        else:
            workspace.put_claim(with_values(claim, {}, registry, now=now))
            workspace.end_claim(claim)
    return frozenset(ended)


def run_out(workspace: Workspace, registry: Registry, claim: Claim, *, now: dt.datetime) -> None:
    """Have the CI of an edit settled without what has run out; the edit is kept for `explain`."""
    workspace.put_claim(with_values(claim, claim.values, registry, now=now))


def _edits_of(workspace: Workspace, ci: str) -> list[Claim]:
    return [claim for claim in workspace.claims_of(ci) if is_edit(claim)]


def _network(workspace: Workspace, ci: str) -> str:
    networks = {claim.network for claim in workspace.claims_of(ci)}
    return networks.pop() if len(networks) == 1 else "default"


def with_values(claim: Claim, values: Mapping[str, ClaimValue], registry: Registry, *, now: dt.datetime) -> Claim:
    """The edit with these values, of which those that have run out at `now` identify nothing."""
    speaking = {name: kept for name, kept in values.items() if not is_over(kept, now=now)}
    ends = [kept.edit.until for kept in speaking.values() if kept.edit is not None and kept.edit.until is not None]
    said = {name: kept.value for name, kept in speaking.items() if not name.startswith(RELATIONSHIP_PREFIX)}
    name = said.pop(NAME, None)
    said.pop(CLASS, None)
    is_device = registry.get(claim.class_name).family is Family.DEVICE
    evidence = (
        gather(name if isinstance(name, str) else None, said, claim.network, registry.fillers).evidence
        if is_device
        else {}
    )
    return msgspec.structs.replace(
        claim,
        values=dict(values),
        identifiers=as_identifiers(evidence),
        fingerprint=fingerprint(evidence) if evidence else "",
        expires_in=edit_month(min(ends)) if ends else None,
    )


def is_over(kept: ClaimValue, *, now: dt.datetime) -> bool:
    """Whether an edit has run out."""
    return kept.edit is not None and kept.edit.until is not None and kept.edit.until <= now


def edit_month(until: dt.datetime) -> str:
    """As what a claim whose edit ends then is found: apart from the graces of that month, which may be many."""
    return f"edit {month(until)}"


def month(at: dt.datetime) -> str:
    """The month of a time in UTC, as claims are found by it: `2026-11`."""
    return at.astimezone(dt.UTC).strftime("%Y-%m")
