"""A named right that one process holds at a time, through the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Protocol

Clock = Callable[[], dt.datetime]


class LeaseStore(Protocol):
    """The two methods of `Store` that leases need."""

    def acquire_lease(self, name: str, owner: str, *, now: dt.datetime, ttl_s: float) -> bool:
        """Take or renew a lease; False while another owner's has not run out at `now`."""

    def release_lease(self, name: str, owner: str) -> None:
        """Give a lease back."""


class Lease:
    """One owner's hold on one name; renewed at a third of its time to live, so that two losses in a row do no harm.

    Servers that share a store compare each other's clocks here: they must agree to within a third of `ttl_s`.
    Synchronous: call it from a worker thread. Raises `Unavailable` as the store does.
    """

    def __init__(self, store: LeaseStore, name: str, *, owner: str, ttl_s: float, clock: Clock) -> None:
        self._store = store
        self._name = name
        self._owner = owner
        self._ttl_s = ttl_s
        self._clock = clock
        self._renewed_at: dt.datetime | None = None

    @property
    def renew_every_s(self) -> float:
        """Seconds between renewals."""
        return self._ttl_s / 3

    def hold(self) -> bool:
        """Whether this owner holds the lease now; asks the store only when a renewal is due."""
        now = self._clock()
        if self._renewed_at is not None and 0 <= (now - self._renewed_at).total_seconds() < self.renew_every_s:
            return True
        is_held = self._store.acquire_lease(self._name, self._owner, now=now, ttl_s=self._ttl_s)
        self._renewed_at = now if is_held else None
        return is_held

    def release(self) -> None:
        """Give it back; nothing happens when it is not held."""
        self._renewed_at = None
        self._store.release_lease(self._name, self._owner)
