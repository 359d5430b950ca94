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

SMALL = 20_000
"""Nodes below which the time to load the compiler's code outweighs what it saves one command."""


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


def engine_for(node_count: int) -> Engine:
    """The faster one for a process that asks once: `PURE` for small graphs unless the compiled code is loaded already."""
    return PURE if node_count < SMALL and "impact.kernel" not in sys.modules else compiled()
