"""How a row becomes part of its record's claim, and how a CI's claims become its attributes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import msgspec

from cmdb.classes.spec import Family
from cmdb.entities import CI, Claim, ClaimValue, Lifecycle, State
from cmdb.identity.evidence import IDENTIFYING, Evidence, Kind, union
from cmdb.identity.keys import fingerprint
from cmdb.normalise.never import Reason
from cmdb.reconcile.precedence import Policy, Said, winner
from cmdb.reconcile.rows import Row
from cmdb.reconcile.workspace import as_identifiers, evidence_of
from cmdb.registry import Registry
from cmdb.values import Value

UNION_ATTRIBUTES = frozenset({"mac_addresses", "ip_addresses", "ssh_host_keys"})
"""The CI's value is the union over its claims, not won by one source."""


_REFERENCE = "reference:"


def record_for(row: Row, claims: Sequence[Claim], ci: str, is_taken: Callable[[str], bool]) -> str:
    """The record that the row belongs to on CI `ci`, whose claims are given; may be one that does not exist yet.

    A native key names its record. A row without one belongs to the record of its source and network that has the same
    set of identifying values, else to the one that shares its strongest kind of value. References have a record of their own,
    since what they leave out says nothing.
    """
    if row.draft.native_key:
        return f"native:{row.draft.native_key}"
    if row.draft.is_reference:
        return f"{_REFERENCE}{ci}"
    mine = [
        claim
        for claim in claims
        if claim.source == row.source
        and claim.network == row.network
        and claim.native_key is None
        and not is_reference(claim)
    ]
    print_ = fingerprint(row.evidence)
    for claim in mine:
        if claim.fingerprint == print_:
            return claim.record
    strongest = strongest_kind(row.evidence)
    record = record_by_values(row)
    if strongest is None or record is None:
        return mine[0].record if mine else f"of:{ci}"
    for claim in mine:
        theirs = evidence_of(claim)
        if strongest is strongest_kind(theirs) and not row.evidence[strongest].isdisjoint(theirs[strongest]):
            return claim.record
    return f"{record}@{ci}" if is_taken(Claim.make_id(row.source, row.network, record)) else record


def is_reference(claim: Claim) -> bool:
    """Whether the claim only says that its CI is there, as seen from elsewhere."""
    return claim.record.startswith(_REFERENCE)


def record_by_values(row: Row) -> str | None:
    """The record that a keyless device row would found; None for rows that their host or content identifies."""
    strongest = strongest_kind(row.evidence)
    if strongest is None or row.draft.native_key or row.family is not Family.DEVICE:
        return None
    return f"{strongest.value}:{','.join(sorted(row.evidence[strongest]))}"


def strongest_kind(evidence: Evidence) -> Kind | None:
    """The strongest kind of value that a piece of evidence holds."""
    return next((kind for kind in IDENTIFYING if evidence.get(kind)), None)


def fold(
    row: Row, before: Claim | None, ci: str, record: str, last_seen: dt.datetime | None, registry: Registry
) -> Claim:
    """The claim after the row.

    A newer row replaces what it speaks of and leaves the rest with its own age; a row of the same time adds to lists; an older
    row only fills what is missing. A generic class never replaces a specific one that the record had.
    """
    values = {name: ClaimValue(value) for name, value in row.values.items()}
    identifiers = as_identifiers(row.evidence)
    if before is None or last_seen is None:
        return Claim(
            id=Claim.make_id(row.source, row.network, record),
            ci=ci,
            source=row.source,
            network=row.network,
            record=record,
            native_key=row.draft.native_key,
            class_name=row.spec.name,
            name=row.name,
            values=values,
            identifiers=identifiers,
            disputed=before.disputed if before else (),
            fingerprint=fingerprint(row.evidence),
        )
    if row.at < last_seen:
        return msgspec.structs.replace(
            before,
            ci=ci,
            name=before.name if before.name is not None else row.name,
            values={**values, **before.values},
            identifiers={**identifiers, **before.identifiers},
        )
    if row.at == last_seen or (row.draft.is_reference and _says_nothing_new(row, before)):
        values = {**before.values, **{name: _joined(before.values.get(name), value) for name, value in values.items()}}
        together = union((evidence_of(before), row.evidence))
        identifiers, print_ = as_identifiers(together), fingerprint(together)
    else:
        left_out = {
            name: ClaimValue(old.value, old.left_out_since or last_seen)
            for name, old in before.values.items()
            if name not in values
        }
        values, identifiers, print_ = (
            {**left_out, **values},
            {**before.identifiers, **identifiers},
            fingerprint(row.evidence),
        )
        # a record's address is not its own while the newest word about it is a MAC that moves between routers
        if any(aside.reason is Reason.VIRTUAL_MAC for aside in row.set_aside) and Kind.MAC not in row.evidence:
            identifiers.pop(Kind.ADDRESS.value, None)
    return msgspec.structs.replace(
        before,
        ci=ci,
        class_name=before.class_name if registry.is_a(before.class_name, row.spec.name) else row.spec.name,
        name=row.name if row.name is not None else before.name,
        values=values,
        identifiers=identifiers,
        fingerprint=print_,
        missing_at=(),
        withdrawn_at=None,
    )


