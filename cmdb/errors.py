"""Every error that the product raises on purpose.

    CmdbError
    ├── NotFound      no such thing, or none that matches
    ├── Conflict      true of another state: somebody was faster, or a name has several owners
    ├── Invalid       the input cannot be right
    ├── Unavailable   a store, daemon or target does not answer now; the same call may succeed later
    ├── Gone          was kept once, and is no longer
    └── Denied        not permitted here

A message states what was observed and what to do next; it never carries a secret.
"""

from __future__ import annotations

from collections.abc import Sequence


class CmdbError(Exception):
    """Base of all deliberate errors; `ids` names what it is about, `place` where (file and line), when known.

    `excerpt` shows the place in what was read, in lines of their own for a person's terminal.
    """

    def __init__(
        self, message: str, *, ids: Sequence[str] = (), place: str | None = None, excerpt: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.ids = tuple(ids)
        self.place = place
        self.excerpt = excerpt

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class NotFound(CmdbError):
    """No such thing."""


class Conflict(CmdbError):
    """The state that the caller relied on has moved, or a name fits several things."""


class Invalid(CmdbError):
    """The input cannot be right; says where and what would be."""


class Unavailable(CmdbError):
    """A component does not answer now."""


class Gone(CmdbError):
    """Was kept once, and is no longer; the message says from where on there is something."""


class Denied(CmdbError):
    """Not permitted."""
