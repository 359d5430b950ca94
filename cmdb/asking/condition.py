"""What is asked of a CI: a closed set of frozen values with two truth values and no unknown.

This is the table of allowed operators (design §11): every store compiles each of them to the same answer, and
`cmdb.asking.matching` says in process what that answer is. What is absent, or of another type than the registry says,
makes every comparison false, `!=` too. Texts are compared with A–Z in lower case (`cmdb.store.folding`) and ordered by
code point; numbers by value; times to the microsecond.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

import msgspec

from cmdb.store.instants import from_microseconds, to_microseconds


class FieldType(StrEnum):
    """Type of a value that is compared."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    TIME = "time"
    TEXTS = "texts"


class Column(StrEnum):
    """What a CI has beside its attributes."""

    ID = "id"
    NAME = "name"
    CLASS = "class"
    LIFECYCLE = "lifecycle"
    STATE = "state"
    CREATED_AT = "created_at"
    FIRST_SEEN_AT = "first_seen_at"
    LAST_SEEN_AT = "last_seen_at"


class Operator(StrEnum):
    """How two values are compared."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


class TextTest(StrEnum):
    """How a text is looked into; the text looked for is never empty."""

    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"


class Direction(StrEnum):
    """Which way a relationship is followed from a CI."""

    OUT = "out"
    IN = "in"
    ANY = "any"


class Attribute(msgspec.Struct, frozen=True, tag_field="kind", tag="attribute"):
    """The value of an attribute; absent when it is not of `type`."""

    name: str
    type: FieldType


class OwnColumn(msgspec.Struct, frozen=True, tag_field="kind", tag="column"):
    """The value of a column; a CI that was never seen has no first and last time."""

    column: Column
    type: FieldType


class Element(msgspec.Struct, frozen=True, tag_field="kind", tag="element"):
    """The element of the list in `Exists` that is looked at; 0 is the innermost list's."""

    depth: int = 0


class Size(msgspec.Struct, frozen=True, tag_field="kind", tag="size"):
    """Code points of a text, or elements of a list."""

    of: Attribute | OwnColumn | Element


class TextValue(msgspec.Struct, frozen=True, tag_field="kind", tag="text"):
    """A text that is written out, folded."""

    value: str


class NumberValue(msgspec.Struct, frozen=True, tag_field="kind", tag="number"):
    """A number that is written out: finite, whole ones of 64 bits."""

    value: int | float


class FlagValue(msgspec.Struct, frozen=True, tag_field="kind", tag="flag"):
    """True or false, written out."""

    value: bool


class TimeValue(msgspec.Struct, frozen=True, tag_field="kind", tag="time"):
    """An instant in microseconds since 1970 UTC; since the time of asking when `is_from_now`."""

    microseconds: int
    is_from_now: bool = False

    def instant(self, now: dt.datetime) -> int:
        """Microseconds since 1970 UTC."""
        return self.microseconds + (to_microseconds(now) if self.is_from_now else 0)


class DateValue(msgspec.Struct, frozen=True, tag_field="kind", tag="date"):
    """The day of an instant in UTC as a text such as 2026-11-24, as attributes write days."""

    of: TimeValue

    def day(self, now: dt.datetime) -> str:
        """The day as ten characters; the first or last of the calendar for one beyond the years 1 to 9999."""
        try:
            return from_microseconds(self.of.instant(now)).date().isoformat()
        except OverflowError:
            return (dt.date.min if self.of.instant(now) < 0 else dt.date.max).isoformat()


Field = Attribute | OwnColumn
Operand = Attribute | OwnColumn | Element | Size | TextValue | NumberValue | FlagValue | TimeValue | DateValue


class Always(msgspec.Struct, frozen=True, tag_field="kind", tag="always"):
    """Every CI, or none."""

    value: bool


class Not(msgspec.Struct, frozen=True, tag_field="kind", tag="not"):
    """The opposite."""

    of: Condition


class And(msgspec.Struct, frozen=True, tag_field="kind", tag="and"):
    """All of them."""

    of: tuple[Condition, ...]


class Or(msgspec.Struct, frozen=True, tag_field="kind", tag="or"):
    """Any of them."""

    of: tuple[Condition, ...]


class Has(msgspec.Struct, frozen=True, tag_field="kind", tag="has"):
    """The field is there, with a value of its type."""

    field: Field


