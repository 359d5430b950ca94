"""Compaction beside everything else that a server does: other writers come in between its short transactions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from api.gate import Gate
from cmdb.history.compaction import Compaction, Retention


async def run_steps(gate: Gate, compaction: Compaction, retention: Retention | None) -> int:
    """Do what was planned, or what an earlier compaction was cut off from; how much was dropped."""
    steps = await gate.read(compaction.unfinished) if retention is None else compaction.steps(retention)
    dropped = 0
    while (count := await gate.write(partial(_step, steps))) is not None:
        dropped += count
    return dropped


def _step(steps: Iterator[int]) -> int | None:
    return next(steps, None)
