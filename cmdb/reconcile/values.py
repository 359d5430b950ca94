"""What a CI's claims give it: class, name, lifecycle and attributes, each by the policy (design §6, claims and precedence)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from cmdb.entities import CI, Claim, ClaimValue, Lifecycle, State
from cmdb.identity.evidence import IDENTIFYING, Kind, union
from cmdb.normalise.described import shown
from cmdb.reconcile.claims import gives_way, is_edit
from cmdb.reconcile.policy_file import CLASS, UNION_ATTRIBUTES
from cmdb.reconcile.precedence import Policy, Said, heard, winner
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.workspace import evidence_of
from cmdb.registry import ROOT, Registry
from cmdb.values import Value

RELATIONSHIP_PREFIX = "relationship:"
"""How an edit names a relationship from its CI: `relationship:RUNS_ON:<id of the target>`, true or false."""
NAME = "name"
LIFECYCLE = "lifecycle"

Dated = tuple[Claim, dt.datetime | None]
"""A claim and when it was last seen; None for an edit, whose values have their own times."""


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that several claims say, in their order."""

    classes: list[Said] = field(default_factory=list)
    class_edits: list[Said] = field(default_factory=list)
    names: list[Said] = field(default_factory=list)
    relationships: dict[str, list[Said]] = field(default_factory=dict)
    """By type and target: whether a person says that it is there."""
    attributes: dict[str, list[Said]] = field(default_factory=dict)


def words(claims: Iterable[Dated]) -> Words:
    """What the claims say; one that was never seen says nothing."""
    found = Words()
    for claim, seen_at in claims:
        if is_edit(claim):
            for name, kept in claim.values.items():
                said = _edited(claim, kept)
                if name == CLASS:
                    found.class_edits.append(said)
                elif name == NAME:
                    found.names.append(said)
                elif name.startswith(RELATIONSHIP_PREFIX):
                    found.relationships.setdefault(name, []).append(said)
                else:
                    found.attributes.setdefault(name, []).append(said)
        elif seen_at is not None:
            found.classes.append(Said(claim.class_name, claim.source, claim.record, seen_at))
            if claim.name is not None:
                left_out = claim.name_left_out_since
                found.names.append(
                    Said(claim.name, claim.source, claim.record, left_out or seen_at, seen_at if left_out else None)
                )
            for name, kept in claim.values.items():
                left_out = kept.left_out_since
                found.attributes.setdefault(name, []).append(
                    Said(kept.value, claim.source, claim.record, left_out or seen_at, seen_at if left_out else None)
                )
    return found


def _edited(claim: Claim, kept: ClaimValue) -> Said:
    assert kept.edit is not None, claim.id
    return Said(kept.value, claim.source, claim.record, kept.edit.at, until=kept.edit.until, reason=kept.edit.reason)


def speaking_claims(claims: Sequence[Dated]) -> tuple[list[Dated], bool]:
    """The claims that count, and whether the CI is gone: nothing but people's edits speaks of it any more.

    Of a CI that is gone, those count that were withdrawn last.
    """
    live = [(claim, at) for claim, at in claims if claim.withdrawn_at is None]
    sources = [claim for claim, _ in claims if not is_edit(claim)]
    if not sources or any(not is_edit(claim) for claim, _ in live):
        return live, False
    last = max(claim.withdrawn_at for claim in sources if claim.withdrawn_at is not None)
    return [*((claim, at) for claim, at in claims if claim.withdrawn_at == last), *live], True


def settle(ci: CI, claims: Sequence[Dated], registry: Registry, policy: Policy, *, now: dt.datetime) -> CI:
    """The CI with the class, name, lifecycle and attributes that its claims give it at `now`, by which edits run out.

    Without a live claim of a source it is retired, unless a person says where it stands, and keeps its last values.
    """
    counting, is_gone = speaking_claims(claims)
    if is_gone and not any(is_edit(claim) for claim, _ in counting):
        return msgspec.structs.replace(ci, lifecycle=Lifecycle.RETIRED)
    if not counting:
        return ci
    if len(counting) == 1 and not is_edit(counting[0][0]) and not is_gone:
        return _of_one(ci, counting[0][0], registry, policy)
    told = words(counting)
    class_name = class_of(told, registry, policy, now=now) or ci.class_name
    attributes: dict[str, Value] = {}
    for name in sorted(told.attributes):
        value = value_of(class_name, name, told.attributes[name], policy, now=now)
        if value is not None:
            attributes[name] = (
                value if _is_a_persons(told.attributes[name], value) else shown(name, value, registry.knowledge)
            )
    attributes.pop(LIFECYCLE, None)
    called = value_of(class_name, NAME, told.names, policy, now=now)
    if called is None:
        called = strongest_identifier([claim for claim, _ in counting])
    return msgspec.structs.replace(
        ci,
        class_name=class_name,
        name=str(called) if called else ci.name,
        lifecycle=lifecycle_of(class_name, told, policy, now=now, is_gone=is_gone),
        attributes=attributes,
    )


