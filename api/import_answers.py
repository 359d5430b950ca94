"""What an import answers: a line a row, and last the totals (contract.md, the `graph` format)."""

from __future__ import annotations

from collections.abc import Iterator

from cmdb.importing import ImportReport, links_of


def import_lines(report: ImportReport, *, is_dry_run: bool) -> Iterator[dict[str, object]]:
    """Rows in the order of the input, then refused rows that have no id, then the totals."""
    for row in report.rows:
        yield {
            "id": row.local_id,
            "ci": row.ci,
            "outcome": row.outcome,
            "rule": row.rule,
            "reason": row.reason,
            "flags": list(row.flags),
        }
    yield {
        "revision": report.revision if report.is_written else None,
        **{outcome: report.count(outcome) for outcome in ("created", "updated", "unchanged", "parked", "refused")},
        "ignored": report.links.ignored,
        "relationships": links_of(report.links),
        "unknown_attributes": report.unknown_attributes,
        "incomplete": report.is_cut_off,
        "dry_run": is_dry_run,
        "problems": [
            {"line": item.line, "id": item.local_id, "message": item.message} for item in report.refused[:1000]
        ],
        "warnings": report.warnings[:1000],
    }
