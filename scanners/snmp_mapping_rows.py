"""Drafts, links and scopes of one agent while they are collected."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cmdb.observation import Scope, ScopeKind
from discovery.drafting import Drafting

DEVICE = "device"
"""The local id of the device that was read."""

_PLACEHOLDER = re.compile(r"<[^<>]*>")


@dataclass(slots=True)
class Rows(Drafting):
    """What one agent said, and what of it was seen in full."""

    scopes: list[Scope] = field(default_factory=list)

    def saw_all(self, class_name: str) -> None:
        """Every CI of the class inside the device was seen."""
        self.scopes.append(Scope(kind=ScopeKind.CI_CLASS, class_name=class_name, within=DEVICE))

    def saw_all_links(self, relationship_type: str) -> None:
        """Every relationship of the type at the device was seen."""
        self.scopes.append(Scope(kind=ScopeKind.RELATIONSHIPS, relationship_type=relationship_type, within=DEVICE))


def said(text: object) -> str | None:
    """Text that says something: None for blanks and for a placeholder in angle brackets, such as `<not set>`."""
    if not isinstance(text, str):
        return None
    bare = " ".join(text.split())
    return bare if bare and not _PLACEHOLDER.fullmatch(bare) else None


def matches(patterns: Iterable[str], text: str) -> bool:
    """Whether the whole text fits one of the patterns."""
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def by_number(index: str) -> tuple[int, ...]:
    """Order of indexes as the agent has them."""
    return tuple(map(int, index.split(".")))
