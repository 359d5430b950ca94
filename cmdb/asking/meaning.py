"""From the syntax of a filter to its condition: names looked up, types checked, everything else refused."""

from __future__ import annotations

import difflib
import ipaddress

from cmdb.asking.cel import parse
from cmdb.asking.condition import (
    HOPS_LIMIT,
    RELATED_LIMIT,
    Always,
    And,
    Attribute,
    Compare,
    Condition,
    Direction,
    Element,
    Exists,
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
    Operator,
    Or,
    OwnColumn,
    Related,
    Size,
    TextTest,
    TextValue,
    TimeValue,
)
from cmdb.asking.syntax import Binary, Call, Chain, ListLiteral, Literal, Name, Negation, Sign, Term
from cmdb.asking.terms import WORDS, Age, Duration, Terms, Valued, in_spelling_of, is_class, replace_time
from cmdb.asking.vocabulary import Meaning, Vocabulary
from cmdb.errors import Invalid
from cmdb.registry import Registry

ATOMS_LIMIT = 400
"""Comparisons in one filter."""
_FUNCTIONS = (
    "has",
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "exists",
    "all",
    "inside",
    "is_a",
    "related",
    "timestamp",
    "duration",
    "date",
    "lowerAscii",
)
_RELATED = (
    'related takes a type, then hops, a direction and a condition: related("RUNS_ON", 3, "out", class == "hypervisor")'
)
_OPERATORS = {sign: Operator(sign.value) for sign in Sign if sign.value in {operator.value for operator in Operator}}
_MIRRORED = {
    Operator.EQUAL: Operator.EQUAL,
    Operator.UNEQUAL: Operator.UNEQUAL,
    Operator.LESS: Operator.GREATER,
    Operator.LESS_OR_EQUAL: Operator.GREATER_OR_EQUAL,
    Operator.GREATER: Operator.LESS,
    Operator.GREATER_OR_EQUAL: Operator.LESS_OR_EQUAL,
}
_DIRECTIONS = {direction.value: direction for direction in Direction}
_TESTS = {test.value: test for test in TextTest}
Variables = tuple[tuple[str, Meaning], ...]


def condition_of(text: str, registry: Registry, class_name: str | None = None) -> Condition:
    """The condition that a CEL filter states of CIs of a class and its subclasses, of any class when None.

    Raises `FilterFault`, an `Invalid` that names the place in the text, for what is no CEL, a name that these classes do not
    have (with the nearest ones), a comparison of different types, and everything outside the table of allowed operators.
    """
    return _Meanings(text, registry, class_name).condition(parse(text), ())