def _says_nothing_new(row: Row, before: Claim) -> bool:
    """Whether a reference only repeats a part of what others pointed at: each sees one side of the thing."""
    return all(
        value == kept.value
        or (isinstance(value, list) and isinstance(kept.value, list) and not _beyond(value, kept.value))
        if (kept := before.values.get(name)) is not None
        else False
        for name, value in row.values.items()
    )


def _beyond(now: list[Value], before: list[Value]) -> list[Value]:
    return [item for item in now if item not in before]


def _joined(before: ClaimValue | None, now: ClaimValue) -> ClaimValue:
    if before is None or before.left_out_since is not None:
        return now
    if isinstance(before.value, (list, tuple)) and isinstance(now.value, (list, tuple)):
        return ClaimValue([*before.value, *(item for item in now.value if item not in before.value)])
    return now


def settle(ci: CI, claims: Sequence[tuple[Claim, dt.datetime]], registry: Registry, policy: Policy) -> CI:
    """The CI with the class, name, lifecycle and attributes that its claims (each with its last sighting) give it.

    Without a live claim it is retired and keeps its last values.
    """
    live = [(claim, at) for claim, at in claims if claim.withdrawn_at is None]
    if not live:
        return msgspec.structs.replace(ci, lifecycle=Lifecycle.RETIRED) if claims else ci
    said: dict[str, list[Said]] = {}
    for claim, seen_at in live:
        for name, kept in claim.values.items():
            said.setdefault(name, []).append(
                Said(kept.value, claim.source, claim.record, kept.left_out_since or seen_at)
            )
    attributes: dict[str, Value] = {}
    for name in sorted(said):
        if name in UNION_ATTRIBUTES:
            attributes[name] = _union(said[name])
        else:
            attributes[name] = winner(said[name], policy).value
    lifecycle = attributes.pop("lifecycle", None)
    names = [Said(claim.name, claim.source, claim.record, at) for claim, at in live if claim.name is not None]
    called = winner(names, policy).value if names else strongest_identifier([claim for claim, _ in live])
    return msgspec.structs.replace(
        ci,
        class_name=class_of(live, registry, policy),
        name=str(called) if called else ci.name,
        lifecycle=Lifecycle(lifecycle) if isinstance(lifecycle, str) else Lifecycle.LIVE,
        attributes=attributes,
    )


def present(ci: CI) -> CI:
    """The CI as seen just now."""
    return ci if ci.state is State.PRESENT else msgspec.structs.replace(ci, state=State.PRESENT)


def _union(said: Sequence[Said]) -> list[Value]:
    items: dict[str, Value] = {}
    for one in said:
        values = one.value if isinstance(one.value, (list, tuple)) else (one.value,)
        for item in values:
            items.setdefault(str(item), item)
    return [items[text] for text in sorted(items)]


def class_of(live: Sequence[tuple[Claim, dt.datetime]], registry: Registry, policy: Policy) -> str:
    """The most specific class that is claimed; between siblings the better-ranked source's, then the newest's."""
    said = [Said(claim.class_name, claim.source, claim.record, at) for claim, at in live]
    names = {str(one.value) for one in said}
    specific = {name for name in names if not any(other != name and registry.is_a(other, name) for other in names)}
    return str(winner([one for one in said if one.value in specific], policy).value)


def strongest_identifier(claims: Sequence[Claim]) -> str | None:
    """What a CI without a name is called; an address without its space."""
    merged: Mapping[Kind, frozenset[str]] = union([evidence_of(claim) for claim in claims])
    for kind in IDENTIFYING:
        values = merged.get(kind)
        if values:
            return min(values).rsplit("|", 1)[-1] if kind is Kind.ADDRESS else min(values)
    natives = sorted(claim.native_key for claim in claims if claim.native_key)
    return natives[0] if natives else None
