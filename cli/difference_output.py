"""What differs, for people: counts by class first, then what, capped, with what is left out said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import cast

from cli.commands.history import changed_line
from cli.terminal import console, printable, table
from cmdb.documents import Document

SHOWN_OF_A_CLASS = 10
SHOWN_FIELDS = 6
WORDS = (
    "missing",
    "extra",
    "differs",
    "appeared",
    "vanished",
    "retired",
    "revived",
    "merged",
    "unmerged",
    "changed",
    "unclear",
)
_SIGNS = {
    "missing": "-",
    "extra": "+",
    "differs": "~",
    "unclear": "?",
    "appeared": "+",
    "vanished": "-",
    "retired": "-",
    "revived": "+",
    "merged": "-",
    "unmerged": "+",
    "changed": "~",
}
_STYLES = {"+": "green", "-": "red", "~": "yellow", "?": "yellow"}


def print_difference(rows: Iterable[Document], *, between: str) -> None:
    """All of it: a table of counts, then at most so many rows of each class and relationship type."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    shown: dict[tuple[str, str], list[Document]] = {}
    for row in rows:
        group = _group(row)
        counts.setdefault(group, Counter())[str(row["what"])] += 1
        kept = shown.setdefault(group, [])
        if len(kept) < SHOWN_OF_A_CLASS:
            kept.append(row)
    out = console()
    out.print(between, style="bold", markup=False)
    if not counts:
        out.print("nothing differs")
        return
    words = [word for word in WORDS if any(counted[word] for counted in counts.values())]
    groups = sorted(counts)
    out.print(
        table(
            ("", *words),
            [(name, *(counts[kind, name][word] or "" for word in words)) for kind, name in groups],
            right=words,
        )
    )
    for group in groups:
        out.print()
        out.print(group[1], style="bold", markup=False)
        for row in shown[group]:
            _print_row(row)
        left = counts[group].total() - len(shown[group])
        if left:
            out.print(f"  … and {left} more; --json lists all", style="dim", markup=False)


def _group(row: Document) -> tuple[str, str]:
    """Where a row stands: CIs by class, then relationships by type, then redundancy groups."""
    match row["kind"]:
        case "ci":
            return "1", str(cast("Document", row["ci"])["class"])
        case "relationship":
            return "2", str(row["type"])
        case "row":
            return "4", "not identified"
        case _:
            return "3", "redundancy"


def _print_row(row: Document) -> None:
    out = console()
    word = str(row["what"])
    sign = _SIGNS[word]
    said = f"  {word}" if word in ("retired", "revived", "unmerged") else ""
    out.print(f"  {sign} {_title(row)}{said}", style=_STYLES[sign], markup=False)
    changes = list(cast("dict[str, list[object]]", row.get("changes", {})).items())
    for name, (before, after) in changes[:SHOWN_FIELDS]:
        out.print(f"      {changed_line(name, before, after)}", markup=False)
    if len(changes) > SHOWN_FIELDS:
        out.print(f"      … and {len(changes) - SHOWN_FIELDS} more fields", style="dim", markup=False)


def _title(row: Document) -> str:
    match row["kind"]:
        case "ci":
            return f"{_name(row['ci'])}  merged into {row['into']}" if row["what"] == "merged" else _name(row["ci"])
        case "relationship":
            return f"{_name(row['source'])} {row['type']} {_name(row['target'])}"
        case "row":
            return f"line {row['line']}: {printable(str(row['reason']))}"
        case _:
            name = f" {row['name']}" if row["name"] else ""
            members = ", ".join(_name(member) for member in cast("list[object]", row["members"]))
            return f"group{name} of {_name(row['of'])}: {members}"


def _name(ci: object) -> str:
    return printable(str(cast("Document", ci)["name"]))