class _Meanings:
    """The meanings of one filter, for CIs of one class; `related` has another for those that it leads to."""

    def __init__(self, text: str, registry: Registry, class_name: str | None, depth: int = 0) -> None:
        self._text = text
        self._registry = registry
        self._terms = Terms(text, Vocabulary(registry, class_name))
        self._depth = depth
        self._atoms = 0

    def condition(self, term: Term, variables: Variables) -> Condition:
        match term:
            case Chain(is_all=is_all, terms=terms):
                parts = tuple(self.condition(part, variables) for part in terms)
                return And(parts) if is_all else Or(parts)
            case Negation(of=of):
                return Not(self.condition(of, variables))
            case Literal(value=bool() as value):
                return Always(value)
        self._atoms += 1
        if self._atoms > ATOMS_LIMIT:
            raise self._terms.fault(f"a filter has at most {ATOMS_LIMIT} comparisons", term.position)
        match term:
            case Binary(sign=Sign.IN):
                return self._in(term, variables)
            case Binary() if term.sign in _OPERATORS:
                return self._compare(term, variables)
            case Call():
                return self._call(term, variables)
            case Name():
                valued = self._terms.value(term, variables)
                if valued.type is not FieldType.FLAG:
                    problem = (
                        f"{term.name} is {WORDS[valued.type]} and no condition; compare it, or ask has({term.name})"
                    )
                    raise self._terms.fault(problem, term.position)
                return Compare(valued.operand, Operator.EQUAL, FlagValue(True))
            case _:
                raise self._terms.fault('a condition is needed here, such as os_name == "Linux"', term.position)

    # comparisons
    def _compare(self, term: Binary, variables: Variables) -> Condition:
        left, right = self._terms.found(term.left, variables), self._terms.found(term.right, variables)
        operator = _OPERATORS[term.sign]
        match left, right:
            case Age(), Duration():
                return self._compare_age(left, operator, right)
            case Duration(), Age():
                return self._compare_age(right, _MIRRORED[operator], left)
            case Valued(), Valued():
                pass
            case _:
                problem = (
                    'a duration is compared with the difference of two times: now - last_seen_at > duration("720h")'
                )
                raise self._terms.fault(problem, left.position)
        if left.is_written_out and right.is_written_out:
            raise self._terms.fault("both sides are written out; name an attribute on one of them", term.position)
        if left.is_written_out:
            left, right, operator = right, left, _MIRRORED[operator]
        if is_class(left) or is_class(right):
            return self._compare_class(left, operator, right)
        self._check_types(left, operator, right)
        if left.meaning is not None and left.meaning.choices and right.said is not None:
            if operator not in (Operator.EQUAL, Operator.UNEQUAL):
                raise self._terms.fault("its values have no order; compare by == or !=", term.position)
            right = self._choice(left.meaning, right)
        return Compare(left.operand, operator, in_spelling_of(left.meaning, right).operand)

    def _compare_age(self, age: Age, operator: Operator, duration: Duration) -> Condition:
        """`later - earlier > d` as a comparison of the one field with a time that is written out."""
        later, earlier = age.later.operand, age.earlier.operand
        if isinstance(later, TimeValue) and not isinstance(earlier, TimeValue):
            return Compare(earlier, _MIRRORED[operator], replace_time(later, -duration.microseconds))
        if isinstance(earlier, TimeValue) and not isinstance(later, TimeValue):
            return Compare(later, operator, replace_time(earlier, duration.microseconds))
        raise self._terms.fault("a difference is between one field and now, or a timestamp", age.position)

    def _check_types(self, left: Valued, operator: Operator, right: Valued) -> None:
        if left.type is FieldType.TEXTS:
            raise self._terms.fault('a list is asked by "x" in list, or list.exists(a, …)', left.position)
        if right.type is FieldType.TEXTS:
            raise self._terms.fault('a list is asked by "x" in list, or list.exists(a, …)', right.position)
        if left.type is not right.type:
            problem = f"{_called(left)} is {WORDS[left.type]} and is compared with {WORDS[right.type]}"
            raise self._terms.fault(f"{problem}{_remedy(left, right)}", left.position)
        if left.type is FieldType.FLAG and operator not in (Operator.EQUAL, Operator.UNEQUAL):
            raise self._terms.fault("true and false have no order; compare by == or !=", left.position)

    def _choice(self, meaning: Meaning, literal: Valued) -> Valued:
        assert isinstance(literal.operand, TextValue)
        if literal.operand.value in meaning.choices:
            return literal
        near = difflib.get_close_matches(literal.operand.value[:100], meaning.choices, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        listed = ", ".join(meaning.choices)
        raise self._terms.fault(
            f"{(literal.said or '')[:100]!r} is none of its values; {hint}they are {listed}", literal.position
        )

    def _compare_class(self, left: Valued, operator: Operator, right: Valued) -> Condition:
        if not is_class(left) or right.said is None or operator not in (Operator.EQUAL, Operator.UNEQUAL):
            problem = 'a class is compared by ==, != or in with the name of one, or by is_a(class, "hardware")'
            raise self._terms.fault(problem, left.position)
        of = OfClass((self._class(right.said, right.position),))
        return of if operator is Operator.EQUAL else Not(of)

    def _class(self, name: str, position: int) -> str:
        try:
            return self._registry.get(name).name
        except Invalid as error:
            raise self._terms.fault(error.message, position) from error

    def _in(self, term: Binary, variables: Variables) -> Condition:
        if isinstance(term.right, ListLiteral):
            return self._in_values(self._terms.value(term.left, variables), term.right)
        list_ = self._terms.value(term.right, variables)
        if list_.type is not FieldType.TEXTS or not isinstance(list_.operand, Attribute):
            raise self._terms.fault(f"after in stands a list, and this is {WORDS[list_.type]}", term.right.position)
        assert list_.meaning is not None
        value = self._terms.value(term.left, (*variables, ("", list_.meaning)))
        if value.type is not FieldType.TEXT:
            raise self._terms.fault(f"the list holds texts, and this is {WORDS[value.type]}", value.position)
        return Exists(list_.operand, Compare(Element(), Operator.EQUAL, in_spelling_of(list_.meaning, value).operand))

    def _in_values(self, left: Valued, list_: ListLiteral) -> Condition:
        if left.is_written_out:
            raise self._terms.fault("name an attribute before in", left.position)
        if left.type not in (FieldType.TEXT, FieldType.NUMBER):
            raise self._terms.fault(f"{WORDS[left.type]} is not looked up in a list", left.position)
        if not list_.items:
            raise self._terms.fault("the list is empty, so nothing is in it", list_.position)
        values = [self._terms.value(item, ()) for item in list_.items]
        for value in values:
            if value.type is not left.type:
                problem = f"the list holds {WORDS[value.type]} and is asked for {WORDS[left.type]}"
                raise self._terms.fault(f"{problem}{_remedy(left, value)}", value.position)
            if not value.is_written_out:
                raise self._terms.fault("the values of a list are written out", value.position)
        if is_class(left):
            return OfClass(tuple(sorted({self._class(value.said or "", value.position) for value in values})))
        if left.type is FieldType.NUMBER:
            numbers = {value.operand.value for value in values if isinstance(value.operand, NumberValue)}
            return OneNumberOf(left.operand, tuple(sorted(numbers)))
        return OneOf(left.operand, tuple(sorted({self._text_of(left, value) for value in values})))

    def _text_of(self, left: Valued, value: Valued) -> str:
        if left.meaning is not None and left.meaning.choices:
            value = self._choice(left.meaning, value)
        spelled = in_spelling_of(left.meaning, value).operand
        if not isinstance(spelled, TextValue):
            raise self._terms.fault("the values of a list are texts in quotes", value.position)
        return spelled.value

    # calls
    def _call(self, term: Call, variables: Variables) -> Condition:
        match term.name, term.of, term.arguments:
            case "has", None, (Name() as name,):
                valued = self._terms.value(name, variables)
                if not isinstance(valued.operand, Attribute | OwnColumn):
                    raise self._terms.fault("has takes the name of an attribute", name.position)
                return Has(valued.operand)
            case (("contains" | "startsWith" | "endsWith"), Term() as of, (part,)):
                return self._looks(self._terms.value(of, variables), _TESTS[term.name], part)
            case (("exists" | "all"), Term() as of, (Name(name=name, of=None), of_element)):
                return self._exists(term, of, (name, of_element), variables)
            case "inside", None, (of, network):
                return self._inside(self._terms.value(of, variables), network)
            case "is_a", None, (of, ancestor):
                if not is_class(self._terms.value(of, variables)):
                    raise self._terms.fault('is_a asks the class: is_a(class, "hardware")', of.position)
                name = self._class(self._terms.text(ancestor, "the class"), ancestor.position)
                return OfClass(tuple(sorted(self._registry.subclasses(name))))
            case "related", None, (_, *_):
                return self._related(term)
            case _:
                raise self._terms.fault(_misuse(term), term.position)

    def _looks(self, of: Valued, test: TextTest, part: Term) -> Condition:
        if of.type is FieldType.TEXTS:
            raise self._terms.fault(f"this is a list; write list.exists(a, a.{test}(…))", of.position)
        if of.type is not FieldType.TEXT or of.is_written_out or is_class(of):
            raise self._terms.fault(f"{test} is asked of an attribute that is a text", of.position)
        text = self._terms.text(part, f"what {test} looks for")
        if not text:
            raise self._terms.fault("every text holds the empty one; ask has(…)", part.position)
        value = self._terms.value(part, ())
        assert isinstance(value.operand, TextValue)
        return Looks(of.operand, test, value.operand.value)

    def _exists(self, term: Call, of: Term, element: tuple[str, Term], variables: Variables) -> Condition:
        list_ = self._terms.value(of, variables)
        if not isinstance(list_.operand, Attribute) or list_.type is not FieldType.TEXTS:
            raise self._terms.fault(f"{term.name} is asked of a list, and this is {WORDS[list_.type]}", list_.position)
        assert list_.meaning is not None
        name, of_element = element
        meaning = Meaning(list_.meaning.field, list_.meaning.format)
        inner = self.condition(of_element, (*variables, (name, meaning)))
        if term.name == "exists":
            return Exists(list_.operand, inner)
        return And((Has(list_.operand), Not(Exists(list_.operand, Not(inner)))))

    def _inside(self, of: Valued, network: Term) -> Condition:
        said = self._terms.text(network, "the network")
        try:
            found = str(ipaddress.ip_network(said.strip(), strict=False))
        except ValueError:
            raise self._terms.fault(f'{said[:100]!r} is no network; write "10.1.0.0/16"', network.position) from None
        if isinstance(of.operand, Attribute) and of.type is FieldType.TEXTS:
            return Exists(of.operand, Inside(Element(), found))
        if of.type is not FieldType.TEXT or of.is_written_out or is_class(of):
            raise self._terms.fault("inside is asked of an attribute with addresses", of.position)
        return Inside(of.operand, found)

    def _related(self, term: Call) -> Condition:
        first, *rest = term.arguments
        types = first.items if isinstance(first, ListLiteral) else (first,)
        names = {self._type(type_) for type_ in types}
        hops, direction, of = 1, Direction.OUT, Always(True)
        while rest and isinstance(said := rest[0], Literal) and not isinstance(said.value, bool):
            match said.value:
                case str() if said.value in _DIRECTIONS:
                    direction = _DIRECTIONS[said.value]
                case int() if 1 <= said.value <= HOPS_LIMIT:
                    hops = said.value
                case int() | float():
                    raise self._terms.fault(f"related goes 1 to {HOPS_LIMIT} hops far", said.position)
                case _:
                    raise self._terms.fault('the direction is "out", "in" or "any"', said.position)
            del rest[0]
        if len(rest) > 1:
            raise self._terms.fault(_RELATED, rest[1].position)
        if self._depth >= RELATED_LIMIT:
            raise self._terms.fault(f"related is nested at most {RELATED_LIMIT} deep", term.position)
        return Related(tuple(sorted(names)), hops, direction, self._of_related(rest[0]) if rest else of)

    def _of_related(self, term: Term) -> Condition:
        inner = _Meanings(self._text, self._registry, None, self._depth + 1)
        inner._atoms = self._atoms
        condition = inner.condition(term, ())
        self._atoms = inner._atoms
        return condition

    def _type(self, term: Term) -> str:
        said = self._terms.text(term, "the relationship type")
        try:
            return self._registry.relationship_type(said).name
        except Invalid as error:
            raise self._terms.fault(error.message, term.position) from error


def _called(valued: Valued) -> str:
    """How a message names it."""
    match valued.operand:
        case Attribute(name=name):
            return name
        case OwnColumn(column=column):
            return column.value
        case Size():
            return "size"
        case _:
            return "it"


def _remedy(left: Valued, right: Valued) -> str:
    match left.type, right.type:
        case FieldType.TIME, FieldType.TEXT if right.said is not None:
            return f'; write timestamp("{right.said[:40]}")'
        case FieldType.TEXT, FieldType.TIME:
            return "; write date(…) around the time, and the attribute as 2026-01-31"
        case FieldType.TEXT, FieldType.NUMBER | FieldType.FLAG:
            return "; put the value in quotes"
        case FieldType.NUMBER | FieldType.FLAG, FieldType.TEXT if right.said is not None:
            return "; leave the quotes out"
        case _:
            return ""


def _misuse(term: Call) -> str:
    uses = {
        "has": "has takes the name of an attribute: has(serial_number)",
        "contains": 'contains is asked of a text: name.contains("db")',
        "startsWith": 'startsWith is asked of a text: name.startsWith("db")',
        "endsWith": 'endsWith is asked of a text: name.endsWith("01")',
        "exists": 'exists is asked of a list: ip_addresses.exists(a, a.startsWith("10."))',
        "all": 'all is asked of a list: ip_addresses.all(a, a.startsWith("10."))',
        "inside": 'inside takes addresses and a network: inside(ip_addresses, "10.1.0.0/16")',
        "is_a": 'is_a takes class and the name of one: is_a(class, "hardware")',
        "related": 'related takes a type first: related("RUNS_ON", class == "hypervisor")',
        "matches": "patterns are not offered, since stores read them differently; write contains, startsWith or endsWith",
    }
    if term.name in uses:
        return uses[term.name]
    if term.name in _FUNCTIONS:
        return f"{term.name} gives a value and no condition; compare it"
    near = difflib.get_close_matches(term.name[:100], _FUNCTIONS, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{term.name[:100]} is not offered; {hint}there are {', '.join(_FUNCTIONS)}"
