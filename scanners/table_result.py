"""A table written again with what became of each row: mend what is refused, and import that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cmdb.formats.batch import Refused
from cmdb.formats.csv_writer import safe_row
from cmdb.reconcile.plan import RowOutcome
from scanners.table_headers import RESULT_PREFIX
from scanners.table_mapping import Mapped
from scanners.table_rows import Cells, headings_of, safe_text

_ADDED = ("outcome", "ci", "reason")


def result_lines(
    rows: Iterable[tuple[int, Cells]],
    mapped: Mapped,
    *,
    name: str,
    outcomes: Iterator[RowOutcome],
    refused: Iterator[Refused],
) -> Iterator[str]:
    """Lines of the table as CSV, each with its outcome, its CI and why anything of it was refused; both iterators by line."""
    headings, rest = headings_of(rows, mapped, name=name)
    kept = [place for place, heading in enumerate(headings) if not heading.lower().startswith(RESULT_PREFIX)]
    if not headings:
        return
    yield safe_row([*(headings[place] for place in kept), *(RESULT_PREFIX + added for added in _ADDED)])
    outcome, refusal = next(outcomes, None), next(refused, None)
    for number, cells in rest:
        if not any(cell.strip() for cell in cells):
            continue
        ci, said, reasons = "", "", []
        while outcome is not None and (outcome.line or 0) <= number:
            if outcome.line == number:
                ci, said = outcome.ci or "", outcome.outcome
                reasons += [outcome.reason] if outcome.reason else []
            outcome = next(outcomes, None)
        while refusal is not None and (refusal.line or 0) <= number:
            if refusal.line == number:
                said = said or "refused"
                reasons += [refusal.message]
            refusal = next(refused, None)
        own = [safe_text(cells[place]) if place < len(cells) else "" for place in kept]
        yield safe_row([*own, said, ci, "; ".join(dict.fromkeys(reasons))])
