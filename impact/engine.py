"""Which kernel runs: compiled, or the same loops in plain Python."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from impact import kernel_pure


@dataclass(frozen=True, slots=True)
class Engine:
    """The two loops, and how they want arrays handed over."""

    name: str
    propagate: Callable[..., tuple[int, int, int]]
    explain: Callable[..., int]
    view: Callable[[Any], Any]


PURE = Engine("pure", kernel_pure.propagate, kernel_pure.explain, memoryview)
"""Plain Python; a memoryview hands out plain integers, twice as fast as numpy's own."""

LOADING_PAYS_ONCE = 1_000_000
"""Nodes from which one question may repay the 0.4 s that loading the compiled code takes: plain Python needs as long for a radius of
100,000 CIs (docs/performance.md)."""
LOADING_PAYS_OFTEN = 20_000
"""Nodes from which it repays in a process that goes on answering."""


def _same(array: Any) -> Any:
    return array


@cache
def compiled() -> Engine:
    """The compiled loops; `PURE` where numba cannot be imported."""
    try:
        from impact import kernel
    except ImportError:
        return PURE
    return Engine("numba", kernel.propagate, kernel.explain, _same)


def engine_for(node_count: int, *, is_followed: bool) -> Engine:
    """The one that answers sooner; `is_followed`: the graph goes on following its store, so many questions are to come."""
    enough = LOADING_PAYS_OFTEN if is_followed else LOADING_PAYS_ONCE
    return PURE if node_count < enough and "impact.kernel" not in sys.modules else compiled()
