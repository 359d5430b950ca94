"""The mapping of a table, as people write it into a YAML file: what each heading means, and how the cells are spelled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cmdb.errors import Invalid
from cmdb.formats.options import check_options
from cmdb.registry import Registry
from cmdb.yaml_document import YamlDocument, parse_yaml
from scanners.table_headers import Column, Meaning

SETTINGS = {
    "class": "class of every row that says none in a column of its own",
    "complete": "yes when the table holds everything of that class that its source knows, so that absence counts",
    "date_format": "how dates are written, such as %d.%m.%Y (strptime(3))",
    "delimiter": "what separates the cells of a text file",
    "encoding": "how a text file is encoded, such as windows-1252",
    "header_row": "number of the row that holds the headings, from 1",
    "list_separator": "what separates several values in a cell",
    "sheet": "name of the sheet of a workbook",
}
"""What may be set for the table as a whole, in a mapping or as an option."""
_COLUMN_KEYS = ("attribute", "relationship", "direction", "date_format")


@dataclass(frozen=True, slots=True)
class Mapped:
    """Settings by name, and what a person said of columns, by heading."""

    settings: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)

    def applied(self, guessed: Sequence[Column], place: str) -> tuple[Column, ...]:
        """The columns of a table, each as the person said, else as it was guessed; raises `Invalid` for a heading that is not there."""
        headings = {column.heading.strip(): column for column in guessed}
        for heading in self.columns:
            if heading not in headings:
                raise Invalid(
                    f"the mapping speaks of a column {heading[:80]!r}, which the table has not; its columns are "
                    + ", ".join(repr(name[:40]) for name in list(headings)[:20]),
                    place=place,
                )
        dated = self.settings.get("date_format")
        chosen = (self.columns.get(column.heading.strip(), column) for column in guessed)
        return tuple(
            replace(column, date_format=dated) if dated and column.is_date and column.date_format is None else column
            for column in chosen
        )


def read_mapping(options: Mapping[str, str], registry: Registry, *, format_name: str) -> Mapped:
    """What the options say, over what their `mapping` (the text of a YAML file) says.

    Raises `Invalid`, with the line, for a key, relationship type or value that means nothing.
    """
    check_options(options, (*SETTINGS, "mapping"), format_name=format_name)
    settings, columns = _parsed(options["mapping"], registry) if "mapping" in options else ({}, {})
    settings = {**settings, **{key: value for key, value in options.items() if key != "mapping"}}
    if "class" in settings:
        settings["class"] = registry.get(settings["class"]).name
    if settings.get("complete", "no").casefold() not in ("yes", "no", "true", "false"):
        raise Invalid(f"complete is {settings['complete']!r}; say yes or no")
    if not settings.get("header_row", "1").isdecimal() or int(settings.get("header_row", "1")) < 1:
        raise Invalid(f"header_row is {settings['header_row']!r}; give the number of a row, from 1")
    return Mapped(settings, columns)


def _parsed(text: str, registry: Registry) -> tuple[dict[str, str], dict[str, Column]]:
    document = parse_yaml(text.encode(), file="mapping")
    if not isinstance(document.content, dict):
        raise document.refuse((), "a mapping is expected: settings, and `columns` by heading")
    settings: dict[str, str] = {}
    columns: dict[str, Column] = {}
    for key, value in document.content.items():
        if key == "columns":
            if not isinstance(value, dict):
                raise document.refuse((key,), "columns is a mapping from headings to attributes")
            columns = {heading.strip(): _column(document, heading, said, registry) for heading, said in value.items()}
        elif key not in SETTINGS:
            raise document.refuse((key,), f"unknown key {key!r}; known are columns, {', '.join(SETTINGS)}")
        elif isinstance(value, bool):
            settings[key] = "yes" if value else "no"
        elif isinstance(value, str | int):
            settings[key] = str(value)
        else:
            raise document.refuse((key,), f"{key} is a text")
    return settings, columns


def _column(document: YamlDocument, heading: str, said: object, registry: Registry) -> Column:
    place = ("columns", heading)
    if said is None:
        return Column(heading, Meaning.IGNORED)
    if isinstance(said, str):
        return Column(heading, Meaning.ATTRIBUTE, said.strip())
    if not isinstance(said, dict) or not set(said) <= set(_COLUMN_KEYS):
        raise document.refuse(place, f"a column is an attribute's name, nothing, or some of {', '.join(_COLUMN_KEYS)}")
    if ("attribute" in said) == ("relationship" in said):
        raise document.refuse(place, "a column is either an attribute or a relationship")
    if said.get("direction", "out") not in ("out", "in"):
        raise document.refuse((*place, "direction"), "direction is out (the row needs the other) or in")
    dated = said.get("date_format")
    if "attribute" in said:
        return Column(
            heading, Meaning.ATTRIBUTE, str(said["attribute"]), date_format=None if dated is None else str(dated)
        )
    try:
        kind = registry.relationship_type(str(said["relationship"]))
    except Invalid as error:
        raise document.refuse((*place, "relationship"), error.message) from error
    return Column(heading, Meaning.RELATIONSHIP, kind.name, is_inbound=said.get("direction") == "in")


def write_mapping(columns: Sequence[Column], settings: Mapping[str, str]) -> str:
    """The mapping as a YAML file that reads back as the same."""
    lines = ["# What each column of the table means; change it, then: cmdb import csv FILE --mapping THIS_FILE"]
    lines += [f"{key}: {_quoted(value)}" for key, value in sorted(settings.items()) if key in SETTINGS]
    lines.append("columns:")
    for column in columns:
        if not column.heading.strip():
            continue
        if column.meaning is Meaning.IGNORED:
            said = "null"
        elif column.meaning is Meaning.RELATIONSHIP:
            said = f"{{relationship: {column.target}, direction: {'in' if column.is_inbound else 'out'}}}"
        elif column.date_format:
            said = f"{{attribute: {_quoted(column.target)}, date_format: {_quoted(column.date_format)}}}"
        else:
            said = _quoted(column.target)
        lines.append(f"  {_quoted(column.heading.strip())}: {said}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # a JSON string is a YAML one (YAML 1.2.2 §1.2)
    return json.dumps(text, ensure_ascii=False)
