"""`explain` in contract.md's shape: which claim won each value, why the others lost, and how the CI was matched."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cmdb.documents import Document, brief, moment
from cmdb.entities import CI, Claim, Kind
from cmdb.errors import NotFound
from cmdb.losing import Cause, Lost, class_losers, losers
from cmdb.normalise.described import SPELLED, shown
from cmdb.reconcile.claims import is_edit
from cmdb.reconcile.edited_relationships import type_and_target
from cmdb.reconcile.policy_file import CLASS, UNION_ATTRIBUTES
from cmdb.reconcile.precedence import Policy, Said, heard, winner
from cmdb.reconcile.values import LIFECYCLE, NAME, Dated, Words, class_of, speaking_claims, words
from cmdb.registry import ROOT
from cmdb.store.view import View
from cmdb.values import Value

MAX_LOST = 100
"""Claims that one value's account names; the rest is counted."""


def explain(view: View, ci: CI, policy: Policy, attribute: str | None = None, *, now: dt.datetime) -> Document:
    """For each value the source that won, its age, the rule and the claims that lost; and how the CI was matched.

    Beside the attributes stand `name`, `class` and, where it is said, `lifecycle`. Raises `NotFound` for an attribute that
    neither the class has nor anybody says.
    """
    claims = [cast("Claim", entity) for entity in view.find(Kind.CLAIM, "ci", (ci.id,))]
    seen = view.seen([claim.id for claim in claims])
    dated: list[Dated] = [(claim, seen[claim.id].last_at if claim.id in seen else None) for claim in claims]
    counting, is_gone = speaking_claims(dated)
    live = {claim.id for claim, _ in counting}
    account = _Account(ci, policy, now, words(counting), words(one for one in dated if one[0].id not in live), is_gone)
    names = account.names()
    if attribute is not None:
        _check_known(ci, policy, attribute, names)
    return {
        **brief(ci),
        "matched": [
            {
                "source": claim.source,
                "record": claim.record,
                "rule": claim.matched.get("rule", ""),
                "on": claim.matched.get("on", {}),
                "considered": _called(view, claim.matched.get("considered", [])),
                **{name: claim.matched[name] for name in ("joined", "set_aside") if name in claim.matched},
            }
            for claim in claims
            if not is_edit(claim)
        ],
        "attributes": {
            name: won for name in names if attribute in (None, name) and (won := account.of(name)) is not None
        },
        "relationships": _edited_relationships(view, words(counting), now) if attribute is None else [],
    }


def _called(view: View, considered: Value) -> list[Value]:
    """What was considered, each with the name that it has now, where it is still there."""
    listed = [dict(each) for each in considered if isinstance(each, Mapping)] if isinstance(considered, list) else []
    named = view.get_many(Kind.CI, {str(each["ci"]) for each in listed})
    return [{**each, "name": ci.name} if isinstance(ci := named.get(str(each["ci"])), CI) else each for each in listed]


