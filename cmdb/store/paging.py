"""Limits and cursors of lists, the same in every store."""

from __future__ import annotations

import base64
import binascii
import json

from cmdb.errors import Invalid
from cmdb.store.protocol import PAGE_LIMIT


def checked_limit(limit: int) -> int:
    """The limit itself; `Invalid` outside 1 to `PAGE_LIMIT`."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise Invalid(f"a page of {limit} was asked for; ask for 1 to {PAGE_LIMIT}")
    return limit


def make_cursor(folded_name: str, id_: str) -> str:
    """An opaque, URL-safe word that continues a list after this CI."""
    return base64.urlsafe_b64encode(json.dumps([folded_name, id_]).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[str, str]:
    """Folded name and id that `make_cursor` was given; `Invalid` for any other text."""
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        folded_name, id_ = place
    except (binascii.Error, ValueError, TypeError) as error:
        raise Invalid("the cursor is not one of this list; start again without it") from error
    if not isinstance(folded_name, str) or not isinstance(id_, str):
        raise Invalid("the cursor is not one of this list; start again without it")
    return folded_name, id_
