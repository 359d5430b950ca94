"""Values in a filter: what a term stands for, with its type."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cmdb.asking.condition import (
    Attribute,
    Column,
    DateValue,
    Element,
    FieldType,
    FlagValue,
    NumberValue,
    Operand,
    OwnColumn,
    Size,
    TextValue,
    TimeValue,
)
from cmdb.asking.faults import FilterFault
from cmdb.asking.moments import duration_microseconds, instant_microseconds
from cmdb.asking.syntax import Binary, Call, ListLiteral, Literal, Name, Sign, Term
from cmdb.asking.vocabulary import Meaning, UnknownName, Vocabulary
from cmdb.classes.spec import Format
from cmdb.normalise import forms
from cmdb.store.folding import fold

WORDS = {
    FieldType.TEXT: "a text",
    FieldType.NUMBER: "a number",
    FieldType.FLAG: "true or false",
    FieldType.TIME: "a time",
    FieldType.TEXTS: "a list of texts",
}
_INT64 = 1 << 63


@dataclass(frozen=True, slots=True)
class Valued:
    """An operand with its type; `said` is the text as it was written, `meaning` that of a field."""

    operand: Operand
    type: FieldType
    position: int
    meaning: Meaning | None = None
    said: str | None = None

    @property
    def is_written_out(self) -> bool:
        """Whether it says nothing of a CI."""
        return isinstance(self.operand, TextValue | NumberValue | FlagValue | TimeValue | DateValue)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, written out."""

    microseconds: int
    position: int


@dataclass(frozen=True, slots=True)
class Age:
    """A time less another; it is compared with a duration."""

    later: Valued
    earlier: Valued
    position: int


Found = Valued | Duration | Age