def _is_a_persons(said: Iterable[Said], value: Value) -> bool:
    """Whether people say exactly this, which stands as they spell it."""
    return any(one.is_person and one.value == value for one in said)


def _of_one(ci: CI, claim: Claim, registry: Registry, policy: Policy) -> CI:
    """The CI as its only claim has it: what `settle` gives, without a contest."""
    attributes: dict[str, Value] = {}
    is_verbatim = claim.source.startswith(PERSON_PREFIX)
    for attribute, kept in sorted(claim.values.items()):
        is_left_out = kept.left_out_since is not None
        if kept.value is None or (is_left_out and policy.ranking(claim.class_name, attribute).may_clear(claim.source)):
            continue
        value = kept.value if is_verbatim else shown(attribute, kept.value, registry.knowledge)
        attributes[attribute] = _items(value) if attribute in UNION_ATTRIBUTES else value
    lifecycle = attributes.pop(LIFECYCLE, None)
    called = claim.name
    if claim.name_left_out_since is not None and policy.ranking(claim.class_name, NAME).may_clear(claim.source):
        called = None
    return msgspec.structs.replace(
        ci,
        class_name=claim.class_name,
        name=called or strongest_identifier([claim]) or ci.name,
        lifecycle=Lifecycle(lifecycle) if isinstance(lifecycle, str) else Lifecycle.LIVE,
        attributes=attributes,
    )


def _items(value: Value) -> list[Value]:
    """The items of a union's only list, once, in order of their text."""
    items = value if isinstance(value, (list, tuple)) else (value,)
    return sorted({str(item): item for item in reversed(items) if item is not None}.values(), key=str)


def value_of(class_name: str, attribute: str, said: Sequence[Said], policy: Policy, *, now: dt.datetime) -> Value:
    """The value that stands, of one attribute; None when none does."""
    first = said[0].value if said else None
    if first is not None and attribute not in UNION_ATTRIBUTES and all(_agrees(one, first) for one in said):
        return first
    ranking = policy.ranking(class_name, attribute)
    counted = heard(said, ranking, now=now)
    if not counted:
        return None
    if attribute in UNION_ATTRIBUTES:
        return united(counted) or None
    return winner(counted, ranking).value


def _agrees(one: Said, value: Value) -> bool:
    """Whether a word is this value, and stands as it is."""
    return one.value == value and one.left_out_at is None and one.until is None


def lifecycle_of(class_name: str, told: Words, policy: Policy, *, now: dt.datetime, is_gone: bool) -> Lifecycle:
    """Where the CI stands: what is said; live when nothing is; retired when it is gone and no person says otherwise."""
    said = [one for one in told.attributes.get(LIFECYCLE, ()) if one.is_person or not is_gone]
    value = value_of(class_name, LIFECYCLE, said, policy, now=now)
    if isinstance(value, str):
        return Lifecycle(value)
    return Lifecycle.RETIRED if is_gone else Lifecycle.LIVE


def class_of(told: Words, registry: Registry, policy: Policy, *, now: dt.datetime) -> str | None:
    """A person's word; else the most specific class that is claimed, between siblings by precedence; None when nobody says."""
    ranking = policy.ranking(ROOT, CLASS)
    edits = heard(told.class_edits, ranking, now=now)
    if edits:
        return str(winner(edits, ranking).value)
    names = {str(one.value) for one in told.classes}
    specific = {
        name for name in names if not any(other != name and gives_way(name, other, registry) for other in names)
    }
    said = [one for one in told.classes if one.value in specific]
    return str(winner(said, ranking).value) if said else None


def united(said: Iterable[Said]) -> list[Value]:
    """Every item that any of them says, once, in order of its text."""
    items: dict[str, Value] = {}
    for one in said:
        values = one.value if isinstance(one.value, (list, tuple)) else (one.value,)
        for item in values:
            if item is not None:
                items.setdefault(str(item), item)
    return [items[text] for text in sorted(items)]


def strongest_identifier(claims: Sequence[Claim]) -> str | None:
    """What a CI without a name is called; an address without its space."""
    merged: Mapping[Kind, frozenset[str]] = union([evidence_of(claim) for claim in claims])
    for kind in IDENTIFYING:
        values = merged.get(kind)
        if values:
            return min(values).rsplit("|", 1)[-1] if kind is Kind.ADDRESS else min(values)
    natives = sorted(claim.native_key for claim in claims if claim.native_key)
    return natives[0] if natives else None


def present(ci: CI) -> CI:
    """The CI as seen just now."""
    return ci if ci.state is State.PRESENT else msgspec.structs.replace(ci, state=State.PRESENT)
