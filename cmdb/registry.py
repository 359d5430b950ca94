"""The registry of classes, relationship types and the site's fillers: immutable, built once, passed by argument."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from cmdb.classes.catalogue import built_in_classes
from cmdb.classes.checks import Check, WrongValue, check_unknown, make_check
from cmdb.classes.item import ConfigurationItem
from cmdb.classes.reading import read_class, snake_case
from cmdb.classes.spec import ClassSpec
from cmdb.errors import Invalid
from cmdb.normalise import forms
from cmdb.normalise.knowledge import SHIPPED_ONLY, Knowledge
from cmdb.normalise.never import NO_FILLERS, Fillers
from cmdb.relationship_types import RelationshipType, built_in_types
from cmdb.values import Attributes, Value

ROOT = "configuration_item"


@dataclass(frozen=True, slots=True)
class Extension:
    """What a site adds: classes, parents before children, and relationship types by name, new ones and changed ones."""

    classes: tuple[type[ConfigurationItem], ...] = ()
    types: Mapping[str, RelationshipType] = field(default_factory=dict)
    fillers: Fillers = NO_FILLERS
    """Values that identify nothing at this site, beside the shipped ones."""
    knowledge: Knowledge = SHIPPED_ONLY
    """Makers, programs and banners that this site knows, beside the shipped ones."""


class Registry:
    """All classes and relationship types of one installation. Look-ups by name take snake_case, PascalCase and aliases."""

    def __init__(
        self,
        classes: Iterable[type[ConfigurationItem]],
        types: Mapping[str, RelationshipType],
        fillers: Fillers = NO_FILLERS,
        knowledge: Knowledge = SHIPPED_ONLY,
    ) -> None:
        self.fillers = fillers
        self.knowledge = knowledge
        self._models: dict[str, type[ConfigurationItem]] = {}
        self._specs: dict[str, ClassSpec] = {}
        self._names: dict[str, str] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}
        self._checks: dict[str, Mapping[str, Check]] = {}
        self._pairs: dict[tuple[str, str, str], bool] = {}
        for model in classes:
            self._add(model)
        self._subclasses = {
            name: tuple(other for other in self._specs if other == name or name in self._ancestors[other])
            for name in self._specs
        }
        self._types = MappingProxyType(dict(types))
        for kind in self._types.values():
            for name in {name for pair in kind.pairs for name in pair}:
                self.get(name)

    def _add(self, model: type[ConfigurationItem]) -> None:
        spec = read_class(model, {name: known.depth for name, known in self._specs.items()})
        for name in (spec.name, *spec.aliases):
            owner = self._names.setdefault(_folded(name), spec.name)
            if owner != spec.name:
                raise Invalid(f"class name {name} is taken by {owner}; choose another", ids=(spec.name,))
        self._models[spec.name] = model
        self._specs[spec.name] = spec
        self._ancestors[spec.name] = tuple(
            snake_case(base.__name__) for base in model.__mro__[1:] if issubclass(base, ConfigurationItem)
        )
        self._checks[spec.name] = MappingProxyType(
            {name: make_check(attribute) for name, attribute in spec.attributes.items()}
        )

    # classes
    def get(self, name: str) -> ClassSpec:
        """The class of this name or alias; raises `Invalid` with the nearest names."""
        spec = self._specs.get(name)
        if spec is not None:
            return spec
        known = self._names.get(_folded(name)) if len(name) <= _LONGEST_NAME else None
        if known is None:
            raise Invalid(f"unknown class {_shown(name)}; {self._near(name, self._specs)}see `cmdb classes`")
        return self._specs[known]

    def classes(self) -> tuple[ClassSpec, ...]:
        """Every class, parents before children."""
        return tuple(self._specs.values())

    def names(self) -> tuple[str, ...]:
        """The name of every class, parents before children."""
        return tuple(self._specs)

    def model(self, name: str) -> type[ConfigurationItem]:
        """The pydantic class behind a class."""
        return self._models[self.get(name).name]

    def subclasses(self, name: str) -> tuple[str, ...]:
        """The class itself and everything below it, parents before children."""
        return self._subclasses[self.get(name).name]

    def ancestors(self, name: str) -> tuple[str, ...]:
        """All classes above, nearest first; the last is the root."""
        return self._ancestors[self.get(name).name]

    def is_a(self, name: str, ancestor: str) -> bool:
        """Whether a class is `ancestor` or below it."""
        above = self._ancestors.get(name)
        if above is None:
            name = self.get(name).name
            above = self._ancestors[name]
        if name == ancestor or ancestor in above:
            return True
        if ancestor in self._specs:
            return False
        ancestor = self.get(ancestor).name
        return name == ancestor or ancestor in above

    def labels(self, name: str) -> tuple[str, ...]:
        """Labels in Neo4j, the root first: `("CI", "Device", "Host", …, "Server")`."""
        spec = self.get(name)
        return tuple(self._specs[above].label for above in (*reversed(self._ancestors[spec.name]), spec.name))

    def json_schema(self, name: str) -> dict[str, object]:
        """JSON Schema (draft 2020-12) of a class's attributes, with `x-unit`, `x-weight` and `x-identity`."""
        spec = self.get(name)
        schema = self._models[spec.name].model_json_schema()
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **schema,
            "title": spec.label,
            "description": spec.description,
            "x-class": spec.name,
            "x-family": spec.family.value,
            "x-parents": list(spec.parents),
            "x-abstract": spec.is_abstract,
        }

    def validate_attributes(
        self, class_name: str, attributes: Attributes
    ) -> tuple[dict[str, Value], dict[str, Value], list[tuple[str, str]]]:
        """Known attributes in their types and spelling, unknown ones cleaned, and problems as (attribute, message).

        Null, empty and blank are not said and appear nowhere. A problem (a known attribute of a wrong type, a text over
        64 KiB, nesting deeper than 100) means that the row is refused. Raises `Invalid` for an unknown class.
        """
        checks = self._checks.get(class_name) or self._checks[self.get(class_name).name]
        known: dict[str, Value] = {}
        unknown: dict[str, Value] = {}
        problems: list[tuple[str, str]] = []
        for name, value in attributes.items():
            if value is None:
                continue
            check = checks.get(name)
            try:
                if check is not None:
                    checked = check(value)
                    if checked is not None:
                        known[name] = checked
                    continue
                checked = check_unknown(value)
            except WrongValue as wrong:
                problems.append((forms.text(name[:_LONGEST_NAME]) or "?", str(wrong)))
                continue
            clean_name = forms.text(name)
            if checked is not None and clean_name is not None:
                unknown[clean_name] = checked
        return known, unknown, problems

    # relationship types
    def relationship_type(self, name: str) -> RelationshipType:
        """The type of this name, whatever its case; raises `Invalid` with the nearest names."""
        kind = self._types.get(name)
        if kind is None and len(name) <= _LONGEST_NAME:
            kind = self._types.get(name.strip().upper().replace("-", "_").replace(" ", "_"))
        if kind is None:
            raise Invalid(
                f"unknown relationship type {_shown(name)}; {self._near(name.upper(), self._types)}known are {', '.join(self._types)}"
            )
        return kind

    def relationship_types(self) -> tuple[RelationshipType, ...]:
        """Every type, in the order of declaration."""
        return tuple(self._types.values())

    def check_pair(self, type_: str, source_class: str, target_class: str) -> None:
        """Raise `Invalid`, saying what is allowed, unless the type may join these classes; a symmetric type joins both ways."""
        key = (type_, source_class, target_class)
        is_allowed = self._pairs.get(key)
        if is_allowed is None:
            is_allowed = self._pairs[key] = self._is_allowed(type_, source_class, target_class)
        if is_allowed:
            return
        kind, source = self.relationship_type(type_), self.get(source_class).name
        targets = list(dict.fromkeys(target for left, target in kind.pairs if self.is_a(source, left)))
        sources = list(dict.fromkeys(left for left, _ in kind.pairs))
        hint = f"{source} may point at {', '.join(targets)}" if targets else f"it starts at {', '.join(sources)}"
        raise Invalid(f"{kind.name} does not join {source} to {self.get(target_class).name}; {hint}")

    def _is_allowed(self, type_: str, source: str, target: str) -> bool:
        kind = self.relationship_type(type_)
        return any(
            (self.is_a(source, left) and self.is_a(target, right))
            or (kind.is_symmetric and self.is_a(target, left) and self.is_a(source, right))
            for left, right in kind.pairs
        )

    def extended(self, extension: Extension) -> Registry:
        """A new registry with more classes and with types added or, by their name, replaced; this one stays as it is."""
        fillers = self.fillers if extension.fillers is NO_FILLERS else extension.fillers
        knowledge = self.knowledge if extension.knowledge is SHIPPED_ONLY else extension.knowledge
        return Registry(
            (*self._models.values(), *extension.classes), {**self._types, **extension.types}, fillers, knowledge
        )

    @staticmethod
    def _near(name: str, names: Iterable[str]) -> str:
        near = difflib.get_close_matches(name[:_LONGEST_NAME], list(names), n=3)
        return f"did you mean {' or '.join(near)}? " if near else ""


_LONGEST_NAME = 100


def _folded(name: str) -> str:
    return "".join(character for character in name if character.isalnum()).lower()


def _shown(name: str) -> str:
    return repr(name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…")


@cache
def default_registry() -> Registry:
    """The registry of what the product ships with."""
    return Registry(built_in_classes(), built_in_types())
