"""How a row becomes part of its record's claim."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import msgspec

from cmdb.classes.spec import Family
from cmdb.entities import Claim, ClaimValue
from cmdb.identity.evidence import IDENTIFYING, Evidence, Kind, gather
from cmdb.identity.keys import fingerprint
from cmdb.normalise.described import is_shown_alike
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.rows import Row
from cmdb.reconcile.workspace import as_identifiers, evidence_of
from cmdb.registry import Registry
from cmdb.values import Value

GENERIC = frozenset({"device", "host"})
"""Device classes that say no more than that something answers."""
_REFERENCE = "reference:"
EDIT_PREFIX = "edit:"
"""How the records of people's edits begin; their values have times of their own, and nothing was sighted by them."""


def record_for(row: Row, claims: Sequence[Claim], ci: str, is_taken: Callable[[str], bool]) -> str:
    """The record that the row belongs to on CI `ci`, whose claims are given; may be one that does not exist yet.

    A native key names its record. A row without one belongs to a record of its source and network: the one that has the same
    set of identifying values, the one that such a row would found, the one that shares its strongest kind of value.
    References have records of their own, since what they leave out says nothing.
    """
    if row.draft.native_key:
        return f"native:{row.draft.native_key}"
    mine = [
        claim
        for claim in claims
        if claim.source == row.source
        and claim.network == row.network
        and claim.native_key is None
        and is_reference(claim) == row.draft.is_reference
        and not is_edit(claim)
    ]
    record = record_by_values(row)
    known = _known_record(row, record, mine)
    if known is not None:
        return known
    if row.draft.is_reference:
        return f"{_REFERENCE}{ci}"
    if record is None:
        return f"of:{ci}"
    return f"{record}@{ci}" if is_taken(Claim.make_id(row.source, row.network, record)) else record


def _known_record(row: Row, record: str | None, mine: Sequence[Claim]) -> str | None:
    if row.evidence:
        print_ = fingerprint(row.evidence)
        for claim in mine:
            if claim.fingerprint == print_:
                return claim.record
    if record is not None and any(claim.record == record for claim in mine):
        return record
    strongest = strongest_kind(row.evidence)
    if strongest is not None:
        for claim in mine:
            theirs = evidence_of(claim)
            if strongest is strongest_kind(theirs) and not row.evidence[strongest].isdisjoint(theirs[strongest]):
                return claim.record
    if mine and (record is None or row.draft.is_reference):
        # several after a join: the one that says what the row says, so that a replay finds its own
        return next((claim for claim in mine if _says_the_same(row, claim)), mine[0]).record
    return None


def _says_the_same(row: Row, claim: Claim) -> bool:
    return all(name in claim.values and claim.values[name].value == value for name, value in row.values.items())


def is_reference(claim: Claim) -> bool:
    """Whether the claim only says that its CI is there, as seen from elsewhere."""
    return claim.record.startswith(_REFERENCE)


def is_edit(claim: Claim) -> bool:
    """Whether a person entered the claim here, so that it says only what was entered."""
    return claim.record.startswith(EDIT_PREFIX)


def record_by_values(row: Row) -> str | None:
    """The record that a keyless device row would found; None for rows that their host or content identifies."""
    strongest = strongest_kind(row.evidence)
    if strongest is None or row.draft.native_key or row.family is not Family.DEVICE:
        return None
    return f"{strongest.value}:{','.join(sorted(row.evidence[strongest]))}"


def strongest_kind(evidence: Evidence) -> Kind | None:
    """The strongest kind of value that a piece of evidence holds."""
    return next((kind for kind in IDENTIFYING if evidence.get(kind)), None)


def say_empty(row: Row, policy: Policy) -> None:
    """Have the row say that there is none of what it leaves empty, where its source may clear that."""
    for name in row.emptied:
        if policy.ranking(row.spec.name, name).may_clear(row.source):
            row.values[name] = None


