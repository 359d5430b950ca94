"""What an erasure does to one stored state, alike for every store: the past stays readable, and names nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from cmdb.entities import CI, Claim, Edit, Entity, Kind, Parked, Redundancy, Relationship, Review, Run
from cmdb.values import Value

PERSON_PREFIX = "person:"
PEOPLE = frozenset({"owner", "login", "user", "contact", "email", "deleted_by"})
"""Attributes whose value, as a whole, may be a login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What is taken out of every state, past and present.

    `cis`: CIs that are nothing but an id, a class and this name from now on, and their claims nothing but a source. `logins`:
    each becomes its pseudonym where a login stands: authors, `person:<login>`, attributes that name people. `texts`: each
    becomes its pseudonym wherever a value is that text as a whole, in any case; for full names and addresses of mail.
    """

    cis: Mapping[str, str] = field(default_factory=dict)
    logins: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def needles(self) -> tuple[str, ...]:
        """What the body of a state that this changes holds, in lower case, as JSON spells it."""
        words = (*self.cis, *self.logins, *self.texts)
        return tuple(sorted({json.dumps(word, ensure_ascii=False)[1:-1].lower() for word in words}))

    def source(self, text: str) -> str:
        """An author or source: a login or `person:<login>`."""
        login = text.removeprefix(PERSON_PREFIX)
        pseudonym = self.logins.get(login)
        return text if pseudonym is None else text[: len(text) - len(login)] + pseudonym

    def value(self, value: Value, attribute: str = "") -> Value:
        """A value of an attribute, at any depth."""
        if isinstance(value, str):
            known = self.texts.get(value.casefold())
            if known is not None:
                return known
            is_login = attribute in PEOPLE or value.startswith(PERSON_PREFIX)
            return self.source(value) if is_login else value
        if isinstance(value, Mapping):
            return {name: self.value(one, name) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(one, attribute) for one in value]
        return value

    def values(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Values by attribute."""
        return {name: self.value(value, name) for name, value in values.items()}

    def text(self, text: str | None) -> str | None:
        """A name or a sentence."""
        if text is None:
            return None
        for login, pseudonym in self.logins.items():
            text = re.sub(rf"\b{re.escape(PERSON_PREFIX + login)}\b", f"{PERSON_PREFIX}{pseudonym}", text)
        for word, pseudonym in self.texts.items():
            text = re.sub(re.escape(word), pseudonym, text, flags=re.IGNORECASE)
        return text


def erased(kind: Kind, entity: Entity, erasure: Erasure) -> Entity:
    """The state without what is erased; itself when it holds nothing of it."""
    match entity:
        case CI():
            return _ci(entity, erasure)
        case Claim():
            return _claim(entity, erasure)
        case Relationship():
            return _relationship(entity, erasure)
        case Review():
            return _review(entity, erasure)
        case Parked():
            source, draft = erasure.source(entity.source), erasure.values(entity.draft)
            return msgspec.structs.replace(entity, source=source, draft=draft)
        case Run():
            return msgspec.structs.replace(
                entity,
                by=erasure.source(entity.by),
                source=erasure.source(entity.source),
                message=erasure.text(entity.message),
                results=tuple(erasure.values(result) for result in entity.results),
            )
        case Redundancy():
            return msgspec.structs.replace(entity, sources=tuple(erasure.source(source) for source in entity.sources))
        case _:
            del kind
            return entity


def _ci(ci: CI, erasure: Erasure) -> CI:
    name = erasure.cis.get(ci.id)
    if name is None:
        return msgspec.structs.replace(ci, name=str(erasure.value(ci.name)), attributes=erasure.values(ci.attributes))
    return CI(
        id=ci.id,
        class_name=ci.class_name,
        name=name,
        lifecycle=ci.lifecycle,
        state=ci.state,
        created_at=ci.created_at,
        merged_into=ci.merged_into,
        kept_apart_from=ci.kept_apart_from,
    )


def _claim(claim: Claim, erasure: Erasure) -> Claim:
    source, by = erasure.source(claim.source), erasure.source(claim.withdrawn_by)
    if claim.ci in erasure.cis:
        return Claim(
            id=claim.id,
            ci=claim.ci,
            source=source,
            network=claim.network,
            record="erased",
            native_key=None,
            class_name=claim.class_name,
            missing_at=claim.missing_at,
            missed_by=claim.missed_by,
            withdrawn_at=claim.withdrawn_at,
            withdrawn_by=by,
        )
    return msgspec.structs.replace(
        claim,
        source=source,
        withdrawn_by=by,
        name=None if claim.name is None else str(erasure.value(claim.name)),
        values={
            name: msgspec.structs.replace(kept, value=erasure.value(kept.value, name), edit=_edit(kept.edit, erasure))
            for name, kept in claim.values.items()
        },
    )


def _edit(edit: Edit | None, erasure: Erasure) -> Edit | None:
    return None if edit is None else msgspec.structs.replace(edit, reason=erasure.text(edit.reason) or "")


def _relationship(relationship: Relationship, erasure: Erasure) -> Relationship:
    is_bare = relationship.source in erasure.cis or relationship.target in erasure.cis
    return msgspec.structs.replace(
        relationship,
        attributes={} if is_bare else erasure.values(relationship.attributes),
        claimed={erasure.source(source): sure for source, sure in relationship.claimed.items()},
        missing_at={erasure.source(source): times for source, times in relationship.missing_at.items()},
    )


def _review(item: Review, erasure: Erasure) -> Review:
    is_bare = any(ci in erasure.cis for ci in item.cis)
    values = {} if is_bare else erasure.values(item.values)
    return msgspec.structs.replace(item, values=values, source=erasure.source(item.source))
