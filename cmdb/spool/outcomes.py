"""What became of the rows of one import, kept on disk until it is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from cmdb.formats.batch import Refused
from cmdb.reconcile.plan import RowOutcome
from cmdb.spool.file import SpoolFile


class Outcome(IntEnum):
    """What became of a row; of rows that met in one CI the lowest counts for all."""

    CREATED = 0
    UPDATED = 1
    UNCHANGED = 2
    PARKED = 3
    REFUSED = 4


@dataclass(frozen=True, slots=True)
class Fate:
    """What a local id has become so far; no outcome while its row waits for its change set."""

    ci: str | None
    outcome: Outcome | None


_KEEP = "INSERT OR REPLACE INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class Outcomes:
    """Outcomes of rows and refusals of anything else; told in the order of the input."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file
        self.refused_count = 0
        """Rows, links and all else that is refused."""
        self.first_refused: Refused | None = None

    def refuse(self, number: int, refused: Refused, *, is_row: bool) -> None:
        """Keep what is refused; `is_row` when it is a CI's row, which then has an outcome."""
        self.refused_count += 1
        self.first_refused = self.first_refused or refused
        self._file.write(
            "INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?)",
            [(number, refused.line, refused.local_id, refused.message)],
        )
        if is_row and refused.local_id is not None:
            row = (number, refused.local_id, refused.line, None, Outcome.REFUSED, "", refused.message, "")
            self._file.write(_KEEP, [row])

    def record(self, numbers: Mapping[str, int], rows: Sequence[RowOutcome]) -> None:
        """Keep what a plan did for rows, whose numbers are given by local id."""
        self._file.write(
            _KEEP,
            [
                (
                    numbers[row.local_id],
                    row.local_id,
                    row.line,
                    row.ci,
                    Outcome[row.outcome.upper()],
                    row.rule,
                    row.reason,
                    " ".join(row.flags),
                )
                for row in rows
            ],
        )

    def fates(self, ids: Collection[str]) -> dict[str, Fate]:
        """What these local ids have become; ids of no row are left out."""
        query = (
            "SELECT d.id, o.ci, coalesce(o.weight, iif(d.rank IS NULL, 4, NULL)) FROM draft d"
            " LEFT JOIN outcome o USING (number) WHERE d.id IN (SELECT value FROM json_each(?))"
        )
        return {
            id_: Fate(ci, None if weight is None else Outcome(weight))
            for id_, ci, weight in self._file.rows_in(query, ids)
        }

    def forget(self) -> None:
        """Drop the outcomes of a rehearsal in which nothing was refused."""
        self._file.run("DROP INDEX outcome_of")
        self._file.run("DELETE FROM outcome")

    def conclude(self, moved: Mapping[str, str]) -> None:
        """Judge after folding: rows that met in one CI share its outcome; `moved` are CIs that were joined to others."""
        self._file.run("CREATE INDEX outcome_of ON outcome (ci, weight)")
        self._file.write("UPDATE outcome SET ci = ? WHERE ci = ?", [(kept, gone) for gone, kept in moved.items()])

    def counts(self) -> dict[Outcome, int]:
        """CIs created, updated and unchanged, rows parked and refused."""
        query = (
            "SELECT weight, count(*) FROM (SELECT min(weight) AS weight FROM outcome WHERE ci IS NOT NULL GROUP BY ci)"
            " GROUP BY weight UNION ALL SELECT weight, count(*) FROM outcome WHERE ci IS NULL GROUP BY weight"
        )
        return {Outcome(weight): count for weight, count in self._file.rows(query)}

    def rows(self) -> Iterator[RowOutcome]:
        """Every row that has an id, in the order of the input."""
        query = (
            "SELECT id, line, ci, iif(ci IS NULL, weight, (SELECT min(weight) FROM outcome o WHERE o.ci = outcome.ci)),"
            " rule, reason, flags FROM outcome ORDER BY number"
        )
        for id_, line, ci, weight, rule, reason, flags in self._file.rows(query):
            yield RowOutcome(id_, line, ci, Outcome(weight).name.lower(), rule, reason, tuple(flags.split()))

    def refused(self) -> Iterator[Refused]:
        """Everything that is refused, by line."""
        for line, id_, message in self._file.rows(
            "SELECT line, id, message FROM refused ORDER BY line IS NULL, line, number"
        ):
            yield Refused(line, id_, message)
