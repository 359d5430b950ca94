"""Conditions as Cypher: each of the allowed operators once, values as parameters only.

`n0` is the CI, `n1` a related one, and so on; `e1` is the element of a list that is looked at. Every condition is true or
false, never null. Names of properties and relationship types come from the registry, and stand in backticks.
"""

from __future__ import annotations

from cmdb.asking.addresses import IPV4, IPV6, network_range
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
    Operator,
    Or,
    OwnColumn,
    Related,
    Size,
    TextTest,
    TextValue,
    TimeValue,
)
from cmdb.errors import Invalid
from cmdb.store.neo4j.instants import microseconds
from cmdb.store.neo4j.properties import property_name, quoted

_OPERATORS = {operator: operator.value for operator in Operator} | {Operator.EQUAL: "=", Operator.UNEQUAL: "<>"}
_TESTS = {
    TextTest.CONTAINS: "CONTAINS",
    TextTest.STARTS_WITH: "STARTS WITH",
    TextTest.ENDS_WITH: "ENDS WITH",
}
_ARROWS = {Direction.OUT: ("-", "->"), Direction.IN: ("<-", "-"), Direction.ANY: ("-", "-")}
_LETTERS = [[chr(letter), chr(letter + 32)] for letter in range(ord("A"), ord("Z") + 1)]


class Parameters:
    """The values of one query, each under a name of its own."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def bind(self, value: object) -> str:
        """The place that stands for a value in the query."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def letters(self) -> str:
        """Pairs of A–Z and a–z."""
        self.values["letters"] = _LETTERS
        return "$letters"


