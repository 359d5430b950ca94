"""What a filter says, word for word, before anybody knows what its names mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sign(StrEnum):
    """Operators between two terms."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    IN = "in"
    PLUS = "+"
    MINUS = "-"
    TIMES = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Base of all; `position` is where it begins in the text, counted from 0."""

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Term):
    """`os_name`, or with `of`, `of.os_name`."""

    name: str
    of: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Term):
    """A text, number, truth value or null that is written out."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLiteral(Term):
    """`[a, b]`."""

    items: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Term):
    """`name(arguments)`, or `of.name(arguments)`."""

    name: str
    of: Term | None
    arguments: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation(Term):
    """`!of`."""

    of: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Term):
    """`left sign right`."""

    left: Term
    sign: Sign
    right: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Term):
    """Two or more terms joined by the same word: all of them when `is_all` (`&&`), else any (`||`)."""

    is_all: bool
    terms: tuple[Term, ...]
