"""What is wrong with a filter, said with the place in its text."""

from __future__ import annotations

from cmdb.errors import Invalid

_LINE = 100


class FilterFault(Invalid):
    """A filter that cannot be asked; `position` counts the characters of its text from 0."""

    def __init__(self, problem: str, *, text: str, position: int) -> None:
        line, column = _line_and_column(text, position)
        place = (
            f"filter, character {column + 1}"
            if "\n" not in text
            else f"filter, line {line + 1}, character {column + 1}"
        )
        super().__init__(problem, place=place, excerpt=_excerpt(text, line, column) if text.strip() else None)
        self.position = position


def _line_and_column(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n"), position - (before.rfind("\n") + 1)


def _excerpt(text: str, line: int, column: int) -> str:
    """The line with a caret under the place; of a long line the part around it."""
    shown = text.split("\n")[line]
    start = max(0, column - _LINE // 2)
    cut = shown[start : start + _LINE]
    printable = "".join(character if character.isprintable() else " " for character in cut)
    return f"  {printable}\n  {' ' * (column - start)}^"
