"""What a parser makes of one input, whatever its format: drafts and what joins them, and what had to be refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cmdb.errors import Invalid
from cmdb.observation import Draft, Link, RedundancyDraft, Scope


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be right; the rest of the input stands."""

    line: int | None
    local_id: str | None
    message: str


class Intake(Protocol):
    """Takes in what a parser reads, in the order of the input; nothing lands before the parser has come to its end.

    What was taken in before a parser raised is dropped. Ids may be named before the draft that carries them is.
    """

    def draft(self, draft: Draft) -> None:
        """Take a CI."""

    def link(self, link: Link) -> None:
        """Take a relationship between two drafts of the input."""

    def group(self, group: RedundancyDraft) -> None:
        """Take a redundancy group."""

    def scope(self, scope: Scope) -> None:
        """Take what was seen in full; it counts only if the input is whole."""

    def refuse(self, refused: Refused) -> None:
        """Take note of a row that cannot be right; raises `Invalid`, which refuses the input, when hardly a row can be."""

    def warn(self, message: str) -> None:
        """Say something of the input as a whole; a person reads it."""

    def cut_off(self) -> None:
        """Say that the input ended early: nothing may be concluded from absence."""


MAX_REFUSED = 10_000
MAX_WARNINGS = 1_000


def check_hopeful(first: Refused, refused: int, rows: int) -> None:
    """Raises `Invalid`, which refuses the input, when more than 10,000 of its rows so far and more than half of them are refused."""
    if refused > MAX_REFUSED and 2 * refused > rows:
        line = f"line {first.line}" if first.line is not None else "the first"
        raise Invalid(
            f"{refused} of the first {rows} rows are refused, {line} because: {first.message}; "
            "mend the program that wrote it"
        )


@dataclass(slots=True)
class Batch:
    """One input in memory, read to its end. `is_cut_off`: it ended early, and nothing may be concluded from absence."""

    drafts: list[Draft] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    redundancy: list[RedundancyDraft] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_cut_off: bool = False

    def draft(self, draft: Draft) -> None:
        """As `Intake.draft`."""
        self.drafts.append(draft)

    def link(self, link: Link) -> None:
        """As `Intake.link`."""
        self.links.append(link)

    def group(self, group: RedundancyDraft) -> None:
        """As `Intake.group`."""
        self.redundancy.append(group)

    def scope(self, scope: Scope) -> None:
        """As `Intake.scope`."""
        self.scopes.append(scope)

    def refuse(self, refused: Refused) -> None:
        """As `Intake.refuse`."""
        self.refused.append(refused)
        taken = len(self.drafts) + len(self.links) + len(self.redundancy) + len(self.scopes)
        check_hopeful(self.refused[0], len(self.refused), taken + len(self.refused))

    def warn(self, message: str) -> None:
        """As `Intake.warn`; the first 1,000 are kept."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(message)

    def cut_off(self) -> None:
        """As `Intake.cut_off`."""
        self.is_cut_off = True
