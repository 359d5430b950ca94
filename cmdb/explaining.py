"""`explain` in contract.md's shape: which claim won each value, and how the CI was matched."""

from __future__ import annotations

from typing import cast

from cmdb.documents import Document, moment
from cmdb.entities import CI, Claim, ClaimValue, Kind
from cmdb.reconcile.precedence import Policy, Said, winner
from cmdb.store.protocol import Store
from cmdb.values import Value


def explain(store: Store, ci: CI, policy: Policy, attribute: str | None = None) -> Document:
    """For each value the source that won, its age, the rule and the claims that lost; and how the CI was matched."""
    claims = [cast("Claim", entity) for entity in store.find(Kind.CLAIM, "ci", (ci.id,))]
    seen = store.seen([claim.id for claim in claims])
    said: dict[str, list[Said]] = {}
    for claim in claims:
        if claim.id not in seen or claim.withdrawn_at is not None:
            continue
        values = {**claim.values, **({"name": ClaimValue(claim.name)} if claim.name is not None else {})}
        for name, kept in values.items():
            at = kept.left_out_since or seen[claim.id].last_at
            said.setdefault(name, []).append(Said(kept.value, claim.source, claim.record, at))
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
        ],
        "attributes": {name: _won(ci, name, found, policy) for name, found in wanted.items()},
    }


def _won(ci: CI, name: str, said: list[Said], policy: Policy) -> Document:
    best = winner(said, policy)
    value: Value = ci.attributes.get(name, best.value) if name != "name" else ci.name
    rule = (
        "only one source says it"
        if len(said) == 1
        else ("union of all claims" if value != best.value else "best source that still speaks")
    )
    lost = [one for one in said if one is not best]
    return {
        "value": value,
        "source": best.source,
        "seen_at": moment(best.at),
        "rule": rule,
        "lost": [
            {"source": one.source, "value": one.value, "seen_at": moment(one.at), "why": _why(one, best, policy)}
            for one in sorted(lost, key=lambda one: (policy.rank(one.source), one.source, one.record))
        ],
    }


def _why(lost: Said, best: Said, policy: Policy) -> str:
    if lost.value == best.value:
        return "says the same"
    if policy.rank(lost.source) > policy.rank(best.source):
        return f"{best.source} ranks before {lost.source}"
    if policy.rank(lost.source) < policy.rank(best.source):
        return f"{lost.source} has been silent for longer than {policy.effective_duration.days} days"
    return f"{best.source} is newer" if lost.at < best.at else "settled by the source's name"
