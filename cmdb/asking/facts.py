"""What a condition is asked of: a CI and what is around it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from cmdb.asking.condition import Direction
from cmdb.entities import CI
from cmdb.store.protocol import Seen


class Surroundings(Protocol):
    """Looks up what a CI does not say of itself; asked only for conditions that need it."""

    def seen(self, ci: CI) -> Seen | None:
        """First and last sighting over the CI's claims, None when it was never seen."""

    def neighbours(self, ci: CI, types: Iterable[str], direction: Direction) -> Iterable[CI]:
        """The CIs one relationship of these types away."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A CI as it is, or was; `now` is the time of asking."""

    ci: CI
    around: Surroundings
    now: dt.datetime
