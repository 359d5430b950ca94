"""What an import answers, the same on the command line and over HTTP (contract.md, the `graph` format)."""

from __future__ import annotations

from cmdb.importing import ImportReport
from cmdb.reconcile.plan import RowOutcome


def row_document(row: RowOutcome) -> dict[str, object]:
    """What became of one row."""
    return {
        "id": row.local_id,
        "ci": row.ci,
        "outcome": row.outcome,
        "rule": row.rule,
        "reason": row.reason,
        "flags": list(row.flags),
    }


def totals_document(report: ImportReport, *, is_dry_run: bool) -> dict[str, object]:
    """The last line: counts of CIs after folding, and of relationships."""
    links = report.links
    return {
        "revision": report.revision if report.is_written else None,
        **report.totals(),
        "ignored": links.ignored,
        "relationships": {
            "created": links.created,
            "unchanged": links.confirmed,
            "parked": links.parked,
            "refused": links.refused,
            "ignored": links.ignored,
        },
        "unknown_attributes": report.unknown_attributes,
        "incomplete": report.is_cut_off,
        "dry_run": is_dry_run,
    }