class Compiler:
    """Writes Cypher for the CI `n{level}`; its parameters are collected."""

    def __init__(self, parameters: Parameters, level: int = 0) -> None:
        self._parameters = parameters
        self._bind = parameters.bind
        self._node = f"n{level}"
        self._level = level
        self._elements = 0

    def condition(self, condition: Condition) -> str:
        """An expression that is true or false."""
        match condition:
            case Always(value=value):
                # as a parameter: a literal false is planned away, together with the index that a hint names
                return f"({self._parameters.bind(value)} = true)"
            case Not(of=of):
                return f"(NOT {self.condition(of)})"
            case And(of=parts):
                return f"({' AND '.join(self.condition(part) for part in parts)})"
            case Or(of=parts):
                return f"({' OR '.join(self.condition(part) for part in parts)})"
            case Has(field=field):
                return f"({self.field(field)} IS NOT NULL)"
            case Compare(left=left, operator=operator, right=right):
                return f"coalesce({self._value(left)} {_OPERATORS[operator]} {self._value(right)}, false)"
            case OneOf(of=of, values=values) | OneNumberOf(of=of, values=values):
                return f"coalesce({self._value(of)} IN {self._bind(list(values))}, false)"
            case OfClass(names=names):
                return f"({self._node}.class_name IN {self._bind(list(names))})"
            case Looks(of=of, test=test, text=text):
                return f"coalesce({self._value(of)} {_TESTS[test]} {self._bind(text)}, false)"
            case Inside(of=of, network=network):
                return self._inside(self._value(of), network)
            case Exists(field=field, of=of):
                self._elements += 1
                inner = self.condition(of)
                found = f"coalesce(any(e{self._elements} IN {self._list(field)} WHERE {inner}), false)"
                self._elements -= 1
                return found
            case Related():
                return self._related(condition)

    def _related(self, related: Related) -> str:
        left, right = _ARROWS[related.direction]
        there = f"n{self._level + 1}"
        types = "|".join(quoted(type_) for type_ in related.types)
        inner = Compiler(self._parameters, self._level + 1).condition(related.of)
        # DISTINCT on the end alone lets the planner visit every CI once, instead of walking every path.
        return (
            f"EXISTS {{ MATCH ({self._node}){left}[:{types}*1..{int(related.hops)}]{right}({there}:CI)"
            f" WITH DISTINCT {there} WHERE {there}.id <> {self._node}.id AND {inner} RETURN 1 }}"
        )

    def _inside(self, value: str, network: str) -> str:
        version, first, last = network_range(network)
        key = _ipv4_key if version == 4 else _ipv6_key
        pattern = self._bind(IPV4 if version == 4 else IPV6)
        bounds = f"{self._bind(first)} <= {key('address')} <= {self._bind(last)}"
        return f"(any(address IN [{value}] WHERE coalesce(address =~ {pattern}, false) AND {bounds}))"

    def _value(self, operand: Operand) -> str:
        match operand:
            case Attribute() | OwnColumn():
                return self.field(operand)
            case Element(depth=depth):
                return self._folded(f"e{self._elements - depth}")
            case Size(of=of):
                return f"size({self._value(of)})"
            case TextValue(value=value) | NumberValue(value=value) | FlagValue(value=value):
                return self._bind(value)
            case TimeValue(microseconds=at, is_from_now=False):
                return self._bind(at)
            case _:
                raise Invalid("a store is asked with times written out; put `now` in their place first")

    def field(self, field: Field) -> str:
        """An expression of the field's value as it is compared, null when it is absent; a list's elements are not folded."""
        if isinstance(field, OwnColumn):
            return self._column(field.column)
        value = f"{self._node}.{quoted(property_name(field.name))}"
        match field.type:
            case FieldType.TEXT:
                return f"CASE WHEN {value} IS :: STRING NOT NULL THEN {self._folded(value)} END"
            case FieldType.NUMBER:
                return f"CASE WHEN {value} IS :: INTEGER NOT NULL OR {value} IS :: FLOAT NOT NULL THEN {value} END"
            case FieldType.FLAG:
                return f"CASE WHEN {value} IS :: BOOLEAN NOT NULL THEN {value} END"
            case FieldType.TEXTS:
                return self._list(field)
            case FieldType.TIME:
                raise Invalid(f"{field.name} is no time")

    def _list(self, field: Attribute) -> str:
        value = f"{self._node}.{quoted(property_name(field.name))}"
        return f"CASE WHEN {value} IS :: LIST<STRING NOT NULL> NOT NULL THEN {value} END"

    def _folded(self, text: str) -> str:
        """A–Z in lower case, every other character as it is: `toLower` changes others too, and says at least where nothing is to be done."""
        letters = self._parameters.letters()
        return (
            f"CASE WHEN toLower({text}) = {text} THEN {text}"
            f" ELSE reduce(folded = {text}, pair IN {letters} | replace(folded, pair[0], pair[1])) END"
        )

    def _column(self, column: Column) -> str:
        node = self._node
        match column:
            case Column.ID:
                return self._folded(f"{node}.id")
            case Column.NAME:
                return f"({node}.folded_name + coalesce({node}.folded_name_rest, ''))"
            case Column.CLASS | Column.LIFECYCLE | Column.STATE:
                return f"{node}.{'class_name' if column is Column.CLASS else column.value}"
            case Column.CREATED_AT:
                return microseconds(f"{node}.created_at")
            case Column.FIRST_SEEN_AT:
                return self._seen("first_at", "ASC")
            case Column.LAST_SEEN_AT:
                return self._seen("last_at", "DESC")

    def _seen(self, end: str, direction: str) -> str:
        """`(:Claim {ci})`, each with its `(:Sighting)`: the first or last of them."""
        return (
            f"COLLECT {{ MATCH (c:Claim) WHERE c.ci = {self._node}.id MATCH (s:Sighting {{subject: c.id}})"
            f" RETURN {microseconds(f's.{end}')} AS at ORDER BY at {direction} LIMIT 1 }}[0]"
        )


def _ipv4_key(address: str) -> str:
    """Eight hexadecimal digits, as `address_key` writes them."""
    digits = "'0123456789abcdef'"
    return (
        f"reduce(key = '', octet IN [part IN split({address}, '.') | toInteger(part)] |"
        f" key + substring({digits}, octet / 16, 1) + substring({digits}, octet % 16, 1))"
    )


def _ipv6_key(address: str) -> str:
    """Thirty-two hexadecimal digits: the groups before `::`, as many zeros as are missing, the groups after it."""

    def groups(part: str) -> str:
        return f"reduce(key = '', group IN [g IN split({part}, ':') WHERE g <> ''] | key + right('000' + group, 4))"

    halves = f"split({address}, '::')"
    before, after = groups(f"{halves}[0]"), groups(f"coalesce({halves}[1], '')")
    zeros = "'00000000000000000000000000000000'"
    return f"reduce(key = '', half IN [[{before}, {after}]] | half[0] + substring({zeros}, 0, 32 - size(half[0]) - size(half[1])) + half[1])"
