"""A site's own classes, relationship types, rules of failure, fillers and spellings, from YAML into the same registry.

    classes:
      till:
        parent: computer                # one class or a list; of the product or of this file
        description: A till with its screen and drawer
        aliases: [cash_register]

Attributes:
          till_number: {type: integer, description: Number in the shop, weight: required}
          paper_width_mm: {type: number, unit: mm, description: Width of the paper}
    relationship_types:
      STANDS_IN_FOR:
        description: The source takes over when the target fails
        pairs: [[server, server]]
        source_down: degraded
    failure:                            # types of the product whose failure travels otherwise here
      LOCATED_IN: {target_down: null}

    identity:                           # values that identify nothing here, each with where that is known from
      placeholders:
        serial: {ACME-000000: boards of one supplier before 2019}

Whatever cannot be right is refused with file and line, and nothing of such a file is used.

"""

from __future__ import annotations

import keyword
import re
import types
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cmdb.classes.item import ConfigurationItem, Flag, Number, Text, Texts, Whole
from cmdb.classes.reading import pascal_case, snake_case
from cmdb.classes.spec import AttributeType, Family, Format, Info, Weight
from cmdb.errors import Invalid
from cmdb.registry import Extension, Registry, default_registry
from cmdb.relationship_types import ClassNames, Effect, RelationshipRow, RelationshipType, Travel
from cmdb.site.identity import IdentityRow, fillers_of
from cmdb.site.knowledge import NormaliseRow, knowledge_of
from cmdb.yaml_document import Steps, YamlDocument, read_yaml

_CLASS_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*")
_ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TYPE_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_LONGEST_NAME = 64
_RESERVED = frozenset({"id", "ci", "class", "class_name", "state", "revision", "native_key", "host"})
_ANNOTATIONS: dict[AttributeType, object] = {
    AttributeType.TEXT: Text,
    AttributeType.INTEGER: Whole,
    AttributeType.NUMBER: Number,
    AttributeType.BOOLEAN: Flag,
    AttributeType.TEXTS: Texts,
}


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AttributeRow(_Row):
    """One attribute as YAML spells it."""

    description: str = Field(min_length=1)
    type: AttributeType = AttributeType.TEXT
    unit: str | None = None
    weight: Weight = Weight.OPTIONAL
    identity: bool = False
    format: Format | None = None
    choices: tuple[str, ...] = ()


class ClassRow(_Row):
    """One class as YAML spells it."""

    parent: ClassNames = Field(min_length=1)
    description: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    layer: str | None = None
    abstract: bool = False
    attributes: dict[str, AttributeRow] = {}


class FailureRow(_Row):
    """How failure travels here along a type of the product; what is not named stays."""

    target_down: Effect | None = None
    source_down: Effect | None = None
    degraded_travels: Travel | None = None
    redundancy_of_whole: bool = False


class SiteFile(_Row):
    """The whole file."""

    classes: dict[str, ClassRow] = {}
    relationship_types: dict[str, RelationshipRow] = {}
    failure: dict[str, FailureRow] = {}
    identity: IdentityRow = IdentityRow()
    normalise: NormaliseRow = NormaliseRow()


def read_site_model(path: Path | str, base: Registry | None = None) -> Extension:
    """What the file adds to `base` (None: what the product ships with). Raises `Invalid` with file and line."""
    document = read_yaml(Path(path))
    try:
        site = SiteFile.model_validate(document.content or {})
    except ValidationError as error:
        raise _first_refusal(document, error) from error
    return _Builder(document, site, base or default_registry()).build()


def _first_refusal(document: YamlDocument, error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_input=False)[0]
    steps = tuple(step for step in first["loc"] if isinstance(step, str | int))
    if first["type"] == "extra_forbidden":
        return document.refuse(steps, f"{steps[-1]} is no key that belongs here")
    if not steps:
        return document.refuse(
            steps, "expected a mapping of classes, relationship_types, failure, identity and normalise"
        )
    message = "expected a mapping" if first["type"] in ("dict_type", "model_type") else first["msg"]
    return document.refuse(steps, f"{'.'.join(str(step) for step in steps)}: {message}")


