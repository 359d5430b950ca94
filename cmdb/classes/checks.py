"""Checks of attribute values: one function per attribute, made once, called for every row.

A check returns the value in its one spelling, None for what was not said (null, empty, blank), or raises `WrongValue`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from cmdb.classes.spec import AttributeSpec, AttributeType, Format
from cmdb.normalise import forms, naming
from cmdb.values import Value

TEXT_LIMIT_BYTES = 64 * 1024
DEPTH_LIMIT = 100
ITEMS_LIMIT = 10_000
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_LARGEST = 2**63 - 1
"""Neo4j and SQLite keep whole numbers in 64 bits."""
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})

Check = Callable[[Value], Value]


class WrongValue(Exception):
    """The value is not of the attribute's type; the message says what was found and what would be right."""


def make_check(attribute: AttributeSpec) -> Check:
    """The check of one attribute."""
    match attribute.type:
        case AttributeType.TEXT:
            if attribute.choices:
                return _choice_check(attribute.choices)
            return _spelled_check(_SPELLINGS[attribute.format]) if attribute.format else check_text
        case AttributeType.TEXTS:
            return _texts_check(attribute.format)
        case AttributeType.INTEGER:
            return check_integer
        case AttributeType.NUMBER:
            return check_number
        case AttributeType.BOOLEAN:
            return check_boolean
        case AttributeType.OBJECTS:
            return _objects_check({inner.name: make_check(inner) for inner in attribute.fields})


def check_text(value: Value) -> str | None:
    """Text of at most 64 KiB of UTF-8, without control characters and outer blanks."""
    if type(value) is not str:
        if value is None:
            return None
        raise WrongValue(
            f"expected text, got {_kind(value)}; write it in quotes"
            if _is_scalar(value)
            else f"expected text, got {_kind(value)}"
        )
    if len(value) * 4 > TEXT_LIMIT_BYTES and len(value.encode("utf-8", "surrogatepass")) > TEXT_LIMIT_BYTES:
        raise WrongValue("the text is longer than 64 KiB; shorten it")
    return forms.text(value)


def check_integer(value: Value) -> int | None:
    """A whole number of at most 64 bits; a fraction of zero and digits in a text are taken for one."""
    if isinstance(value, str):
        cleaned = check_text(value)
        if cleaned is None:
            return None
        if not _INTEGER.fullmatch(cleaned):
            raise WrongValue(f"expected a whole number, got the text {_quoted(cleaned)}")
        value = int(cleaned)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongValue(f"expected a whole number, got {_kind(value)}")
    if not -_LARGEST - 1 <= value <= _LARGEST:
        raise WrongValue("the number does not fit into 64 bits")
    return value