class Terms:
    """Reads terms of one filter; `variables` are the names of the lists' elements, the innermost last."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._text = text
        self._vocabulary = vocabulary

    def fault(self, problem: str, position: int) -> FilterFault:
        """The error to raise, with its place."""
        return FilterFault(problem, text=self._text, position=position)

    def found(self, term: Term, variables: tuple[tuple[str, Meaning], ...]) -> Found:
        """What the term stands for; `FilterFault` for what is no value."""
        match term:
            case Literal():
                return self._literal(term)
            case Name():
                return self._name(term, variables)
            case Call():
                return self._call(term, variables)
            case Binary(sign=Sign.PLUS | Sign.MINUS | Sign.TIMES):
                return self._arithmetic(term, variables)
            case ListLiteral():
                raise self.fault("a list stands only after in", term.position)
            case _:
                raise self.fault("a value is needed here, not a condition", term.position)

    def value(self, term: Term, variables: tuple[tuple[str, Meaning], ...]) -> Valued:
        """As `found`; `FilterFault` for a duration."""
        found = self.found(term, variables)
        if isinstance(found, Valued):
            return found
        raise self.fault("a duration is compared with the difference of two times: now - last_seen_at", found.position)

    def text(self, term: Term, purpose: str) -> str:
        """A text that is written out; `FilterFault` for anything else."""
        if isinstance(term, Literal) and isinstance(term.value, str):
            return term.value
        raise self.fault(f"{purpose} is a text in quotes", term.position)

    def _literal(self, term: Literal) -> Valued:
        match term.value:
            case bool():
                return Valued(FlagValue(term.value), FieldType.FLAG, term.position)
            case str():
                return Valued(TextValue(fold(term.value)), FieldType.TEXT, term.position, said=term.value)
            case int() | float():
                return Valued(NumberValue(term.value), FieldType.NUMBER, term.position)
            case _:
                raise self.fault("null is not offered; ask has(x) or !has(x)", term.position)

    def _name(self, term: Name, variables: tuple[tuple[str, Meaning], ...]) -> Valued:
        if term.of is not None:
            if isinstance(term.of, Name) and term.of.of is None and term.of.name == "attributes":
                return self._meant(term, is_attribute=True)
            raise self.fault(
                f"{term.name} cannot be asked of this; attributes are named alone, or attributes.{term.name}",
                term.position,
            )
        for depth, (name, meaning) in enumerate(reversed(variables)):
            if name == term.name:
                return Valued(Element(depth), FieldType.TEXT, term.position, meaning)
        if term.name == "now":
            return Valued(TimeValue(0, is_from_now=True), FieldType.TIME, term.position)
        return self._meant(term, is_attribute=False)

    def _meant(self, term: Name, *, is_attribute: bool) -> Valued:
        try:
            meaning = self._vocabulary.attribute(term.name) if is_attribute else self._vocabulary.meaning(term.name)
        except UnknownName as error:
            raise self.fault(str(error), term.position) from error
        return Valued(meaning.field, meaning.field.type, term.position, meaning)

    def _call(self, term: Call, variables: tuple[tuple[str, Meaning], ...]) -> Found:
        match term.name, term.of, term.arguments:
            case "timestamp", None, (argument,):
                said = self.text(argument, "timestamp")
                at = instant_microseconds(said)
                if at is None:
                    raise self.fault(
                        f'{said[:100]!r} is no time; write timestamp("2026-01-31T12:00:00Z")', argument.position
                    )
                return Valued(TimeValue(at), FieldType.TIME, term.position)
            case "duration", None, (argument,):
                said = self.text(argument, "duration")
                length = duration_microseconds(said)
                if length is None:
                    raise self.fault(
                        f'{said[:100]!r} is no duration; write duration("720h"), with d, h, m or s', argument.position
                    )
                return Duration(length, term.position)
            case "date", None, (argument,):
                time = self.value(argument, variables)
                if not isinstance(time.operand, TimeValue):
                    raise self.fault("date takes a time that is written out, such as date(now)", argument.position)
                return Valued(DateValue(time.operand), FieldType.TEXT, term.position)
            case ("size", None, (argument,)) | ("size", argument, ()) if argument is not None:
                return self._size(self.value(argument, variables), term)
            case ("lowerAscii", argument, ()) if argument is not None:
                # Texts are compared folded anyway; CEL's own word for it (cel-go, ext/strings) is welcome.
                return self.value(argument, variables)
            case "timestamp" | "duration" | "date" | "size" | "lowerAscii", _, _:
                raise self.fault(f"{term.name} takes one argument", term.position)
            case _:
                raise self.fault(f"{term.name} gives no value that can be compared", term.position)

    def _size(self, of: Valued, term: Call) -> Valued:
        if of.type not in (FieldType.TEXT, FieldType.TEXTS) or not isinstance(
            of.operand, Attribute | OwnColumn | Element
        ):
            raise self.fault("size takes a text or a list", of.position)
        return Valued(Size(of.operand), FieldType.NUMBER, term.position)

    def _arithmetic(self, term: Binary, variables: tuple[tuple[str, Meaning], ...]) -> Found:
        left, right = self.found(term.left, variables), self.found(term.right, variables)
        match left, right:
            case Valued(operand=NumberValue(value=one)), Valued(operand=NumberValue(value=other)):
                number = (
                    one * other if term.sign is Sign.TIMES else one + other if term.sign is Sign.PLUS else one - other
                )
                if isinstance(number, int) and not -_INT64 <= number < _INT64:
                    raise self.fault("the number does not fit into 64 bits", term.position)
                return Valued(NumberValue(number), FieldType.NUMBER, term.position)
            case Valued(operand=TimeValue() as time), Duration() if term.sign is not Sign.TIMES:
                length = right.microseconds if term.sign is Sign.PLUS else -right.microseconds
                return Valued(replace_time(time, length), FieldType.TIME, term.position)
            case Duration(), Duration() if term.sign is not Sign.TIMES:
                length = right.microseconds if term.sign is Sign.PLUS else -right.microseconds
                return Duration(left.microseconds + length, term.position)
            case Valued(type=FieldType.TIME), Valued(type=FieldType.TIME) if term.sign is Sign.MINUS:
                return Age(left, right, term.position)
            case _:
                raise self.fault(
                    "only numbers and durations that are written out, and times with these, are added and multiplied",
                    term.position,
                )


def replace_time(time: TimeValue, length: int) -> TimeValue:
    """The time that is `length` microseconds later."""
    return TimeValue(time.microseconds + length, is_from_now=time.is_from_now)


def in_spelling_of(meaning: Meaning | None, literal: Valued) -> Valued:
    """The text in the spelling that values of this field have; as it is where the field has none, or it is no such value."""
    if meaning is None or meaning.format is None or literal.said is None:
        return literal
    spelled = _spelled(meaning.format, literal.said)
    return literal if spelled is None else replace(literal, operand=TextValue(fold(spelled)))


def _spelled(format_: Format, said: str) -> str | None:
    match format_:
        case Format.MAC:
            return forms.mac(said)
        case Format.IP:
            return forms.ip(said)
        case Format.CIDR:
            return forms.cidr(said)
        case Format.UUID:
            return forms.uuid_shown(said)
        case Format.FQDN:
            return said.rstrip(".")


def is_class(valued: Valued) -> bool:
    """Whether it is the CI's class."""
    return isinstance(valued.operand, OwnColumn) and valued.operand.column is Column.CLASS