def fold(
    row: Row, before: Claim | None, ci: str, record: str, last_seen: dt.datetime | None, registry: Registry
) -> Claim:
    """The claim after the row; each attribute has the newest word about it, whatever the order of arrival.

    What a newer row leaves out stays with its own age; rows of the same time add to lists; an older row fills what is missing.
    A generic class never replaces a specific one that the record had.
    """
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
            values={name: ClaimValue(value) for name, value in row.values.items()},
            identifiers=as_identifiers(row.evidence),
            disputed=before.disputed if before else (),
            fingerprint=fingerprint(row.evidence),
        )
    # a reference that only repeats what is known leaves nothing out
    is_repeated = row.draft.is_reference and row.at > last_seen and _says_nothing_new(row, before)
    values = _folded(row, before, last_seen, registry, is_repeated=is_repeated)
    name, name_left_out = _name(row, before, last_seen)
    is_newest = row.at >= last_seen
    is_back = row.at > last_seen and not _was_deleted_since(before, row.at)
    print_, identifiers = before.fingerprint, before.identifiers
    is_as_before = (values, name, name_left_out) == (before.values, before.name, before.name_left_out_since)
    if row.family is Family.DEVICE and not is_as_before:
        said = {attribute: kept.value for attribute, kept in values.items()}
        identifiers = as_identifiers(gather(name, said, row.network, registry.fillers).evidence)
        if is_newest:
            said = {attribute: kept.value for attribute, kept in values.items() if kept.left_out_since is None}
            print_ = fingerprint(gather(None if name_left_out else name, said, row.network, registry.fillers).evidence)
    return msgspec.structs.replace(
        before,
        ci=ci,
        class_name=_class(row, before, registry, is_newest=is_newest),
        name=name,
        name_left_out_since=name_left_out,
        values=values,
        identifiers=identifiers,
        fingerprint=print_,
        missing_at=(missed := tuple(at for at in before.missing_at if at > row.at)),
        missed_by=before.missed_by if missed else "",
        withdrawn_at=None if is_back else before.withdrawn_at,
        withdrawn_by="" if is_back else before.withdrawn_by,
        expires_in=before.expires_in if missed else None,
    )


def _was_deleted_since(claim: Claim, at: dt.datetime) -> bool:
    """Whether a person deleted the CI after this look: only a later one brings it back."""
    deleted = claim.withdrawn_at is not None and claim.withdrawn_by.startswith(PERSON_PREFIX)
    return deleted and claim.withdrawn_at is not None and at <= claim.withdrawn_at


def _folded(
    row: Row, before: Claim, last_seen: dt.datetime, registry: Registry, *, is_repeated: bool
) -> dict[str, ClaimValue]:
    late = row.at if row.at < last_seen else None
    values = dict(before.values)
    for name, said in row.values.items():
        kept = before.values.get(name)
        # the same maker spelled otherwise is no news, so that an export of the one spelling comes back as it went
        is_known = kept is not None and is_shown_alike(name, kept.value, said, registry.knowledge)
        value = kept.value if kept is not None and is_known else said
        said_at = (kept.left_out_since or last_seen) if kept is not None else None
        if kept is None or said_at is None or (row.at > said_at and not is_repeated):
            values[name] = ClaimValue(value, late)
        elif row.at >= said_at:
            values[name] = ClaimValue(_joined(kept.value, value), None if is_repeated else kept.left_out_since)
    if row.at > last_seen and not is_repeated:
        for name, kept in before.values.items():
            if name not in row.values and kept.left_out_since is None:
                values[name] = ClaimValue(kept.value, last_seen)
    return values


def _name(row: Row, before: Claim, last_seen: dt.datetime) -> tuple[str | None, dt.datetime | None]:
    said_at = before.name_left_out_since or last_seen
    if row.name is not None and (before.name is None or row.at >= said_at):
        return row.name, row.at if row.at < last_seen else None
    if row.name is None and before.name is not None and row.at > last_seen and not row.draft.is_reference:
        return before.name, said_at
    return before.name, before.name_left_out_since


def _class(row: Row, before: Claim, registry: Registry, *, is_newest: bool) -> str:
    older, newer = (before.class_name, row.spec.name) if is_newest else (row.spec.name, before.class_name)
    return older if gives_way(newer, older, registry) else newer


def gives_way(generic: str, specific: str, registry: Registry) -> bool:
    """Whether the one says less than the other: a parent, or what a sweep calls everything that answers."""
    return registry.is_a(specific, generic) or (generic in GENERIC and specific not in GENERIC)


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


def _joined(before: Value, now: Value) -> Value:
    if isinstance(before, (list, tuple)) and isinstance(now, (list, tuple)):
        return [*before, *(item for item in now if item not in before)]
    return now
