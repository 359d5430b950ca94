"""What one source saw of one target at one time: the only way into the graph.

Scanners and parsers make observations; nothing else does. `Draft.local_id` ties drafts, links, redundancy and
scopes of one observation together and means nothing outside it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from cmdb.values import Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A CI as its source describes it; `class_name` in snake_case (`network_switch` is spelled `switch`).

    `name` is the short display name. Attribute names and types are those of the class registry; unknown ones are kept as a claim.
    A dependent draft (interface, disk, process, software instance) names its host's `local_id` in `attributes["host"]`.
    """

    local_id: str
    class_name: str
    name: str | None = None
    native_key: str | None = None
    attributes: Attributes = field(default_factory=dict)
    line: int | None = None
    """Line of the input, 1-based, where there is one; goes into messages."""
    is_reference: bool = False
    """Names something that was seen from elsewhere, such as the far end of a connection: it says that the thing is there, and
    what it leaves out means nothing."""
    is_known_or_waits: bool = False
    """Makes no CI: until something known fits it, it is parked together with its links, as what a switch hears of a neighbour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A relationship `(source)-[:type]->(target)` between two drafts of the same observation."""

    source: str
    type: str
    target: str
    attributes: Attributes = field(default_factory=dict)
    confidence: float = 1.0
    line: int | None = None
    is_by_key: bool = False
    """An end that is no `local_id` names a CI by native key, id, `class:name` or name, as a column of a table does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedundancyDraft:
    """`of` needs `min_up` of `members`, or `min_up_percent` of them (0–100); exactly one of the two is set."""

    of: str
    members: tuple[str, ...]
    min_up: int | None = None
    min_up_percent: float | None = None
    name: str | None = None
    line: int | None = None


class ScopeKind(StrEnum):
    """What was seen in full, so that absence counts."""

    CI_CLASS = "ci_class"
    """Every CI of `class_name` (and subclasses) inside the CI `within`, or, without it, of this source."""
    SUBNET = "subnet"
    """Every address of `cidr` in the observation's network was probed and answers were listened to."""
    RELATIONSHIPS = "relationships"
    """Every relationship of `relationship_type` from or to the CI `within`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A set that the source says it saw completely; `within` is a `local_id` of the observation."""

    kind: ScopeKind
    class_name: str | None = None
    within: str | None = None
    cidr: str | None = None
    relationship_type: str | None = None
    excluded: tuple[str, ...] = ()
    """Addresses or networks inside `cidr` that policy kept out of the scan; absence says nothing about them."""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A target that was probed and did not let itself be read; makes no CI and retires nothing."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One source's view of one target at `at`; planned and committed as one change set (at most 5,000 drafts).

    `run_id` groups the observations of one run or one file. `network` is the address space (design §6).
    """

    source: str
    run_id: str
    at: dt.datetime
    drafts: tuple[Draft, ...] = ()
    links: tuple[Link, ...] = ()
    redundancy: tuple[RedundancyDraft, ...] = ()
    scopes: tuple[Scope, ...] = ()
    unreachable: tuple[Unreachable, ...] = ()
    network: str = "default"