class _Builder:
    """Turns the rows of one file into classes and types."""

    def __init__(self, document: YamlDocument, site: SiteFile, base: Registry) -> None:
        self._document = document
        self._site = site
        self._base = base
        self._made: dict[str, type[ConfigurationItem]] = {}
        self._taken: dict[str, str] = {}

    def build(self) -> Extension:
        for name, row in self._site.classes.items():
            self._check_class_name(name, row)
        waiting = dict(self._site.classes)
        while waiting:
            ready = [name for name, row in waiting.items() if not any(parent in waiting for parent in row.parent)]
            if not ready:
                name = next(iter(waiting))
                raise self._document.refuse(
                    ("classes", name, "parent"), f"{name} is its own ancestor; break the circle"
                )
            for name in ready:
                self._made[name] = self._make_class(name, waiting.pop(name))
        widened = self._base.extended(Extension(classes=tuple(self._made.values())))
        added = {name: self._make_type(name, row, widened) for name, row in self._site.relationship_types.items()}
        changed = {name: self._change_type(name, row) for name, row in self._site.failure.items()}
        return Extension(
            classes=tuple(self._made.values()),
            types={**added, **changed},
            fillers=fillers_of(self._document, self._site.identity),
            knowledge=knowledge_of(self._document, self._site.normalise),
        )

    def _check_class_name(self, name: str, row: ClassRow) -> None:
        for position, word in enumerate((name, *row.aliases)):
            steps: Steps = ("classes", name) if position == 0 else ("classes", name, "aliases", position - 1)
            if not _CLASS_NAME.fullmatch(word) or len(word) > _LONGEST_NAME or snake_case(pascal_case(word)) != word:
                raise self._document.refuse(
                    steps,
                    f"class name {word[:_LONGEST_NAME]!r} is not safe; write words of small letters joined by _, each of two letters or more",
                )
            folded = word.replace("_", "")
            owner = self._taken.get(folded) or self._owner_in_base(word)
            if owner is not None:
                raise self._document.refuse(steps, f"class name {word} is taken by {owner}; choose another")
            self._taken[folded] = name

    def _owner_in_base(self, word: str) -> str | None:
        try:
            return self._base.get(word).name
        except Invalid:
            return None

    def _make_class(self, name: str, row: ClassRow) -> type[ConfigurationItem]:
        steps: Steps = ("classes", name)
        parents: list[type[ConfigurationItem]] = []
        for parent in row.parent:
            try:
                parents.append(self._made[parent] if parent in self._made else self._base.model(parent))
            except Invalid as error:
                raise self._document.refuse((*steps, "parent"), error.message) from error
        namespace: dict[str, object] = {
            "__module__": __name__,
            "__doc__": row.description,
            "aliases": row.aliases,
            "is_abstract": row.abstract,
            **({"layer": row.layer} if row.layer else {}),
        }
        annotations: dict[str, object] = {}
        for attribute, declared in row.attributes.items():
            annotations[attribute] = self._annotation((*steps, "attributes", attribute), attribute, declared, parents)
            namespace[attribute] = None
        namespace["__annotations__"] = annotations
        try:
            made = types.new_class(pascal_case(name), tuple(parents), {}, lambda body: body.update(namespace))
        except TypeError as error:
            raise self._document.refuse(
                (*steps, "parent"), "these parents do not go together; name one of them"
            ) from error
        assert issubclass(made, ConfigurationItem)  # its parents are
        return made

    def _annotation(self, steps: Steps, name: str, row: AttributeRow, parents: list[type[ConfigurationItem]]) -> object:
        if not _ATTRIBUTE_NAME.fullmatch(name) or len(name) > _LONGEST_NAME or keyword.iskeyword(name):
            raise self._document.refuse(
                steps,
                f"attribute name {name[:_LONGEST_NAME]!r} is not safe; write small letters, digits and _, a letter first",
            )
        if name in _RESERVED or hasattr(BaseModel, name) or name.startswith("model_"):
            raise self._document.refuse(steps, f"attribute name {name} is reserved; choose another")
        for parent in parents:
            if name in parent.model_fields:
                raise self._document.refuse(
                    steps, f"{name} is an attribute of {snake_case(parent.__name__)} already; it cannot be changed"
                )
            if hasattr(parent, name):
                raise self._document.refuse(steps, f"attribute name {name} is reserved; choose another")
        if row.type is AttributeType.OBJECTS:
            raise self._document.refuse((*steps, "type"), "lists of objects are for the product only; use list of text")
        if row.identity and parents[0].family is not Family.CATALOGUE:
            raise self._document.refuse(
                (*steps, "identity"),
                f"only catalogue classes are identified by attributes of their own, {snake_case(parents[0].__name__)} is none",
            )
        if (row.format or row.choices) and row.type not in (AttributeType.TEXT, AttributeType.TEXTS):
            raise self._document.refuse(
                steps, f"format and choices go with text only, {name} is of type {row.type.value}"
            )
        if row.choices and row.type is not AttributeType.TEXT:
            raise self._document.refuse((*steps, "choices"), "choices go with the type text only")
        info = Info(
            row.description,
            unit=row.unit,
            weight=row.weight,
            is_identity=row.identity,
            format=row.format,
            choices=row.choices,
        )
        return Annotated[_ANNOTATIONS[row.type], info]

    def _make_type(self, name: str, row: RelationshipRow, registry: Registry) -> RelationshipType:
        steps: Steps = ("relationship_types", name)
        if not _TYPE_NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            raise self._document.refuse(
                steps,
                f"relationship type {name[:_LONGEST_NAME]!r} is not safe; write capital letters, digits and _, a letter first",
            )
        if any(known.name == name for known in self._base.relationship_types()):
            raise self._document.refuse(
                steps,
                f"{name} is a type of the product; change how failure travels along it under failure, or choose another name",
            )
        if not row.description or not row.pairs:
            raise self._document.refuse(
                steps, f"{name} needs a description and at least one pair of [source classes, target classes]"
            )
        for position, pair in enumerate(row.pairs):
            for end in (class_name for ends in pair for class_name in ends):
                try:
                    registry.get(end)
                except Invalid as error:
                    raise self._document.refuse((*steps, "pairs", position), error.message) from error
        return row.as_type(name)

    def _change_type(self, name: str, row: FailureRow) -> RelationshipType:
        try:
            known = self._base.relationship_type(name)
        except Invalid as error:
            raise self._document.refuse(("failure", name), error.message) from error
        return known.model_copy(update={field: getattr(row, field) for field in row.model_fields_set})
