"""How people name a point of the past: a revision (`17` or `@17`) or a time of commit."""

from __future__ import annotations

import datetime as dt

from cmdb.errors import Invalid, NotFound
from cmdb.history.past import Past
from cmdb.store.protocol import Store, Then
from cmdb.store.view import View


def parse_point(text: str, place: str) -> dt.datetime | int:
    """A revision or an ISO 8601 time; without an offset it is UTC, a date is its first moment. `Invalid` names `place`."""
    number = text.removeprefix("@")
    if number.isascii() and number.isdigit():
        return int(number)
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        message = f"{place} {text!r} is no point of time; write 2026-01-31, 2026-01-31T12:00Z or a revision such as @17"
        raise Invalid(message) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)


def then(store: Store, text: str, *, place: str = "--as-of") -> Then:
    """What was committed by then. Raises `Invalid` for a text that is no point, `NotFound` for a revision to come."""
    point = parse_point(text, place)
    if isinstance(point, int) and point > (newest := store.revision()):
        raise NotFound(f"{place} {text!r}: there is no revision {point} yet; the newest is {newest}")
    return store.then(point)


def view(store: Store, text: str | None, *, place: str = "--as-of") -> View:
    """The store as it was then, or as it is when no point is named. Raises as `then`."""
    if text is None:
        return store
    found = then(store, text, place=place)
    return Past(store, found, caution=_caution(store, parse_point(text, place), found))


def _caution(store: Store, asked: dt.datetime | int, found: Then) -> str | None:
    """What to say of a point before the horizon, unless it is a kept one itself."""
    horizon = store.horizon()
    if horizon is None or asked == found.revision:
        return None
    if found.revision >= horizon.then.revision if isinstance(asked, int) else asked >= horizon.at:
        return None
    return f"answers before {horizon.at:%Y-%m-%d} (UTC) are daily: this is the state after {describe(store, found.revision)}"


def describe(store: Store, revision: int) -> str:
    """A revision with its time, for people."""
    found = store.revisions(after=revision - 1, limit=1) if revision else ()
    if not found or found[0].number != revision:
        return "the beginning" if revision == 0 else f"revision {revision}"
    return f"revision {revision} ({found[0].at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC)"
