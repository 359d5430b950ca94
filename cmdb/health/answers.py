"""Answers about health in the shape that the command line and HTTP share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cmdb.documents import Document, brief, moment
from cmdb.health.assessment import Assessment, AuditResult, ClassHealth

MISSING_SHOWN = 5


def health_document(done: Assessment) -> Document:
    """An assessment: scores in percent with one decimal, counts, and the first failures by name."""
    return {
        "at": moment(done.at),
        "revision": done.revision,
        "cis": done.cis,
        "score": percent(done.score),
        "completeness": percent(done.completeness),
        "correctness": percent(done.correctness),
        "compliance": percent(done.compliance),
        "duplicates": {"surplus": done.duplicates.surplus, "sets": len(done.duplicates.sets)},
        "orphans": {
            "count": sum(one.orphans for one in done.classes.values()),
            "examples": [brief(ci) for ci in done.orphans],
        },
        "stale": {
            "count": sum(one.stale for one in done.classes.values()),
            "examples": [brief(ci) for ci in done.stale],
        },
        "classes": [_class(name, one) for name, one in sorted(done.classes.items())],
        "audits": [_audit(result) for result in done.audits],
    }


def summary(document: Document) -> dict[str, object]:
    """What is kept of an assessment over time."""
    kept = ("at", "revision", "cis", "score", "completeness", "correctness", "compliance", "duplicates")
    audits = document["audits"]
    assert isinstance(audits, Sequence)
    return {
        **{name: document[name] for name in kept},
        "orphans": _count(document["orphans"]),
        "stale": _count(document["stale"]),
        "audits": {one["name"]: {"judged": one["judged"], "failing": one["failing"]} for one in audits},
    }


def percent(share: float) -> float:
    """A share in percent."""
    return round(100 * share, 1)


def _count(value: object) -> object:
    return value["count"] if isinstance(value, Mapping) else value


def _class(name: str, one: ClassHealth) -> Document:
    return {
        "class": name,
        "cis": one.tally.cis,
        "completeness": percent(one.tally.mean),
        "missing": dict(one.tally.missing.most_common(MISSING_SHOWN)),
        "orphans": one.orphans,
        "stale": one.stale,
        "in_duplicates": one.duplicates,
    }


def _audit(result: AuditResult) -> Document:
    audit = result.audit
    return {
        "name": audit.name,
        "class": audit.class_name,
        "severity": audit.severity.value,
        "owner": audit.owner,
        "why": audit.why,
        "require": audit.require_text,
        "judged": result.judged,
        "failing": result.failing,
        "examples": [brief(ci) for ci in result.examples],
    }
