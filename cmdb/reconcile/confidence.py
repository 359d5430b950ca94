"""How sure several sources together are of one relationship."""

from __future__ import annotations

import math
from collections.abc import Iterable


def together(confidences: Iterable[float]) -> float:
    """1 − Π(1 − c) over independent sources, each 0–1; one source alone stays what it is, none is 0.

    The order plays no part, and a further source never makes it less.
    """
    said = sorted(confidences)
    if len(said) < 2:
        return said[0] if said else 0.0
    return 1.0 - math.prod(1.0 - confidence for confidence in said)
