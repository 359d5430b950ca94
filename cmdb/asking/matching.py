"""Whether a condition is true of a CI: what every store must answer, said in process."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from cmdb.asking.addresses import is_inside
from cmdb.asking.condition import (
    Always,
    And,
    Attribute,
    Column,
    Compare,
    Condition,
    DateValue,
    Element,
    Exists,
    Field,
    FieldType,
    FlagValue,
    Has,
    Inside,
    Looks,
    Not,
    NumberValue,
    OfClass,
    OneNumberOf,
    OneOf,
    Operand,
    Operator,
    Or,
    OwnColumn,
    Related,
    Size,
    TextTest,
    TextValue,
    TimeValue,
)
from cmdb.asking.facts import Facts
from cmdb.entities import CI
from cmdb.store.folding import fold
from cmdb.store.instants import to_microseconds

Found = str | int | float | bool | tuple[str, ...]
"""A value as it is compared: text folded, time in microseconds."""

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: eq,
    Operator.UNEQUAL: ne,
    Operator.LESS: lt,
    Operator.LESS_OR_EQUAL: le,
    Operator.GREATER: gt,
    Operator.GREATER_OR_EQUAL: ge,
}
_TESTS: dict[TextTest, Callable[[str, str], bool]] = {
    TextTest.CONTAINS: lambda text, part: part in text,
    TextTest.STARTS_WITH: str.startswith,
    TextTest.ENDS_WITH: str.endswith,
}
_INT64 = 1 << 63


def matches(condition: Condition, facts: Facts) -> bool:
    """Whether the condition is true of the CI; what is absent makes a comparison false."""
    return _matches(condition, facts, ())


def _matches(condition: Condition, facts: Facts, elements: tuple[str, ...]) -> bool:
    match condition:
        case Always(value=value):
            return value
        case Not(of=of):
            return not _matches(of, facts, elements)
        case And(of=parts):
            return all(_matches(part, facts, elements) for part in parts)
        case Or(of=parts):
            return any(_matches(part, facts, elements) for part in parts)
        case Has(field=field):
            return field_value(field, facts) is not None
        case Compare(left=left, operator=operator, right=right):
            one, other = _value(left, facts, elements), _value(right, facts, elements)
            return one is not None and other is not None and _COMPARE[operator](one, other)
        case OneOf(of=operand, values=values) | OneNumberOf(of=operand, values=values):
            return _value(operand, facts, elements) in values
        case OfClass(names=names):
            return facts.ci.class_name in names
        case Looks(of=operand, test=test, text=text):
            found = _value(operand, facts, elements)
            return isinstance(found, str) and _TESTS[test](found, text)
        case Inside(of=operand, network=network):
            found = _value(operand, facts, elements)
            return isinstance(found, str) and is_inside(found, network)
        case Exists(field=field, of=of):
            held = field_value(field, facts)
            return isinstance(held, tuple) and any(_matches(of, facts, (*elements, text)) for text in held)
        case Related():
            return any(matches(condition.of, Facts(ci, facts.around, facts.now)) for ci in _relatives(condition, facts))


def _relatives(condition: Related, facts: Facts) -> list[CI]:
    """Those within the hops, nearest first, without the CI itself."""
    known = {facts.ci.id}
    ring, found = [facts.ci], []
    for _ in range(condition.hops):
        ahead: dict[str, CI] = {}
        for ci in ring:
            for other in facts.around.neighbours(ci, condition.types, condition.direction):
                if other.id not in known:
                    ahead[other.id] = other
        known |= ahead.keys()
        ring = list(ahead.values())
        found += ring
    return found


def _value(operand: Operand, facts: Facts, elements: tuple[str, ...]) -> Found | None:
    match operand:
        case Attribute() | OwnColumn():
            return field_value(operand, facts)
        case Element(depth=depth):
            return elements[-1 - depth]
        case Size(of=of):
            found = _value(of, facts, elements)
            return len(found) if isinstance(found, str | tuple) else None
        case TextValue(value=text):
            return text
        case NumberValue(value=number):
            return number
        case FlagValue(value=flag):
            return flag
        case TimeValue():
            return operand.instant(facts.now)
        case DateValue():
            return operand.day(facts.now)


def field_value(field: Field, facts: Facts) -> Found | None:
    """The value of a field as it is compared, None when it is absent."""
    ci = facts.ci
    if isinstance(field, Attribute):
        return _attribute(field, ci)
    match field.column:
        case Column.ID:
            return fold(ci.id)
        case Column.NAME:
            return fold(ci.name)
        case Column.CLASS:
            return ci.class_name
        case Column.LIFECYCLE:
            return ci.lifecycle.value
        case Column.STATE:
            return ci.state.value
        case Column.CREATED_AT:
            return to_microseconds(ci.created_at)
        case Column.FIRST_SEEN_AT:
            seen = facts.around.seen(ci)
            return None if seen is None else to_microseconds(seen.first_at)
        case Column.LAST_SEEN_AT:
            seen = facts.around.seen(ci)
            return None if seen is None else to_microseconds(seen.last_at)


def _attribute(field: Attribute, ci: CI) -> Found | None:
    value = ci.attributes.get(field.name)
    match field.type:
        case FieldType.TEXT:
            return fold(value) if isinstance(value, str) else None
        case FieldType.NUMBER:
            if isinstance(value, bool) or (isinstance(value, int) and not -_INT64 <= value < _INT64):
                return None
            return value if isinstance(value, int | float) else None
        case FieldType.FLAG:
            return value if isinstance(value, bool) else None
        case FieldType.TEXTS:
            if isinstance(value, str) or not isinstance(value, list | tuple):
                return None
            texts = [fold(element) for element in value if isinstance(element, str)]
            return tuple(texts) if len(texts) == len(value) else None
        case FieldType.TIME:
            return None
