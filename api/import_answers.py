"""What an import answers: a line a row, and last the totals (contract.md, the `graph` format)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cmdb.importing import ImportReport, links_of

MAX_TOLD = 1000


def import_lines(report: ImportReport, *, is_dry_run: bool) -> Iterator[dict[str, object]]:
    """Rows in the order of the input, then the totals with the first 1,000 refusals and warnings."""
    for row in report.rows():
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
        **report.totals(),
        "ignored": report.links.ignored,
        "relationships": links_of(report.links),
        "unknown_attributes": report.unknown_attributes,
        "incomplete": report.is_cut_off,
        "dry_run": is_dry_run,
        "problems": [
            {"line": item.line, "id": item.local_id, "message": item.message}
            for item in islice(report.refused(), MAX_TOLD)
        ],
        "warnings": list(report.warnings[:MAX_TOLD]),
    }