class Compare(msgspec.Struct, frozen=True, tag_field="kind", tag="compare"):
    """Two values of one type; flags by `==` and `!=` alone. Never true when one is absent."""

    left: Operand
    operator: Operator
    right: Operand


class OneOf(msgspec.Struct, frozen=True, tag_field="kind", tag="one_of"):
    """A text equals one of these folded texts."""

    of: Operand
    values: tuple[str, ...]


class OneNumberOf(msgspec.Struct, frozen=True, tag_field="kind", tag="one_number_of"):
    """A number equals one of these."""

    of: Operand
    values: tuple[int | float, ...]


class OfClass(msgspec.Struct, frozen=True, tag_field="kind", tag="of_class"):
    """The CI's own class is one of these."""

    names: tuple[str, ...]


class Looks(msgspec.Struct, frozen=True, tag_field="kind", tag="looks"):
    """A text contains, begins with or ends with a folded text."""

    of: Operand
    test: TextTest
    text: str


class Inside(msgspec.Struct, frozen=True, tag_field="kind", tag="inside"):
    """A text is an address of a network, both of one family; spelled as RFC 5952 says, and absent otherwise."""

    of: Operand
    network: str


class Exists(msgspec.Struct, frozen=True, tag_field="kind", tag="exists"):
    """A list has an element of which `of` is true."""

    field: Attribute
    of: Condition


class Related(msgspec.Struct, frozen=True, tag_field="kind", tag="related"):
    """Another CI that is 1 to `hops` relationships of these types away, in one direction, is such.

    The CI itself does not count; of `ANY` direction each step goes either way.
    """

    types: tuple[str, ...]
    hops: int
    direction: Direction
    of: Condition


Condition = Always | Not | And | Or | Has | Compare | OneOf | OneNumberOf | OfClass | Looks | Inside | Exists | Related


class Sort(msgspec.Struct, frozen=True):
    """Total order: CIs without the field last, then its value (text folded, by code point), then the id, ascending."""

    field: Field
    is_descending: bool = False


HOPS_LIMIT = 5
"""The longest way of one `related`."""
RELATED_LIMIT = 3
"""How deep `related` is nested."""

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER: msgspec.json.Decoder[Condition] = msgspec.json.Decoder(Condition)


def to_json(condition: Condition) -> str:
    """The condition as JSON text, equal for equal conditions."""
    return _ENCODER.encode(condition).decode()


def from_json(text: str) -> Condition:
    """The condition that `to_json` wrote; raises `msgspec.DecodeError` for anything else."""
    return _DECODER.decode(text)


def at_time(condition: Condition, now: dt.datetime) -> Condition:
    """The condition with `now` written out, as stores take it."""
    match condition:
        case Not(of=of):
            return Not(at_time(of, now))
        case And(of=parts):
            return And(tuple(at_time(part, now) for part in parts))
        case Or(of=parts):
            return Or(tuple(at_time(part, now) for part in parts))
        case Compare(left=left, operator=operator, right=right):
            return Compare(_at_time(left, now), operator, _at_time(right, now))
        case Exists(field=field, of=of):
            return Exists(field, at_time(of, now))
        case Related(types=types, hops=hops, direction=direction, of=of):
            return Related(types, hops, direction, at_time(of, now))
        case _:
            return condition


def _at_time(operand: Operand, now: dt.datetime) -> Operand:
    match operand:
        case TimeValue():
            return TimeValue(operand.instant(now))
        case DateValue():
            return TextValue(operand.day(now))
        case _:
            return operand


def fields_of(condition: Condition) -> frozenset[Field]:
    """The fields that it asks of the CI itself, not of related ones."""
    match condition:
        case Not(of=of):
            return fields_of(of)
        case And(of=parts) | Or(of=parts):
            return frozenset().union(*(fields_of(part) for part in parts))
        case Has(field=field):
            return frozenset((field,))
        case Compare(left=left, right=right):
            return _fields(left) | _fields(right)
        case OneOf(of=operand) | OneNumberOf(of=operand) | Looks(of=operand) | Inside(of=operand):
            return _fields(operand)
        case Exists(field=field, of=of):
            return fields_of(of) | {field}
        case _:
            return frozenset()


def _fields(operand: Operand) -> frozenset[Field]:
    if isinstance(operand, Size):
        return _fields(operand.of)
    return frozenset((operand,)) if isinstance(operand, Attribute | OwnColumn) else frozenset()
