"""Output for people: tables and short lines on a terminal, plain text in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

STATE_STYLES = {
    "down": "bold red",
    "degraded": "yellow",
    "missing": "yellow",
    "unreachable": "yellow",
    "retired": "dim",
    "refused": "red",
}


_ROOM_FOR_IDS = 100


def console(*, is_error: bool = False) -> Console:
    """A console; off a terminal it is wide enough not to cut values, and without colour."""
    made = Console(stderr=is_error, highlight=False, soft_wrap=False)
    return made if made.is_terminal else Console(stderr=is_error, highlight=False, width=200, no_color=True)


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    right: Iterable[str] = (),
    whole: Iterable[str] = (),
) -> Table:
    """A light table; columns named in `right` are set to the right, those in `whole` are never broken into lines."""
    drawn = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold dim"
    )
    for column in columns:
        drawn.add_column(
            column, justify="right" if column in set(right) else "left", overflow="fold", no_wrap=column in set(whole)
        )
    for row in rows:
        drawn.add_row(*(Text(cell_text(cell), style=STATE_STYLES.get(cell_text(cell), "")) for cell in row))
    return drawn


def ci_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table of CIs whose last column is the id; a terminal under 100 columns shows it without, for a name will do."""
    if console().width >= _ROOM_FOR_IDS:
        return table(columns, rows, whole=("id", "last seen"))
    return table(columns[:-1], (row[:-1] for row in rows), whole=("last seen",))


def cell_text(cell: object) -> str:
    """A value as it stands in a table: lists by commas, objects as name=value, what is inside others in brackets, nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, (list, tuple)):
        return ", ".join(_inner(item) for item in cell)
    if isinstance(cell, dict):
        return ", ".join(f"{name}={_inner(value)}" for name, value in cell.items())
    return str(cell)


def _inner(cell: object) -> str:
    is_several = isinstance(cell, dict) or (isinstance(cell, (list, tuple)) and len(cell) != 1)
    return f"({cell_text(cell)})" if is_several else cell_text(cell)


def printable(text: str) -> str:
    """Text from the outside without control characters, so that a name cannot steer the terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
