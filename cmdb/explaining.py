"""`explain` in contract.md's shape: which claim won each value, and how the CI was matched."""

from __future__ import annotations

import datetime as dt
from typing import cast

from cmdb.documents import Document, moment
from cmdb.entities import CI, Claim, Kind
from cmdb.reconcile.policy_file import UNION_ATTRIBUTES
from cmdb.reconcile.precedence import Policy, Said, heard, is_silent, winner
from cmdb.reconcile.values import NAME, is_edit, words
from cmdb.store.protocol import Store


def explain(store: Store, ci: CI, policy: Policy, attribute: str | None = None, *, now: dt.datetime) -> Document:
    """For each value the source that won, its age, the rule and the claims that lost; and how the CI was matched."""
    claims = [cast("Claim", entity) for entity in store.find(Kind.CLAIM, "ci", (ci.id,))]
    seen = store.seen([claim.id for claim in claims])
    dated = [
        (claim, seen[claim.id].last_at if claim.id in seen else None) for claim in claims if claim.withdrawn_at is None
    ]
    told = words(dated)
    said = {**told.attributes, **({NAME: told.names} if told.names else {})}
    wanted = {name: said[name] for name in sorted(said) if attribute in (None, name)}
    return {
        "id": ci.id,
        "matched": [
            {
                "source": claim.source,
                "record": claim.record,
                "rule": claim.matched.get("rule", ""),
                "on": claim.matched.get("on", {}),
                "considered": claim.matched.get("considered", []),
            }
            for claim in claims
            if not is_edit(claim)
        ],
        "attributes": {
            name: won for name, found in wanted.items() if (won := _won(ci, name, found, policy, now=now)) is not None
        },
    }


def _won(ci: CI, name: str, said: list[Said], policy: Policy, *, now: dt.datetime) -> Document | None:
    ranking = policy.ranking(ci.class_name, name)
    counted = heard(said, ranking, now=now)
    if not counted:
        return None
    best = winner(counted, ranking)
    is_union = name in UNION_ATTRIBUTES
    rule = (
        "only one source says it"
        if len(counted) == 1
        else ("union of all claims" if is_union else "best source that still speaks")
    )
    newest = max(one.at for one in counted)

    def why(lost: Said) -> str:
        if lost.value == best.value:
            return "says the same"
        if is_silent(lost, newest, ranking):
            return f"{lost.source} has been silent for longer than {ranking.effective_duration.days} days"
        if ranking.rank(lost.source) > ranking.rank(best.source):
            return f"{best.source} ranks before {lost.source}"
        return f"{best.source} is newer" if lost.at < best.at else "settled by the source's name"

    return {
        "value": ci.attributes.get(name, best.value) if name != NAME else ci.name,
        "source": best.source,
        "seen_at": moment(best.at),
        "rule": rule,
        "lost": [
            {"source": one.source, "value": one.value, "seen_at": moment(one.at), "why": why(one)}
            for one in sorted(counted, key=lambda one: (ranking.rank(one.source), one.source, one.record))
            if one is not best
        ],
    }