def check_number(value: Value) -> float | None:
    """A finite number; digits in a text are taken for one."""
    if isinstance(value, str):
        cleaned = check_text(value)
        if cleaned is None:
            return None
        try:
            value = float(cleaned)
        except ValueError:
            raise WrongValue(f"expected a number, got the text {_quoted(cleaned)}") from None
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WrongValue(f"expected a number, got {_kind(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise WrongValue("expected a finite number")
    return number


def check_boolean(value: Value) -> bool | None:
    """True or false; also the words true, false, yes, no, on, off and the numbers 1 and 0."""
    if value is None or isinstance(value, bool):
        return value
    word = check_text(value) if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    if word is None:
        return None
    if word.lower() in _TRUE:
        return True
    if word.lower() in _FALSE:
        return False
    raise WrongValue(f"expected true or false, got {_quoted(word) if isinstance(value, str) else _kind(value)}")


def check_unknown(value: Value, depth: int = 1) -> Value:
    """Any JSON value of an attribute that no class declares: cleaned, bounded in depth and size, else as it was said.

    Whole numbers beyond 64 bits become text. Entries of null, empty or blank are left out of lists and objects.
    """
    if depth > DEPTH_LIMIT:
        raise WrongValue(f"the value is nested deeper than {DEPTH_LIMIT}")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return check_text(value)
    if isinstance(value, int):
        return value if -_LARGEST - 1 <= value <= _LARGEST else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise WrongValue("expected a finite number")
        return value
    if isinstance(value, Mapping):
        cleaned = {forms.text(str(key)): check_unknown(inner, depth + 1) for key, inner in value.items()}
        return {key: inner for key, inner in cleaned.items() if key is not None and inner is not None} or None
    items = [check_unknown(inner, depth + 1) for inner in value]
    return [item for item in items if item is not None] or None


def _fqdn(value: str) -> str | None:
    return naming.fqdn(value)


_SPELLINGS: dict[Format, Callable[[str], str | None]] = {
    Format.MAC: forms.mac,
    Format.IP: forms.interface_address,
    Format.CIDR: forms.cidr,
    Format.UUID: forms.uuid_shown,
    Format.FQDN: _fqdn,
}
_SETS = frozenset({Format.MAC, Format.IP})
"""Formats whose lists have no order: they are sorted, so that a source that shuffles them says nothing new."""


def _spelled_check(spell: Callable[[str], str | None]) -> Check:
    def check(value: Value) -> Value:
        cleaned = check_text(value)
        return None if cleaned is None else spell(cleaned) or cleaned

    return check


def _choice_check(choices: tuple[str, ...]) -> Check:
    by_word = {_as_word(choice): choice for choice in choices}

    def check(value: Value) -> Value:
        cleaned = check_text(value)
        if cleaned is None:
            return None
        choice = by_word.get(_as_word(cleaned))
        if choice is None:
            raise WrongValue(f"{_quoted(cleaned)} is none of {', '.join(choices)}")
        return choice

    return check


def _as_word(value: str) -> str:
    return value.lower().replace(" ", "_").replace("-", "_")


def _texts_check(format_: Format | None) -> Check:
    check_item = _spelled_check(_SPELLINGS[format_]) if format_ else check_text
    is_set = format_ in _SETS

    def check(value: Value) -> Value:
        if value is None:
            return None
        if isinstance(value, str):
            value = (value,)
        if not isinstance(value, list | tuple):
            raise WrongValue(f"expected a list of text, got {_kind(value)}")
        if len(value) > ITEMS_LIMIT:
            raise WrongValue(f"the list has more than {ITEMS_LIMIT} entries")
        items = dict.fromkeys(str(item) for item in map(check_item, value) if item is not None)
        return (sorted(items) if is_set else list(items)) or None

    return check


def _objects_check(inner_checks: Mapping[str, Check]) -> Check:
    def check_object(item: Value) -> Value:
        if not isinstance(item, Mapping):
            raise WrongValue(f"expected a list of objects, got {_kind(item)} in the list")
        cleaned: dict[str, Value] = {}
        for key, inner in item.items():
            try:
                checked = inner_checks[key](inner) if key in inner_checks else check_unknown(inner, 2)
            except WrongValue as wrong:
                raise WrongValue(f"{key}: {wrong}") from wrong
            name = forms.text(str(key))
            if checked is not None and name is not None:
                cleaned[name] = checked
        return cleaned or None

    def check(value: Value) -> Value:
        if value is None:
            return None
        if isinstance(value, Mapping):
            value = (value,)
        if not isinstance(value, list | tuple):
            raise WrongValue(f"expected a list of objects, got {_kind(value)}")
        if len(value) > ITEMS_LIMIT:
            raise WrongValue(f"the list has more than {ITEMS_LIMIT} entries")
        items = [check_object(item) for item in value if item is not None]
        return [item for item in items if item is not None] or None

    return check


def _is_scalar(value: Value) -> bool:
    return isinstance(value, int | float)


def _kind(value: Value) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "an object" if isinstance(value, Mapping) else "a list"


def _quoted(value: str) -> str:
    return f"'{value if len(value) <= 40 else value[:40] + '…'}'"
