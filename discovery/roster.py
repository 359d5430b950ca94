"""Which remote collectors have called this process, and when last."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

NAMES_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Caller:
    """A collector that has called."""

    name: str
    version: str
    last_seen_at: dt.datetime


class Roster:
    """Starts empty; keeps the `NAMES_KEPT` that called last. For one event loop."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, Caller] = OrderedDict()
        self._waiting = 0

    def saw(self, name: str, *, at: dt.datetime, version: str | None = None) -> None:
        """A collector has called; the version it last said stays when it says none."""
        known = self._callers.pop(name, None)
        self._callers[name] = Caller(name, version or (known.version if known else ""), at)
        while len(self._callers) > NAMES_KEPT:
            self._callers.popitem(last=False)

    def callers(self) -> dict[str, Caller]:
        """Those seen, by name."""
        return dict(self._callers)

    @contextlib.contextmanager
    def waiting(self, *, limit: int) -> Iterator[bool]:
        """Count one that waits for a run; False when `limit` of them wait already."""
        has_room = self._waiting < limit
        self._waiting += has_room
        try:
            yield has_room
        finally:
            self._waiting -= has_room
