"""What an import answers: a line a row, and last the totals (contract.md, the `graph` format)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cmdb.import_answers import row_document, totals_document
from cmdb.importing import ImportReport

MAX_TOLD = 1000


def import_lines(report: ImportReport, *, is_dry_run: bool) -> Iterator[dict[str, object]]:
    """Rows in the order of the input, then the totals with the first 1,000 refusals and warnings."""
    yield from map(row_document, report.rows())
    yield {
        **totals_document(report, is_dry_run=is_dry_run),
        "problems": [
            {"line": item.line, "id": item.local_id, "message": item.message}
            for item in islice(report.refused(), MAX_TOLD)
        ],
        "warnings": list(report.warnings[:MAX_TOLD]),
    }
