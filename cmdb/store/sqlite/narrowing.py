"""What indexes know of a condition: weaker conditions that follow from it, put beside it so that few bodies are opened."""

from __future__ import annotations

from collections.abc import Iterator

from cmdb.asking.condition import (
    And,
    Attribute,
    Column,
    Compare,
    Condition,
    Element,
    Exists,
    Looks,
    OfClass,
    OneOf,
    Operator,
    Or,
    OwnColumn,
    TextTest,
    TextValue,
)
from cmdb.search.text import identifier_words
from cmdb.store.sqlite.conditions import Parameters
from cmdb.store.sqlite.search_tables import whole_words

_WORDS = (
    "n0.id IN (SELECT s.id FROM search_word w JOIN searched s ON s.number = w.rowid WHERE search_word MATCH {asked})"
)

_MOST_VALUES = 100
_LAST = "\U0010ffff"
"""The last code point: after every text that goes on otherwise."""


def narrowed(condition: Condition, parameters: Parameters) -> Iterator[str]:
    """SQL conditions on `n0` that every CI fulfils of which the condition is true: its class, its name, words that it holds."""
    for part in condition.of if isinstance(condition, And) else (condition,):
        match part:
            case OfClass(names=names):
                yield f"n0.class_name IN ({parameters.bind_all(names)})"
            case Compare(left=OwnColumn(column=Column.NAME), operator=Operator.EQUAL, right=TextValue(value=name)):
                yield f"n0.folded = {parameters.bind(name)}"
            case Looks(of=OwnColumn(column=Column.NAME), test=TextTest.STARTS_WITH, text=text):
                yield f"n0.folded >= {parameters.bind(text)} AND n0.folded < {parameters.bind(text + _LAST)}"
            case OneOf(of=OwnColumn(column=Column.NAME), values=names):
                yield f"n0.folded IN ({parameters.bind_all(names)})"
            case _:
                asked = _asked(part)
                if asked is not None:
                    yield _WORDS.format(asked=parameters.bind(asked))


def _asked(condition: Condition) -> str | None:
    """What the full-text index is asked for; None where it cannot tell."""
    match condition:
        case Compare(left=Attribute(name=field), operator=Operator.EQUAL, right=TextValue(value=value)):
            return _words(field, (value,))
        case OneOf(of=Attribute(name=field), values=values):
            return _words(field, values)
        case Exists(field=Attribute(name=field), of=Compare(Element(0), Operator.EQUAL, TextValue(value=value))):
            return _words(field, (value,))
        case Exists(field=Attribute(name=field), of=OneOf(Element(0), values)):
            return _words(field, values)
        case Or(of=parts):
            asked = [_asked(part) for part in parts]
            return " OR ".join(f"({one})" for one in asked if one) if all(asked) else None
        case _:
            return None


def _words(field: str, values: tuple[str, ...]) -> str | None:
    if len(values) > _MOST_VALUES:
        return None
    asked = [identifier_words(field, value) for value in values]
    return " OR ".join(f"({whole_words(words)})" for words in asked if words) if all(asked) else None
