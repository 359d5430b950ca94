"""What a parser makes of one input, whatever its format: drafts and what joins them, and what had to be refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from cmdb.observation import Draft, Link, RedundancyDraft, Scope


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be right; the rest of the input stands."""

    line: int | None
    local_id: str | None
    message: str


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
