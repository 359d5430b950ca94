"""What the policy says of a class and its attributes, and what applying it or time changed, as commands and HTTP answer it."""

from __future__ import annotations

import difflib

from cmdb.documents import Document
from cmdb.editing.answers import edited
from cmdb.errors import NotFound
from cmdb.lifecycle.housekeeping import Kept
from cmdb.reconcile.policy_file import CLASS, UNION_ATTRIBUTES
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.ranking import Ranking
from cmdb.registry import ROOT
from cmdb.repairs.resettling import Resettled

OTHERS = "any other source"
"""Stands for what no rule names."""


def policy_of(policy: Policy, class_name: str, attribute: str | None = None) -> list[Document]:
    """The effective rules of one attribute; else of each attribute that has rules of its own, and first of all others (`*`).

    `sources` are tiers, the best first, each with the rule that sets it; people go before them all. Raises `Invalid` for an
    unknown class and `NotFound` for an attribute that the class has not.
    """
    spec = policy.registry.get(class_name)
    known = [*spec.attributes, *([CLASS] if spec.name == ROOT else [])]
    if attribute is not None and attribute not in known:
        near = difflib.get_close_matches(attribute, known, n=3)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise NotFound(f"{spec.name} has no attribute {attribute!r}; {hint}see `cmdb classes {spec.name}`")
    if attribute is not None:
        return [_row(policy, spec.name, attribute)]
    own = [
        name
        for name in sorted(policy.named)
        if name in known and any(name in rule.attributes for rule in policy.ranking(spec.name, name).chain)
    ]
    return [_row(policy, spec.name, name) for name in ("*", *own)]


def resettled(done: Resettled) -> Document:
    """`{"cis", "changed_count", "changed": [{"id", "class", "name", "changes": {name: [before, after]}}], "revisions"}`."""
    rows = [edited(before, after, None) for before, after in done.changed]
    return {
        "cis": done.cis,
        "changed_count": done.changed_count,
        "changed": [{name: row[name] for name in ("id", "class", "name", "changes")} for row in rows],
        "revisions": done.revisions,
    }


def tidied(kept: Kept) -> Document:
    """`{"edits": revision or null, "graces", "parked", "clocks"}`, counts of what ended."""
    ended = kept.tidied
    return {
        "edits": None if kept.edits is None else kept.edits.number,
        "graces": ended.graces,
        "parked": ended.parked,
        "clocks": ended.clocks,
    }


def _row(policy: Policy, class_name: str, attribute: str) -> Document:
    ranking = policy.ranking(class_name, attribute)
    grace = policy.grace(class_name)
    return {
        "class": class_name,
        "attribute": attribute,
        "union": attribute in UNION_ATTRIBUTES,
        "sources": _tiers(ranking),
        "effective_days": _days(ranking, OTHERS),
        "effective_days_of": _days_of(ranking),
        "may_clear": list(ranking.clearing),
        "grace": {"scans": grace.scans, "days": grace.time.total_seconds() / 86400},
    }


def _days(ranking: Ranking, source: str) -> float:
    return ranking.effective_duration(source).total_seconds() / 86400


def _days_of(ranking: Ranking) -> dict[str, float]:
    """Where they differ from all others': days by source or pattern."""
    named = {pattern for rule in ranking.chain for pattern, _ in rule.durations if pattern != "*"}
    return {name: days for name in sorted(named) if (days := _days(ranking, name)) != _days(ranking, OTHERS)}


def _tiers(ranking: Ranking) -> list[Document]:
    named: set[str] = set()
    tiers: list[Document] = []
    for rule in ranking.chain:
        for tier in rule.tiers:
            fresh = [source for source in tier if source not in named]
            named.update(tier)
            if fresh:
                tiers.append({"sources": fresh, "rule": rule.place})
    return tiers
