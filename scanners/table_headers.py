"""What the heading of a column means: an attribute, a relationship, or nothing that is known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import yaml

from cmdb.formats.csv_writer import LITERAL
from cmdb.normalise import forms
from cmdb.registry import Registry

RESULT_PREFIX = "cmdb_"
"""Columns that a result file adds; importing it again passes them over."""
_DATED = re.compile(r"(?:^|_)(?:date|until|since)$|_(?:at|on)$")


class Meaning(StrEnum):
    """What becomes of the cells of a column."""

    ATTRIBUTE = "attribute"
    RELATIONSHIP = "relationship"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `target` is an attribute's name (also id, class, name, native_key) or a relationship type.

    `is_inbound`: the cell names the source of the relationship. `date_format` is strptime's.
    """

    heading: str
    meaning: Meaning
    target: str = ""
    is_inbound: bool = False
    date_format: str | None = None
    is_literal: bool = False
    """Whether the name stands for itself in every class."""

    @property
    def is_date(self) -> bool:
        """Whether its cells are dates, so that only unmistakable ones are taken."""
        return self.meaning is Meaning.ATTRIBUTE and (self.date_format is not None or is_dated(self.target))


def is_dated(attribute: str) -> bool:
    """Whether an attribute of this name holds a date: …_date, …_until, …_since, …_at, …_on."""
    return _DATED.search(attribute) is not None


def guess(headings: Sequence[str], registry: Registry, class_name: str | None = None) -> tuple[Column, ...]:
    """One column for each heading, in order; `class_name` is that of all rows, where it is known.

    What is not recognised keeps its heading, in snake_case, as an attribute.
    """
    types = {_folded(kind.name): kind.name for kind in registry.relationship_types()}
    every = {name for spec in registry.classes() for name in spec.attributes}
    own = every if class_name is None else set(registry.get(class_name).attributes)
    folded = {_folded(name): name for name in [*sorted(every), *sorted(own)]}
    taken: set[str] = set()
    columns = []
    for heading in headings:
        word = _folded(heading)
        if not word or heading.strip().lower().startswith(RESULT_PREFIX):
            columns.append(Column(heading, Meaning.IGNORED))
            continue
        if word in types:
            columns.append(Column(heading, Meaning.RELATIONSHIP, types[word]))
            continue
        if heading.strip().startswith(LITERAL):
            columns.append(Column(heading, Meaning.ATTRIBUTE, heading.strip().removeprefix(LITERAL), is_literal=True))
            continue
        spelled = heading.strip() if heading.strip() in own else None
        target = spelled or usual_meaning(heading) or folded.get(word) or _snake(heading)
        if target in taken and not target.endswith("addresses"):
            target = _snake(heading)
        taken.add(target)
        columns.append(Column(heading, Meaning.ATTRIBUTE, target))
    return tuple(columns)


def usual_meaning(heading: str) -> str | None:
    """The attribute that people mean by a heading; None when it is no usual one."""
    word = _folded(heading)
    return _meanings().get(word) or _meanings().get(word.rstrip("0123456789"))


@cache
def _meanings() -> Mapping[str, str]:
    text = files("scanners").joinpath("data/table/headers.yaml").read_text(encoding="utf-8")
    document: dict[str, list[str]] = yaml.safe_load(text)
    return {_folded(word): attribute for attribute, words in document.items() for word in words}


def _folded(heading: str) -> str:
    return "".join(character for character in heading.casefold() if character.isalnum())


def _snake(heading: str) -> str:
    cleaned = forms.text(heading) or ""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", cleaned)
    return re.sub(r"\W+", "_", words.casefold()).strip("_")[:100] or "column"
