"""From the text of a filter to its syntax: the only module that imports the CEL parser."""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Final

from celpy.celparser import CELParseError, CELParser
from lark import Token, Tree

from cmdb.asking.faults import FilterFault
from cmdb.asking.syntax import Binary, Call, Chain, ListLiteral, Literal, Name, Negation, Sign, Term

TEXT_LIMIT: Final = 8_000
"""Characters of a filter."""
DEPTH_LIMIT: Final = 40
"""Brackets, calls and negations inside one another."""

_RELATIONS = {
    "relation_eq": Sign.EQUAL,
    "relation_ne": Sign.UNEQUAL,
    "relation_lt": Sign.LESS,
    "relation_le": Sign.LESS_OR_EQUAL,
    "relation_gt": Sign.GREATER,
    "relation_ge": Sign.GREATER_OR_EQUAL,
    "relation_in": Sign.IN,
    "addition_add": Sign.PLUS,
    "addition_sub": Sign.MINUS,
    "multiplication_mul": Sign.TIMES,
}
_REFUSED = {
    "multiplication_div": "division is not offered; multiply the other side instead",
    "multiplication_mod": "the remainder % is not offered",
    "member_index": 'an element by number is not offered; ask ip_addresses.exists(a, a == "10.1.0.1")',
    "member_object": "messages in braces are not offered",
    "map_lit": "maps in braces are not offered; a list is written [1, 2]",
    "dot_ident": "a name does not begin with a dot",
    "dot_ident_arg": "a name does not begin with a dot",
}
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"`?])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.|\n|$))"
)
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LAST_CHARACTER = 0x10FFFF

Node = Tree[Token] | Token
_lock = threading.Lock()


@cache
def _parser() -> CELParser:
    return CELParser()


def parse(text: str) -> Term:
    """The syntax of a CEL expression (cel-spec, langdef.md §Syntax); `FilterFault` with the place of what is not CEL."""
    if len(text) > TEXT_LIMIT:
        raise FilterFault(f"a filter has at most {TEXT_LIMIT} characters, this one {len(text)}", text=text, position=0)
    if not text.strip():
        raise FilterFault('the filter is empty; write one such as os_name == "Linux"', text=text, position=0)
    with _lock:
        try:
            tree = _parser().parse(text)
        except CELParseError as error:
            raise _unreadable(text, error) from error
    return _Reader(text).term(tree, 0)


def _unreadable(text: str, error: CELParseError) -> FilterFault:
    line, column = error.line or 0, error.column or 0
    if line < 1 or column < 1:
        return FilterFault("the filter ends too early; complete it", text=text, position=len(text.rstrip()))
    lines = text.split("\n")
    position = sum(len(earlier) + 1 for earlier in lines[: line - 1]) + column - 1
    rest = text[position:]
    if not rest.strip() or rest.strip() in _SIGNS:
        return FilterFault("the filter ends too early; complete it", text=text, position=len(text.rstrip()))
    for begin, problem in _HINTS:
        if re.match(begin, rest):
            return FilterFault(problem, text=text, position=position)
    if re.search(r"[\w\"')\]]\s*$", text[:position]) and re.match(r"[\w\"']", rest):
        return FilterFault("two terms follow one another; join them by && or ||", text=text, position=position)
    before = re.search(r"(==|!=|<=|>=|<|>|&&|\|\||!|,|\(|\bin)\s*$", text[:position])
    if before:
        return FilterFault(f"after {before.group(1)} something is missing", text=text, position=position)
    return FilterFault(f"{rest[0]!r} cannot stand here", text=text, position=position)


_SIGNS = frozenset({*(sign.value for sign in Sign), "&&", "||", "!", "(", "[", ",", "."})
_HINTS = (
    (r"=[^=]", "write == to compare"),
    (r"and\b", "write && for and"),
    (r"or\b", "write || for or"),
    (r"not\b", "write ! for not"),
    (r"&(?!&)", "write && for and"),
    (r"\|(?!\|)", "write || for or"),
    (r"[\"'\u2018-\u201f]", "a text is written in straight quotes that open and close it on the same line"),
    (r"(?i)like\b", 'write name.contains("text"), startsWith or endsWith'),
    (r"~", 'patterns are not offered; write name.contains("text"), startsWith or endsWith'),
)


