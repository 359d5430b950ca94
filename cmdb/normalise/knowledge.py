"""What one site knows of makers, programs and banners beside the shipped lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cmdb.normalise.fingerprint import Spoken
from cmdb.normalise.spoken_rules import Rule


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A site's additions; they are asked before the shipped lists. Names are folded: no case, no punctuation."""

    makers: Mapping[str, str] = field(default_factory=dict)
    """Folded spelling → the one spelling."""
    products: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Folded name of a program → maker and product."""
    rules: Mapping[Spoken, tuple[Rule, ...]] = field(default_factory=dict)


SHIPPED_ONLY = Knowledge()
