"""How people write an edit in words: `NAME=VALUE` and a time or a span until it ends."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from cmdb.classes.spec import AttributeType
from cmdb.errors import Invalid
from cmdb.reconcile.policy_file import duration
from cmdb.registry import Registry
from cmdb.values import Value


def said_in(words: Sequence[str], class_name: str, registry: Registry) -> dict[str, Value]:
    """The values of `NAME=VALUE` words; `NAME=` says that there is none.

    A list is written `a,b`, as JSON, or by naming it several times. Raises `Invalid` for a word without `=`, for a scalar that is
    named twice and for what should be JSON and is none.
    """
    attributes = registry.get(class_name).attributes
    said: dict[str, Value] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals or not name:
            raise Invalid(f"{word!r} is no NAME=VALUE; write owner=Ana, or owner= to say that there is none")
        spec = attributes.get(name)
        is_list = spec is not None and spec.type in (AttributeType.TEXTS, AttributeType.OBJECTS)
        value = _list(name, text, is_text=spec.type is AttributeType.TEXTS) if spec is not None and is_list else text
        before = said.get(name)
        if name in said and not (isinstance(before, list) and isinstance(value, list)):
            raise Invalid(f"{name} is given twice; give it once")
        said[name] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
        if not text.strip():
            said[name] = None
    return said


def _list(name: str, text: str, *, is_text: bool) -> list[Value]:
    if text.lstrip().startswith(("[", "{")):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Invalid(f"attribute {name}: not valid JSON: {error}") from error
        return found if isinstance(found, list) else [found]
    if not is_text:
        raise Invalid(f'attribute {name}: write a list of objects as JSON, such as [{{"name": "value"}}]')
    return [part.strip() for part in text.split(",") if part.strip()]


def until_from(text: str, *, now: dt.datetime) -> dt.datetime:
    """A time (ISO 8601, UTC unless it says otherwise), or a span from now such as `30 d`; raises `Invalid`."""
    try:
        return now + duration(text)
    except (ValueError, OverflowError):
        pass
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(
            f"{text!r} is no time; write it as 2026-01-31, 2026-01-31T12:00:00Z or as a span such as 30 d"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
