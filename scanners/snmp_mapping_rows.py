"""Drafts, links and scopes of one agent while they are collected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cmdb.observation import Draft, Link, Scope, ScopeKind
from cmdb.values import Value

DEVICE = "device"
"""The local id of the device that was read."""

_PLACEHOLDER = re.compile(r"<[^<>]*>")


@dataclass(slots=True)
class Rows:
    """Each local id and each relationship once; the first to say a thing says it."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    links: dict[tuple[str, str, str], Link] = field(default_factory=dict)
    scopes: list[Scope] = field(default_factory=list)

    def draft(
        self,
        local_id: str,
        class_name: str,
        *,
        name: str | None = None,
        attributes: Mapping[str, Value] | None = None,
        is_reference: bool = False,
    ) -> str:
        """Add a draft without its empty attributes; gives the local id back."""
        said = {key: value for key, value in (attributes or {}).items() if value not in (None, "", [], ())}
        draft = Draft(local_id=local_id, class_name=class_name, name=name, attributes=said, is_reference=is_reference)
        self.drafts.setdefault(local_id, draft)
        return local_id

    def link(
        self,
        source: str,
        type_: str,
        target: str,
        *,
        attributes: Mapping[str, Value] | None = None,
        confidence: float = 1.0,
    ) -> None:
        """Add `(source)-[:type_]->(target)`."""
        self.links.setdefault(
            (source, type_, target),
            Link(source=source, type=type_, target=target, attributes=dict(attributes or {}), confidence=confidence),
        )

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
