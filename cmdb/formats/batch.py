"""What a parser makes of one input, whatever its format: drafts and what joins them, and what had to be refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cmdb.errors import Invalid
from cmdb.observation import Draft, Link, RedundancyDraft, Scope


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be right; the rest of the input stands."""

    line: int | None
    local_id: str | None
    message: str


MAX_REFUSED = 10_000


def check_hopeful(refused: Sequence[Refused], rows: int, *, place: str | None = None) -> None:
    """Raises `Invalid`, which refuses the input, when more than 10,000 of its rows so far and more than half of them are refused."""
    if len(refused) > MAX_REFUSED and 2 * len(refused) > rows:
        first = refused[0]
        line = f"line {first.line}" if first.line is not None else "the first"
        raise Invalid(
            f"{len(refused)} of the first {rows} rows are refused, {line} because: {first.message}; "
            "mend the program that wrote it",
            place=place,
        )


@dataclass(slots=True)
class Batch:
    """One input, read to its end. `is_cut_off`: it ended early, and nothing may be concluded from absence."""

    drafts: list[Draft] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    redundancy: list[RedundancyDraft] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_cut_off: bool = False
