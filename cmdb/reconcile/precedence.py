"""Whose value wins: sources ranked, silence that ends a better source's word, and a total order for ties.

Source: design §6, *Claims and precedence*.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from cmdb.values import Value

DEFAULT_RANKS: dict[str, int] = {
    "ssh": 1,
    "local": 1,
    "agent": 1,
    "glpi": 1,
    "vcenter": 2,
    "vsphere": 2,
    "aws": 2,
    "azure": 2,
    "gcp": 2,
    "kubernetes": 2,
    "libvirt": 2,
    "proxmox": 2,
    "snmp": 3,
    "csv": 4,
    "xlsx": 4,
    "graph": 4,
    "terraform": 4,
    "cyclonedx": 4,
    "snmprec": 3,
    "nmap": 5,
}
LOWEST_RANK = 5
PERSON_PREFIX = "person:"


@dataclass(frozen=True, slots=True)
class Policy:
    """Ranks by source name (0 is best; a person's edit always is) and how long a silent source's word stands."""

    ranks: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_RANKS))
    effective_duration: dt.timedelta = dt.timedelta(days=30)
    grace_scans: int = 3
    grace: dt.timedelta = dt.timedelta(days=7)

    def rank(self, source: str) -> int:
        """Rank of a source; unnamed sources share the lowest."""
        if source.startswith(PERSON_PREFIX):
            return 0
        return self.ranks.get(source, LOWEST_RANK)

    def is_over(self, class_name: str, last_seen: dt.datetime, missing_at: Sequence[dt.datetime]) -> bool:  # noqa: ARG002 - one grace for all classes so far
        """Grace of a class: the later of so many complete scans without it and so long a time since it was seen."""
        return len(missing_at) >= self.grace_scans and max(missing_at) - last_seen >= self.grace


@dataclass(frozen=True, slots=True)
class Said:
    """One claim's value for one attribute, and when it was last said."""

    value: Value
    source: str
    record: str
    at: dt.datetime


def winner(said: Sequence[Said], policy: Policy) -> Said:
    """The value that stands, of at least one: best rank among those not silent for longer than the effective duration
    before the newest word of all; then the newest; then the source's name; then the record.
    """
    newest = max(one.at for one in said)
    speaking = [
        one for one in said if one.source.startswith(PERSON_PREFIX) or newest - one.at <= policy.effective_duration
    ]
    return min(speaking, key=lambda one: (policy.rank(one.source), -one.at.timestamp(), one.source, one.record))