class _Reader:
    """Turns the parser's tree into terms; chains of operators are read in a loop, so that only nesting goes deep."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _fault(self, problem: str, node: Node) -> FilterFault:
        return FilterFault(problem, text=self._text, position=_position(node))

    def term(self, node: Node, depth: int) -> Term:
        if depth > DEPTH_LIMIT:
            raise self._fault(f"terms are nested deeper than {DEPTH_LIMIT}; write it flatter", node)
        tree = _unwrapped(node)
        children = tree.children
        match tree.data:
            case "expr":
                raise self._fault("the choice a ? b : c is not offered; write a && b || !a && c", tree)
            case "conditionalor" | "conditionaland":
                parts = self._chain(tree)
                terms = tuple(self.term(part, depth + 1) for part in parts)
                return Chain(position=_position(tree), is_all=tree.data == "conditionaland", terms=terms)
            case "relation" | "addition" | "multiplication":
                return self._binary(tree, depth)
            case "unary":
                return self._unary(tree, depth)
            case "member_dot":
                return Name(
                    position=_position(children[1]), name=str(children[1]), of=self.term(children[0], depth + 1)
                )
            case "member_dot_arg":
                of = self.term(children[0], depth + 1)
                return self._call(children[1], of, children[2:], depth)
            case "ident_arg":
                return self._call(children[0], None, children[1:], depth)
            case "ident":
                return Name(position=_position(tree), name=str(children[0]))
            case "literal":
                return self._literal(children[0])
            case "list_lit":
                return ListLiteral(position=_position(tree), items=self._items(children, depth))
            case _:
                raise self._fault(_REFUSED.get(str(tree.data), f"{tree.data} is not offered"), tree)

    def _chain(self, tree: Tree[Token]) -> list[Node]:
        """The terms of `a && b && c`, which the parser nests to the left."""
        parts: list[Node] = []
        node = tree
        while node.data == tree.data and len(node.children) == 2:
            parts.append(node.children[1])
            node = _unwrapped(node.children[0])
        parts.append(node)
        return parts[::-1]

    def _binary(self, tree: Tree[Token], depth: int) -> Term:
        operator, right = tree.children
        assert isinstance(operator, Tree)
        sign = _RELATIONS.get(str(operator.data))
        if sign is None:
            raise self._fault(_REFUSED[str(operator.data)], operator)
        left = self.term(operator.children[0], depth + 1)
        return Binary(position=_position(tree), left=left, sign=sign, right=self.term(right, depth + 1))

    def _unary(self, tree: Tree[Token], depth: int) -> Term:
        operator, operand = tree.children
        assert isinstance(operator, Tree)
        of = self.term(operand, depth + 1)
        if operator.data == "unary_not":
            return Negation(position=_position(tree), of=of)
        if isinstance(of, Literal) and isinstance(of.value, int | float) and not isinstance(of.value, bool):
            return Literal(position=_position(tree), value=-of.value)
        raise self._fault("a minus stands before numbers only", operand)

    def _call(self, name: Node, of: Term | None, arguments: list[Node], depth: int) -> Term:
        assert isinstance(name, Token)
        position = _position(name) if of is None else of.position
        return Call(position=position, name=str(name), of=of, arguments=self._items(arguments, depth))

    def _items(self, children: list[Node], depth: int) -> tuple[Term, ...]:
        if not children:
            return ()
        (items,) = children
        assert isinstance(items, Tree)
        return tuple(self.term(item, depth + 1) for item in items.children)

    def _literal(self, token: Node) -> Literal:
        assert isinstance(token, Token)
        position, value = _position(token), str(token)
        match token.type:
            case "INT_LIT" | "UINT_LIT":
                number = int(value.rstrip("uU"), 0 if "x" in value else 10)
                if not -(2**63) <= number < 2**63:
                    raise self._fault("the number does not fit into 64 bits", token)
                return Literal(position=position, value=number)
            case "FLOAT_LIT":
                return Literal(position=position, value=float(value))
            case "BOOL_LIT":
                return Literal(position=position, value=value == "true")
            case "NULL_LIT":
                return Literal(position=position, value=None)
            case "STRING_LIT" | "MLSTRING_LIT":
                return Literal(position=position, value=self._string(value, token))
            case _:
                raise self._fault("bytes are not offered; write a text without the b before its quote", token)

    def _string(self, written: str, token: Token) -> str:
        is_raw = written[0] in "rR"
        body = written[1:] if is_raw else written
        quotes = 3 if body[:3] in ('"""', "'''") and len(body) >= 6 else 1
        body = body[quotes:-quotes]
        return body if is_raw else _ESCAPE.sub(lambda found: self._unescaped(found, token), body)

    def _unescaped(self, found: re.Match[str], token: Token) -> str:
        short, *numbers, octal, other = found.groups()
        if short is not None:
            return _SHORT.get(short, short)
        if other is not None:
            raise self._fault(f"\\{other} means nothing in a text; write \\\\ for a backslash", token)
        code = int(octal, 8) if octal is not None else int(next(number for number in numbers if number is not None), 16)
        if code > _LAST_CHARACTER or 0xD800 <= code < 0xE000 or code == 0:
            raise self._fault(f"{found.group()} is no character that a text can hold", token)
        return chr(code)


def _unwrapped(node: Node) -> Tree[Token]:
    """The first node below that is more than a bracket or a level of precedence."""
    assert isinstance(node, Tree)
    while len(node.children) == 1 and node.data in _LEVELS:
        (child,) = node.children
        assert isinstance(child, Tree)
        node = child
    return node


_LEVELS = frozenset(
    {"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication", "unary", "member", "primary"}
    | {"paren_expr"}
)


def _position(node: Node) -> int:
    found = node.start_pos if isinstance(node, Token) else getattr(node.meta, "start_pos", 0)
    return found or 0
