"""The names that a filter may use, and what the registry says of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from cmdb.asking.condition import Attribute, Column, Field, FieldType, OwnColumn
from cmdb.classes.spec import AttributeSpec, AttributeType, Format
from cmdb.entities import Lifecycle, State
from cmdb.registry import ROOT, Registry

_TYPES = {
    AttributeType.TEXT: FieldType.TEXT,
    AttributeType.INTEGER: FieldType.NUMBER,
    AttributeType.NUMBER: FieldType.NUMBER,
    AttributeType.BOOLEAN: FieldType.FLAG,
    AttributeType.TEXTS: FieldType.TEXTS,
}
_COLUMN_TYPES = {
    Column.CREATED_AT: FieldType.TIME,
    Column.FIRST_SEEN_AT: FieldType.TIME,
    Column.LAST_SEEN_AT: FieldType.TIME,
}
_COLUMNS = {column.value: column for column in Column}
_CHOICES = {
    Column.LIFECYCLE: tuple(value.value for value in Lifecycle),
    Column.STATE: tuple(value.value for value in State),
}


class UnknownName(Exception):
    """No such name here; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A field with what its values look like: its format, and its choices where they are a closed set."""

    field: Field
    format: Format | None = None
    choices: tuple[str, ...] = ()


class Vocabulary:
    """The columns of every CI, and the attributes of one class and its subclasses; of all classes when None."""

    def __init__(self, registry: Registry, class_name: str | None = None) -> None:
        self._registry = registry
        self._class_name = registry.get(class_name or ROOT).name
        self._attributes: dict[str, list[AttributeSpec]] = {}
        for name in registry.subclasses(self._class_name):
            for attribute in registry.get(name).attributes.values():
                self._attributes.setdefault(attribute.name, []).append(attribute)

    def names(self) -> tuple[str, ...]:
        """Every name, columns first, then attributes by name."""
        columns = tuple(column.value for column in Column)
        return (*columns, *sorted(self._attributes.keys() - set(columns)))

    def meaning(self, name: str) -> Meaning:
        """What a name means, a column before an attribute; `UnknownName` with the nearest names."""
        column = _COLUMNS.get(name)
        return self.attribute(name) if column is None else self._column(column)

    @staticmethod
    def _column(column: Column) -> Meaning:
        return Meaning(OwnColumn(column, _COLUMN_TYPES.get(column, FieldType.TEXT)), choices=_CHOICES.get(column, ()))

    def attribute(self, name: str) -> Meaning:
        """What an attribute means."""
        specs = self._attributes.get(name)
        if specs is None:
            raise UnknownName(self._unknown(name))
        if any(spec.type is AttributeType.OBJECTS for spec in specs):
            raise UnknownName(f"{name} is a list of objects, which a filter cannot look into")
        types = {_TYPES[spec.type] for spec in specs}
        if len(types) > 1:
            owners = ", ".join(self._owners(name, self._registry.subclasses(self._class_name)))
            raise UnknownName(f"{name} is of another type in each of {owners}; ask one of these classes")
        formats = {spec.format for spec in specs}
        choices = {spec.choices for spec in specs}
        return Meaning(
            Attribute(name, types.pop()),
            format=formats.pop() if len(formats) == 1 else None,
            choices=choices.pop() if len(choices) == 1 else (),
        )

    def _unknown(self, name: str) -> str:
        of = "CI" if self._class_name == ROOT else self._class_name
        near = difflib.get_close_matches(name[:100].lower(), self.names(), n=3)
        owners = self._owners(name, self._registry.names())
        hints = [f"did you mean {' or '.join(near)}?"] if near else []
        if owners:
            hints.append(f"{', '.join(owners)} {'has' if len(owners) == 1 else 'have'} one")
        return f"{of} has no attribute {name[:100]!r}; {'; '.join(hints) or f'see: cmdb classes {self._class_name}'}"

    def _owners(self, name: str, classes: Iterable[str]) -> list[str]:
        """The topmost of these classes that have an attribute, at most three."""
        having = [owner for owner in classes if name in self._registry.get(owner).attributes]
        return [owner for owner in having if not set(self._registry.ancestors(owner)) & set(having)][:3]
