"""Edits by people: values, names, classes and relationships that they say, with a reason and, where wanted, an end.

An edit is a claim of `person:<login>`; it goes before what sources say, and what it blocks is listed (design §6).
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from cmdb.amending import Amender
from cmdb.changeset import Revision
from cmdb.classes.checks import WrongValue, check_unknown
from cmdb.entities import CI, Claim, Edit, Kind
from cmdb.errors import Invalid, NotFound
from cmdb.normalise import forms
from cmdb.reconcile.claims import is_edit
from cmdb.reconcile.edited_relationships import attribute_of
from cmdb.reconcile.edits import edit_month, enter, is_over, run_out, take_back
from cmdb.reconcile.policy_file import CLASS, UNION_ATTRIBUTES
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.values import NAME
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry
from cmdb.values import Value

LONGEST_REASON = 2000
MONTHS_BACK = 120
"""How far back edits are looked for that ran out while nobody looked: ten years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Who edits, why, and until when; `until` None means until it is taken back."""

    by: str
    reason: str
    until: dt.datetime | None = None


class Editing:
    """Enters and takes back edits on one store."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender
        self._registry = amender.registry

    def edit(self, ci: str, said: Mapping[str, Value], *, unset: Collection[str] = (), why: Why) -> Revision | None:
        """Have a person say values of a CI, None that there is none, and take back everybody's edits of `unset`.

        None when that changes nothing. Raises `Invalid` for a value, name or class that cannot be right, and for an edit without a
        reason or already over; `NotFound` for an attribute of `unset` that nobody edited. Nothing is written then.
        """
        if not said and not unset:
            raise Invalid("nothing to edit; give NAME=VALUE or --unset NAME", ids=[ci])
        both = sorted(set(said) & set(unset))
        if both:
            raise Invalid(f"{both[0]} is both set and unset; do one of them", ids=[ci])
        edit = self._checked(why)

        def change(workspace: Workspace) -> None:
            found = workspace.ci(ci)
            checked = self._values(workspace, found, said)
            if unset:
                ended = take_back(workspace, self._registry, found, unset, now=edit.at)
                for name in unset:
                    if name not in ended:
                        raise NotFound(
                            f"nobody edited {name} of {found.name}; to say that it has none, write {name}= instead",
                            ids=[ci],
                        )
            if checked:
                enter(workspace, self._registry, found, checked, source=PERSON_PREFIX + why.by, edit=edit)

        return self._amender.amend(change, by=why.by, reason=f"edited: {edit.reason}")

    def relate(self, source: str, type_: str, target: str, *, why: Why) -> Revision | None:
        """Have a person say that `(source)-[:type]->(target)`; raises `Invalid` for a pair that the type does not join."""
        return self._relationship(source, type_, target, is_there=True, why=why)

    def unrelate(self, source: str, type_: str, target: str, *, why: Why) -> Revision | None:
        """Have a person say that there is no such relationship: it ends, and sources cannot bring it back while the edit holds."""
        return self._relationship(source, type_, target, is_there=False, why=why)

    def leave_relationship(self, source: str, type_: str, target: str, *, why: Why) -> Revision | None:
        """Take back what people said of a relationship, so that only sources speak of it; `NotFound` when nobody said anything."""
        edit = self._checked(why)
        source, target = self._ends(source, type_, target)
        name = self._registry.relationship_type(type_).name

        def change(workspace: Workspace) -> None:
            start, end = workspace.ci(source), workspace.ci(target)
            if not take_back(workspace, self._registry, start, [attribute_of(name, end.id)], now=edit.at):
                raise NotFound(f"nobody edited {start.name} {name} {end.name}", ids=[source, target])

        return self._amender.amend(change, by=why.by, reason=f"took back: {edit.reason}")

    def _ends(self, source: str, type_: str, target: str) -> tuple[str, str]:
        """Both ends in the order in which the relationship is kept."""
        if source == target:
            raise Invalid("a CI has no relationship to itself; name two", ids=[source])
        is_turned = self._registry.relationship_type(type_).is_symmetric and source > target
        return (target, source) if is_turned else (source, target)

    def _relationship(self, source: str, type_: str, target: str, *, is_there: bool, why: Why) -> Revision | None:
        edit = self._checked(why)
        kind = self._registry.relationship_type(type_)
        source, target = self._ends(source, type_, target)

        def change(workspace: Workspace) -> None:
            start, end = workspace.ci(source), workspace.ci(target)
            if is_there:
                self._registry.check_pair(kind.name, start.class_name, end.class_name)
            attribute = attribute_of(kind.name, end.id)
            enter(workspace, self._registry, start, {attribute: is_there}, source=PERSON_PREFIX + why.by, edit=edit)

        said = "related" if is_there else "unrelated"
        return self._amender.amend(change, by=why.by, reason=f"{said}: {edit.reason}")

    def end_run_out(self, *, by: str) -> Revision | None:
        """Settle the CIs of edits that have run out since; None when there are none. At most 10,000 edits a pass."""
        now = self._amender.clock()
        months = _months_until(now)
        found = self._amender.store.find(Kind.CLAIM, "expires_in", months)
        over = [claim.id for claim in cast("tuple[Claim, ...]", found) if _has_run_out(claim, now=now)]
        if not over:
            return None

        def change(workspace: Workspace) -> None:
            for id_ in over:
                claim = workspace.get(Kind.CLAIM, id_)
                if isinstance(claim, Claim) and is_edit(claim):
                    workspace.claims_of(claim.ci)
                    run_out(workspace, self._registry, claim, now=now)

        return self._amender.amend(change, by=by, reason="edits ran out")

    def _checked(self, why: Why) -> Edit:
        reason, now = forms.text(why.reason) or "", self._amender.clock()
        if not reason:
            raise Invalid("an edit needs a reason, for whoever wonders about the value; give --reason TEXT")
        if len(reason) > LONGEST_REASON:
            raise Invalid(f"the reason is longer than {LONGEST_REASON} characters; shorten it")
        if not why.by.strip():
            raise Invalid("an edit needs somebody who makes it; set CMDB_USER")
        if why.until is not None and why.until <= now:
            raise Invalid(f"the edit would end at {why.until.isoformat()}, which is past; give a later time")
        return Edit(at=now, reason=reason, until=why.until)

    def _values(self, workspace: Workspace, ci: CI, said: Mapping[str, Value]) -> dict[str, Value]:
        checked: dict[str, Value] = {}
        class_name = ci.class_name
        if CLASS in said:
            class_name = checked[CLASS] = self._class(workspace, ci, said[CLASS])
        for name, value in said.items():
            if name != CLASS:
                checked[name] = self._value(ci, class_name, name, value)
        return checked

    def _value(self, ci: CI, class_name: str, name: str, value: Value) -> Value:
        attributes = self._registry.get(class_name).attributes
        if name not in attributes and name not in ci.attributes:
            near = difflib.get_close_matches(name[:100], sorted({*attributes, *ci.attributes, CLASS}), n=3)
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            host = "its host is a relationship: cmdb relate. " if name == "host" else ""
            raise Invalid(
                f"{class_name} has no attribute {name!r}; {hint}{host}see `cmdb classes {class_name}`", ids=[ci.id]
            )
        if name in attributes:
            known, _, problems = self._registry.validate_attributes(class_name, {name: value})
            if problems:
                raise Invalid(f"attribute {name}: {problems[0][1]}", ids=[ci.id])
            found = known.get(name)
        else:
            try:
                found = check_unknown(value)
            except WrongValue as wrong:
                raise Invalid(f"attribute {name}: {wrong}", ids=[ci.id]) from wrong
        if found is None and name in (NAME, *UNION_ATTRIBUTES):
            what = "a CI is always called something" if name == NAME else "it is the union of what all sources say"
            raise Invalid(f"attribute {name} cannot be empty: {what}; correct it at its source", ids=[ci.id])
        return found

    def _class(self, workspace: Workspace, ci: CI, value: Value) -> str:
        if not isinstance(value, str) or not value.strip():
            raise Invalid("class: expected the name of a class; see `cmdb classes`", ids=[ci.id])
        new, old = self._registry.get(value.strip()), self._registry.get(ci.class_name)
        if new.is_abstract:
            raise Invalid(f"class {new.name} only groups other classes; name one of them", ids=[ci.id])
        if new.family is not old.family:
            raise Invalid(
                f"a {old.name} is identified as {old.family.value}, a {new.name} as {new.family.value}; make it anew instead",
                ids=[ci.id],
            )
        _check_relationships(workspace, self._registry, ci, new.name)
        return new.name


def _check_relationships(workspace: Workspace, registry: Registry, ci: CI, class_name: str) -> None:
    for relationship in workspace.touching(ci.id):
        ends = [
            class_name if end == ci.id else workspace.ci(end).class_name
            for end in (relationship.source, relationship.target)
        ]
        try:
            registry.check_pair(relationship.type, ends[0], ends[1])
        except Invalid as error:
            raise Invalid(f"class {class_name} does not fit its relationships: {error.message}", ids=[ci.id]) from error


def _has_run_out(claim: Claim, *, now: dt.datetime) -> bool:
    ends = [
        kept.edit.until
        for kept in claim.values.values()
        if kept.edit is not None and kept.edit.until is not None and is_over(kept, now=now)
    ]
    return any(edit_month(until) == claim.expires_in for until in ends)


def _months_until(now: dt.datetime) -> list[str]:
    last = now.year * 12 + now.month - 1
    months = ((number // 12, number % 12 + 1) for number in range(last - MONTHS_BACK, last + 1))
    return [edit_month(dt.datetime(year, month, 1, tzinfo=dt.UTC)) for year, month in months]
