"""One input on its way into the graph, kept on disk: what a parser read, and what each row needs to land."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from cmdb.errors import Invalid
from cmdb.formats.batch import MAX_WARNINGS, Refused, check_hopeful
from cmdb.observation import Draft, Link, Observation, RedundancyDraft, Scope
from cmdb.reconcile.rows import Row, ready
from cmdb.registry import Registry
from cmdb.spool.file import MAX_BYTES, Rows, SpoolFile
from cmdb.spool.outcomes import Outcomes
from cmdb.spool.rows import pack, rank, unpack

MAX_ROWS = 5000
MAX_PIECE_BYTES = 16 * 1024**2
"""Bounds of one change set: rows, and their packed size, whichever comes first; a row may have 1 MB."""
_BUFFERED = 1000
T = TypeVar("T")


class Spool:
    """An `Intake` of any size in bounded memory; use it as a context, whose end drops everything.

    Rows are judged as they come in: one that cannot be right is refused, and one whose id stands twice. Everything is numbered
    in the order of the input. `base` is the observation that the rows belong to; a piece of it has at most `piece_rows`.
    """

    def __init__(
        self, base: Observation, registry: Registry, *, limit_bytes: int = MAX_BYTES, piece_rows: int = MAX_ROWS
    ) -> None:
        self.base = base
        self.warnings: list[str] = []
        self.is_cut_off = False
        self.unknown_attributes = 0
        self.drafts = self.links = self.groups = self.scopes = 0
        """How many of each may land."""
        self._registry = registry
        self._piece_rows = piece_rows
        self._file = SpoolFile(limit_bytes=limit_bytes)
        self.outcomes = Outcomes(self._file)
        self._number = 0
        self._rows: list[tuple[int, str, int | None, bytes | None, int | None]] = []
        self._others: dict[str, list[tuple[int, bytes]]] = {"link": [], "grouping": [], "scope": []}
        self._encoder = msgspec.msgpack.Encoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop everything; idempotent."""
        self._file.close()

    # taking in
    def draft(self, draft: Draft) -> None:
        """As `Intake.draft`."""
        self._number += 1
        try:
            row = ready(draft, self.base, self._registry)
        except Invalid as error:
            self._rows.append((self._number, draft.local_id, None, None, draft.line))
            self._refuse(self._number, Refused(draft.line, draft.local_id, error.message))
        else:
            self.unknown_attributes += row.unknown
            self._rows.append((self._number, draft.local_id, rank(row), pack(row), draft.line))
            self.drafts += 1
        if len(self._rows) >= _BUFFERED:
            self._flush_rows()

    def link(self, link: Link) -> None:
        """As `Intake.link`."""
        self.links += 1
        self._take("link", link)

    def group(self, group: RedundancyDraft) -> None:
        """As `Intake.group`."""
        self.groups += 1
        self._take("grouping", group)

    def scope(self, scope: Scope) -> None:
        """As `Intake.scope`."""
        self.scopes += 1
        self._take("scope", scope)

    def refuse(self, refused: Refused) -> None:
        """As `Intake.refuse`."""
        self._number += 1
        self._refuse(self._number, refused)

    def warn(self, message: str) -> None:
        """As `Intake.warn`; the first 1,000 are kept."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(message)

    def cut_off(self) -> None:
        """As `Intake.cut_off`."""
        self.is_cut_off = True

    def complete(self) -> None:
        """Say that the parser came to its end; raises as `Intake.refuse` for what the last rows bring to light."""
        self._flush_rows()
        for table in self._others:
            self._flush(table)
        if not self.is_one_piece:
            self._file.run("CREATE INDEX draft_rank ON draft (rank, number) WHERE rank IS NOT NULL")

    @property
    def is_one_piece(self) -> bool:
        """Whether everything fits one change set."""
        return self.drafts + self.links + self.groups <= self._piece_rows and self._bytes <= MAX_PIECE_BYTES

    @property
    def _bytes(self) -> int:
        ((size,),) = self._file.rows(
            "SELECT (SELECT coalesce(sum(length(body)), 0) FROM draft) + (SELECT coalesce(sum(length(body)), 0) FROM link)"
        )
        return int(size)

    def _take(self, table: str, item: Link | RedundancyDraft | Scope) -> None:
        self._number += 1
        waiting = self._others[table]
        waiting.append((self._number, self._encoder.encode(item)))
        if len(waiting) >= _BUFFERED:
            self._flush(table)

    def _refuse(self, number: int, refused: Refused) -> None:
        self.outcomes.refuse(number, refused, is_row=True)
        first = self.outcomes.first_refused
        assert first is not None
        check_hopeful(first, self.outcomes.refused_count, self._number)

    def _flush_rows(self) -> None:
        waiting, self._rows = self._rows, []
        if not waiting:
            return
        added = self._file.write("INSERT OR IGNORE INTO draft VALUES (?, ?, ?, ?)", [row[:4] for row in waiting])
        if added == len(waiting):
            return
        query = "SELECT number FROM draft WHERE number BETWEEN ? AND ?"
        kept = {number for (number,) in self._file.rows(query, (waiting[0][0], waiting[-1][0]))}
        for number, id_, _, body, line in waiting:
            if number not in kept and body is not None:
                self.drafts -= 1
                self._refuse(number, Refused(line, id_, f"id {id_!r} stands twice; each row has an id of its own"))

    def _flush(self, table: str) -> None:
        self._file.write(f"INSERT INTO {table} VALUES (?, ?)", self._others[table])  # noqa: S608 - a table of the spool
        self._others[table] = []

    # reading
    def ranked(self) -> Iterator[dict[int, Row]]:
        """Rows that may land, by number, strongest first, in pieces that fit a change set."""
        query = (
            "SELECT rank, number, body FROM draft WHERE rank IS NOT NULL AND (rank, number) > (?, ?)"
            " ORDER BY rank, number LIMIT ?"
        )
        after = (-1, 0)
        while True:
            piece: dict[int, Row] = {}
            size = 0
            for place, number, body in self._file.rows(query, (*after, self._piece_rows)):
                size += len(body)
                if piece and size > MAX_PIECE_BYTES:
                    break
                piece[number] = self._row(body)
                after = (place, number)
            if not piece:
                return
            yield piece

    def in_order(self) -> dict[int, Row]:
        """All rows that may land, by number, in the order of the input; for one that is one piece."""
        return self._by_number(self._file.rows("SELECT number, body FROM draft WHERE rank IS NOT NULL ORDER BY number"))

    def rows_of(self, ids: Collection[str]) -> dict[int, Row]:
        """The rows of these local ids that may land, by number."""
        query = "SELECT number, body FROM draft WHERE rank IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
        return self._by_number(self._file.rows_in(query, ids))

    def each_link(self) -> Iterator[dict[int, Link]]:
        """Links by number, in the order of the input, in pieces that fit a change set."""
        return self._pieces("link", msgspec.msgpack.Decoder(Link))

    def each_group(self) -> Iterator[dict[int, RedundancyDraft]]:
        """Redundancy groups by number, in the order of the input, in pieces that fit a change set."""
        return self._pieces("grouping", msgspec.msgpack.Decoder(RedundancyDraft))

    def each_scope(self) -> Iterator[dict[int, Scope]]:
        """What was seen in full, in pieces; nothing when the input ended early."""
        return iter(()) if self.is_cut_off else self._pieces("scope", msgspec.msgpack.Decoder(Scope))

    def next_number(self) -> int:
        """A number after all that came in, for what comes to light later."""
        self._number += 1
        return self._number

    def _by_number(self, found: Rows) -> dict[int, Row]:
        return {number: self._row(body) for number, body in found}

    def _row(self, body: bytes) -> Row:
        base = self.base
        return unpack(body, self._registry, source=base.source, network=base.network, run_id=base.run_id, at=base.at)

    def _pieces(self, table: str, decoder: msgspec.msgpack.Decoder[T]) -> Iterator[dict[int, T]]:
        query = f"SELECT number, body FROM {table} WHERE number > ? ORDER BY number LIMIT ?"  # noqa: S608 - a table of the spool
        after = 0
        while True:
            piece: dict[int, T] = {}
            size = 0
            for number, body in self._file.rows(query, (after, self._piece_rows)):
                size += len(body)
                if piece and size > MAX_PIECE_BYTES:
                    break
                piece[number] = decoder.decode(body)
                after = number
            if not piece:
                return
            yield piece
