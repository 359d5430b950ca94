# ruff: noqa: S608 - only names of this module and of parameters are put into a statement
"""Conditions as SQL: each of the allowed operators once, values as parameters only.

`n0` is the CI's row of `node` and `b0` that of `version` with its body; those of a related CI are `n1` and `b1`, and so on.
Every condition is 0 or 1, never null.
"""

from __future__ import annotations

from cmdb.asking.condition import (
    Always,
    And,
    Attribute,
    Column,
    Compare,
    Condition,
    Direction,
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
    Or,
    OwnColumn,
    Related,
    Size,
    TextTest,
    TextValue,
    TimeValue,
    fields_of,
)
from cmdb.errors import Invalid

_SEEN = (
    "(SELECT {bound}(s.{column}) FROM lookup l JOIN sighting s ON s.subject = l.id"
    " WHERE l.field = 'claim.ci' AND l.value = n{level}.id)"
)
_ARROWS = {
    Direction.OUT: ("'relationship.source'", "g.target"),
    Direction.IN: ("'relationship.target'", "g.source"),
    Direction.ANY: (
        "'relationship.source', 'relationship.target'",
        "CASE l.field WHEN 'relationship.source' THEN g.target ELSE g.source END",
    ),
}
BODY = (
    "CROSS JOIN current c{level} ON c{level}.kind = 'ci' AND c{level}.id = n{level}.id"
    " CROSS JOIN version b{level} ON b{level}.place = c{level}.place"
)
"""Joins the body of a CI to its node, and never the other way round (sqlite.org/optoverview.html §7.2)."""