def _check_known(ci: CI, policy: Policy, attribute: str, names: Sequence[str]) -> None:
    known = {*policy.registry.get(ci.class_name).attributes, *names, NAME, CLASS}
    if attribute not in known:
        near = difflib.get_close_matches(attribute[:100], sorted(known), n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise NotFound(f"nobody says {attribute!r} of {ci.name}, and a {ci.class_name} has no such attribute{hint}")


@dataclass(frozen=True, slots=True)
class _Account:
    """Answers for one CI, attribute by attribute."""

    ci: CI
    policy: Policy
    now: dt.datetime
    told: Words
    withdrawn: Words
    is_gone: bool

    def names(self) -> list[str]:
        """What there is to explain: class and name first, then attributes by name."""
        said = {*self.told.attributes, *self.withdrawn.attributes}
        return [CLASS, NAME, *sorted(said)]

    def of(self, name: str) -> Document | None:
        """The account of one value; None when nothing stands and nothing was said."""
        if name == CLASS:
            return self._class()
        said = self.told.names if name == NAME else self.told.attributes.get(name, [])
        gone = self.withdrawn.names if name == NAME else self.withdrawn.attributes.get(name, [])
        if name == LIFECYCLE and self.is_gone:
            said, gone = [one for one in said if one.is_person], [one for one in said if not one.is_person] + gone
        ranking = self.policy.ranking(self.ci.class_name, name)
        counted = heard(said, ranking, now=self.now)
        if name in UNION_ATTRIBUTES:
            return self._union(name, counted, gone) if counted else None
        if not counted:
            return self._nothing(gone) if name not in self.ci.attributes and gone else None
        best = winner(counted, ranking)
        lost = losers(said, counted, best, ranking, withdrawn=gone, now=self.now)
        is_verbatim = any(one.is_person and one.value == best.value for one in said)
        value = best.value if is_verbatim else shown(name, best.value, self.policy.registry.knowledge)
        rule = _rule(best, len(counted), lost)
        if name in SPELLED and isinstance(best.value, str) and value != best.value:
            rule = f"{rule}; it spells it {best.value!r}"
        row = self._row(value, best, rule, lost, name)
        stored = {**self.ci.attributes, NAME: self.ci.name, LIFECYCLE: self.ci.lifecycle.value}.get(name)
        # an edit ran out, or the policy changed, and nothing has touched the CI since
        return row if stored == value else {**row, "still_shown": stored}

    def _row(self, value: object, best: Said, rule: str, lost: Sequence[Lost], name: str) -> Document:
        placed = self.policy.ranking(ROOT if name == CLASS else self.ci.class_name, name).rule_for(best.source)
        return {
            "value": value,
            "source": best.source,
            "seen_at": moment(best.at),
            "rule": rule,
            "rule_at": None if placed is None else placed.place,
            **({"reason": best.reason} if best.reason else {}),
            **({"until": moment(best.until)} if best.until is not None else {}),
            "lost": [_lost(one) for one in lost[:MAX_LOST]],
            **({"lost_omitted": len(lost) - MAX_LOST} if len(lost) > MAX_LOST else {}),
        }

    def _class(self) -> Document | None:
        ranking = self.policy.ranking(ROOT, CLASS)
        value = class_of(self.told, self.policy.registry, self.policy, now=self.now)
        edits = heard(self.told.class_edits, ranking, now=self.now)
        standing = [one for one in (edits or self.told.classes) if one.value == value]
        if not standing:
            return None
        best = winner(standing, ranking)
        lost = class_losers(
            self.told, best, ranking, self.policy.registry, withdrawn=self.withdrawn.classes, now=self.now
        )
        rule = _rule(best, len(lost) + 1, lost)
        if any(one.cause is Cause.GENERIC for one in lost) and not best.is_person:
            rule = "the most specific class that is said"
        row = self._row(value, best, rule, lost, CLASS)
        return row if value == self.ci.class_name else {**row, "still_shown": self.ci.class_name}

    def _union(self, name: str, counted: Sequence[Said], gone: Sequence[Said]) -> Document:
        ranking = self.policy.ranking(self.ci.class_name, name)
        best = winner(counted, ranking)
        said_by: dict[str, list[str]] = {}
        for one in sorted(counted, key=lambda one: one.source):
            for item in one.value if isinstance(one.value, (list, tuple)) else (one.value,):
                sources = said_by.setdefault(str(item), [])
                if one.source not in sources:
                    sources.append(one.source)
        lost = losers([], [], best, ranking, withdrawn=gone, now=self.now)
        row = self._row(self.ci.attributes.get(name), best, "union of all claims", lost, name)
        return {**row, "rule_at": None, "said_by": dict(sorted(said_by.items()))}

    def _nothing(self, gone: Sequence[Said]) -> Document:
        newest = max(gone, key=lambda one: (one.at, one.source))
        lost = [Lost(one, Cause.WITHDRAWN, "withdrawn: its source no longer sees it") for one in gone]
        return {
            "value": None,
            "source": None,
            "seen_at": moment(newest.at),
            "rule": "nobody says it any more",
            "rule_at": None,
            "lost": [_lost(one) for one in lost[:MAX_LOST]],
        }


def _rule(best: Said, heard_count: int, lost: Sequence[Lost]) -> str:
    if best.is_person:
        return "a person's word goes first"
    if best.value is None:
        return f"{best.source} may clear it, and leaves it out"
    if heard_count == 1:
        return "only one source says it"
    causes = {one.cause for one in lost}
    if Cause.RANK in causes:
        return "best rank of those that still speak"
    if Cause.LAPSED in causes:
        return "better sources have fallen silent"
    if causes <= {Cause.SAME, Cause.WITHDRAWN, Cause.EXPIRED_EDIT}:
        return "all sources agree"
    return "newest of the best rank"


def _lost(lost: Lost) -> Document:
    one = lost.said
    return {
        "source": one.source,
        "value": one.value,
        "seen_at": moment(one.at),
        "cause": lost.cause.value,
        "why": lost.why,
        **({"reason": one.reason} if one.reason else {}),
    }


def _edited_relationships(view: View, told: Words, now: dt.datetime) -> list[Document]:
    """What people say of relationships from the CI, and still say."""
    targets = view.get_many(Kind.CI, {type_and_target(name)[1] for name in told.relationships})
    rows: list[Document] = []
    for name, said in sorted(told.relationships.items()):
        type_, target = type_and_target(name)
        other = targets.get(target)
        rows += [
            {
                "type": type_,
                "ci": brief(other) if isinstance(other, CI) else {"id": target, "class": None, "name": None},
                "is_there": one.value is True,
                "source": one.source,
                "said_at": moment(one.at),
                "reason": one.reason,
                "until": moment(one.until),
            }
            for one in _still(said, now)
        ]
    return rows


def _still(said: Iterable[Said], now: dt.datetime) -> list[Said]:
    return [one for one in said if one.until is None or one.until > now]