class Parameters:
    """The values of one statement, each under a name of its own."""

    def __init__(self) -> None:
        self.values: dict[str, str | int | float | None] = {}

    def bind(self, value: str | float | None) -> str:
        """The place that stands for a value in the statement."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def bind_all(self, values: tuple[str, ...] | tuple[int | float, ...]) -> str:
        """A list of places, for IN."""
        return ", ".join(self.bind(value) for value in values)


class Compiler:
    """Writes SQL for the CI `n{level}`; its parameters are collected."""

    def __init__(self, parameters: Parameters, level: int = 0) -> None:
        self._parameters = parameters
        self._bind = parameters.bind
        self._level = level
        self._elements = 0

    def condition(self, condition: Condition) -> str:
        """An expression of 0 or 1."""
        match condition:
            case Always(value=value):
                return "1" if value else "0"
            case Not(of=of):
                return f"NOT {self.condition(of)}"
            case And(of=parts):
                return f"({' AND '.join(self.condition(part) for part in parts)})"
            case Or(of=parts):
                return f"({' OR '.join(self.condition(part) for part in parts)})"
            case Has(field=field):
                return (
                    f"({self.field(field)} IS NOT NULL)" if field.type is not FieldType.TEXTS else self._is_texts(field)
                )
            case Compare(left=left, operator=operator, right=right):
                return f"coalesce({self._value(left)} {operator.value} {self._value(right)}, 0)"
            case OneOf(of=of, values=texts):
                return f"coalesce({self._value(of)} IN ({self._parameters.bind_all(texts)}), 0)"
            case OneNumberOf(of=of, values=numbers):
                return f"coalesce({self._value(of)} IN ({self._parameters.bind_all(numbers)}), 0)"
            case OfClass(names=names):
                return f"(n{self._level}.class_name IN ({self._parameters.bind_all(names)}))"
            case Looks(of=of, test=test, text=text):
                return self._looks(self._value(of), test, text)
            case Inside(of=of, network=network):
                return f"is_inside({self._value(of)}, {self._bind(network)})"
            case Exists(field=field, of=of):
                return self._exists(field, of)
            case Related():
                return self._related(condition)

    def _looks(self, value: str, test: TextTest, text: str) -> str:
        match test:
            case TextTest.CONTAINS:
                return f"coalesce(instr({value}, {self._bind(text)}) > 0, 0)"
            case TextTest.STARTS_WITH:
                return f"coalesce(substr({value}, 1, {self._bind(len(text))}) = {self._bind(text)}, 0)"
            case TextTest.ENDS_WITH:
                return f"coalesce(substr({value}, {self._bind(-len(text))}) = {self._bind(text)}, 0)"

    def _exists(self, field: Attribute, of: Condition) -> str:
        listed = f"json_each(b{self._level}.body, {self._path(field)})"
        is_list = self._is_texts(field)
        self._elements += 1
        found = f"EXISTS (SELECT 1 FROM {listed} e{self._elements} WHERE {self.condition(of)})"
        self._elements -= 1
        return f"({is_list} AND {found})"

    def _related(self, related: Related) -> str:
        ends, step = _ARROWS[related.direction]
        here, there = self._level, self._level + 1
        types = self._parameters.bind_all(related.types)
        body = BODY.format(level=there) if needs_body(related.of) else ""
        inner = Compiler(self._parameters, there).condition(related.of)
        # CROSS JOIN keeps the order: from the CI outwards, never over all relationships of the estate.
        if related.hops == 1:
            return (
                f"EXISTS (SELECT 1 FROM lookup l CROSS JOIN edge g ON g.id = l.id CROSS JOIN node n{there} ON n{there}.id = {step}"
                f" {body} WHERE l.field IN ({ends})"
                f" AND l.value = n{here}.id AND g.type IN ({types}) AND n{there}.id <> n{here}.id AND {inner})"
            )
        return (
            f"EXISTS (WITH RECURSIVE reach(id, hops) AS (SELECT n{here}.id, 0 UNION SELECT {step}, hops + 1 FROM reach"
            f" CROSS JOIN lookup l ON l.field IN ({ends}) AND l.value = reach.id CROSS JOIN edge g ON g.id = l.id"
            f" WHERE hops < {self._bind(related.hops)} AND g.type IN ({types}))"
            f" SELECT 1 FROM (SELECT DISTINCT id FROM reach) r CROSS JOIN node n{there} ON n{there}.id = r.id {body}"
            f" WHERE r.id <> n{here}.id AND {inner})"
        )

    def _value(self, operand: Operand) -> str:
        match operand:
            case Attribute() | OwnColumn():
                return self.field(operand)
            case Element(depth=depth):
                return f"fold(e{self._elements - depth}.value)"
            case Size(of=Attribute(type=FieldType.TEXTS) as field):
                return f"CASE WHEN {self._is_texts(field)} THEN json_array_length(b{self._level}.body, {self._path(field)}) END"
            case Size(of=of):
                return f"length({self._value(of)})"
            case TextValue(value=value) | NumberValue(value=value):
                return self._bind(value)
            case FlagValue(value=flag):
                return self._bind(int(flag))
            case TimeValue(microseconds=at, is_from_now=False):
                return self._bind(at)
            case _:
                raise Invalid("a store is asked with times written out; put `now` in their place first")

    def field(self, field: Field) -> str:
        """An expression of the field's value as it is compared, null when it is absent; not for lists."""
        if isinstance(field, OwnColumn):
            return self._column(field.column)
        body, path = f"b{self._level}.body", self._path(field)
        match field.type:
            case FieldType.TEXT:
                return f"CASE json_type({body}, {path}) WHEN 'text' THEN fold(json_extract({body}, {path})) END"
            case FieldType.NUMBER:
                number = f"json_extract({body}, {path})"
                # a whole number beyond 64 bits is read as a fraction, and counts as absent
                return (
                    f"CASE json_type({body}, {path}) WHEN 'real' THEN {number} WHEN 'integer' THEN"
                    f" CASE typeof({number}) WHEN 'integer' THEN {number} END END"
                )
            case FieldType.FLAG:
                return f"CASE json_type({body}, {path}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
            case _:
                raise Invalid(f"{field.name} is no single value")

    def _column(self, column: Column) -> str:
        level = self._level
        match column:
            case Column.ID:
                return f"fold(n{level}.id)"
            case Column.NAME:
                return f"n{level}.folded"
            case Column.CLASS:
                return f"n{level}.class_name"
            case Column.LIFECYCLE:
                return f"n{level}.lifecycle"
            case Column.STATE:
                return f"json_extract(b{level}.body, '$.state')"
            case Column.CREATED_AT:
                return f"instant(json_extract(b{level}.body, '$.created_at'))"
            case Column.FIRST_SEEN_AT:
                return _SEEN.format(bound="min", column="first_at", level=level)
            case Column.LAST_SEEN_AT:
                return _SEEN.format(bound="max", column="last_at", level=level)

    def _path(self, field: Field) -> str:
        assert isinstance(field, Attribute)
        return self._bind(f'$.attributes."{field.name}"')

    def _is_texts(self, field: Field) -> str:
        body, path = f"b{self._level}.body", self._path(field)
        return (
            f"(coalesce(json_type({body}, {path}) = 'array', 0)"
            f" AND NOT EXISTS (SELECT 1 FROM json_each({body}, {path}) WHERE type <> 'text'))"
        )


def needs_body(condition: Condition) -> bool:
    """Whether the CI's own body is looked into, and not only its node."""
    return any(is_in_body(field) for field in fields_of(condition))


def is_in_body(field: Field) -> bool:
    """Whether the field is read from the body."""
    return isinstance(field, Attribute) or field.column in (Column.STATE, Column.CREATED_AT)
